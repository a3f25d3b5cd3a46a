#include "lib/pki/issue.h"

#include "lib/base/drop.h"
#include "lib/pki/der_read.h"
#include "lib/pki/issue_inside.h"
#include "lib/pki/name_der.h"
#include "lib/pki/signed_der.h"
#include "lib/pki/spki.h"

/* Who signs: its name (NULL: as the subject), the algorithm of its key, and its key's identifier. */
struct signer {
	struct span name, algorithm, key_id;
};

static void put_validity(struct der *der, const struct issue_order *order)
{
	size_t validity = der_begin(der, DER_SEQUENCE);

	der_time(der, order->from_ms);
	der_time(der, order->until_ms);
	der_end(der, validity);
}

/* TBSCertificate, RFC 5280, 4.1. */
static enum rc write_fields(const struct issue_order *order, struct span spki, enum key_kind kind,
	struct span key_id, const struct signer *signer, struct blob *out, struct err *err)
{
	struct der der = {.out = out};
	size_t fields, wrapped, list;

	fields = der_begin(&der, DER_SEQUENCE);
	wrapped = der_begin(&der, DER_NESTED(0));
	der_number(&der, DER_INTEGER, 2); /* version 3 */
	der_end(&der, wrapped);
	der_magnitude(&der, SPAN(order->serial));
	der_raw(&der, signer->algorithm);
	if (signer->name.at != NULL)
		der_raw(&der, signer->name);
	else
		name_put(&der, order->common_name);
	put_validity(&der, order);
	name_put(&der, order->common_name);
	der_raw(&der, spki);
	wrapped = der_begin(&der, DER_NESTED(3));
	list = der_begin(&der, DER_SEQUENCE);
	issue_put_extensions(&der, order, kind, key_id, signer->key_id);
	der_end(&der, list);
	der_end(&der, wrapped);
	der_end(&der, fields);
	if (der.rc == RC_OK && out->len > ISSUE_DER_MAX)
		der.rc = RC_LIMIT;
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing a certificate");
}

/* SubjectPublicKeyInfo in the spelling of ours, what kind of key it holds, and its identifier. */
struct subject_key {
	struct blob spki;
	enum key_kind kind;
	uint8_t id[DIGEST_SHA1_BYTES];
};

static void subject_key_release(struct subject_key *key)
{
	blob_release(&key->spki);
}

static enum rc subject_key_of(const struct public_key *key, struct subject_key *out, struct err *err)
{
	struct der der = {.out = &out->spki};
	struct span fields, algorithm, bits;

	spki_put(&der, key);
	if (der.rc != RC_OK)
		return err_set(err, der.rc, "writing a certificate");
	out->kind = public_key_parts(key).kind;
	if (!der_only(blob_span(&out->spki), DER_SEQUENCE, &fields) ||
		!der_take(&fields, DER_SEQUENCE, &algorithm) || !der_take_bit_string(&fields, &bits) ||
		key_id_of(bits, out->id) != RC_OK)
		return err_set(err, RC_CRYPTO, "certificate: key without a BIT STRING");
	return RC_OK;
}

enum rc issue(struct issuer *issuer, const struct issue_order *order, struct blob *out, struct err *err)
{
	DROP(public_key_release) struct public_key *public = NULL;
	DROP(subject_key_release) struct subject_key key = {0};
	DROP(blob_release) struct blob fields = {0};
	const struct signer signer = {
		.name = issuer->facts.subject,
		.algorithm = signature_algorithm_of(issuer->key),
		.key_id = issuer->facts.key_id,
	};

	if (order->profile == ISSUE_ROOT)
		return err_set(err, RC_DENIED, "certificate: a root signs itself");
	TRY(spki_read(order->spki, &public, err));
	TRY(subject_key_of(public, &key, err));
	TRY(order_check(order, key.kind, err));
	if (order->until_ms / 1000 > issuer->facts.until_ms / 1000)
		return err_set(err, RC_DENIED, "certificate: it would outlive its issuer's");
	TRY(write_fields(order, blob_span(&key.spki), key.kind, SPAN(key.id), &signer, &fields, err));
	return signed_der_make(issuer->key, blob_span(&fields), out, err);
}

enum rc issue_root(
	struct private_key *own, const struct issue_order *order, struct blob *out, struct err *err)
{
	DROP(subject_key_release) struct subject_key key = {0};
	DROP(blob_release) struct blob fields = {0};
	struct signer signer = {.algorithm = signature_algorithm_of(own)};

	if (order->profile != ISSUE_ROOT || order->spki.len != 0)
		return err_set(err, RC_DENIED, "certificate: only a root signs itself, with its own key");
	TRY(subject_key_of(private_key_public(own), &key, err));
	TRY(order_check(order, key.kind, err));
	signer.key_id = SPAN(key.id);
	TRY(write_fields(order, blob_span(&key.spki), key.kind, SPAN(key.id), &signer, &fields, err));
	return signed_der_make(own, blob_span(&fields), out, err);
}
