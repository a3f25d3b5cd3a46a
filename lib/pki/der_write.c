#include "lib/pki/der_write.h"

#include "lib/base/clock.h"

#define LENGTH_BYTES_MAX 5

void der_raw(struct der *der, struct span bytes)
{
	if (der->rc == RC_OK)
		der->rc = blob_append(der->out, bytes);
}

/* X.690, 10.1: the shortest form. Returns the bytes used. */
static size_t length_octets(size_t len, uint8_t out[static LENGTH_BYTES_MAX])
{
	size_t used = 1;

	if (len < 0x80) {
		out[0] = (uint8_t)len;
		return 1;
	}
	for (size_t left = len; left != 0; left >>= 8)
		used++;
	out[0] = (uint8_t)(0x80 | (used - 1));
	for (size_t i = 1; i < used; i++)
		out[i] = (uint8_t)(len >> 8 * (used - 1 - i));
	return used;
}

void der_put(struct der *der, uint8_t tag, struct span content)
{
	uint8_t head[1 + LENGTH_BYTES_MAX] = {tag};

	if (content.len > UINT32_MAX) {
		der->rc = RC_LIMIT;
		return;
	}
	der_raw(der, span_of(head, 1 + length_octets(content.len, head + 1)));
	der_raw(der, content);
}

size_t der_begin(struct der *der, uint8_t tag)
{
	/* One octet for the length now; der_end makes room where it is longer. */
	const uint8_t head[2] = {tag, 0};

	der_raw(der, SPAN(head));
	return der->out->len;
}

void der_end(struct der *der, size_t begun)
{
	uint8_t length[LENGTH_BYTES_MAX];
	size_t len, used;
	uint8_t *content;

	if (der->rc != RC_OK)
		return;
	len = der->out->len - begun;
	if (len > UINT32_MAX) {
		der->rc = RC_LIMIT;
		return;
	}
	used = length_octets(len, length);
	der->rc = blob_resize(der->out, der->out->len + used - 1);
	if (der->rc != RC_OK)
		return;
	content = der->out->at + begun;
	memmove(content + used - 1, content, len);
	memcpy(content - 1, length, used);
}

static void magnitude(struct der *der, uint8_t tag, struct span number)
{
	static const uint8_t zero[1];
	size_t begun;

	while (number.len != 0 && number.at[0] == 0)
		number = span_of(number.at + 1, number.len - 1);
	begun = der_begin(der, tag);
	if (number.len == 0 || (number.at[0] & 0x80) != 0)
		der_raw(der, SPAN(zero));
	der_raw(der, number);
	der_end(der, begun);
}

void der_magnitude(struct der *der, struct span number)
{
	magnitude(der, DER_INTEGER, number);
}

void der_number(struct der *der, uint8_t tag, uint64_t number)
{
	uint8_t octets[8];

	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (uint8_t)(number >> 8 * (7 - i));
	magnitude(der, tag, SPAN(octets));
}

void der_bit_string(struct der *der, struct span octets)
{
	static const uint8_t none_unused[1];
	size_t begun = der_begin(der, DER_BIT_STRING);

	der_raw(der, SPAN(none_unused));
	der_raw(der, octets);
	der_end(der, begun);
}

/* X.690, 11.2.2: zeros at the end are left away. Named bit 0 is the top bit of the first octet. */
void der_named_bits(struct der *der, unsigned bits)
{
	uint8_t octets[3] = {0};
	unsigned last = 0;

	for (unsigned n = 0; n < 16; n++)
		if ((bits & 1u << n) != 0) {
			octets[1 + n / 8] |= (uint8_t)(0x80u >> n % 8);
			last = n;
		}
	octets[0] = (uint8_t)(7 - last % 8);
	der_put(der, DER_BIT_STRING, span_of(octets, 2 + last / 8));
}

void der_true(struct der *der)
{
	static const uint8_t whole[] = {DER_BOOLEAN, 1, 0xff};

	der_raw(der, SPAN(whole));
}

void der_null(struct der *der)
{
	static const uint8_t whole[] = {DER_NULL, 0};

	der_raw(der, SPAN(whole));
}

/* From "2026-11-23T17:49:22.123Z": "20261123174922Z". */
static void generalized(uint64_t wall_ms, char out[16])
{
	char text[CLOCK_TEXT_BYTES];
	size_t len = 0;

	clock_text(wall_ms, text);
	for (size_t i = 0; i < 19; i++)
		if (text[i] >= '0' && text[i] <= '9')
			out[len++] = text[i];
	out[len++] = 'Z';
	out[len] = '\0';
}

void der_generalized_time(struct der *der, uint64_t wall_ms)
{
	char text[16];

	if (wall_ms > DER_TIME_MAX_MS + 999) {
		der->rc = RC_LIMIT;
		return;
	}
	generalized(wall_ms, text);
	der_put(der, DER_GENERALIZED_TIME, span_text(text));
}

void der_time(struct der *der, uint64_t wall_ms)
{
	char text[16];

	if (wall_ms >= DER_TIME_2050_MS) {
		der_generalized_time(der, wall_ms);
		return;
	}
	generalized(wall_ms, text);
	der_put(der, DER_UTC_TIME, span_text(text + 2));
}
