#define PCRE2_CODE_UNIT_WIDTH 8
#include "lib/pattern/regex.h"

#include <pcre2.h>
#include <stdlib.h>

#include "lib/base/drop.h"

/* The automaton keeps its states here: enough for some 700 at one time. */
#define WORKSPACE_INTS 4096
/* Calls of the automaton inside itself, for look-aheads and atomic groups. */
#define MATCH_LIMIT    10000
#define DEPTH_LIMIT    32
#define HEAP_LIMIT_KIB 1024

/* prefix: bytes with which every match begins. */
struct regex {
	enum pattern_kind kind;
	pcre2_code *code;
	pcre2_match_context *limits;
	size_t prefix_len;
	uint8_t prefix[PATTERN_MAX];
};

void regex_free(struct regex *regex)
{
	if (regex == NULL)
		return;
	pcre2_code_free(regex->code);
	pcre2_match_context_free(regex->limits);
	free(regex);
}

static void regex_drop(struct regex **regex)
{
	regex_free(*regex);
}

static void context_drop(pcre2_compile_context **context)
{
	pcre2_compile_context_free(*context);
}

static void match_drop(pcre2_match_data **match)
{
	pcre2_match_data_free(*match);
}

static bool is_special(uint8_t c)
{
	return c >= 0x80 || memchr(".^$*+?{}[]\\|()", c, 14) != NULL;
}

/* The literal bytes at the beginning, but for one that is repeated; none if there are alternatives. */
static void prefix_find(struct regex *regex, struct span text)
{
	size_t at = 0;

	if (text.len == 0 || memchr(text.at, '|', text.len) != NULL)
		return;
	while (at < text.len) {
		uint8_t c = text.at[at];
		size_t used = 1;

		if (c == '\\' && at + 1 < text.len) {
			c = text.at[at + 1];
			/* Letters and digits behind a '\' stand for something else. */
			if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				(c >= 'a' && c <= 'z'))
				return;
			used = 2;
		} else if (is_special(c)) {
			return;
		}
		at += used;
		if (at < text.len && memchr("*?{", text.at[at], 3) != NULL)
			return;
		regex->prefix[regex->prefix_len++] = c;
	}
}

/* Python's \Z is the end; PCRE2's is also before a last line feed, and its \z is the end. */
static void ends_translate(struct span text, uint8_t *out)
{
	memcpy(out, text.at, text.len);
	for (size_t at = 0; at + 1 < text.len; at++)
		if (out[at] == '\\') {
			at++;
			if (out[at] == 'Z')
				out[at] = 'z';
		}
}

static enum rc code_make(struct regex *regex, struct span text, struct err *err)
{
	uint32_t options =
		PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;
	DROP(context_drop) pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	uint8_t pattern[PATTERN_MAX];
	uint8_t words[128] = "";
	uint32_t references = 0;
	PCRE2_SIZE at = 0;
	int code = 0;

	if (context == NULL)
		return err_set(err, RC_NOMEM, "no memory for a regular expression");
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(context, DEPTH_LIMIT);
	ends_translate(text, pattern);
	regex->code = pcre2_compile(pattern, text.len, options, &code, &at, context);
	if (regex->code == NULL) {
		pcre2_get_error_message(code, words, sizeof words);
		return err_set(err, RC_MALFORMED, "character %zu: %s", (size_t)at + 1, (const char *)words);
	}
	pcre2_pattern_info(regex->code, PCRE2_INFO_BACKREFMAX, &references);
	return references == 0 ? RC_OK : err_set(err, RC_UNSUPPORTED, "a back reference cannot be used here");
}

static enum rc limits_make(struct regex *regex, struct err *err)
{
	regex->limits = pcre2_match_context_create(NULL);
	if (regex->limits == NULL)
		return err_set(err, RC_NOMEM, "no memory for a regular expression");
	pcre2_set_match_limit(regex->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(regex->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(regex->limits, HEAP_LIMIT_KIB);
	return RC_OK;
}

static enum rc run(const struct regex *regex, struct span name, bool *out)
{
	DROP(match_drop) pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	uint32_t options = regex->kind == PATTERN_REGEX_START ? PCRE2_DFA_SHORTEST : 0;
	int workspace[WORKSPACE_INTS];
	int found;

	if (match == NULL)
		return RC_NOMEM;
	found = pcre2_dfa_match(
		regex->code, name.at, name.len, 0, options, match, regex->limits, workspace, WORKSPACE_INTS);
	/* 0 is a match with more than one length, for which there was no room. Text that is not UTF-8 has the
	 * errors from UTF8_ERR1 down to UTF8_ERR21. */
	*out = found >= 0;
	/* The automaton puts the longest match first. PCRE2_ENDANCHORED is not enough: it lets "a.*b" match
	 * "a b c". */
	if (*out && regex->kind == PATTERN_REGEX_FULL)
		*out = pcre2_get_ovector_pointer(match)[1] == name.len;
	if (found >= 0 || found == PCRE2_ERROR_NOMATCH ||
		(found <= PCRE2_ERROR_UTF8_ERR1 && found >= PCRE2_ERROR_UTF8_ERR21))
		return RC_OK;
	return found == PCRE2_ERROR_NOMEMORY ? RC_NOMEM : RC_LIMIT;
}

/* What the automaton has no room for, or what slipped by regex_check, shows now rather than later. */
static enum rc trial(const struct regex *regex, struct err *err)
{
	static const char *const names[] = {"", "/", "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"};
	bool found;

	for (size_t i = 0; i < COUNT(names); i++)
		if (run(regex, span_text(names[i]), &found) != RC_OK)
			return err_set(
				err, RC_LIMIT, "too large, or it asks for what the automaton cannot do");
	return RC_OK;
}

enum rc regex_parse(enum pattern_kind kind, struct span text, struct regex **out, struct err *err)
{
	DROP(regex_drop) struct regex *regex = NULL;

	if (text.len > PATTERN_MAX)
		return err_set(err, RC_LIMIT, "%zu bytes of a regular expression, at most %d are allowed",
			text.len, PATTERN_MAX);
	TRY(regex_check(text, err));
	regex = calloc(1, sizeof *regex);
	if (regex == NULL)
		return err_set(err, RC_NOMEM, "no memory for a regular expression");
	regex->kind = kind;
	TRY(code_make(regex, text, err));
	TRY(limits_make(regex, err));
	TRY(trial(regex, err));
	prefix_find(regex, text);
	*out = TAKE(regex);
	return RC_OK;
}

enum rc regex_match(const struct regex *regex, struct span name, bool *out)
{
	*out = false;
	if (name.len < regex->prefix_len ||
		(regex->prefix_len != 0 && memcmp(name.at, regex->prefix, regex->prefix_len) != 0))
		return RC_OK;
	return run(regex, name, out);
}
