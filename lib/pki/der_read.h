/*
 * Private to lib/pki: DER (X.690), read strictly and in place. PURE. Definite lengths in their shortest form,
 * tags of one octet; every length is compared with what is left. What a function takes is gone from *rest;
 * when it answers false, *rest and outputs are as they were. Nothing here recurses: depth is what the caller
 * writes down.
 */
#ifndef LIMEBUS_PKI_DER_READ_H
#define LIMEBUS_PKI_DER_READ_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/pki/der_tag.h"

struct der_item {
	uint8_t tag;
	struct span content;
	struct span whole; /* with tag and length */
};
bool der_next(struct span *rest, struct der_item *out);

/* The next element if it has this tag: its content, or all of it. */
bool der_take(struct span *rest, uint8_t tag, struct span *content);
bool der_take_whole(struct span *rest, uint8_t tag, struct span *whole);

/* The bytes are exactly one element of this tag. */
bool der_only(struct span bytes, uint8_t tag, struct span *content);

/* Does an element of this tag come next? Looks at the tag alone. */
bool der_is_next(struct span rest, uint8_t tag);

/* INTEGER that is not negative: its magnitude without a zero in front (zero is one zero octet); a number. */
bool der_take_magnitude(struct span *rest, struct span *out);
bool der_take_number(struct span *rest, uint8_t tag, uint64_t *out);

/* BIT STRING of whole octets. */
bool der_take_bit_string(struct span *rest, struct span *octets);

/* BOOLEAN TRUE, or nothing: FALSE is the default wherever we read one, and DER leaves a default away. */
bool der_take_true(struct span *rest);

/* UTCTime or GeneralizedTime in the form of RFC 5280, 4.1.2.5 (seconds, Z, no fraction), from 1970 on. */
bool der_take_time(struct span *rest, uint64_t *wall_ms);

/* The next of a SEQUENCE OF Extension (RFC 5280, 4.1); id is the content of its OID. */
struct der_extension {
	struct span id;
	bool critical;
	struct span value;
};
bool der_take_extension(struct span *rest, struct der_extension *out);

#endif
