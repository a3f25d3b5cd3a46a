#include "lib/base/hex.h"

char *hex_encode(struct span bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		out[2 * i] = digits[bytes.at[i] >> 4];
		out[2 * i + 1] = digits[bytes.at[i] & 15];
	}
	out[2 * bytes.len] = '\0';
	return out;
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum rc hex_decode(struct span text, uint8_t *out, size_t out_len)
{
	if (text.len / 2 != out_len || text.len % 2 != 0)
		return RC_MALFORMED;
	for (size_t i = 0; i < text.len; i++)
		if (digit_value(text.at[i]) < 0)
			return RC_MALFORMED;
	for (size_t i = 0; i < out_len; i++)
		out[i] = (uint8_t)(digit_value(text.at[2 * i]) << 4 | digit_value(text.at[2 * i + 1]));
	return RC_OK;
}
