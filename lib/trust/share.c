#include "lib/trust/share.h"

#include "lib/crypto/aead.h"
#include "lib/crypto/hmac.h"
#include "lib/crypto/hpke.h"
#include "lib/crypto/kdf.h"
#include "lib/crypto/random.h"

#define WHO_BYTES (NODE_ID_BYTES + 8)

/* node id | number, big endian. */
static void who_bytes(struct share_for who, uint8_t out[static WHO_BYTES])
{
	memcpy(out, who.node, NODE_ID_BYTES);
	for (size_t i = 0; i < 8; i++)
		out[NODE_ID_BYTES + i] = (uint8_t)(who.number >> (56 - 8 * i));
}

static struct span secret_span(const struct secret32 *secret)
{
	return SPAN(secret->bytes);
}

/* Every share is 32 bytes; an opened one of another length was not made here. */
static enum rc take_secret(const struct blob *opened, const char *what, struct secret32 *out, struct err *err)
{
	if (opened->len != sizeof out->bytes)
		return err_set(err, RC_MALFORMED, "%s: %zu bytes inside, expected %zu", what, opened->len,
			sizeof out->bytes);
	memcpy(out->bytes, opened->at, sizeof out->bytes);
	return RC_OK;
}

void share_join(const struct secret32 *u, const struct secret32 *v, struct secret32 *out_kb)
{
	for (size_t i = 0; i < sizeof out_kb->bytes; i++)
		out_kb->bytes[i] = u->bytes[i] ^ v->bytes[i];
}

enum rc share_split(struct secret32 *out_kb, struct secret32 *out_u, struct secret32 *out_v, struct err *err)
{
	DROP(secret32_release) struct secret32 kb = {0};
	DROP(secret32_release) struct secret32 v = {0};

	TRY(random_fill(kb.bytes, sizeof kb.bytes, err));
	TRY(random_fill(v.bytes, sizeof v.bytes, err));
	share_join(&kb, &v, out_u);
	*out_kb = kb;
	*out_v = v;
	return RC_OK;
}

static const char proof_label[] = "limebus kb v1";

enum rc share_proof(
	const struct secret32 *kb, const uint8_t node[static NODE_ID_BYTES], uint8_t out[static HASH_BYTES])
{
	const struct span parts[] = {SPAN(proof_label), span_of(node, NODE_ID_BYTES)};

	return hmac_spans(DIGEST_SHA256, secret_span(kb), parts, COUNT(parts), out);
}

enum rc share_check_proof(const struct secret32 *kb, const uint8_t node[static NODE_ID_BYTES],
	struct span claimed, struct err *err)
{
	const struct span parts[] = {SPAN(proof_label), span_of(node, NODE_ID_BYTES)};
	enum rc rc = hmac_check(DIGEST_SHA256, secret_span(kb), parts, COUNT(parts), claimed);

	if (rc == RC_DENIED)
		return err_set(err, rc,
			"U and V do not make the key that the tenant proved: one of them is not of this "
			"payload");
	return rc == RC_OK ? RC_OK : err_set(err, rc, "proof of Kb: %s", rc_words(rc));
}

/* "limebus v v1\0" | node id | number */
static const char keep_label[] = "limebus v v1";
#define KEEP_AAD_BYTES (sizeof keep_label + WHO_BYTES)

static void keep_aad(struct share_for who, uint8_t out[static KEEP_AAD_BYTES])
{
	memcpy(out, keep_label, sizeof keep_label);
	who_bytes(who, out + sizeof keep_label);
}

enum rc share_keep_v(const struct secret32 *sealing_key, struct share_for who, const struct secret32 *v,
	struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob sealed = {0};
	DROP(blob_release) struct blob whole = {0};
	uint8_t nonce[AEAD_NONCE_BYTES];
	uint8_t aad[KEEP_AAD_BYTES];

	keep_aad(who, aad);
	TRY(random_fill(nonce, sizeof nonce, err));
	TRY(aead_seal(sealing_key->bytes, nonce, SPAN(aad), secret_span(v), &sealed, err));
	TRY(blob_append(&whole, SPAN(nonce)));
	TRY(blob_append(&whole, blob_span(&sealed)));
	blob_release(out);
	*out = TAKE(whole);
	return RC_OK;
}

enum rc share_kept_v(const struct secret32 *sealing_key, struct share_for who, struct span sealed,
	struct secret32 *out_v, struct err *err)
{
	DROP(blob_release) struct blob opened = {0};
	uint8_t aad[KEEP_AAD_BYTES];

	if (sealed.len != SEALED_V_BYTES)
		return err_set(
			err, RC_MALFORMED, "sealed V: %zu bytes, expected %d", sealed.len, SEALED_V_BYTES);
	keep_aad(who, aad);
	TRY(aead_open(sealing_key->bytes, sealed.at, SPAN(aad),
		span_of(sealed.at + AEAD_NONCE_BYTES, sealed.len - AEAD_NONCE_BYTES), &opened, err));
	return take_secret(&opened, "sealed V", out_v, err);
}

