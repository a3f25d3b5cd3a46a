/*
 * Private to lib/pki: what X.509 signs, be it certificate, request, list or response:
 * SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING }.
 */
#ifndef LIMEBUS_PKI_SIGNED_DER_H
#define LIMEBUS_PKI_SIGNED_DER_H

#include "lib/pki/private_key.h"

/* Spans borrow. */
struct signed_der {
	struct span to_be_signed; /* whole SEQUENCE */
	struct span algorithm;    /* whole SEQUENCE */
	struct span signature;
};

/* Takes the three from the content of the SEQUENCE; what follows stays in *rest. PURE. */
bool signed_der_take(struct span *rest, struct signed_der *out);

/* The bytes are such a SEQUENCE and nothing else. PURE. */
bool signed_der_only(struct span der, struct signed_der *out);

/* AlgorithmIdentifier (RFC 5758, 3.2; RFC 4055, 5) of ECDSA or RSA PKCS #1 v1.5 with SHA-256, SHA-384 or
 * SHA-512; {0} for others. */
struct span signature_algorithm(enum key_kind kind, enum digest_alg hash);

/* The hash that keys of ours sign with. */
enum digest_alg signature_hash(enum key_kind kind);
struct span signature_algorithm_of(const struct private_key *key);

/* RC_OK: the signature is this key's. RC_DENIED: it is not. RC_UNSUPPORTED: an algorithm that is not in the
 * list, or of another kind of key. */
MUST_USE enum rc signed_der_verify(const struct signed_der *what, struct public_key *key, struct err *err);

/* Sign these bytes and append the three, without a SEQUENCE around them, or with one. */
MUST_USE enum rc signed_der_append(
	struct private_key *key, struct span to_be_signed, struct blob *out, struct err *err);
MUST_USE enum rc signed_der_make(
	struct private_key *key, struct span to_be_signed, struct blob *out, struct err *err);

/* What is signed, with a signature that is there already. */
MUST_USE enum rc signed_der_assemble(
	struct span to_be_signed, struct span algorithm, struct span signature, struct blob *out);

#endif
