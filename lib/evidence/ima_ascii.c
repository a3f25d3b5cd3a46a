#include "lib/evidence/ima_ascii.h"

#include "lib/base/hex.h"
#include "lib/evidence/ima_field.h"

/* "%2d " */
#define PCR_CHARS 3

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool ima_ascii_begins(struct span text, enum digest_alg hash)
{
	size_t hash_end = PCR_CHARS + 2 * digest_size(hash);

	for (size_t i = 0; i < text.len && i <= hash_end; i++) {
		uint8_t c = text.at[i];
		bool fits = i == 0               ? c == ' ' || is_digit(c)
		            : i == 1             ? is_digit(c)
		            : i == PCR_CHARS - 1 ? c == ' '
		            : i == hash_end      ? c == ' '
		                                 : is_digit(c) || (c >= 'a' && c <= 'f');

		if (!fits)
			return false;
	}
	return true;
}

/* Where template data are rebuilt. `full`: something did not fit, or was not as it should be. */
struct writer {
	uint8_t *at;
	size_t left;
	bool full;
	bool big_endian;
};

/* Room for len bytes; NULL if there is not. */
static uint8_t *put_room(struct writer *writer, size_t len)
{
	uint8_t *at = writer->at;

	if (writer->full || len > writer->left) {
		writer->full = true;
		return NULL;
	}
	writer->at += len;
	writer->left -= len;
	return at;
}

static void put(struct writer *writer, struct span bytes)
{
	uint8_t *at = put_room(writer, bytes.len);

	if (at != NULL && bytes.len != 0)
		memcpy(at, bytes.at, bytes.len);
}

static void put_hex(struct writer *writer, struct span digits)
{
	uint8_t *at = put_room(writer, digits.len / 2);

	if (at == NULL || digits.len == 0)
		return;
	if (digits.len % 2 != 0 || hex_decode(digits, at, digits.len / 2) != RC_OK)
		writer->full = true;
}

static void number_bytes(uint32_t number, size_t bytes, bool big_endian, uint8_t out[static 4])
{
	for (size_t i = 0; i < bytes; i++)
		out[i] = (uint8_t)(number >> 8 * (big_endian ? bytes - 1 - i : i));
}

static void put_decimal(struct writer *writer, struct span digits, size_t bytes)
{
	uint64_t number = 0;
	uint8_t raw[4] = {0};

	if (digits.len == 0)
		return;
	for (size_t i = 0; i < digits.len; i++) {
		number = number * 10 + (uint64_t)(digits.at[i] - '0');
		if (!is_digit(digits.at[i]) || number >> 8 * bytes != 0) {
			writer->full = true;
			return;
		}
	}
	/* The kernel writes no leading zeros: one text for one value. */
	writer->full = writer->full || (digits.at[0] == '0' && digits.len > 1);
	number_bytes((uint32_t)number, bytes, writer->big_endian, raw);
	put(writer, span_of(raw, bytes));
}

/* "sha256:" and hexadecimal: in the data a NUL stands between them. */
static void put_words(struct writer *writer, struct span text)
{
	const uint8_t *colon = text.len == 0 ? NULL : memrchr(text.at, ':', text.len);

	if (text.len == 0)
		return;
	if (colon == NULL) {
		writer->full = true;
		return;
	}
	put(writer, span_of(text.at, (size_t)(colon + 1 - text.at)));
	put(writer, span_of("", 1));
	put_hex(writer, span_of(colon + 1, (size_t)(text.at + text.len - (colon + 1))));
}

static void put_field(struct writer *writer, enum ima_field field, struct span text)
{
	switch (ima_field_text(field)) {
	case IMA_TEXT_STRING:
		/* A name has at least its NUL; names of attributes are empty if there are none. */
		if (text.len == 0 && field == IMA_FIELD_XATTRNAMES)
			return;
		put(writer, text);
		put(writer, span_of("", 1));
		return;
	case IMA_TEXT_WORDS: put_words(writer, text); return;
	case IMA_TEXT_DIGEST:
	case IMA_TEXT_HEX: put_hex(writer, text); return;
	case IMA_TEXT_U16: put_decimal(writer, text, 2); return;
	case IMA_TEXT_U32: put_decimal(writer, text, 4); return;
	}
}

/* The next word: up to a space, or all that is left if it is the last one. false if there is none. Each field
 * has a space in front of it, even an empty one. */
static bool word_next(struct span *text, bool is_last, struct span *out)
{
	const uint8_t *space;

	if (text->len == 0 || text->at[0] != ' ')
		return false;
	*text = span_of(text->at + 1, text->len - 1);
	space = is_last || text->len == 0 ? NULL : memchr(text->at, ' ', text->len);
	*out = span_of(text->at, space == NULL ? text->len : (size_t)(space - text->at));
	*text = span_of(text->at + out->len, text->len - out->len);
	return true;
}

