/* A CA that signs: its certificate and its key. */
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/random.h"
#include "lib/pki/issue_inside.h"
#include "lib/pki/spki.h"

void issuer_release(struct issuer **issuer)
{
	if (*issuer != NULL) {
		private_key_release(&(*issuer)->key);
		blob_release(&(*issuer)->certificate);
	}
	free(*issuer);
	*issuer = NULL;
}

struct span issuer_certificate(const struct issuer *issuer)
{
	return blob_span(&issuer->certificate);
}

struct span issuer_name(const struct issuer *issuer)
{
	return issuer->facts.subject;
}

struct span issuer_key_id(const struct issuer *issuer)
{
	return issuer->facts.key_id;
}

struct private_key *issuer_key(const struct issuer *issuer)
{
	return issuer->key;
}

enum rc serial_make(uint8_t out[static SERIAL_BYTES], struct err *err)
{
	uint8_t serial[SERIAL_BYTES];

	TRY(random_fill(serial, sizeof serial, err));
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
	memcpy(out, serial, sizeof serial);
	return RC_OK;
}

enum rc key_id_of(struct span key_bits, uint8_t out[static DIGEST_SHA1_BYTES])
{
	return digest_bytes(DIGEST_SHA1, key_bits, out);
}

enum rc facts_match_key(const struct cert_facts *facts, const struct private_key *key, struct err *err)
{
	DROP(blob_release) struct blob spki = {0};
	struct der der = {.out = &spki};

	spki_put(&der, private_key_public(key));
	if (der.rc != RC_OK)
		return err_set(err, der.rc, "comparing keys: out of memory");
	if (!span_equal(facts->spki, blob_span(&spki)))
		return err_set(err, RC_DENIED, "certificate and private key do not belong together");
	return RC_OK;
}

static enum rc check(struct issuer *issuer, const struct private_key *key, struct err *err)
{
	const unsigned usage = CERT_KEY_CERT_SIGN | CERT_CRL_SIGN;
	struct cert_facts *facts = &issuer->facts;
	enum rc rc = cert_facts_read(blob_span(&issuer->certificate), facts);

	if (rc != RC_OK)
		return err_set(err, rc, "CA certificate: not one X.509 certificate in DER");
	if (!facts->ca || (facts->key_usage & usage) != usage)
		return err_set(err, RC_DENIED,
			"CA certificate: it is not of a CA that signs certificates and lists");
	if (facts->key_id.len == 0)
		return err_set(
			err, RC_UNSUPPORTED, "CA certificate: without a subject key identifier (RFC 5280)");
	return facts_match_key(facts, key, err);
}

enum rc issuer_open(struct span certificate, struct private_key **key, struct issuer **out, struct err *err)
{
	DROP(issuer_release) struct issuer *issuer = NULL;

	if (certificate.len > ISSUER_DER_MAX)
		return err_set(err, RC_LIMIT, "CA certificate: %zu bytes, at most %d", certificate.len,
			ISSUER_DER_MAX);
	issuer = calloc(1, sizeof *issuer);
	if (issuer == NULL || blob_copy(&issuer->certificate, certificate) != RC_OK)
		return err_set(err, RC_NOMEM, "CA certificate: out of memory");
	TRY(check(issuer, *key, err));
	issuer->key = TAKE(*key);
	issuer_release(out);
	*out = TAKE(issuer);
	return RC_OK;
}
