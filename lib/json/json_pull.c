#include "lib/json/json_pull.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/json/json_utf8.h"

void json_pull_release(struct json_pull *pull)
{
	blob_release(&pull->scratch);
	*pull = (struct json_pull){0};
}

enum rc json_pull_fail(
	const struct json_pull *pull, size_t at, struct err *err, enum rc rc, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	size_t line = 1;
	size_t start = 0;
	va_list args;

	for (size_t i = 0; i < at && i < pull->text.len; i++)
		if (pull->text.at[i] == '\n') {
			line++;
			start = i + 1;
		}
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(err, rc, "line %zu, column %zu: %s", line, at - start + 1, text);
}

static enum rc refuse(const struct json_pull *pull, struct err *err, const char *why)
{
	return json_pull_fail(pull, pull->at, err, RC_MALFORMED, "%s", why);
}

uint8_t json_pull_peek(struct json_pull *pull)
{
	const uint8_t *text = pull->text.at;

	while (pull->at < pull->text.len && (text[pull->at] == ' ' || text[pull->at] == '\n' ||
						    text[pull->at] == '\t' || text[pull->at] == '\r'))
		pull->at++;
	return pull->at < pull->text.len ? text[pull->at] : 0;
}

static enum rc expect(struct json_pull *pull, char byte, struct err *err)
{
	char why[] = "expected '?'";

	why[sizeof why - 3] = byte;
	if (json_pull_peek(pull) != (uint8_t)byte)
		return refuse(pull, err, why);
	pull->at++;
	return RC_OK;
}

enum rc json_pull_open(struct json_pull *pull, char opener, struct err *err)
{
	return expect(pull, opener, err);
}

enum rc json_pull_more(struct json_pull *pull, char closer, size_t index, bool *out, struct err *err)
{
	if (json_pull_peek(pull) == (uint8_t)closer) {
		pull->at++;
		*out = false;
		return RC_OK;
	}
	if (index > 0)
		TRY(expect(pull, ',', err));
	*out = true;
	return RC_OK;
}

/* The place of the first byte from `at` on that is not plain ASCII text. */
static size_t plain_end(struct span text, size_t at)
{
	while (at < text.len && text.at[at] >= ' ' && text.at[at] < 0x80 && text.at[at] != '"' &&
		text.at[at] != '\\')
		at++;
	return at;
}

/* Four digits of a \u, behind it. */
static bool unit_read(struct json_pull *pull, uint32_t *out)
{
	uint8_t bytes[2];

	if (pull->text.len - pull->at < 4 ||
		hex_decode(span_of(pull->text.at + pull->at, 4), bytes, sizeof bytes) != RC_OK)
		return false;
	pull->at += 4;
	*out = (uint32_t)bytes[0] << 8 | bytes[1];
	return true;
}

static enum rc point_read(struct json_pull *pull, uint32_t *out, struct err *err)
{
	uint32_t low = 0;

	if (!unit_read(pull, out))
		return refuse(pull, err, "expected four hexadecimal digits");
	if (*out == 0)
		return refuse(pull, err, "a NUL in a text");
	if (*out < 0xd800 || *out > 0xdfff)
		return RC_OK;
	if (*out > 0xdbff || pull->text.len - pull->at < 6 || memcmp(pull->text.at + pull->at, "\\u", 2) != 0)
		return refuse(pull, err, "half of a surrogate pair");
	pull->at += 2;
	if (!unit_read(pull, &low) || low < 0xdc00 || low > 0xdfff)
		return refuse(pull, err, "half of a surrogate pair");
	*out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
	return RC_OK;
}

static enum rc point_put(struct blob *out, uint32_t point)
{
	uint8_t bytes[4];
	size_t len = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	static const uint8_t first[] = {0, 0x00, 0xc0, 0xe0, 0xf0};

	for (size_t i = len; i-- > 1; point >>= 6)
		bytes[i] = (uint8_t)(0x80 | (point & 0x3f));
	bytes[0] = (uint8_t)(first[len] | point);
	return blob_append(out, span_of(bytes, len));
}

/* Behind the '\'. */
static enum rc escape_read(struct json_pull *pull, struct err *err)
{
	static const char letters[] = "\"\\/bfnrt";
	static const char means[] = "\"\\/\b\f\n\r\t";
	uint8_t letter = pull->at < pull->text.len ? pull->text.at[pull->at] : 0;
	const char *known = letter == 0 ? NULL : strchr(letters, letter);
	uint32_t point = 0;

