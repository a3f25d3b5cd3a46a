#include "lib/http/percent.h"

#include "lib/base/hex.h"

static enum rc decode(struct span text, size_t max, struct blob *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.at[i];

		if (byte == '%') {
			if (text.len - i < 3)
				return RC_MALFORMED;
			TRY(hex_decode(span_of(text.at + i + 1, 2), &byte, 1));
			i += 2;
		} else if (byte <= ' ' || byte >= 0x7f)
			return RC_MALFORMED;
		if (out->len - start == max)
			return RC_LIMIT;
		TRY(blob_append(out, span_of(&byte, 1)));
	}
	return RC_OK;
}

enum rc percent_decode(struct span text, size_t max, struct blob *out)
{
	size_t start = out->len;
	enum rc rc = decode(text, max, out);

	if (rc != RC_OK)
		out->len = start;
	return rc;
}
