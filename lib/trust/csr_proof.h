/*
 * The proof that a certificate request is a node's own: the node's registered AK vouches for the request and
 * for the key in it (proto/PROTOCOL.md, certificates). A key in the TPM is certified by the AK
 * (TPM2_Certify); for a key in software the AK quotes no PCRs. Both over qualifying data that no other
 * purpose shares, so a quote that was made for an attestation or an identity is never such a proof, nor the
 * other way round.
 */
#ifndef LIMEBUS_TRUST_CSR_PROOF_H
#define LIMEBUS_TRUST_CSR_PROOF_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "proto/schema.h"

/* SHA-256("limebus certificate v1\0" | nonce | NK | node id | SHA-256(csr)); the csr as it stands, DER. */
MUST_USE enum rc csr_proof_data(struct span csr, const uint8_t nonce[static NONCE_BYTES],
	const uint8_t nk[static CURVE_KEY_BYTES], const uint8_t node[static NODE_ID_BYTES],
	uint8_t out[static HASH_BYTES]);

/*
 * Borrows everything. nonce, nk and node are what we know, not what the peer says. ak_public and ek_public
 * come from the node's registration; the rest from the peer. spki is the request's SubjectPublicKeyInfo as
 * lib/pki gave it: that the request is well-formed and signed by that key is checked there, before or after.
 */
struct csr_proof {
	struct span csr;
	const uint8_t *nonce;  /* NONCE_BYTES */
	const uint8_t *nk;     /* CURVE_KEY_BYTES */
	const uint8_t *node;   /* NODE_ID_BYTES */
	struct span ek_public; /* TPMT_PUBLIC of the EK; empty: whose child the AK is is not checked again */
	struct span ak_public; /* TPMT_PUBLIC of the AK */
	struct span spki;
	struct span attest;
	struct span signature;
	struct span key_public; /* TPMT_PUBLIC of a key in the TPM; empty: the key lies in software */
};

/*
 * RC_OK: a certificate may carry proof->spki, with key "tpm" if key_public is not empty, else "software".
 * RC_DENIED: not proven, and err names the check that failed first ("certify: name: ..."). RC_CRYPTO,
 * RC_NOMEM: could not be judged. Keys: RSA of 2048 to 4096 bits, P-256, P-384.
 */
MUST_USE enum rc csr_proof_check(const struct csr_proof *proof, struct err *err);

#endif
