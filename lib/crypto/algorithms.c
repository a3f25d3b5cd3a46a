#include "lib/crypto/algorithms.h"

#include <openssl/err.h>
#include <pthread.h>

static struct {
	EVP_MD *digest[DIGEST_COUNT];
	EVP_MAC *hmac;
	EVP_KDF *hkdf, *kbkdf, *sskdf;
	EVP_CIPHER *aes_256_gcm, *chacha20_poly1305;
} fetched;

static pthread_once_t fetched_once = PTHREAD_ONCE_INIT;

const char *algorithm_digest_name(enum digest_alg alg)
{
#define DIGEST_FETCHED(name, words, bytes, tpm_id, libcrypto) [DIGEST_##name] = libcrypto,
	static const char *const names[DIGEST_COUNT] = {DIGEST_LIST(DIGEST_FETCHED)};
#undef DIGEST_FETCHED

	return (unsigned)alg < DIGEST_COUNT ? names[alg] : NULL;
}

static void fetch_all(void)
{
	for (enum digest_alg alg = DIGEST_NONE + 1; alg < DIGEST_COUNT; alg++)
		fetched.digest[alg] = EVP_MD_fetch(NULL, algorithm_digest_name(alg), NULL);
	fetched.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	fetched.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	fetched.kbkdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	fetched.sskdf = EVP_KDF_fetch(NULL, "SSKDF", NULL);
	fetched.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	fetched.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	/* A missing one shows as NULL at its user, who says so. */
	ERR_clear_error();
}

static void fetch_once(void)
{
	pthread_once(&fetched_once, fetch_all);
}

EVP_MD *algorithm_digest(enum digest_alg alg)
{
	fetch_once();
	return (unsigned)alg < DIGEST_COUNT ? fetched.digest[alg] : NULL;
}

EVP_MAC *algorithm_hmac(void)
{
	fetch_once();
	return fetched.hmac;
}

EVP_KDF *algorithm_hkdf(void)
{
	fetch_once();
	return fetched.hkdf;
}

EVP_KDF *algorithm_kbkdf(void)
{
	fetch_once();
	return fetched.kbkdf;
}

EVP_KDF *algorithm_sskdf(void)
{
	fetch_once();
	return fetched.sskdf;
}

EVP_CIPHER *algorithm_aes_256_gcm(void)
{
	fetch_once();
	return fetched.aes_256_gcm;
}

EVP_CIPHER *algorithm_chacha20_poly1305(void)
{
	fetch_once();
	return fetched.chacha20_poly1305;
}
