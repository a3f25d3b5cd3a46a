#include "tests/support/event_maker.h"

void event_maker_release(struct event_maker *maker)
{
	blob_release(&maker->bytes);
}

void event_maker_le(struct blob *blob, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		const uint8_t byte = (uint8_t)(value >> 8 * i);

		assert_ok(blob_append(blob, span_of(&byte, 1)));
	}
}

void event_maker_utf16(struct blob *blob, const char *text)
{
	for (const char *at = text;; at++) {
		event_maker_le(blob, (uint8_t)*at, 2);
		if (*at == '\0')
			return;
	}
}

static void put_digest(struct blob *blob, struct event_bank bank, struct span hashed)
{
	const enum digest_alg alg = digest_of_tpm_id(bank.alg);
	uint8_t digest[EVENT_DIGEST_MAX_BYTES];

	memset(digest, hashed.at == NULL ? 0 : 0xaa, sizeof digest);
	if (alg != DIGEST_NONE && hashed.at != NULL)
		assert_ok(digest_bytes(alg, hashed, digest));
	assert_ok(blob_append(blob, span_of(digest, bank.len)));
}

void event_maker_header(struct event_maker *maker)
{
	static const struct event_bank sha1 = {TPM_ALG_SHA1, 20};
	struct blob *log = &maker->bytes;

	event_maker_le(log, 0, 4);
	event_maker_le(log, EV_NO_ACTION, 4);
	put_digest(log, sha1, (struct span){0});
	event_maker_le(log, 16 + 12 + 4 * maker->bank_count + 1, 4);
	assert_ok(blob_append(log, span_of("Spec ID Event03", 16)));
	event_maker_le(log, 0, 4);
	event_maker_le(log, 0x02000200, 4); /* version 2.0, errata 0, 64-bit */
	event_maker_le(log, maker->bank_count, 4);
	for (size_t i = 0; i < maker->bank_count; i++) {
		event_maker_le(log, maker->banks[i].alg, 2);
		event_maker_le(log, maker->banks[i].len, 2);
	}
	event_maker_le(log, 0, 1);
}

void event_maker_add(
	struct event_maker *maker, uint32_t pcr, uint32_t type, struct span payload, struct span hashed)
{
	static const struct event_bank sha1 = {TPM_ALG_SHA1, 20};
	struct blob *log = &maker->bytes;

	event_maker_le(log, pcr, 4);
	event_maker_le(log, type, 4);
	if (maker->bank_count == 0)
		put_digest(log, sha1, hashed);
	else
		event_maker_le(log, maker->bank_count, 4);
	for (size_t i = 0; i < maker->bank_count; i++) {
		event_maker_le(log, maker->banks[i].alg, 2);
		put_digest(log, maker->banks[i], hashed);
	}
	event_maker_le(log, payload.len, 4);
	assert_ok(blob_append(log, payload));
}

struct event_check event_maker_check(struct event_maker *maker, uint32_t pcr, uint32_t type,
	struct span payload, struct span hashed, struct log_event *out)
{
	struct event_check check = {0};
	struct event_log log = {0};

	blob_clear(&maker->bytes);
	maker->bank_count = 1;
	maker->banks[0] = (struct event_bank){TPM_ALG_SHA256, 32};
	event_maker_header(maker);
	event_maker_add(maker, pcr, type, payload, hashed);
	assert_ok(event_log_parse(blob_span(&maker->bytes), &log));
	*out = (struct log_event){0};
	assert_true(event_log_next(&log, out));
	assert_ok(event_check_bank(out, TPM_ALG_SHA256, &check));
	return check;
}
