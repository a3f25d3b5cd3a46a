#include "lib/pki/pem.h"

#include <stdio.h>

#include "lib/base/base64.h"

#define LINE_DIGITS 64
#define MARK_MAX    64

/* "-----BEGIN CERTIFICATE-----" */
static struct span mark(const char *word, const char *label, char out[MARK_MAX])
{
	int len = snprintf(out, MARK_MAX, "-----%s %s-----", word, label);

	return span_of(out, len > 0 && len < MARK_MAX ? (size_t)len : 0);
}

static enum rc add_line(struct blob *out, struct span line)
{
	TRY(blob_append(out, line));
	return blob_append(out, span_text("\n"));
}

enum rc pem_write(const char *label, struct span der, struct blob *out)
{
	DROP(blob_release) struct blob digits = {0};
	char text[MARK_MAX];

	TRY(base64_encode(der, &digits));
	TRY(blob_reserve(out, digits.len + digits.len / LINE_DIGITS + 2 * MARK_MAX));
	TRY(add_line(out, mark("BEGIN", label, text)));
	for (size_t at = 0; at < digits.len; at += LINE_DIGITS) {
		size_t left = digits.len - at;

		TRY(add_line(out, span_of(digits.at + at, left < LINE_DIGITS ? left : LINE_DIGITS)));
	}
	return add_line(out, mark("END", label, text));
}

/* What stands behind the first occurrence of a mark; .at NULL if there is none. */
static struct span behind(struct span text, struct span what)
{
	const uint8_t *found = what.len == 0 ? NULL : memmem(text.at, text.len, what.at, what.len);
	size_t used = found == NULL ? 0 : (size_t)(found - text.at) + what.len;

	return found == NULL ? (struct span){0} : span_of(text.at + used, text.len - used);
}

enum rc pem_read(const char *label, struct span text, struct blob *out, struct span *rest)
{
	DROP(blob_release) struct blob digits = {0};
	char begin[MARK_MAX];
	char end[MARK_MAX];
	struct span ending = mark("END", label, end);
	struct span body, after;
	size_t len;

	if (text.len == 0)
		return RC_NOT_FOUND;
	body = behind(text, mark("BEGIN", label, begin));
	if (body.at == NULL)
		return RC_NOT_FOUND;
	after = behind(body, ending);
	if (after.at == NULL)
		return RC_MALFORMED;
	len = (size_t)(after.at - body.at) - ending.len;
	TRY(blob_reserve(&digits, len));
	for (size_t i = 0; i < len; i++)
		if (memchr("\r\n\t ", body.at[i], 4) == NULL)
			digits.at[digits.len++] = body.at[i];
	TRY(base64_decode(blob_span(&digits), out));
	if (rest != NULL)
		*rest = after;
	return RC_OK;
}
