#include "lib/crypto/hpke.h"

#include <openssl/evp.h>

#include "lib/crypto/algorithms.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/hmac.h"
#include "lib/crypto/hpke_ephemeral.h"
#include "lib/crypto/kdf.h"
#include "lib/crypto/random.h"
#include "lib/crypto/sealing.h"

#define NONCE_BYTES 12 /* Nn of ChaCha20-Poly1305, RFC 9180, 7.3 */

_Static_assert(HPKE_OVERHEAD == HPKE_KEY_BYTES + SEALING_TAG_BYTES, "enc and tag");

/* RFC 9180, 4.1 and 5.1: "KEM" ‖ kem_id, and "HPKE" ‖ kem_id ‖ kdf_id ‖ aead_id, as in 7.1 to 7.3:
 * DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, ChaCha20-Poly1305 0x0003. */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};

/* Key and first nonce of the one message, RFC 9180, 5.1. */
struct schedule {
	uint8_t key[32];
	uint8_t nonce[NONCE_BYTES];
};

static void schedule_release(struct schedule *schedule)
{
	wipe(schedule, sizeof *schedule);
}

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void pkey_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

void hpke_pair_release(struct hpke_pair *pair)
{
	wipe(pair, sizeof *pair);
}

enum rc hpke_pair_of_secret(
	const uint8_t secret[static HPKE_KEY_BYTES], struct hpke_pair *out, struct err *err)
{
	DROP(pkey_free)
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret, HPKE_KEY_BYTES);
	DROP(hpke_pair_release) struct hpke_pair pair = {{0}};
	size_t len = sizeof pair.public;

	if (key == NULL || EVP_PKEY_get_raw_public_key(key, pair.public, &len) != 1 ||
		len != sizeof pair.public)
		return fault(err, "X25519 public key");
	memcpy(pair.secret, secret, sizeof pair.secret);
	*out = TAKE(pair);
	return RC_OK;
}

enum rc hpke_generate(struct hpke_pair *out, struct err *err)
{
	DROP(secret32_release) struct secret32 secret = {{0}};

	TRY(random_fill(secret.bytes, sizeof secret.bytes, err));
	return hpke_pair_of_secret(secret.bytes, out, err);
}

/* X25519. RC_DENIED if the result would be zero: RFC 9180, 7.1.4. libcrypto refuses that too, but does not
 * promise to; a failure of its own cannot be told apart, so that answer is RC_DENIED as well. */
static enum rc diffie_hellman(const uint8_t secret[static HPKE_KEY_BYTES],
	const uint8_t public[static HPKE_KEY_BYTES], struct secret32 *out, struct err *err)
{
	static const uint8_t zero[HPKE_KEY_BYTES];
	DROP(pkey_free)
	EVP_PKEY *mine = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, secret, HPKE_KEY_BYTES);
	DROP(pkey_free)
	EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, public, HPKE_KEY_BYTES);
	DROP(pkey_context_free) EVP_PKEY_CTX *context = NULL;
	size_t len = sizeof out->bytes;

	if (mine == NULL || theirs == NULL)
		return fault(err, "X25519 keys");
	context = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
	if (context == NULL || EVP_PKEY_derive_init(context) != 1 ||
		EVP_PKEY_derive_set_peer(context, theirs) != 1)
		return fault(err, "X25519");
	if (EVP_PKEY_derive(context, out->bytes, &len) != 1 || len != sizeof out->bytes ||
		digest_equal(SPAN(out->bytes), SPAN(zero))) {
		fault_forget();
		return err_set(err, RC_DENIED, "X25519 public key: a point of low order");
	}
	return RC_OK;
}

/* RFC 9180, 4: LabeledExtract(salt, label, ikm), with "HPKE-v1" ‖ suite_id in front. */
static enum rc labeled_extract(
	struct span suite, struct span salt, const char *label, struct span secret, struct secret32 *out)
{
	const struct span parts[] = {span_text("HPKE-v1"), suite, span_text(label), secret};

	return hmac_spans(DIGEST_SHA256, salt, parts, COUNT(parts), out->bytes);
}

/* RFC 9180, 4: LabeledExpand(prk, label, info, L), with I2OSP(L, 2) ‖ "HPKE-v1" ‖ suite_id in front. */
static enum rc labeled_expand(struct span suite, const struct secret32 *prk, const char *label,
	struct span context, uint8_t *out, uint8_t out_len)
{
	const uint8_t length[] = {0, out_len};
	const struct span parts[] = {SPAN(length), span_text("HPKE-v1"), suite, span_text(label), context};
	DROP(blob_release) struct blob info = {0};

	for (size_t i = 0; i < COUNT(parts); i++)
		TRY(blob_append(&info, parts[i]));
	return hkdf_expand(DIGEST_SHA256, SPAN(prk->bytes), blob_span(&info), out, out_len);
}

/* RFC 9180, 4.1: ExtractAndExpand(dh, enc ‖ pkR). */
static enum rc shared_secret(const struct secret32 *dh, const uint8_t enc[static HPKE_KEY_BYTES],
	const uint8_t public[static HPKE_KEY_BYTES], struct secret32 *out)
{
	DROP(secret32_release) struct secret32 prk = {{0}};
	uint8_t context[2 * HPKE_KEY_BYTES];

	memcpy(context, enc, HPKE_KEY_BYTES);
	memcpy(context + HPKE_KEY_BYTES, public, HPKE_KEY_BYTES);
	TRY(labeled_extract(SPAN(kem_suite), (struct span){0}, "eae_prk", SPAN(dh->bytes), &prk));
	return labeled_expand(
		SPAN(kem_suite), &prk, "shared_secret", SPAN(context), out->bytes, sizeof out->bytes);
}

