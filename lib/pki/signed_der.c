#include "lib/pki/signed_der.h"

#include "lib/base/drop.h"
#include "lib/pki/der_read.h"
#include "lib/pki/der_write.h"

/* Whole AlgorithmIdentifiers; those of ECDSA have no parameters, those of RSA have NULL. */
#define ECDSA_WITH(n) 0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, n
#define RSA_WITH(n)   0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, n, 0x05, 0
static const uint8_t ecdsa_sha256[] = {ECDSA_WITH(2)};
static const uint8_t ecdsa_sha384[] = {ECDSA_WITH(3)};
static const uint8_t ecdsa_sha512[] = {ECDSA_WITH(4)};
static const uint8_t rsa_sha256[] = {RSA_WITH(11)};
static const uint8_t rsa_sha384[] = {RSA_WITH(12)};
static const uint8_t rsa_sha512[] = {RSA_WITH(13)};

static const struct {
	bool curve;
	enum digest_alg hash;
	struct span der;
} algorithms[] = {
	{true, DIGEST_SHA256, SPAN(ecdsa_sha256)},
	{true, DIGEST_SHA384, SPAN(ecdsa_sha384)},
	{true, DIGEST_SHA512, SPAN(ecdsa_sha512)},
	{false, DIGEST_SHA256, SPAN(rsa_sha256)},
	{false, DIGEST_SHA384, SPAN(rsa_sha384)},
	{false, DIGEST_SHA512, SPAN(rsa_sha512)},
};

struct span signature_algorithm(enum key_kind kind, enum digest_alg hash)
{
	for (size_t i = 0; i < COUNT(algorithms) && kind != KEY_NONE; i++)
		if (algorithms[i].curve == (kind != KEY_RSA) && algorithms[i].hash == hash)
			return algorithms[i].der;
	return (struct span){0};
}

enum digest_alg signature_hash(enum key_kind kind)
{
	return kind == KEY_P384 ? DIGEST_SHA384 : DIGEST_SHA256;
}

struct span signature_algorithm_of(const struct private_key *key)
{
	enum key_kind kind = private_key_kind(key);

	return signature_algorithm(kind, signature_hash(kind));
}

bool signed_der_take(struct span *rest, struct signed_der *out)
{
	struct span left = *rest;
	struct signed_der found;

	if (!der_take_whole(&left, DER_SEQUENCE, &found.to_be_signed) ||
		!der_take_whole(&left, DER_SEQUENCE, &found.algorithm) ||
		!der_take_bit_string(&left, &found.signature))
		return false;
	*rest = left;
	*out = found;
	return true;
}

bool signed_der_only(struct span der, struct signed_der *out)
{
	struct span content;
	struct signed_der found;

	if (!der_only(der, DER_SEQUENCE, &content) || !signed_der_take(&content, &found) || content.len != 0)
		return false;
	*out = found;
	return true;
}

enum rc signed_der_verify(const struct signed_der *what, struct public_key *key, struct err *err)
{
	bool curve = public_key_parts(key).kind != KEY_RSA;
	uint8_t digest[DIGEST_BYTES_MAX];

	for (size_t i = 0; i < COUNT(algorithms); i++) {
		enum digest_alg hash = algorithms[i].hash;

		if (algorithms[i].curve != curve || !span_equal(algorithms[i].der, what->algorithm))
			continue;
		if (digest_bytes(hash, what->to_be_signed, digest) != RC_OK)
			return err_set(err, RC_CRYPTO, "hashing failed");
		return public_key_verify_der(
			key, hash, what->signature, span_of(digest, digest_size(hash)), err);
	}
	return err_set(err, RC_UNSUPPORTED, "signature of an algorithm that is not taken for this key");
}

enum rc signed_der_append(
	struct private_key *key, struct span to_be_signed, struct blob *out, struct err *err)
{
	uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX];
	struct der der = {.out = out};
	size_t len = 0;

	TRY(private_key_sign(key, to_be_signed, signature, &len, err));
	der_raw(&der, to_be_signed);
	der_raw(&der, signature_algorithm_of(key));
	der_bit_string(&der, span_of(signature, len));
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing what was signed");
}

enum rc signed_der_make(struct private_key *key, struct span to_be_signed, struct blob *out, struct err *err)
{
	uint8_t signature[PRIVATE_KEY_SIGNATURE_MAX];
	size_t len = 0;
	enum rc rc;

	TRY(private_key_sign(key, to_be_signed, signature, &len, err));
	rc = signed_der_assemble(to_be_signed, signature_algorithm_of(key), span_of(signature, len), out);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "writing what was signed");
}

enum rc signed_der_assemble(
	struct span to_be_signed, struct span algorithm, struct span signature, struct blob *out)
{
	struct der der = {.out = out};
	size_t begun;

	/* All of it at once: a list has megabytes. */
	TRY(blob_reserve(out, to_be_signed.len + algorithm.len + signature.len + 32));
	begun = der_begin(&der, DER_SEQUENCE);
	der_raw(&der, to_be_signed);
	der_raw(&der, algorithm);
	der_bit_string(&der, signature);
	der_end(&der, begun);
	return der.rc;
}
