#include "lib/base/drop.h"
#include "lib/pattern/regex.h"

static enum rc refuse(struct err *err, size_t at, const char *what)
{
	return err_set(err, RC_UNSUPPORTED, "character %zu: %s cannot be used here", at + 1, what);
}

static uint8_t byte_at(struct span text, size_t at)
{
	return at < text.len ? text.at[at] : 0;
}

/* Letters behind a '\' that mean the same in both languages. */
static enum rc escape_check(struct span text, size_t at, struct err *err)
{
	uint8_t c = byte_at(text, at + 1);
	bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	char what[] = "the escape \\?";

	if (c >= '1' && c <= '9')
		return refuse(err, at, "a back reference");
	if (!letter || memchr("AbBdDsSwWZafnrtx", c, 16) != NULL)
		return RC_OK;
	what[sizeof what - 2] = (char)c;
	return refuse(err, at, what);
}

/* At the '['. To the ']' or the end. */
static enum rc class_check(struct span text, size_t *at, struct err *err)
{
	size_t i = *at + 1;
	size_t first;

	i += byte_at(text, i) == '^';
	for (first = i; i < text.len && (text.at[i] != ']' || i == first); i++) {
		uint8_t next = byte_at(text, i + 1);

		if (text.at[i] == '[' && (next == ':' || next == '.' || next == '='))
			return refuse(err, i, "a POSIX class");
		if (text.at[i] == '\\') {
			if (next >= '1' && next <= '9')
				return refuse(err, i, "an octal number");
			TRY(escape_check(text, i, err));
			i++;
		}
	}
	*at = i;
	return RC_OK;
}

static enum rc flags_check(struct span text, size_t at, struct err *err)
{
	for (; at < text.len && text.at[at] != ')' && text.at[at] != ':'; at++)
		if (memchr("ims-", text.at[at], 4) == NULL)
			return refuse(err, at, "this flag of a group");
	return RC_OK;
}

/* At the '('. */
static enum rc group_check(struct span text, size_t *at, struct err *err)
{
	uint8_t kind = byte_at(text, *at + 2);
	uint8_t more = byte_at(text, *at + 3);

	if (byte_at(text, *at + 1) == '*')
		return refuse(err, *at, "a verb (*…)");
	if (byte_at(text, *at + 1) != '?')
		return RC_OK;
	switch (kind) {
	case '(': return refuse(err, *at, "a condition (?(…)…)");
	case '#':
		while (*at < text.len && text.at[*at] != ')')
			++*at;
		return RC_OK;
	case ':':
	case '=':
	case '!':
	case '>': *at += 2; return RC_OK;
	case '<':
		*at += 3;
		return more == '=' || more == '!' ? RC_OK : refuse(err, *at - 3, "a group named (?<…>)");
	case 'P':
		*at += 3;
		if (more == '=')
			return refuse(err, *at - 3, "a back reference");
		return more == '<' ? RC_OK : refuse(err, *at - 3, "recursion");
	case 'R':
	case '&':
	case '+': return refuse(err, *at, "recursion");
	case 'C': return refuse(err, *at, "a call-out");
	case '|': return refuse(err, *at, "a branch reset");
	default:
		return kind >= '0' && kind <= '9' ? refuse(err, *at, "recursion")
		                                  : flags_check(text, *at + 2, err);
	}
}

enum rc regex_check(struct span text, struct err *err)
{
	for (size_t at = 0; at < text.len; at++) {
		switch (text.at[at]) {
		case '\\':
			TRY(escape_check(text, at, err));
			at++;
			break;
		case '[': TRY(class_check(text, &at, err)); break;
		case '(': TRY(group_check(text, &at, err)); break;
		case '{':
			/* Python: {0,n}. PCRE2: these characters. */
			if (byte_at(text, at + 1) == ',')
				return refuse(err, at, "{,n} (write {0,n})");
			break;
		case 0: return refuse(err, at, "a NUL");
		default: break;
		}
	}
	return RC_OK;
}
