#include "lib/crypto/sealing.h"

#include "lib/crypto/fault.h"

static void cipher_free(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

/* Key, nonce and aad into the context. */
static enum rc begin(const struct sealing *with, int encrypt, EVP_CIPHER_CTX *context, struct err *err)
{
	int len;

	if (with->cipher == NULL)
		return err_set(err, RC_UNSUPPORTED, "this libcrypto lacks a cipher that is needed");
	if (context == NULL ||
		EVP_CipherInit_ex2(context, with->cipher, with->key, with->nonce, encrypt, NULL) != 1)
		return fault(err, "starting a cipher");
	if (with->aad.len != 0 &&
		EVP_CipherUpdate(context, NULL, &len, with->aad.at, (int)with->aad.len) != 1)
		return fault(err, "authenticating");
	return RC_OK;
}

enum rc sealing_seal(const struct sealing *with, struct span plaintext, struct blob *out, struct err *err)
{
	DROP(cipher_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t start = out->len;
	uint8_t *at;
	int len = 0;
	int rest = 0;

	TRY(begin(with, 1, context, err));
	if (blob_resize(out, start + plaintext.len + SEALING_TAG_BYTES) != RC_OK)
		return err_set(err, RC_NOMEM, "sealing: out of memory");
	at = out->at + start;
	if ((plaintext.len != 0 &&
		    EVP_CipherUpdate(context, at, &len, plaintext.at, (int)plaintext.len) != 1) ||
		EVP_CipherFinal_ex(context, at + len, &rest) != 1 || (size_t)(len + rest) != plaintext.len ||
		EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEALING_TAG_BYTES, at + plaintext.len) !=
			1) {
		TRY(blob_resize(out, start));
		return fault(err, "sealing");
	}
	return RC_OK;
}

enum rc sealing_open(const struct sealing *with, struct span sealed, struct blob *out, struct err *err)
{
	DROP(cipher_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t start = out->len;
	size_t text_len;
	uint8_t *at;
	int len = 0;
	int rest = 0;
	bool right;

	if (sealed.len < SEALING_TAG_BYTES)
		return err_set(err, RC_MALFORMED, "sealed bytes: %zu, shorter than a tag", sealed.len);
	text_len = sealed.len - SEALING_TAG_BYTES;
	TRY(begin(with, 0, context, err));
	/* One byte more than needed: an empty blob has no address to write at. */
	if (blob_reserve(out, text_len + 1) != RC_OK)
		return err_set(err, RC_NOMEM, "opening: out of memory");
	at = out->at + start;
	right = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEALING_TAG_BYTES,
			(void *)(sealed.at + text_len)) == 1 &&
	        (text_len == 0 || EVP_CipherUpdate(context, at, &len, sealed.at, (int)text_len) == 1) &&
	        EVP_CipherFinal_ex(context, at + len, &rest) == 1 && (size_t)(len + rest) == text_len;
	if (!right) {
		/* What was decrypted so far is nobody's business: it is not authentic. */
		wipe(at, text_len);
		fault_forget();
		return err_set(err, RC_DENIED, "sealed bytes: altered, or for another key or purpose");
	}
	out->len = start + text_len;
	return RC_OK;
}
