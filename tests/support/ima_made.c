#include "tests/support/ima_made.h"

#include <stdio.h>

#include "lib/base/hex.h"
#include "tests/support/test.h"

void ima_made_bytes(struct ima_made *made, struct span bytes)
{
	assert_true(bytes.len <= sizeof made->at - made->len);
	if (bytes.len != 0)
		memcpy(made->at + made->len, bytes.at, bytes.len);
	made->len += bytes.len;
}

void ima_made_u32(struct ima_made *made, uint32_t number, bool big_endian)
{
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte = (uint8_t)(number >> 8 * (big_endian ? 3 - i : i));

		ima_made_bytes(made, span_of(&byte, 1));
	}
}

void ima_made_field(struct ima_made *made, struct span bytes, bool big_endian)
{
	ima_made_u32(made, (uint32_t)bytes.len, big_endian);
	ima_made_bytes(made, bytes);
}

void ima_made_name(struct ima_made *made, const char *name, bool big_endian)
{
	ima_made_field(made, span_of(name, strlen(name) + 1), big_endian);
}

void ima_made_old(struct ima_made *made, struct span digest, const char *name, bool big_endian)
{
	assert_int_equal(digest.len, DIGEST_SHA1_BYTES);
	ima_made_bytes(made, digest);
	ima_made_u32(made, (uint32_t)strlen(name), big_endian);
	ima_made_bytes(made, span_text(name));
}

static void hash_of(enum digest_alg alg, const char *template, struct span data, bool big_endian,
	bool violation, uint8_t *out)
{
	if (violation)
		memset(out, 0, digest_size(alg));
	else
		assert_ok(ima_template_hash(
			alg, ima_template_of_name(span_text(template)), data, big_endian, out));
}

void ima_made_entry(struct ima_made *list, const struct ima_format *format, uint32_t pcr,
	const char *template, struct span data, bool violation)
{
	uint8_t hash[DIGEST_BYTES_MAX];

	hash_of(format->hash, template, data, format->big_endian, violation, hash);
	ima_made_u32(list, pcr, format->big_endian);
	ima_made_bytes(list, span_of(hash, digest_size(format->hash)));
	ima_made_field(list, span_text(template), format->big_endian);
	if (strcmp(template, "ima") != 0)
		ima_made_u32(list, (uint32_t)data.len, format->big_endian);
	ima_made_bytes(list, data);
}

void ima_made_line(struct ima_made *text, uint32_t pcr, const char *template, struct span data,
	bool violation, const char *fields)
{
	uint8_t hash[DIGEST_BYTES_MAX];
	char hex[HEX_BYTES(DIGEST_SHA1_BYTES)];
	char head[64];

	hash_of(DIGEST_SHA1, template, data, false, violation, hash);
	snprintf(head, sizeof head, "%2u %s ", pcr, hex_encode(span_of(hash, DIGEST_SHA1_BYTES), hex));
	ima_made_bytes(text, span_text(head));
	ima_made_bytes(text, span_text(template));
	ima_made_bytes(text, span_text(fields));
	ima_made_bytes(text, span_text("\n"));
}
