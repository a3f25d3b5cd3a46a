/* Private to lib/pki: SubjectPublicKeyInfo. By our own DER it costs 20 us to read and nothing to write; by
 * way of libcrypto's decoders and encoders half a millisecond. */
#ifndef LIMEBUS_PKI_SPKI_H
#define LIMEBUS_PKI_SPKI_H

#include "lib/crypto/public_key.h"
#include "lib/pki/der_write.h"

/* The key of one SubjectPublicKeyInfo in the one spelling that spki_put has: named curve (RFC 5480), point
 * uncompressed, or rsaEncryption with NULL (RFC 3279, 2.3.1). RC_UNSUPPORTED: another kind, curve or size;
 * RC_MALFORMED. */
MUST_USE enum rc spki_read(struct span der, struct public_key **out, struct err *err);

void spki_put(struct der *der, const struct public_key *key);

/* Whole ECParameters of a curve: its OID (RFC 5480, 2.1.1.1); {0} for what is none. */
struct span spki_curve(enum key_kind kind);

#endif
