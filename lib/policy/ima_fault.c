#include "lib/policy/ima_fault.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"

#define HEAD_BYTES    2
#define DIGESTS_SHOWN 2
/* Of data that are text, as much of it. */
#define BUFFER_SHOWN 100

static bool next_text(struct span *left, size_t room, struct span *out)
{
	size_t len;

	if (left->len < 2)
		return false;
	len = (size_t)left->at[0] << 8 | (size_t)left->at[1];
	if (len >= room || len > left->len - 2)
		return false;
	*out = span_of(left->at + 2, len);
	*left = span_of(left->at + 2 + len, left->len - 2 - len);
	for (size_t i = 0; i < len; i++)
		if (out->at[i] < 0x20 || out->at[i] > 0x7e)
			return false;
	return true;
}

bool ima_fault_next(struct span *left, struct ima_fault *out)
{
	struct span rest = *left;

	if (rest.len < HEAD_BYTES || rest.at[0] >= FINDING_CHECK_COUNT || rest.at[1] > FINDING_REPORTED)
		return false;
	out->check = (enum finding_check)rest.at[0];
	out->weight = (enum finding_weight)rest.at[1];
	rest = span_of(rest.at + HEAD_BYTES, rest.len - HEAD_BYTES);
	if (!next_text(&rest, FINDING_SUBJECT_BYTES, &out->subject) ||
		!next_text(&rest, FINDING_TEXT_BYTES, &out->expected) ||
		!next_text(&rest, FINDING_TEXT_BYTES, &out->found))
		return false;
	*left = rest;
	return true;
}

static bool is_kept(const struct ima_run *run, const struct ima_fault *fault)
{
	struct span left = span_of(run->faults.at, run->ahead.faults_len);
	struct ima_fault kept;

	while (ima_fault_next(&left, &kept))
		if (kept.check == fault->check && span_equal(kept.subject, fault->subject) &&
			span_equal(kept.found, fault->found))
			return true;
	return false;
}

static enum rc append_text(struct blob *out, struct span text)
{
	uint8_t len[2] = {(uint8_t)(text.len >> 8), (uint8_t)text.len};

	TRY(blob_append(out, SPAN(len)));
	return blob_append(out, text);
}

static enum rc keep(struct ima_run *run, const struct ima_fault *fault)
{
	uint8_t head[HEAD_BYTES] = {(uint8_t)fault->check, (uint8_t)fault->weight};
	size_t room = fault->weight == FINDING_REPORTED ? IMA_FAULTS_MAX / 2 : IMA_FAULTS_MAX;

	if (run->ahead.fault_count >= room || is_kept(run, fault))
		return RC_OK;
	TRY(blob_resize(&run->faults, run->ahead.faults_len));
	TRY(blob_append(&run->faults, SPAN(head)));
	TRY(append_text(&run->faults, fault->subject));
	TRY(append_text(&run->faults, fault->expected));
	TRY(append_text(&run->faults, fault->found));
	run->ahead.faults_len = (uint32_t)run->faults.len;
	run->ahead.fault_count++;
	return RC_OK;
}

static void count(struct ima_progress *progress, enum finding_weight weight)
{
	switch (weight) {
	case FINDING_FAILS: progress->failures++; break;
	case FINDING_UNJUDGED: progress->unjudged++; break;
	case FINDING_REPORTED: progress->reports++; break;
	}
}

/* "one of sha256:…, sha256:… and 3 more"; nothing if no digest is known. */
static void expected_text(
	const struct ima_policy *policy, const struct digest_found *listed, char *out, size_t room)
{
	size_t at = 0;

	out[0] = '\0';
	if (policy == NULL || listed->count == 0)
		return;
	if (listed->count > 1)
		at = (size_t)snprintf(out, room, "one of ");
	for (uint32_t i = 0; i < listed->count && i < DIGESTS_SHOWN && at < room; i++) {
		struct digest_row row = digest_table_row(&policy->digests, listed->first + i);
		char hex[HEX_BYTES(KERNEL_HASH_BYTES_MAX)];

		at += (size_t)snprintf(out + at, room - at, "%s%s:%s%s", i > 0 ? ", " : "",
			kernel_hash_name(row.hash), hex_encode(row.digest, hex), row.whole ? "" : "...");
	}
	if (listed->count > DIGESTS_SHOWN && at < room)
		snprintf(out + at, room - at, " and %u more", listed->count - DIGESTS_SHOWN);
}

/* "sha256:…": a digest as policies have it. Names of algorithms that nobody knows are a stranger's text. */
static size_t digest_text(const struct ima_digest *digest, char *out, size_t room)
{
	char hex[HEX_BYTES(KERNEL_HASH_BYTES_MAX)];
	char name[32];
	struct span value = digest->value;
	int len;

	if (value.len > KERNEL_HASH_BYTES_MAX)
		value.len = KERNEL_HASH_BYTES_MAX;
	len = snprintf(out, room, "%s%s:%s", digest->type == IMA_DIGEST_VERITY ? "fs-verity " : "",
		finding_name_text(digest->name, name, sizeof name), hex_encode(value, hex));
	return len < 0 ? 0 : (size_t)len;
}

static void found_text(
	const struct ima_entry *entry, const struct ima_opinion *opinion, char *out, size_t room)
{
	const struct ima_fields *fields = &entry->fields;
	char text[FINDING_TEXT_BYTES];
	size_t at = 0;

	out[0] = '\0';
	if (!entry->is_violation && fields->digest.value.len > 0)
		at = digest_text(&fields->digest, out, room);
	if (!fields->understood)
		at += (size_t)snprintf(out + at, room - at, "template %s",
			finding_name_text(entry->template, text, IMA_TEMPLATE_NAME_MAX));
	if (opinion->hint != NULL && at < room)
		at += (size_t)snprintf(out + at, room - at, "%s%s", at > 0 ? ", " : "", opinion->hint);
	if (opinion->kind == DIGEST_OF_BUFFER && at < room)
		snprintf(out + at, room - at, " (%s)", finding_name_text(fields->buffer, text, BUFFER_SHOWN));
}

enum rc ima_fault_add(struct ima_run *run, const struct ima_policy *policy, const struct ima_entry *entry,
	const struct ima_opinion *opinion)
{
	char subject[FINDING_SUBJECT_BYTES];
	char expected[FINDING_TEXT_BYTES];
	char found[FINDING_TEXT_BYTES];
	struct ima_fault fault = {.check = opinion->check, .weight = opinion->weight};

	count(&run->ahead, opinion->weight);
	if (run->ahead.fault_count >= IMA_FAULTS_MAX)
		return RC_OK;
	finding_name_text(entry->fields.name, subject, sizeof subject);
	expected_text(policy, &opinion->listed, expected, sizeof expected);
	found_text(entry, opinion, found, sizeof found);
	fault.subject = span_text(subject);
	fault.expected = span_text(expected);
	fault.found = span_text(found);
	return keep(run, &fault);
}
