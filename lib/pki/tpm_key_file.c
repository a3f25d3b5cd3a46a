#include "lib/pki/tpm_key_file.h"

#include "lib/pki/der_read.h"
#include "lib/pki/der_write.h"
#include "lib/pki/oid.h"
#include "lib/pki/pem.h"

/* TCG, 2.23.133.10.1.3: id-loadablekey. */
OID(loadable_key, 0x67, 0x81, 5, 10, 1, 3);

enum rc tpm_key_file_write(const struct tpm_key_file *key, struct blob *out)
{
	DROP(blob_release) struct blob bytes = {0};
	struct der der = {.out = &bytes};
	size_t whole = der_begin(&der, DER_SEQUENCE);
	size_t tagged;

	der_put(&der, DER_OID, SPAN(oid_loadable_key));
	tagged = der_begin(&der, DER_NESTED(0));
	der_true(&der);
	der_end(&der, tagged);
	der_number(&der, DER_INTEGER, key->parent);
	der_put(&der, DER_OCTET_STRING, key->public_2b);
	der_put(&der, DER_OCTET_STRING, key->private_2b);
	der_end(&der, whole);
	TRY(der.rc);
	return pem_write(TPM_KEY_FILE_LABEL, blob_span(&bytes), out);
}

static enum rc malformed(struct err *err)
{
	return err_set(err, RC_MALFORMED, "key file: its ASN.1 is none of a TPM key");
}

/* emptyAuth is there and true: the key asks for no password. */
static bool take_empty_auth(struct span *rest)
{
	struct span tagged;
	struct span left;

	if (!der_take(rest, DER_NESTED(0), &tagged))
		return false;
	left = tagged;
	return der_take_true(&left) && left.len == 0 && tagged.len != 0;
}

static enum rc parse(struct span der, struct tpm_key_file *out, struct err *err)
{
	struct tpm_key_file key = {0};
	struct span rest, id;
	uint64_t parent;

	if (!der_only(der, DER_SEQUENCE, &rest) || !der_take(&rest, DER_OID, &id))
		return malformed(err);
	if (!span_equal(id, SPAN(oid_loadable_key)))
		return err_set(
			err, RC_UNSUPPORTED, "key file: not of the type loadable key (2.23.133.10.1.3)");
	if (!take_empty_auth(&rest))
		return err_set(err, RC_UNSUPPORTED, "key file: the key has a password");
	if (der_is_next(rest, DER_NESTED(1)) || der_is_next(rest, DER_NESTED(2)) ||
		der_is_next(rest, DER_NESTED(3)))
		return err_set(err, RC_UNSUPPORTED, "key file: the key has a policy or a secret");
	if (!der_take_number(&rest, DER_INTEGER, &parent) || parent > UINT32_MAX ||
		!der_take(&rest, DER_OCTET_STRING, &key.public_2b) ||
		!der_take(&rest, DER_OCTET_STRING, &key.private_2b) || rest.len != 0)
		return malformed(err);
	key.parent = (uint32_t)parent;
	*out = key;
	return RC_OK;
}

enum rc tpm_key_file_read(struct span pem, struct blob *der, struct tpm_key_file *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	enum rc rc;

	if (pem.len > TPM_KEY_FILE_MAX)
		return err_set(err, RC_LIMIT, "key file: %zu bytes, at most %d", pem.len, TPM_KEY_FILE_MAX);
	rc = pem_read(TPM_KEY_FILE_LABEL, pem, &bytes, NULL);
	if (rc != RC_OK)
		return err_set(
			err, rc, "key file: %s", rc == RC_NOT_FOUND ? "no " TPM_KEY_FILE_LABEL : "not PEM");
	TRY(parse(blob_span(&bytes), out, err));
	blob_release(der);
	*der = TAKE(bytes);
	return RC_OK;
}
