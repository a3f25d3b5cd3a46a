#include "lib/crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "lib/base/blob.h"
#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/hmac.h"

#define PARAMS_MAX 6

struct kdf_out {
	uint8_t bytes[KDF_OUT_MAX];
};

static void kdf_out_release(struct kdf_out *out)
{
	wipe(out, sizeof *out);
}

static void kdf_free(EVP_KDF_CTX **context)
{
	EVP_KDF_CTX_free(*context);
}

static OSSL_PARAM text_param(const char *name, const char *text)
{
	return OSSL_PARAM_construct_utf8_string(name, (char *)text, 0);
}

static OSSL_PARAM bytes_param(const char *name, struct span bytes)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)bytes.at, bytes.len);
}

/* Run one of libcrypto's derivations. Goes through memory of our own, so that out stays as it is on failure.
 */
static enum rc derive(EVP_KDF *kdf, const OSSL_PARAM *params, uint8_t *out, size_t out_len)
{
	DROP(kdf_free) EVP_KDF_CTX *context = NULL;
	DROP(kdf_out_release) struct kdf_out derived = {{0}};

	if (out_len == 0 || out_len > KDF_OUT_MAX)
		return RC_LIMIT;
	if (kdf == NULL)
		return RC_UNSUPPORTED;
	context = EVP_KDF_CTX_new(kdf);
	if (context == NULL || EVP_KDF_derive(context, derived.bytes, out_len, params) != 1)
		return fault(NULL, "key derivation");
	memcpy(out, derived.bytes, out_len);
	return RC_OK;
}

/* spans[0] ‖ spans[1] ‖ … into a blob; each at most KDF_TEXT_MAX. */
static enum rc join(const struct span *spans, size_t count, struct blob *out)
{
	for (size_t i = 0; i < count; i++) {
		if (spans[i].len > KDF_TEXT_MAX)
			return RC_LIMIT;
		TRY(blob_append(out, spans[i]));
	}
	return RC_OK;
}

/* RFC 5869, 2.2: PRK = HMAC(salt, IKM); no salt is a key of zeros, which HMAC makes of an empty one. */
enum rc hkdf_extract(enum digest_alg alg, struct span salt, struct span secret, uint8_t *prk)
{
	return hmac_bytes(alg, salt, secret, prk);
}

enum rc hkdf_expand(enum digest_alg alg, struct span prk, struct span info, uint8_t *out, size_t out_len)
{
	OSSL_PARAM params[PARAMS_MAX];
	size_t n = 0;

	if (algorithm_digest(alg) == NULL)
		return RC_UNSUPPORTED;
	if (info.len > KDF_TEXT_MAX)
		return RC_LIMIT;
	params[n++] = text_param(OSSL_KDF_PARAM_MODE, "EXPAND_ONLY");
	params[n++] = text_param(OSSL_KDF_PARAM_DIGEST, algorithm_digest_name(alg));
	params[n++] = bytes_param(OSSL_KDF_PARAM_KEY, prk);
	if (info.len != 0)
		params[n++] = bytes_param(OSSL_KDF_PARAM_INFO, info);
	params[n] = OSSL_PARAM_construct_end();
	return derive(algorithm_hkdf(), params, out, out_len);
}

enum rc hkdf(enum digest_alg alg, struct span salt, struct span secret, struct span info, uint8_t *out,
	size_t out_len)
{
	uint8_t prk[DIGEST_BYTES_MAX];
	enum rc rc;

	TRY(hkdf_extract(alg, salt, secret, prk));
	rc = hkdf_expand(alg, span_of(prk, digest_size(alg)), info, out, out_len);
	wipe(prk, sizeof prk);
	return rc;
}

/* libcrypto's KBKDF is counter mode with HMAC, 32-bit counter, [L] and the 0x00 between label and context by
 * default: exactly KDFa. */
enum rc kdf_a(enum digest_alg alg, struct span key, const char *label, struct span context_u,
	struct span context_v, uint8_t *out, size_t out_len)
{
	const struct span contexts[] = {context_u, context_v};
	DROP(blob_release) struct blob context = {0};
	OSSL_PARAM params[PARAMS_MAX];
	size_t n = 0;

	if (algorithm_digest(alg) == NULL)
		return RC_UNSUPPORTED;
	TRY(join(contexts, COUNT(contexts), &context));
	params[n++] = text_param(OSSL_KDF_PARAM_MAC, "HMAC");
	params[n++] = text_param(OSSL_KDF_PARAM_DIGEST, algorithm_digest_name(alg));
	params[n++] = bytes_param(OSSL_KDF_PARAM_KEY, key);
	params[n++] = bytes_param(OSSL_KDF_PARAM_SALT, span_text(label));
	if (context.len != 0)
		params[n++] = bytes_param(OSSL_KDF_PARAM_INFO, blob_span(&context));
	params[n] = OSSL_PARAM_construct_end();
	return derive(algorithm_kbkdf(), params, out, out_len);
}

/* libcrypto's SSKDF with a hash is H(counter ‖ Z ‖ info): KDFe with info = label ‖ 0x00 ‖ U ‖ V. */
enum rc kdf_e(enum digest_alg alg, struct span z, const char *label, struct span party_u, struct span party_v,
	uint8_t *out, size_t out_len)
{
	const struct span parts[] = {span_of(label, strlen(label) + 1), party_u, party_v};
	DROP(blob_release) struct blob info = {0};
	OSSL_PARAM params[PARAMS_MAX];
	size_t n = 0;

	if (algorithm_digest(alg) == NULL)
		return RC_UNSUPPORTED;
	TRY(join(parts, COUNT(parts), &info));
	params[n++] = text_param(OSSL_KDF_PARAM_DIGEST, algorithm_digest_name(alg));
	params[n++] = bytes_param(OSSL_KDF_PARAM_KEY, z);
	params[n++] = bytes_param(OSSL_KDF_PARAM_INFO, blob_span(&info));
	params[n] = OSSL_PARAM_construct_end();
	return derive(algorithm_sskdf(), params, out, out_len);
}