/* RFC 9180, 5.1: KeySchedule in mode_base, with empty psk and psk_id. */
static enum rc key_schedule(const struct secret32 *shared, struct span info, struct schedule *out)
{
	const struct span none = {0};
	DROP(secret32_release) struct secret32 secret = {{0}};
	struct secret32 psk_id_hash = {{0}};
	struct secret32 info_hash = {{0}};
	uint8_t context[1 + 2 * sizeof info_hash.bytes] = {0}; /* mode_base is 0 */

	TRY(labeled_extract(SPAN(hpke_suite), none, "psk_id_hash", none, &psk_id_hash));
	TRY(labeled_extract(SPAN(hpke_suite), none, "info_hash", info, &info_hash));
	memcpy(context + 1, psk_id_hash.bytes, sizeof psk_id_hash.bytes);
	memcpy(context + 1 + sizeof psk_id_hash.bytes, info_hash.bytes, sizeof info_hash.bytes);
	TRY(labeled_extract(SPAN(hpke_suite), SPAN(shared->bytes), "secret", none, &secret));
	TRY(labeled_expand(SPAN(hpke_suite), &secret, "key", SPAN(context), out->key, sizeof out->key));
	return labeled_expand(
		SPAN(hpke_suite), &secret, "base_nonce", SPAN(context), out->nonce, sizeof out->nonce);
}

/* Both sides' way from the Diffie-Hellman value to key and nonce; sequence number 0 leaves the nonce as is.
 */
static enum rc prepare(const struct secret32 *dh, const uint8_t enc[static HPKE_KEY_BYTES],
	const uint8_t public[static HPKE_KEY_BYTES], struct span info, struct schedule *out, struct err *err)
{
	DROP(secret32_release) struct secret32 shared = {{0}};
	enum rc rc = shared_secret(dh, enc, public, &shared);

	if (rc == RC_OK)
		rc = key_schedule(&shared, info, out);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "HPKE key schedule: %s", rc_words(rc));
}

static enum rc check_lengths(struct span info, struct span aad, struct span text, size_t max, struct err *err)
{
	if (info.len > HPKE_TEXT_MAX || aad.len > HPKE_TEXT_MAX || text.len > max)
		return err_set(err, RC_LIMIT, "HPKE: %zu bytes, %zu of info, %zu of aad, at most %u of each",
			text.len, info.len, aad.len, HPKE_TEXT_MAX);
	return RC_OK;
}

enum rc hpke_seal_ephemeral(const struct hpke_pair *ephemeral, const uint8_t public[static HPKE_KEY_BYTES],
	struct span info, struct span aad, struct span plaintext, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob sealed = {0};
	DROP(secret32_release) struct secret32 dh = {{0}};
	DROP(schedule_release) struct schedule schedule = {{0}};
	struct sealing with = {algorithm_chacha20_poly1305(), schedule.key, schedule.nonce, aad};

	TRY(check_lengths(info, aad, plaintext, HPKE_TEXT_MAX, err));
	TRY(diffie_hellman(ephemeral->secret, public, &dh, err));
	TRY(prepare(&dh, ephemeral->public, public, info, &schedule, err));
	if (blob_append(&sealed, SPAN(ephemeral->public)) != RC_OK)
		return err_set(err, RC_NOMEM, "HPKE: out of memory");
	TRY(sealing_seal(&with, plaintext, &sealed, err));
	blob_release(out);
	*out = TAKE(sealed);
	return RC_OK;
}

enum rc hpke_seal(const uint8_t public[static HPKE_KEY_BYTES], struct span info, struct span aad,
	struct span plaintext, struct blob *out, struct err *err)
{
	DROP(hpke_pair_release) struct hpke_pair ephemeral = {{0}};

	TRY(hpke_generate(&ephemeral, err));
	return hpke_seal_ephemeral(&ephemeral, public, info, aad, plaintext, out, err);
}

enum rc hpke_open(const uint8_t secret[static HPKE_KEY_BYTES], struct span info, struct span aad,
	struct span sealed, struct blob *out, struct err *err)
{
	DROP(hpke_pair_release) struct hpke_pair mine = {{0}};
	DROP(secret32_release) struct secret32 dh = {{0}};
	DROP(schedule_release) struct schedule schedule = {{0}};
	DROP(blob_release) struct blob plaintext = {0};
	struct sealing with = {algorithm_chacha20_poly1305(), schedule.key, schedule.nonce, aad};

	if (sealed.len < HPKE_OVERHEAD)
		return err_set(err, RC_MALFORMED, "HPKE: %zu bytes, shorter than key and tag", sealed.len);
	TRY(check_lengths(info, aad, sealed, HPKE_TEXT_MAX + HPKE_OVERHEAD, err));
	TRY(hpke_pair_of_secret(secret, &mine, err));
	TRY(diffie_hellman(mine.secret, sealed.at, &dh, err));
	TRY(prepare(&dh, sealed.at, mine.public, info, &schedule, err));
	TRY(sealing_open(
		&with, span_of(sealed.at + HPKE_KEY_BYTES, sealed.len - HPKE_KEY_BYTES), &plaintext, err));
	blob_release(out);
	*out = TAKE(plaintext);
	return RC_OK;
}
