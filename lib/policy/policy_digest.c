#include "lib/policy/policy_digest.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/json/json_utf8.h"

#define HEX_WORD "hex:"

/* The value of a lower-case digit; 16 for other bytes. */
static unsigned digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0' + 0u;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16;
}

static bool bytes_read(struct span text, uint8_t *out)
{
	unsigned wrong = 0;

	for (size_t i = 0; i + 1 < text.len; i += 2) {
		unsigned high = digit(text.at[i]);
		unsigned low = digit(text.at[i + 1]);

		wrong |= high | low;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return text.len % 2 == 0 && (wrong & 16) == 0;
}

enum rc policy_digest_parse(struct span text, struct policy_digest *out)
{
	const uint8_t *colon = text.len > 16 ? memchr(text.at, ':', 16) : NULL;
	struct policy_digest digest = {.hash = KERNEL_HASH_COUNT};

	if (colon != NULL) {
		size_t used = (size_t)(colon - text.at);

		digest.hash = kernel_hash_of_name(span_of(text.at, used));
		if (digest.hash == KERNEL_HASH_COUNT)
			return RC_UNSUPPORTED;
		text = span_of(colon + 1, text.len - used - 1);
	}
	digest.len = text.len / 2;
	if (digest.hash == KERNEL_HASH_COUNT)
		digest.hash = kernel_hash_of_size(digest.len);
	if (digest.hash == KERNEL_HASH_COUNT || digest.len != kernel_hash_size(digest.hash) ||
		!bytes_read(text, digest.bytes))
		return RC_MALFORMED;
	*out = digest;
	return RC_OK;
}

char *policy_digest_text(enum kernel_hash hash, struct span digest, char out[static POLICY_DIGEST_TEXT_BYTES])
{
	char hex[HEX_BYTES(KERNEL_HASH_BYTES_MAX)];
	bool plain = kernel_hash_of_size(digest.len) == hash;

	snprintf(out, POLICY_DIGEST_TEXT_BYTES, "%s%s%s", plain ? "" : kernel_hash_name(hash),
		plain ? "" : ":", hex_encode(digest, hex));
	return out;
}

static bool is_in_hex(struct span text)
{
	return text.len >= sizeof HEX_WORD - 1 && memcmp(text.at, HEX_WORD, sizeof HEX_WORD - 1) == 0;
}

enum rc policy_name_read(struct span text, struct blob *room, struct span *out)
{
	size_t len;

	if (!is_in_hex(text)) {
		*out = text;
		return RC_OK;
	}
	text = span_of(text.at + sizeof HEX_WORD - 1, text.len - (sizeof HEX_WORD - 1));
	len = text.len / 2;
	blob_clear(room);
	TRY(blob_resize(room, len));
	if (len == 0 || !bytes_read(text, room->at) || memchr(room->at, 0, len) != NULL)
		return RC_MALFORMED;
	*out = blob_span(room);
	return RC_OK;
}

enum rc policy_name_text(struct span name, struct blob *room, struct span *out)
{
	if (!is_in_hex(name) && json_utf8_holds(name)) {
		*out = name;
		return RC_OK;
	}
	blob_clear(room);
	TRY(blob_append(room, span_text(HEX_WORD)));
	TRY(blob_resize(room, sizeof HEX_WORD - 1 + HEX_BYTES(name.len)));
	hex_encode(name, (char *)room->at + sizeof HEX_WORD - 1);
	*out = span_of(room->at, room->len - 1);
	return RC_OK;
}
