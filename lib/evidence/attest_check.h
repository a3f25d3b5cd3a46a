/* What every attestation is checked for, whatever it attests to. RC_OK: holds, RC_DENIED: does not hold,
 * anything else: could not be found out. */
#ifndef LIMEBUS_EVIDENCE_ATTEST_CHECK_H
#define LIMEBUS_EVIDENCE_ATTEST_CHECK_H

#include "lib/evidence/attest.h"
#include "lib/evidence/tpm_signature.h"

static inline enum rc attest_check_verdict(bool holds)
{
	return holds ? RC_OK : RC_DENIED;
}

static inline enum rc attest_check_type(const struct attest *attest, uint16_t type)
{
	return attest_check_verdict(attest->magic == ATTEST_GENERATED && attest->type == type);
}

static inline enum rc attest_check_signature(
	const struct attest *attest, const struct signature *signature, struct public_key *ak)
{
	uint8_t digest[DIGEST_BYTES_MAX];
	enum rc rc = digest_bytes(signature->hash, attest->bytes, digest);

	if (rc == RC_OK)
		rc = public_key_verify(ak, signature, span_of(digest, digest_size(signature->hash)), NULL);
	/* A scheme or length that does not go with the key is no signature by this key. */
	return rc == RC_UNSUPPORTED || rc == RC_MALFORMED ? RC_DENIED : rc;
}

static inline enum rc attest_check_scheme(const struct signature *signature)
{
	enum signature_scheme scheme = signature->scheme;
	enum digest_alg hash = signature->hash;

	return attest_check_verdict(
		(scheme == SIGNATURE_RSASSA || scheme == SIGNATURE_RSAPSS || scheme == SIGNATURE_ECDSA) &&
		(hash == DIGEST_SHA256 || hash == DIGEST_SHA384 || hash == DIGEST_SHA512));
}

static inline enum rc attest_check_data(const struct attest *attest, struct span data)
{
	return attest_check_verdict(data.len > 0 && digest_equal(data, attest->extra_data));
}

/* Not looked at if `signer` is empty. */
static inline enum rc attest_check_signer(const struct attest *attest, struct span signer)
{
	return attest_check_verdict(signer.len == 0 || digest_equal(signer, attest->qualified_signer));
}

#endif
