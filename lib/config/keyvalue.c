#include "lib/config/keyvalue.h"

#include "lib/base/drop.h"

static struct span trimmed(struct span text)
{
	while (text.len != 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
		text.at++;
		text.len--;
	}
	while (text.len != 0 && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t'))
		text.len--;
	return text;
}

static struct span take_line(struct keyvalue_walk *walk)
{
	const uint8_t *end = memchr(walk->left.at, '\n', walk->left.len);
	size_t len = end == NULL ? walk->left.len : (size_t)(end - walk->left.at);
	struct span line = span_of(walk->left.at, len);
	size_t used = end == NULL ? len : len + 1;

	walk->left = span_of(walk->left.at + used, walk->left.len - used);
	walk->line++;
	return line;
}

static bool is_printable(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.at[i] < 0x20 && text.at[i] != '\t') || text.at[i] == 0x7f)
			return false;
	return true;
}

static bool has_comment_behind(struct span value)
{
	for (size_t i = 1; i < value.len; i++)
		if (value.at[i] == '#' && (value.at[i - 1] == ' ' || value.at[i - 1] == '\t'))
			return true;
	return false;
}

static enum rc check_name(struct span name, unsigned line, struct err *err)
{
	if (name.len == 0)
		return err_set(err, RC_MALFORMED, "line %u: no name in front of the '='", line);
	if (name.len > KEYVALUE_NAME_MAX_BYTES)
		return err_set(err, RC_LIMIT, "line %u: the name is longer than %u bytes", line,
			KEYVALUE_NAME_MAX_BYTES);
	return RC_OK;
}

static enum rc check_value(struct span value, unsigned line, struct err *err)
{
	if (value.len > KEYVALUE_VALUE_MAX_BYTES)
		return err_set(err, RC_LIMIT, "line %u: the value is longer than %u bytes", line,
			KEYVALUE_VALUE_MAX_BYTES);
	if (value.len != 0 && (value.at[0] == '"' || value.at[0] == '\''))
		return err_set(err, RC_MALFORMED, "line %u: values are written without quotes", line);
	if (has_comment_behind(value) || (value.len != 0 && value.at[0] == '#'))
		return err_set(err, RC_MALFORMED, "line %u: a comment needs a line of its own", line);
	return RC_OK;
}

static enum rc split(struct span text, unsigned line, struct keyvalue *out, struct err *err)
{
	const uint8_t *equals = memchr(text.at, '=', text.len);
	struct span name;
	struct span value;

	if (!is_printable(text))
		return err_set(err, RC_MALFORMED, "line %u: control character (is this a text file?)", line);
	if (text.at[0] == '[')
		return err_set(err, RC_MALFORMED, "line %u: sections are not used here", line);
	if (equals == NULL)
		return err_set(err, RC_MALFORMED, "line %u: expected \"name = value\", found no '='", line);
	name = trimmed(span_of(text.at, (size_t)(equals - text.at)));
	value = trimmed(span_of(equals + 1, (size_t)(text.at + text.len - equals - 1)));
	TRY(check_name(name, line, err));
	TRY(check_value(value, line, err));
	out->line = line;
	memcpy(out->name, name.at, name.len);
	out->name[name.len] = '\0';
	if (value.len != 0)
		memcpy(out->value, value.at, value.len);
	out->value[value.len] = '\0';
	return RC_OK;
}

enum rc keyvalue_next(struct keyvalue_walk *walk, struct keyvalue *out, struct err *err)
{
	while (walk->left.len != 0) {
		struct span line = take_line(walk);

		if (line.len != 0 && line.at[line.len - 1] == '\r')
			line.len--;
		line = trimmed(line);
		if (line.len != 0 && line.at[0] != '#')
			return split(line, walk->line, out, err);
	}
	return RC_NOT_FOUND;
}
