/*
 * Signed messages: `signed` {body, key, sig}, Ed25519 over "limebus signed v1\0" and the body. The body is an
 * encoded message, so its type is under the signature. What is checked are the bytes as they came; nothing is
 * encoded again.
 */
#ifndef LIMEBUS_TRUST_SIGNED_H
#define LIMEBUS_TRUST_SIGNED_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/sign.h"
#include "proto/msg.h"

/* An opened envelope; everything borrows from the bytes that it was opened from. A signature that is right
 * says who wrote, not that he may: ask the roster about key. */
struct signed_msg {
	struct msg msg;
	struct span body;
	uint8_t key[SIGN_KEY_BYTES];
};

/* Encode msg, sign it, and append the envelope to out. */
MUST_USE enum rc signed_make(
	const struct sign_pair *signer, const struct msg *msg, struct blob *out, struct err *err);

/* The same by a key that is ready for many. */
MUST_USE enum rc signed_make_by(
	const struct signer *signer, const struct msg *msg, struct blob *out, struct err *err);

/* Check the signature, then decode the body as a message of this type. RC_DENIED: wrong signature.
 * RC_MALFORMED: no envelope, or another type inside; RC_UNSUPPORTED: a type or version that is not known. */
MUST_USE enum rc signed_open(
	struct span envelope, enum msg_type type, struct signed_msg *out, struct err *err);

#endif
