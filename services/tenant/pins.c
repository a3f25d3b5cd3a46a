#include "services/tenant/pins.h"

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"

/* One line, without its newline. */
struct line {
	struct span alias;
	struct span digits;
	struct span whole; /* with its newline */
};

static bool next_line(struct span *rest, struct line *out)
{
	const uint8_t *end;
	const uint8_t *space;
	size_t len;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, '\n', rest->len);
	len = end == NULL ? rest->len : (size_t)(end - rest->at);
	space = memchr(rest->at, ' ', len);
	out->whole = span_of(rest->at, end == NULL ? len : len + 1);
	out->alias = span_of(rest->at, space == NULL ? len : (size_t)(space - rest->at));
	out->digits = span_of(rest->at + out->alias.len, len - out->alias.len);
	if (out->digits.len != 0)
		out->digits = span_of(out->digits.at + 1, out->digits.len - 1);
	*rest = span_of(rest->at + out->whole.len, rest->len - out->whole.len);
	return true;
}

static bool is_comment(const struct line *line)
{
	return line->whole.at[0] == '#' || line->whole.at[0] == '\n';
}

static enum rc load(const char *path, struct blob *out, struct err *err)
{
	return file_read(path, PINS_MAX_BYTES, out, err);
}

enum rc pins_find(const char *path, struct span alias, uint8_t out[static NODE_ID_BYTES], struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct span rest;
	struct line line;
	size_t number = 0;

	TRY(load(path, &text, err));
	rest = blob_span(&text);
	while (next_line(&rest, &line)) {
		number++;
		if (is_comment(&line) || !span_equal(line.alias, alias))
			continue;
		if (hex_decode(line.digits, out, NODE_ID_BYTES) != RC_OK)
			return err_set(
				err, RC_MALFORMED, "%s:%zu: expected an alias and a node id", path, number);
		return RC_OK;
	}
	return err_set(err, RC_NOT_FOUND, "%s: it does not have the alias \"%.*s\"", path, SPAN_FMT(alias));
}

enum rc pins_set(
	const char *path, struct span alias, const uint8_t node[static NODE_ID_BYTES], struct err *err)
{
	DROP(blob_release) struct blob before = {0};
	DROP(blob_release) struct blob after = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	struct span rest;
	struct line line;
	enum rc rc = load(path, &before, err);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	hex_encode(span_of(node, NODE_ID_BYTES), digits);
	rest = blob_span(&before);
	while (next_line(&rest, &line)) {
		if (!is_comment(&line) && (span_equal(line.alias, alias) || span_is(line.digits, digits)))
			continue;
		TRY(blob_append(&after, line.whole));
		if (line.whole.at[line.whole.len - 1] != '\n')
			TRY(blob_append(&after, span_text("\n")));
	}
	if (alias.len != 0) {
		TRY(blob_append(&after, alias));
		TRY(blob_append(&after, span_text(" ")));
		TRY(blob_append(&after, span_text(digits)));
		TRY(blob_append(&after, span_text("\n")));
	}
	return file_replace(path, blob_span(&after), 0600, err);
}
