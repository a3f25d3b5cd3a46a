/*
 * The bootstrap key and its shares: Kb = U xor V. The tenant splits; U goes to the node in an envelope that
 * only this run of the agent on this TPM can open; V waits, sealed, with the verifier; the node joins them
 * (proto/PROTOCOL.md, 3 and 6).
 *
 * Spans in arguments are borrowed. Blobs in results are replaced. A result that was altered, or made for
 * another node or number, opens as RC_DENIED.
 */
#ifndef LIMEBUS_TRUST_SHARE_H
#define LIMEBUS_TRUST_SHARE_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/credential.h"
#include "proto/schema.h"

/* Whom a share is for; goes into every derivation and every aad. */
struct share_for {
	const uint8_t *node; /* NODE_ID_BYTES */
	uint64_t number;
};

/* A fresh Kb and V from the kernel, and U = Kb xor V. */
MUST_USE enum rc share_split(
	struct secret32 *out_kb, struct secret32 *out_u, struct secret32 *out_v, struct err *err);

/* Kb = U xor V. */
void share_join(const struct secret32 *u, const struct secret32 *v, struct secret32 *out_kb);

/* HMAC-SHA256(Kb, "limebus kb v1\0" | node id). */
MUST_USE enum rc share_proof(
	const struct secret32 *kb, const uint8_t node[static NODE_ID_BYTES], uint8_t out[static HASH_BYTES]);

/* RC_DENIED if the proof is not the one of this Kb; compared in constant time. */
MUST_USE enum rc share_check_proof(const struct secret32 *kb, const uint8_t node[static NODE_ID_BYTES],
	struct span claimed, struct err *err);

/* V at rest, under the verifiers' sealing key: nonce(12) | ciphertext(32) | tag(16). */
#define SEALED_V_BYTES 60
MUST_USE enum rc share_keep_v(const struct secret32 *sealing_key, struct share_for who,
	const struct secret32 *v, struct blob *out, struct err *err);
MUST_USE enum rc share_kept_v(const struct secret32 *sealing_key, struct share_for who, struct span sealed,
	struct secret32 *out_v, struct err *err);

/* V on its way, HPKE-sealed to NK. */
MUST_USE enum rc share_send_v(const uint8_t nk[static CURVE_KEY_BYTES], struct share_for who,
	const struct secret32 *v, struct blob *out, struct err *err);
MUST_USE enum rc share_receive_v(const uint8_t nk_secret[static CURVE_KEY_BYTES], struct share_for who,
	struct span sealed, struct secret32 *out_v, struct err *err);

/* U on its way, under a key made of a secret sealed to NK and one wrapped by MakeCredential(EK, Name(AK)). */
struct share_envelope {
	struct blob nk_part;
	struct blob id_object;
	struct blob secret;
	struct blob boxed_u;
};
void share_envelope_release(struct share_envelope *envelope);

MUST_USE enum rc share_send_u(const uint8_t nk[static CURVE_KEY_BYTES], const struct credential_ek *ek,
	struct span ak_name, struct share_for who, const struct secret32 *u, struct share_envelope *out,
	struct err *err);

/* credential_secret is what TPM2_ActivateCredential gave for id_object and secret. RC_MALFORMED: a part of
 * another length than share_send_u makes. */
MUST_USE enum rc share_receive_u(const uint8_t nk_secret[static CURVE_KEY_BYTES], struct share_for who,
	struct span nk_part, struct span credential_secret, struct span boxed_u, struct secret32 *out_u,
	struct err *err);

#endif
