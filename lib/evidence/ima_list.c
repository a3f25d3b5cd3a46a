#include "lib/evidence/ima_list.h"

#include "lib/evidence/ima_ascii.h"
#include "lib/evidence/ima_field.h"

/* Reads one binary entry. `missing` is set when a read goes beyond what is there. */
struct reader {
	struct span bytes;
	size_t at;
	size_t missing;
	bool big_endian;
};

static bool take(struct reader *reader, size_t len, struct span *out)
{
	size_t left = reader->bytes.len - reader->at;

	if (len > left) {
		reader->missing = len - left;
		return false;
	}
	*out = span_of(reader->bytes.at + reader->at, len);
	reader->at += len;
	return true;
}

static bool take_u32(struct reader *reader, uint32_t *out)
{
	struct span raw;

	if (!take(reader, 4, &raw))
		return false;
	*out = ima_u32(raw.at, reader->big_endian);
	return true;
}

/* What stands before the data, and the data. */
struct head {
	uint32_t pcr;
	struct span hash;
	struct span template;
	struct span data;
};

static bool is_zero(struct span bytes)
{
	return bytes.at[0] == 0 && memcmp(bytes.at, bytes.at + 1, bytes.len - 1) == 0;
}

/* Names of templates are printable and without spaces: the ASCII list separates fields by spaces. */
static bool is_template_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] <= ' ' || name.at[i] > '~')
			return false;
	return name.len != 0 && name.len <= IMA_TEMPLATE_NAME_MAX;
}

/* PCR, hash, length of the name and the name. BROKEN as soon as one of them cannot be. */
static enum ima_step head_read(struct reader *reader, size_t hash_len, struct head *out)
{
	uint32_t len = 0;

	if (!take_u32(reader, &out->pcr))
		return IMA_STEP_PARTIAL;
	if (out->pcr > IMA_PCR_MAX)
		return IMA_STEP_BROKEN;
	if (!take(reader, hash_len, &out->hash) || !take_u32(reader, &len))
		return IMA_STEP_PARTIAL;
	if (len == 0 || len > IMA_TEMPLATE_NAME_MAX)
		return IMA_STEP_BROKEN;
	if (!take(reader, len, &out->template))
		return IMA_STEP_PARTIAL;
	return is_template_name(out->template) ? IMA_STEP_ENTRY : IMA_STEP_BROKEN;
}

/* Template "ima": no length of the whole, but a digest, and a name behind its length. */
static enum ima_step old_data_read(struct reader *reader, struct span *out)
{
	size_t from = reader->at;
	struct span part;
	uint32_t len = 0;

	if (!take(reader, DIGEST_SHA1_BYTES, &part) || !take_u32(reader, &len))
		return IMA_STEP_PARTIAL;
	if (len > IMA_OLD_NAME_MAX)
		return IMA_STEP_BROKEN;
	if (!take(reader, len, &part))
		return IMA_STEP_PARTIAL;
	*out = span_of(reader->bytes.at + from, reader->at - from);
	return IMA_STEP_ENTRY;
}

static enum ima_step data_read(struct reader *reader, struct span template, struct span *out)
{
	uint32_t len = 0;

	if (span_equal(template, span_of("ima", 3)))
		return old_data_read(reader, out);
	if (!take_u32(reader, &len))
		return IMA_STEP_PARTIAL;
	if (len > IMA_DATA_MAX)
		return IMA_STEP_BROKEN;
	return take(reader, len, out) ? IMA_STEP_ENTRY : IMA_STEP_PARTIAL;
}

static enum ima_step binary_next(struct ima_list *list, struct ima_entry *out)
{
	struct reader reader = {.bytes = list->left, .big_endian = list->format.big_endian};
	struct head head = {0};
	enum ima_step step;

	if (list->left.len == 0)
		return IMA_STEP_END;
	step = head_read(&reader, digest_size(list->format.hash), &head);
	if (step == IMA_STEP_ENTRY)
		step = data_read(&reader, head.template, &head.data);
	if (step == IMA_STEP_PARTIAL)
		list->missing = reader.missing;
	if (step != IMA_STEP_ENTRY)
		return step;
	out->pcr = head.pcr;
	out->bytes = span_of(list->left.at, reader.at);
	out->hash = head.hash;
	out->template = head.template;
	out->data = head.data;
	out->is_violation = is_zero(head.hash);
	out->big_endian = reader.big_endian;
	ima_template_parse(out->template, out->data, out->big_endian, &out->fields);
	list->left = span_of(list->left.at + reader.at, list->left.len - reader.at);
	return IMA_STEP_ENTRY;
}

enum ima_step ima_list_next(struct ima_list *list, struct ima_entry *out)
{
	list->missing = 0;
	if (digest_size(list->format.hash) == 0)
		return IMA_STEP_BROKEN;
	return list->format.is_ascii ? ima_ascii_next(list, out) : binary_next(list, out);
}

/* ---- the format ---- */

static const enum digest_alg hashes[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};

/* A list of this format could begin so; `whole` if even its first template's name was seen. */
static bool could_be(struct span beginning, struct ima_format format, bool *whole)
{
	struct reader reader = {.bytes = beginning, .big_endian = format.big_endian};
	struct head head = {0};
	enum ima_step step;

	if (format.is_ascii) {
		*whole = beginning.len >= 3 + 2 * digest_size(format.hash) + 1;
		return ima_ascii_begins(beginning, format.hash);
	}
	step = head_read(&reader, digest_size(format.hash), &head);
	*whole = step == IMA_STEP_ENTRY;
	return step != IMA_STEP_BROKEN;
}

enum rc ima_format_guess(struct span beginning, struct ima_format *out)
{
	bool undecided = beginning.len == 0;

	/* Where a longer hash still goes on there stands the length of a name, and a name behind it: a hash
	 * that looks like both is one in 2^24 at most, and the entry would not hold. */
	for (size_t i = 0; i < 3 * COUNT(hashes); i++) {
		struct ima_format format = {
			i / COUNT(hashes) == 2, i / COUNT(hashes) == 1, hashes[i % COUNT(hashes)]};
		bool whole = false;

		if (!could_be(beginning, format, &whole))
			continue;
		if (whole) {
			*out = format;
			return RC_OK;
		}
		undecided = true;
	}
	return undecided ? RC_NOT_FOUND : RC_MALFORMED;
}
