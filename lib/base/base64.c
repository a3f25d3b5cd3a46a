#include "lib/base/base64.h"

static const char digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum rc base64_encode(struct span bytes, struct blob *out)
{
	size_t at = out->len;

	if (bytes.len > SIZE_MAX / 2)
		return RC_LIMIT;
	TRY(blob_resize(out, out->len + BASE64_LEN(bytes.len)));
	for (size_t i = 0; i < bytes.len; i += 3, at += 4) {
		size_t left = bytes.len - i;
		uint32_t group = (uint32_t)bytes.at[i] << 16 |
		                 (left > 1 ? (uint32_t)bytes.at[i + 1] << 8 : 0) |
		                 (left > 2 ? (uint32_t)bytes.at[i + 2] : 0);

		out->at[at] = (uint8_t)digits[group >> 18];
		out->at[at + 1] = (uint8_t)digits[group >> 12 & 63];
		out->at[at + 2] = left > 1 ? (uint8_t)digits[group >> 6 & 63] : '=';
		out->at[at + 3] = left > 2 ? (uint8_t)digits[group & 63] : '=';
	}
	return RC_OK;
}

/* 0 to 63; 64 for what is no digit. */
static uint32_t value_of(uint8_t digit)
{
	if (digit >= 'A' && digit <= 'Z')
		return (uint32_t)(digit - 'A');
	if (digit >= 'a' && digit <= 'z')
		return (uint32_t)(digit - 'a' + 26);
	if (digit >= '0' && digit <= '9')
		return (uint32_t)(digit - '0' + 52);
	return digit == '+' ? 62 : digit == '/' ? 63 : 64;
}

/* The last four digits: how many bytes they hold, 0 if they are not as the encoder writes them. */
static size_t bytes_of_tail(const uint8_t tail[static 4])
{
	if (tail[3] != '=')
		return 3;
	if (tail[2] != '=')
		return (value_of(tail[2]) & 3) == 0 ? 2 : 0;
	return (value_of(tail[1]) & 15) == 0 ? 1 : 0;
}

static bool decode(struct span text, size_t last, uint8_t *out)
{
	for (size_t i = 0; i < text.len; i += 4) {
		size_t keep = i + 4 == text.len ? last : 3;
		uint32_t group = 0;

		for (size_t k = 0; k < 4; k++) {
			uint32_t value = k > keep ? 0 : value_of(text.at[i + k]);

			if (value == 64)
				return false;
			group = group << 6 | value;
		}
		for (size_t k = 0; k < keep; k++)
			*out++ = (uint8_t)(group >> (16 - 8 * k));
	}
	return true;
}

enum rc base64_decode(struct span text, struct blob *out)
{
	size_t before = out->len;
	size_t last;

	if (text.len % 4 != 0)
		return RC_MALFORMED;
	if (text.len == 0)
		return RC_OK;
	last = bytes_of_tail(text.at + text.len - 4);
	if (last == 0)
		return RC_MALFORMED;
	TRY(blob_resize(out, before + text.len / 4 * 3 - 3 + last));
	if (decode(text, last, out->at + before))
		return RC_OK;
	return blob_resize(out, before) == RC_OK ? RC_MALFORMED : RC_NOMEM;
}
