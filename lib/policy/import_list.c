/* Flat lists: a digest and a path a line, a pattern a line. */
#include "lib/base/blob.h"
#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/import_inside.h"

#define KEYRING "%keyring:"

/* Lines of a text. {text} is its beginning. */
struct lines {
	struct span left;
	size_t number; /* of the line that was taken last, from 1 */
};

/* The next line without its end ("\n" or "\r\n"); false behind the last. */
static bool next_line(struct lines *lines, struct span *out)
{
	const uint8_t *end;
	size_t len = lines->left.len;

	if (len == 0)
		return false;
	end = memchr(lines->left.at, '\n', len);
	if (end != NULL)
		len = (size_t)(end - lines->left.at);
	*out = span_of(lines->left.at, len);
	if (len > 0 && out->at[len - 1] == '\r')
		out->len--;
	len += end != NULL;
	lines->left = span_of(lines->left.at + len, lines->left.len - len);
	lines->number++;
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct span without_blanks(struct span text)
{
	while (text.len > 0 && is_blank(text.at[0]))
		text = span_of(text.at + 1, text.len - 1);
	return text;
}

static struct span first_word(struct span text)
{
	size_t len = 0;

	while (len < text.len && !is_blank(text.at[len]))
		len++;
	return span_of(text.at, len);
}

/* coreutils, "md5sum invocation": a line that begins with '\' has "\\", "\n" and "\r" in its name. */
static enum rc unescape(struct span name, struct blob *out)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];

		if (c == '\\' && i + 1 < name.len) {
			c = name.at[++i];
			c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
		TRY(blob_append(out, span_of(&c, 1)));
	}
	return RC_OK;
}

struct list_digest {
	enum kernel_hash hash;
	uint8_t bytes[KERNEL_HASH_BYTES_MAX];
};

/* Hex of either case, of the hash that its length tells or that stands in front of it: "sm3:<hex>". */
static enum rc digest_parse(struct span text, struct list_digest *out)
{
	const uint8_t *colon = memchr(text.at, ':', text.len);
	size_t prefix = colon == NULL ? 0 : (size_t)(colon - text.at) + 1;
	struct span digits = span_of(text.at + prefix, text.len - prefix);

	out->hash = prefix == 0 ? kernel_hash_of_size(digits.len / 2)
	                        : kernel_hash_of_name(span_of(text.at, prefix - 1));
	if (out->hash == KERNEL_HASH_COUNT)
		return RC_MALFORMED;
	return hex_decode(digits, out->bytes, kernel_hash_size(out->hash));
}

static enum rc entry_import(
	struct import *import, struct span word, struct span name, size_t number, struct err *err)
{
	DROP(blob_release) struct blob plain = {0};
	enum digest_kind kind = DIGEST_OF_FILE;
	struct list_digest digest = {0};
	size_t prefix = strlen(KEYRING);
	enum rc rc;

	if (word.at[0] == '\\') {
		word = span_of(word.at + 1, word.len - 1);
		if (unescape(name, &plain) != RC_OK)
			return err_set(err, RC_NOMEM, "line %zu: out of memory", number);
		name = blob_span(&plain);
	}
	/* "HEX *PATH" is how the same programs mark what they read as binary. */
	if (name.len > 1 && name.at[0] == '*' && name.at[1] == '/')
		name = span_of(name.at + 1, name.len - 1);
	if (name.len > prefix && memcmp(name.at, KEYRING, prefix) == 0) {
		kind = DIGEST_OF_KEYRING;
		name = span_of(name.at + prefix, name.len - prefix);
	}
	if (digest_parse(word, &digest) != RC_OK || memchr(name.at, '\0', name.len) != NULL)
		return err_set(
			err, RC_MALFORMED, "line %zu: expected a digest in hex, blanks, and a path", number);
	rc = import_digest(
		import, kind, name, digest.hash, span_of(digest.bytes, kernel_hash_size(digest.hash)));
	return rc == RC_OK ? RC_OK : err_set(err, rc, "line %zu: %s", number, rc_words(rc));
}

enum rc import_allow_list(struct span text, struct ima_builder *builder, struct import_about *about,
	struct import_warnings *warnings, struct err *err)
{
	struct import import = {.builder = builder, .about = about, .warnings = warnings};
	struct lines lines = {.left = text};
	struct span line;

	while (next_line(&lines, &line)) {
		struct span word = first_word(without_blanks(line));
		struct span name = without_blanks(
			span_of(word.at + word.len, (size_t)(line.at + line.len - word.at) - word.len));

		if (word.len == 0 || word.at[0] == '#')
			continue;
		if (name.len == 0)
			TRY(import_warn(
				warnings, "line %zu has one word only and is passed over", lines.number));
		else
			TRY(entry_import(&import, word, name, lines.number, err));
	}
	return import_end(&import);
}

enum rc import_exclude_list(struct span text, struct ima_builder *builder, struct import_about *about,
	struct import_warnings *warnings, struct err *err)
{
	struct import import = {.builder = builder, .about = about, .warnings = warnings};
	struct lines lines = {.left = text};
	struct span line;

	while (next_line(&lines, &line)) {
		enum rc rc;

		if (without_blanks(line).len == 0 || line.at[0] == '#')
			continue;
		rc = import_exclude(&import, line, err);
		if (rc != RC_OK)
			return err_wrap(err, rc, "line %zu: ", lines.number);
	}
	return import_end(&import);
}