	if (known != NULL) {
		pull->at++;
		return blob_append(&pull->scratch, span_of(&means[known - letters], 1));
	}
	if (letter != 'u')
		return refuse(pull, err, "an unknown escape");
	pull->at++;
	TRY(point_read(pull, &point, err));
	return point_put(&pull->scratch, point);
}

/* The text from `start` on has something other than plain ASCII: put it together. */
static enum rc text_assemble(struct json_pull *pull, size_t start, size_t max, struct err *err)
{
	blob_clear(&pull->scratch);
	for (pull->at = start; pull->scratch.len <= max;) {
		size_t end = plain_end(pull->text, pull->at);
		struct span rest = span_of(pull->text.at + end, pull->text.len - end);
		size_t wide;

		TRY(blob_append(&pull->scratch, span_of(pull->text.at + pull->at, end - pull->at)));
		pull->at = end;
		if (rest.len == 0)
			return refuse(pull, err, "the text does not end");
		if (rest.at[0] == '"') {
			pull->at++;
			return RC_OK;
		}
		if (rest.at[0] < ' ')
			return refuse(pull, err, "a control character in a text");
		if (rest.at[0] == '\\') {
			pull->at++;
			TRY(escape_read(pull, err));
			continue;
		}
		wide = json_utf8_length(rest);
		if (wide == 0)
			return refuse(pull, err, "not UTF-8");
		TRY(blob_append(&pull->scratch, span_of(rest.at, wide)));
		pull->at += wide;
	}
	return RC_OK;
}

enum rc json_pull_text(struct json_pull *pull, size_t max, struct span *out, struct err *err)
{
	size_t start, end;
	struct span found;

	TRY(expect(pull, '"', err));
	start = pull->at;
	end = plain_end(pull->text, start);
	if (end < pull->text.len && pull->text.at[end] == '"') {
		found = span_of(pull->text.at + start, end - start);
		pull->at = end + 1;
	} else {
		enum rc rc = text_assemble(pull, start, max, err);

		if (rc == RC_NOMEM)
			return err_set(err, rc, "no memory for a text");
		TRY(rc);
		found = blob_span(&pull->scratch);
	}
	if (found.len > max)
		return json_pull_fail(pull, start, err, RC_LIMIT, "a text of more than %zu bytes", max);
	*out = found;
	return RC_OK;
}

enum rc json_pull_key(struct json_pull *pull, size_t max, struct span *out, struct err *err)
{
	struct span key;

	TRY(json_pull_text(pull, max, &key, err));
	TRY(expect(pull, ':', err));
	*out = key;
	return RC_OK;
}

/* Behind the opening quote, to behind the closing one. */
static enum rc text_skip(struct json_pull *pull, struct err *err)
{
	for (; pull->at < pull->text.len; pull->at++) {
		if (pull->text.at[pull->at] == '"') {
			pull->at++;
			return RC_OK;
		}
		pull->at += pull->text.at[pull->at] == '\\';
	}
	pull->at = pull->text.len;
	return refuse(pull, err, "the text does not end");
}

/* A number or a word: to the byte that ends it. */
static void word_skip(struct json_pull *pull)
{
	while (pull->at < pull->text.len && pull->text.at[pull->at] != 0 &&
		strchr(",]}[{: \t\r\n\"", pull->text.at[pull->at]) == NULL)
		pull->at++;
}

enum rc json_pull_skip(struct json_pull *pull, struct err *err)
{
	size_t depth = 0;

	do {
		uint8_t byte = json_pull_peek(pull);
		size_t start = pull->at++;

		switch (byte) {
		case '"': TRY(text_skip(pull, err)); break;
		case '{':
		case '[': depth++; break;
		case '}':
		case ']':
			if (depth == 0)
				return json_pull_fail(pull, start, err, RC_MALFORMED, "expected a value");
			depth--;
			break;
		case ',':
		case ':':
			if (depth == 0)
				return json_pull_fail(pull, start, err, RC_MALFORMED, "expected a value");
			break;
		case 0: pull->at = start; return refuse(pull, err, "expected a value");
		default: word_skip(pull); break;
		}
	} while (depth > 0);
	return RC_OK;
}

enum rc json_pull_end(struct json_pull *pull, struct err *err)
{
	json_pull_peek(pull);
	return pull->at == pull->text.len ? RC_OK : refuse(pull, err, "something stands behind the end");
}
