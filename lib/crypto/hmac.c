#include "lib/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "lib/base/blob.h"
#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"

static void mac_free(EVP_MAC_CTX **context)
{
	EVP_MAC_CTX_free(*context);
}

enum rc hmac_spans(enum digest_alg alg, struct span key, const struct span *spans, size_t count, uint8_t *out)
{
	DROP(mac_free) EVP_MAC_CTX *context = NULL;
	uint8_t value[DIGEST_BYTES_MAX];
	OSSL_PARAM params[2];
	/* A NULL key means "the one before" to libcrypto: an empty key needs an address. */
	const uint8_t *key_at = key.len == 0 ? (const uint8_t *)"" : key.at;
	size_t len = 0;

	if (algorithm_digest(alg) == NULL || algorithm_hmac() == NULL)
		return RC_UNSUPPORTED;
	context = EVP_MAC_CTX_new(algorithm_hmac());
	if (context == NULL)
		return fault(NULL, "HMAC");
	params[0] = OSSL_PARAM_construct_utf8_string(
		OSSL_MAC_PARAM_DIGEST, (char *)algorithm_digest_name(alg), 0);
	params[1] = OSSL_PARAM_construct_end();
	if (EVP_MAC_init(context, key_at, key.len, params) != 1)
		return fault(NULL, "HMAC");
	for (size_t i = 0; i < count; i++)
		if (EVP_MAC_update(context, spans[i].at, spans[i].len) != 1)
			return fault(NULL, "HMAC");
	if (EVP_MAC_final(context, value, &len, sizeof value) != 1 || len != digest_size(alg))
		return fault(NULL, "HMAC");
	memcpy(out, value, len);
	wipe(value, sizeof value);
	return RC_OK;
}

enum rc hmac_bytes(enum digest_alg alg, struct span key, struct span bytes, uint8_t *out)
{
	return hmac_spans(alg, key, &bytes, 1, out);
}

enum rc hmac_check(
	enum digest_alg alg, struct span key, const struct span *spans, size_t count, struct span claimed)
{
	uint8_t expected[DIGEST_BYTES_MAX];
	bool right;

	TRY(hmac_spans(alg, key, spans, count, expected));
	right = digest_equal(span_of(expected, digest_size(alg)), claimed);
	wipe(expected, sizeof expected);
	return right ? RC_OK : RC_DENIED;
}
