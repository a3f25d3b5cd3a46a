#include "lib/trust/signed.h"

static const char label[] = "limebus signed v1";

static enum rc envelope(const struct msg *msg, const struct blob *body, const uint8_t *key,
	const uint8_t signature[static SIGN_SIGNATURE_BYTES], struct blob *out, struct err *err)
{
	const struct msg outer = {
		.type = MSG_TYPE_signed_body,
		.signed_body = {.body = blob_span(body),
			.key = span_of(key, SIGN_KEY_BYTES),
			.sig = span_of(signature, SIGN_SIGNATURE_BYTES)},
	};
	enum rc rc = msg_encode(&outer, out);

	return rc == RC_OK ? RC_OK
	                   : err_set(err, rc, "signed %s: cannot be encoded", msg_type_name(msg->type));
}

static enum rc encode(const struct msg *msg, struct blob *body, struct err *err)
{
	enum rc rc = msg_encode(msg, body);

	return rc == RC_OK ? RC_OK : err_set(err, rc, "%s: cannot be encoded", msg_type_name(msg->type));
}

enum rc signed_make(const struct sign_pair *signer, const struct msg *msg, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob body = {0};
	uint8_t signature[SIGN_SIGNATURE_BYTES];

	TRY(encode(msg, &body, err));
	TRY(sign_parts(signer, (const struct span[]){SPAN(label), blob_span(&body)}, 2, signature, err));
	return envelope(msg, &body, signer->public, signature, out, err);
}

enum rc signed_make_by(const struct signer *signer, const struct msg *msg, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob body = {0};
	uint8_t signature[SIGN_SIGNATURE_BYTES];

	TRY(encode(msg, &body, err));
	TRY(signer_sign(signer, (const struct span[]){SPAN(label), blob_span(&body)}, 2, signature, err));
	return envelope(msg, &body, signer_public(signer), signature, out, err);
}

enum rc signed_open(struct span envelope, enum msg_type type, struct signed_msg *out, struct err *err)
{
	struct signed_msg opened = {0};
	struct msg outer;
	enum rc rc = msg_decode_as(envelope, MSG_TYPE_signed_body, &outer);

	if (rc != RC_OK)
		return err_set(err, rc, "expected a signed %s, found something else", msg_type_name(type));
	opened.body = outer.signed_body.body;
	memcpy(opened.key, outer.signed_body.key.at, sizeof opened.key);
	rc = sign_verify(
		opened.key, (const struct span[]){SPAN(label), opened.body}, 2, outer.signed_body.sig, err);
	if (rc != RC_OK)
		return err_set(err, rc == RC_CRYPTO ? rc : RC_DENIED, "%s: the signature is wrong",
			msg_type_name(type));
	rc = msg_decode_as(opened.body, type, &opened.msg);
	if (rc != RC_OK)
		return err_set(err, rc, "expected a signed %s, found another message", msg_type_name(type));
	*out = opened;
	return RC_OK;
}
