/* Deprecated in favour of EVP since OpenSSL 3.0, see the header; not removed. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "lib/crypto/sha.h"

#include <openssl/sha.h>

#include "lib/crypto/fault.h"

static enum rc done(int good)
{
	return good == 1 ? RC_OK : fault(NULL, "digest");
}

static enum rc sha1(const struct span *spans, size_t count, uint8_t *out)
{
	SHA_CTX context;
	int good = SHA1_Init(&context);

	for (size_t i = 0; i < count && good == 1; i++)
		good = SHA1_Update(&context, spans[i].at, spans[i].len);
	return done(good == 1 ? SHA1_Final(out, &context) : good);
}

static enum rc sha256(const struct span *spans, size_t count, uint8_t *out)
{
	SHA256_CTX context;
	int good = SHA256_Init(&context);

	for (size_t i = 0; i < count && good == 1; i++)
		good = SHA256_Update(&context, spans[i].at, spans[i].len);
	return done(good == 1 ? SHA256_Final(out, &context) : good);
}

/* The length of the value is in the context: SHA-384 is SHA-512 with another beginning, cut short. */
static enum rc sha512(enum digest_alg alg, const struct span *spans, size_t count, uint8_t *out)
{
	SHA512_CTX context;
	int good = alg == DIGEST_SHA384 ? SHA384_Init(&context) : SHA512_Init(&context);

	for (size_t i = 0; i < count && good == 1; i++)
		good = SHA512_Update(&context, spans[i].at, spans[i].len);
	return done(good == 1 ? SHA512_Final(out, &context) : good);
}

enum rc sha_spans(enum digest_alg alg, const struct span *spans, size_t count, uint8_t *out)
{
	switch (alg) {
	case DIGEST_SHA1: return sha1(spans, count, out);
	case DIGEST_SHA256: return sha256(spans, count, out);
	case DIGEST_SHA384:
	case DIGEST_SHA512: return sha512(alg, spans, count, out);
	case DIGEST_SM3:
	case DIGEST_NONE:
	case DIGEST_COUNT: break;
	}
	return RC_UNSUPPORTED;
}
