/*
 * Private to lib/pki: DER (X.690), written by appending. The first failure (RC_NOMEM, RC_LIMIT) sticks in rc,
 * and whatever is put after it is dropped: one check at the end is enough. Lengths need no arithmetic:
 *   size_t name = der_begin(&der, DER_SEQUENCE);
 *   …
 *   der_end(&der, name);
 */
#ifndef LIMEBUS_PKI_DER_WRITE_H
#define LIMEBUS_PKI_DER_WRITE_H

#include "lib/base/blob.h"
#include "lib/pki/der_tag.h"

struct der {
	struct blob *out; /* borrowed */
	enum rc rc;
};

/* Bytes as they stand; several of them as one element of this tag. */
void der_raw(struct der *der, struct span bytes);
void der_put(struct der *der, uint8_t tag, struct span content);

/* An element whose content follows, until its end is told. */
size_t der_begin(struct der *der, uint8_t tag);
void der_end(struct der *der, size_t begun);

/* INTEGER (or another tag of one) from its magnitude, big endian; zeros in front are dropped. */
void der_magnitude(struct der *der, struct span number);
void der_number(struct der *der, uint8_t tag, uint64_t number);

/* BIT STRING of whole octets; one of named bits (bit n of `bits` is named bit n, at most 9), shortened. */
void der_bit_string(struct der *der, struct span octets);
void der_named_bits(struct der *der, unsigned bits);

void der_true(struct der *der);
void der_null(struct der *der);

/* Time of RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050; always GeneralizedTime. Cut to
 * seconds. RC_LIMIT from the year 10000 on. */
void der_time(struct der *der, uint64_t wall_ms);
void der_generalized_time(struct der *der, uint64_t wall_ms);

#endif
