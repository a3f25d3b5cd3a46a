#include "lib/trust/csr_proof.h"

#include "lib/crypto/digest.h"
#include "lib/crypto/public_key.h"
#include "lib/evidence/certify_check.h"
#include "lib/evidence/key_check.h"
#include "lib/evidence/quote_check.h"
#include "lib/evidence/tpm_name.h"
#include "lib/evidence/tpm_public.h"

enum rc csr_proof_data(struct span csr, const uint8_t nonce[static NONCE_BYTES],
	const uint8_t nk[static CURVE_KEY_BYTES], const uint8_t node[static NODE_ID_BYTES],
	uint8_t out[static HASH_BYTES])
{
	static const char label[] = "limebus certificate v1";
	uint8_t hash[HASH_BYTES];
	const struct span parts[] = {
		SPAN(label),
		span_of(nonce, NONCE_BYTES),
		span_of(nk, CURVE_KEY_BYTES),
		span_of(node, NODE_ID_BYTES),
		SPAN(hash),
	};

	TRY(digest_bytes(DIGEST_SHA256, csr, hash));
	return digest_spans(DIGEST_SHA256, parts, COUNT(parts), out);
}

/* What both kinds of proof are checked with. */
struct facts {
	uint8_t data[HASH_BYTES];
	struct public_key *ak;
	struct tpm_name signer; /* len 0: not checked */
	struct signature signature;
};

static void facts_release(struct facts *facts)
{
	public_key_release(&facts->ak);
}

/* A fault of what the peer sent, or of our own: only the first is his refusal. */
static enum rc refused(enum rc rc, struct err *err, const char *what)
{
	if (rc != RC_MALFORMED && rc != RC_UNSUPPORTED && rc != RC_LIMIT)
		return err_set(err, rc, "%s: could not be checked", what);
	return err_set(err, RC_DENIED, "%s: not of its form, or of a kind that is not accepted", what);
}

static enum rc key_of_area(struct span area, struct tpm_public *public, struct public_key **out)
{
	struct key_parts parts = {0};

	TRY(tpm_public_parse(area, public));
	TRY(tpm_public_key(public, &parts));
	return public_key_of_parts(&parts, out, NULL);
}

static enum rc signer_of(const struct csr_proof *proof, struct tpm_name *out)
{
	struct tpm_name ek = {0};
	struct tpm_name ak = {0};

	if (proof->ek_public.len == 0)
		return RC_OK;
	TRY(tpm_name_of(proof->ek_public, &ek));
	TRY(tpm_name_of(proof->ak_public, &ak));
	return tpm_name_qualified(&ek, &ak, out);
}

static enum rc gather(const struct csr_proof *proof, struct facts *out, struct err *err)
{
	struct tpm_public ak = {0};
	enum rc rc = csr_proof_data(proof->csr, proof->nonce, proof->nk, proof->node, out->data);

	if (rc != RC_OK)
		return err_set(err, rc, "qualifying data: could not be made");
	rc = key_of_area(proof->ak_public, &ak, &out->ak);
	if (rc != RC_OK)
		return refused(rc, err, "registered attestation key");
	rc = signer_of(proof, &out->signer);
	if (rc != RC_OK)
		return refused(rc, err, "name of the attestation key");
	rc = tpm_signature_parse(proof->signature, &out->signature);
	return rc == RC_OK ? RC_OK : refused(rc, err, "signature of the proof");
}

/* ---- a key in the TPM ---- */

static enum rc check_certify(const struct csr_proof *proof, const struct facts *facts, struct err *err)
{
	struct attest attest = {0};
	struct certify_claim claim = {.attest = &attest,
		.signature = &facts->signature,
		.ak = facts->ak,
		.data = SPAN(facts->data),
		.signer = tpm_name_span(&facts->signer),
		.area = proof->key_public};
	struct certify_verdict verdict = {0};
	enum rc rc = attest_parse_certify(proof->attest, &attest);