enum rc share_send_v(const uint8_t nk[static CURVE_KEY_BYTES], struct share_for who, const struct secret32 *v,
	struct blob *out, struct err *err)
{
	uint8_t aad[WHO_BYTES];

	who_bytes(who, aad);
	return hpke_seal(nk, span_text("limebus share v v1"), SPAN(aad), secret_span(v), out, err);
}

enum rc share_receive_v(const uint8_t nk_secret[static CURVE_KEY_BYTES], struct share_for who,
	struct span sealed, struct secret32 *out_v, struct err *err)
{
	DROP(blob_release) struct blob opened = {0};
	uint8_t aad[WHO_BYTES];

	who_bytes(who, aad);
	TRY(hpke_open(nk_secret, span_text("limebus share v v1"), SPAN(aad), sealed, &opened, err));
	return take_secret(&opened, "V", out_v, err);
}

void share_envelope_release(struct share_envelope *envelope)
{
	blob_release(&envelope->nk_part);
	blob_release(&envelope->id_object);
	blob_release(&envelope->secret);
	blob_release(&envelope->boxed_u);
}

/* The key of boxed_u needs both secrets: the run of the agent and the TPM. */
static enum rc box_key(struct span nk_secret_part, struct span credential_secret, struct share_for who,
	struct secret32 *out, struct err *err)
{
	static const char label[] = "limebus u v1";
	uint8_t info[sizeof label + WHO_BYTES];
	DROP(blob_release) struct blob both = {0};
	enum rc rc;

	memcpy(info, label, sizeof label);
	who_bytes(who, info + sizeof label);
	rc = blob_append(&both, nk_secret_part);
	if (rc == RC_OK)
		rc = blob_append(&both, credential_secret);
	if (rc == RC_OK)
		rc = hkdf(DIGEST_SHA256, (struct span){0}, blob_span(&both), SPAN(info), out->bytes,
			sizeof out->bytes);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "key of U: %s", rc_words(rc));
}

/* The key is derived for this one message, so the nonce may be zero. */
static const uint8_t zero_nonce[AEAD_NONCE_BYTES];

enum rc share_send_u(const uint8_t nk[static CURVE_KEY_BYTES], const struct credential_ek *ek,
	struct span ak_name, struct share_for who, const struct secret32 *u, struct share_envelope *out,
	struct err *err)
{
	DROP(share_envelope_release) struct share_envelope envelope = {0};
	DROP(secret32_release) struct secret32 to_nk = {0};
	DROP(secret32_release) struct secret32 to_tpm = {0};
	DROP(secret32_release) struct secret32 key = {0};
	uint8_t aad[WHO_BYTES];

	who_bytes(who, aad);
	TRY(random_fill(to_nk.bytes, sizeof to_nk.bytes, err));
	TRY(random_fill(to_tpm.bytes, sizeof to_tpm.bytes, err));
	TRY(hpke_seal(
		nk, span_text("limebus share u v1"), SPAN(aad), secret_span(&to_nk), &envelope.nk_part, err));
	TRY(credential_make(ek, ak_name, secret_span(&to_tpm), &envelope.id_object, &envelope.secret, err));
	TRY(box_key(secret_span(&to_nk), secret_span(&to_tpm), who, &key, err));
	TRY(aead_seal(key.bytes, zero_nonce, SPAN(aad), secret_span(u), &envelope.boxed_u, err));
	share_envelope_release(out);
	*out = TAKE(envelope);
	return RC_OK;
}

enum rc share_receive_u(const uint8_t nk_secret[static CURVE_KEY_BYTES], struct share_for who,
	struct span nk_part, struct span credential_secret, struct span boxed_u, struct secret32 *out_u,
	struct err *err)
{
	DROP(blob_release) struct blob to_nk = {0};
	DROP(blob_release) struct blob opened = {0};
	DROP(secret32_release) struct secret32 key = {0};
	uint8_t aad[WHO_BYTES];

	/* With both lengths fixed, no bytes can pass from one secret to the other. */
	if (nk_part.len != SEALED_SECRET_BYTES || credential_secret.len != sizeof key.bytes)
		return err_set(err, RC_MALFORMED,
			"envelope of U: parts of %zu and %zu bytes, expected %d and %zu", nk_part.len,
			credential_secret.len, SEALED_SECRET_BYTES, sizeof key.bytes);
	who_bytes(who, aad);
	TRY(hpke_open(nk_secret, span_text("limebus share u v1"), SPAN(aad), nk_part, &to_nk, err));
	TRY(box_key(blob_span(&to_nk), credential_secret, who, &key, err));
	TRY(aead_open(key.bytes, zero_nonce, SPAN(aad), boxed_u, &opened, err));
	return take_secret(&opened, "U", out_u, err);
}