/* The fields, each behind its length. */
static bool put_fields(struct writer *writer, const uint8_t *format, struct span text)
{
	for (; *format != IMA_FIELD_NONE; format++) {
		uint8_t *len_at = put_room(writer, 4);
		uint8_t *from = writer->at;
		struct span word = {0};

		if (len_at == NULL || !word_next(&text, format[1] == IMA_FIELD_NONE, &word))
			return false;
		put_field(writer, (enum ima_field) * format, word);
		if (writer->full)
			return false;
		number_bytes((uint32_t)(writer->at - from), 4, writer->big_endian, len_at);
	}
	return text.len == 0;
}

/* Template "ima": the digest, and the name behind its length. */
static bool put_old(struct writer *writer, struct span text)
{
	struct span digest = {0}, name = {0};
	uint8_t len[4];

	if (!word_next(&text, false, &digest) || !word_next(&text, true, &name))
		return false;
	if (digest.len != 2 * (size_t)DIGEST_SHA1_BYTES || name.len > IMA_OLD_NAME_MAX)
		return false;
	number_bytes((uint32_t)name.len, 4, writer->big_endian, len);
	put_hex(writer, digest);
	put(writer, SPAN(len));
	put(writer, name);
	return !writer->full;
}

/* Where the entry ends, without its line feed; false if no end is there. */
static bool line_end(struct span text, enum digest_alg hash, size_t *out)
{
	size_t from = 0;

	for (;;) {
		const uint8_t *feed = from == text.len ? NULL : memchr(text.at + from, '\n', text.len - from);

		if (feed == NULL)
			return false;
		from = (size_t)(feed - text.at) + 1;
		if (ima_ascii_begins(span_of(text.at + from, text.len - from), hash)) {
			*out = from - 1;
			return true;
		}
	}
}

/* line: without its line feed. */
static bool line_read(struct ima_list *list, struct span line, struct ima_entry *entry)
{
	struct writer writer = {
		.at = list->room, .left = list->room_len, .big_endian = list->format.big_endian};
	size_t hash_len = digest_size(list->format.hash);
	uint8_t custom[IMA_FIELDS_MAX + 1];
	enum ima_template template;
	struct span rest;
	bool good;

	if (line.len < PCR_CHARS + 2 * hash_len + 1 || !ima_ascii_begins(line, list->format.hash))
		return false;
	entry->pcr = (line.at[0] == ' ' ? 0 : 10u * (line.at[0] - '0')) + (uint32_t)(line.at[1] - '0');
	if (entry->pcr > IMA_PCR_MAX || line.at[0] == '0')
		return false;
	entry->hash = span_of(writer.at, hash_len);
	put_hex(&writer, span_of(line.at + PCR_CHARS, 2 * hash_len));
	rest = span_of(line.at + PCR_CHARS + 2 * hash_len, line.len - PCR_CHARS - 2 * hash_len);
	if (writer.full || !word_next(&rest, false, &entry->template))
		return false;
	if (entry->template.len == 0 || entry->template.len > IMA_TEMPLATE_NAME_MAX)
		return false;
	entry->data = span_of(writer.at, 0);
	template = ima_template_of_name(entry->template);
	if (template == IMA_TEMPLATE_UNKNOWN)
		return true;
	good = template == IMA_TEMPLATE_IMA
	               ? put_old(&writer, rest)
	               : put_fields(&writer, ima_template_fields(template, entry->template, custom), rest);
	entry->data.len = (size_t)(writer.at - entry->data.at);
	return good && entry->data.len <= IMA_DATA_MAX;
}

enum ima_step ima_ascii_next(struct ima_list *list, struct ima_entry *out)
{
	struct ima_entry entry = {.big_endian = list->format.big_endian};
	static const uint8_t zeros[DIGEST_BYTES_MAX];
	struct span seen = list->left;
	size_t end = 0;

	if (list->left.len == 0)
		return IMA_STEP_END;
	if (seen.len > IMA_LINE_MAX)
		seen.len = IMA_LINE_MAX;
	if (!ima_ascii_begins(seen, list->format.hash))
		return IMA_STEP_BROKEN;
	if (!line_end(seen, list->format.hash, &end)) {
		if (seen.len < list->left.len)
			return IMA_STEP_BROKEN;
		list->missing = 1;
		return IMA_STEP_PARTIAL;
	}
	if (!line_read(list, span_of(seen.at, end), &entry))
		return IMA_STEP_BROKEN;
	entry.bytes = span_of(seen.at, end + 1);
	entry.is_violation = memcmp(entry.hash.at, zeros, entry.hash.len) == 0;
	list->left = span_of(list->left.at + end + 1, list->left.len - end - 1);
	ima_template_parse(entry.template, entry.data, entry.big_endian, &entry.fields);
	*out = entry;
	return IMA_STEP_ENTRY;
}
