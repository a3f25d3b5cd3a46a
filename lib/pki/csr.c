#include "lib/pki/csr.h"

#include "lib/base/drop.h"
#include "lib/pki/der_read.h"
#include "lib/pki/der_write.h"
#include "lib/pki/name_der.h"
#include "lib/pki/signed_der.h"
#include "lib/pki/spki.h"

void csr_release(struct csr *csr)
{
	public_key_release(&csr->key);
	blob_release(&csr->spki);
}

/* RFC 2986, 4.1: CertificationRequestInfo. The subject may be anything that is a SEQUENCE: nobody reads it.
 */
static bool spki_of(struct span info, struct span *out)
{
	struct span fields, ignored;
	uint64_t version;

	return der_only(info, DER_SEQUENCE, &fields) && der_take_number(&fields, DER_INTEGER, &version) &&
	       version == 0 && der_take(&fields, DER_SEQUENCE, &ignored) &&
	       der_take_whole(&fields, DER_SEQUENCE, out) && der_take(&fields, DER_NESTED(0), &ignored) &&
	       fields.len == 0;
}

enum rc csr_parse(struct span der, struct csr *out, struct err *err)
{
	DROP(csr_release) struct csr csr = {0};
	struct signed_der request;
	struct span spki;
	enum rc rc;

	if (der.len > CSR_DER_MAX)
		return err_set(err, RC_LIMIT, "request: %zu bytes, at most %d", der.len, CSR_DER_MAX);
	if (!signed_der_only(der, &request) || !spki_of(request.to_be_signed, &spki))
		return err_set(err, RC_MALFORMED, "request: not one PKCS #10 in DER");
	rc = spki_read(spki, &csr.key, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "request");
	if (blob_copy(&csr.spki, spki) != RC_OK)
		return err_set(err, RC_NOMEM, "request: out of memory");
	TRY(signed_der_verify(&request, csr.key, err));
	csr_release(out);
	*out = TAKE(csr);
	return RC_OK;
}

enum rc csr_to_be_signed(struct span spki, const char *common_name, struct blob *out, struct err *err)
{
	struct der der = {.out = out};
	size_t info;

	if (common_name != NULL && !common_name_holds(span_text(common_name)))
		return err_set(err, RC_DENIED, "request: common name is not 1 to %d characters of ASCII",
			COMMON_NAME_MAX);
	info = der_begin(&der, DER_SEQUENCE);
	der_number(&der, DER_INTEGER, 0);
	name_put(&der, common_name);
	der_raw(&der, spki);
	der_put(&der, DER_NESTED(0), (struct span){0});
	der_end(&der, info);
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing a request");
}

enum rc csr_make(struct private_key *key, const char *common_name, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob info = {0};
	struct der der = {.out = &spki};

	spki_put(&der, private_key_public(key));
	if (der.rc != RC_OK)
		return err_set(err, der.rc, "writing a request");
	TRY(csr_to_be_signed(blob_span(&spki), common_name, &info, err));
	return signed_der_make(key, blob_span(&info), out, err);
}

/* The content of the BIT STRING. */
static enum rc signature_bytes(const struct signature *signature, struct blob *out, struct err *err)
{
	struct der der = {.out = out};
	size_t begun;

	if (signature->scheme == SIGNATURE_RSASSA) {
		der_raw(&der, signature->rsa);
	} else if (signature->scheme == SIGNATURE_ECDSA) {
		begun = der_begin(&der, DER_SEQUENCE);
		der_magnitude(&der, signature->r);
		der_magnitude(&der, signature->s);
		der_end(&der, begun);
	} else {
		return err_set(err, RC_UNSUPPORTED, "request: signature is neither ECDSA nor RSASSA");
	}
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing a request");
}

enum rc csr_assemble(
	struct span to_be_signed, const struct signature *signature, struct blob *out, struct err *err)
{
	DROP(csr_release) struct csr csr = {0};
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob request = {0};
	/* ECDSA's algorithm is the same for both curves. */
	enum key_kind kind = signature->scheme == SIGNATURE_RSASSA ? KEY_RSA : KEY_P256;
	struct span algorithm = signature_algorithm(kind, signature->hash);

	if (algorithm.len == 0)
		return err_set(
			err, RC_UNSUPPORTED, "request: signature with %s", digest_name(signature->hash));
	TRY(signature_bytes(signature, &bytes, err));
	if (signed_der_assemble(to_be_signed, algorithm, blob_span(&bytes), &request) != RC_OK)
		return err_set(err, RC_NOMEM, "writing a request");
	TRY(csr_parse(blob_span(&request), &csr, err));
	if (blob_append(out, blob_span(&request)) != RC_OK)
		return err_set(err, RC_NOMEM, "writing a request");
	return RC_OK;
}
