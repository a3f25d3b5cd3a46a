#include "lib/crypto/sign.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "lib/base/blob.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/random.h"

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void context_free(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}

void sign_pair_release(struct sign_pair *pair)
{
	wipe(pair, sizeof *pair);
}

/* The y coordinates of the points of order 1, 2, 4 and 8, each in every encoding below 2^255. Under such a
 * key a signature with S = 0 can hold for messages that nobody signed. */
static bool has_small_order(const uint8_t public[static SIGN_PUBLIC_BYTES])
{
	static const uint8_t small[][SIGN_PUBLIC_BYTES] = {
		{0},
		{1},
		{0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
			0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d,
			0x53, 0xfc, 0x05},
		{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
			0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92,
			0xac, 0x03, 0x7a},
		{0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0x7f},
		{0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0x7f},
		{0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
			0xff, 0xff, 0x7f},
	};
	uint8_t y[SIGN_PUBLIC_BYTES];

	memcpy(y, public, sizeof y);
	y[SIGN_PUBLIC_BYTES - 1] &= 0x7f;
	for (size_t i = 0; i < COUNT(small); i++)
		if (memcmp(y, small[i], sizeof y) == 0)
			return true;
	return false;
}

/* Ed25519 hashes its message twice and libcrypto wants it in one piece: join the parts, unless there is but
 * one. *out borrows from the part or from room. */
static enum rc join(
	const struct span *parts, size_t count, struct blob *room, struct span *out, struct err *err)
{
	size_t left = SIGN_MESSAGE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > left)
			return err_set(err, RC_LIMIT, "message to sign or verify: more than %u bytes",
				SIGN_MESSAGE_MAX);
		left -= parts[i].len;
	}
	if (count == 1) {
		*out = parts[0];
		return RC_OK;
	}
	for (size_t i = 0; i < count; i++)
		if (blob_append(room, parts[i]) != RC_OK)
			return err_set(err, RC_NOMEM, "message to sign or verify: out of memory");
	*out = blob_span(room);
	return RC_OK;
}

enum rc sign_pair_of_seed(const uint8_t seed[static SIGN_SEED_BYTES], struct sign_pair *out, struct err *err)
{
	DROP(pkey_free)
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed, SIGN_SEED_BYTES);
	DROP(sign_pair_release) struct sign_pair pair = {{0}};
	size_t len = sizeof pair.public;

	if (key == NULL || EVP_PKEY_get_raw_public_key(key, pair.public, &len) != 1 ||
		len != sizeof pair.public)
		return fault(err, "Ed25519 key from its seed");
	memcpy(pair.seed, seed, sizeof pair.seed);
	*out = TAKE(pair);
	return RC_OK;
}

enum rc sign_generate(struct sign_pair *out, struct err *err)
{
	DROP(secret32_release) struct secret32 seed = {{0}};

	TRY(random_fill(seed.bytes, sizeof seed.bytes, err));
	return sign_pair_of_seed(seed.bytes, out, err);
}

/* key NULL: it could not be made. */
static enum rc sign_with(EVP_PKEY *key, const struct span *parts, size_t count,
	uint8_t out[static SIGN_SIGNATURE_BYTES], struct err *err)
{
	DROP(context_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
	DROP(blob_release) struct blob room = {0};
	uint8_t signature[SIGN_SIGNATURE_BYTES];
	struct span message = {0};
	size_t len = sizeof signature;

	TRY(join(parts, count, &room, &message, err));
	if (key == NULL || context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key) != 1 ||
		EVP_DigestSign(context, signature, &len, message.at, message.len) != 1 ||
		len != sizeof signature)
		return fault(err, "Ed25519 signing");
	memcpy(out, signature, sizeof signature);
	return RC_OK;
}

static EVP_PKEY *key_of(const struct sign_pair *pair)
{
	return EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, pair->seed, SIGN_SEED_BYTES);
}

enum rc sign_parts(const struct sign_pair *pair, const struct span *parts, size_t count,
	uint8_t out[static SIGN_SIGNATURE_BYTES], struct err *err)
{
	DROP(pkey_free) EVP_PKEY *key = key_of(pair);

	return sign_with(key, parts, count, out, err);
}

struct signer {
	EVP_PKEY *key;
	uint8_t public[SIGN_PUBLIC_BYTES];
};

void signer_close(struct signer **signer)
{
	if (*signer == NULL)
		return;
	EVP_PKEY_free((*signer)->key);
	free(*signer);
	*signer = NULL;
}

enum rc signer_open(const struct sign_pair *pair, struct signer **out, struct err *err)
{
	DROP(signer_close) struct signer *signer = calloc(1, sizeof *signer);

	if (signer == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	signer->key = key_of(pair);
	if (signer->key == NULL)
		return fault(err, "Ed25519 key from its seed");
	memcpy(signer->public, pair->public, sizeof signer->public);
	*out = TAKE(signer);
	return RC_OK;
}

const uint8_t *signer_public(const struct signer *signer)
{
	return signer->public;
}

enum rc signer_sign(const struct signer *signer, const struct span *parts, size_t count,
	uint8_t out[static SIGN_SIGNATURE_BYTES], struct err *err)
{
	return sign_with(signer->key, parts, count, out, err);
}

enum rc sign_verify(const uint8_t public[static SIGN_PUBLIC_BYTES], const struct span *parts, size_t count,
	struct span signature, struct err *err)
{
	DROP(pkey_free) EVP_PKEY *key = NULL;
	DROP(context_free) EVP_MD_CTX *context = NULL;
	DROP(blob_release) struct blob room = {0};
	struct span message = {0};

	if (signature.len != SIGN_SIGNATURE_BYTES)
		return err_set(err, RC_MALFORMED, "Ed25519 signature: %zu bytes, expected %d", signature.len,
			SIGN_SIGNATURE_BYTES);
	if (has_small_order(public))
		return err_set(err, RC_DENIED, "Ed25519 key: of small order, everybody can sign for it");
	TRY(join(parts, count, &room, &message, err));
	key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, public, SIGN_PUBLIC_BYTES);
	context = EVP_MD_CTX_new();
	if (key == NULL || context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) != 1)
		return fault(err, "Ed25519 verifying");
	if (EVP_DigestVerify(context, signature.at, signature.len, message.at, message.len) != 1) {
		fault_forget();
		return err_set(err, RC_DENIED, "Ed25519 signature: does not hold for this key and message");
	}
	return RC_OK;
}