	if (rc != RC_OK)
		return refused(rc, err, "certify: attestation");
	rc = certify_check(&claim, &verdict);
	if (rc != RC_OK)
		return err_set(err, rc, "certify: could not be checked");
	for (unsigned i = 0; i < CERTIFY_REASON_COUNT; i++)
		if ((verdict.failed >> i & 1) != 0)
			return err_set(err, RC_DENIED, "certify: %s: does not hold that %s",
				certify_reason_name((enum certify_reason)i),
				certify_reason_words((enum certify_reason)i));
	return verdict.accepted ? RC_OK : err_set(err, RC_DENIED, "certify: not accepted");
}

static enum rc check_attributes(const struct tpm_public *key, struct err *err)
{
	struct key_verdict verdict = key_check(key);

	for (unsigned i = 0; i < KEY_REASON_COUNT; i++)
		if ((verdict.failed >> i & 1) != 0)
			return err_set(err, RC_DENIED, "key in the TPM: %s: does not hold that %s",
				key_reason_name((enum key_reason)i), key_reason_words((enum key_reason)i));
	return verdict.acceptable ? RC_OK : err_set(err, RC_DENIED, "key in the TPM: not accepted");
}

/* Not the bytes but the numbers: there is more than one way to write a key as DER. */
static enum rc same_key(const struct public_key *a, const struct public_key *b, struct err *err)
{
	struct key_parts x = public_key_parts(a);
	struct key_parts y = public_key_parts(b);

	if (x.kind == y.kind && x.exponent == y.exponent && span_equal(x.n, y.n) && span_equal(x.x, y.x) &&
		span_equal(x.y, y.y))
		return RC_OK;
	return err_set(err, RC_DENIED, "request: key: it is not the certified key");
}

static enum rc check_tpm_key(const struct csr_proof *proof, const struct facts *facts,
	const struct public_key *requested, struct err *err)
{
	DROP(public_key_release) struct public_key *certified = NULL;
	struct tpm_public area = {0};
	enum rc rc;

	TRY(check_certify(proof, facts, err));
	rc = tpm_public_parse(proof->key_public, &area);
	if (rc != RC_OK)
		return refused(rc, err, "key in the TPM: public area");
	TRY(check_attributes(&area, err));
	rc = key_of_area(proof->key_public, &area, &certified);
	if (rc != RC_OK)
		return refused(rc, err, "key in the TPM: public area");
	return same_key(certified, requested, err);
}

/* ---- a key in software ---- */

static enum rc check_quote(const struct csr_proof *proof, const struct facts *facts, struct err *err)
{
	static const struct pcr_selection none;
	struct attest attest = {0};
	struct quote_claim claim = {.attest = &attest,
		.signature = &facts->signature,
		.ak = facts->ak,
		.data = SPAN(facts->data),
		.asked = &none,
		.signer = tpm_name_span(&facts->signer)};
	struct quote_verdict verdict = {0};
	enum rc rc = attest_parse(proof->attest, &attest);

	if (rc != RC_OK)
		return refused(rc, err, "quote: attestation");
	rc = quote_check(&claim, &verdict);
	if (rc != RC_OK)
		return err_set(err, rc, "quote: could not be checked");
	for (unsigned i = 0; i < QUOTE_REASON_COUNT; i++)
		if ((verdict.failed >> i & 1) != 0)
			return err_set(err, RC_DENIED, "quote: %s: does not hold that %s",
				quote_reason_name((enum quote_reason)i),
				quote_reason_words((enum quote_reason)i));
	return verdict.accepted ? RC_OK : err_set(err, RC_DENIED, "quote: not accepted");
}

enum rc csr_proof_check(const struct csr_proof *proof, struct err *err)
{
	DROP(facts_release) struct facts facts = {0};
	DROP(public_key_release) struct public_key *requested = NULL;
	enum rc rc = public_key_of_der(proof->spki, &requested, NULL);

	if (rc != RC_OK)
		return refused(rc, err, "request: key");
	TRY(gather(proof, &facts, err));
	return proof->key_public.len != 0 ? check_tpm_key(proof, &facts, requested, err)
	                                  : check_quote(proof, &facts, err);
}
