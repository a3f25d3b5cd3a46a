/* A CA's key in a PKCS #11 token. */
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/pki/ca_key_inside.h"
#include "lib/pki/der_read.h"
#include "lib/pki/pkcs11.h"
#include "lib/pki/pkcs11_uri.h"
#include "lib/pki/private_key_inside.h"
#include "lib/pki/spki.h"

struct token {
	struct pkcs11 pkcs11;
	ck_object_handle_t key;
	size_t field;
};

static void token_close(void *state)
{
	struct token *token = state;

	pkcs11_close(&token->pkcs11);
	free(token);
}

static void token_drop(struct token **token)
{
	if (*token != NULL)
		token_close(*token);
	*token = NULL;
}

/* Class, and whichever of label and id the URI has. */
#define ATTRIBUTES_MAX 3
static size_t attributes_of(struct pkcs11_uri *uri, ck_object_class_t *class, struct ck_attribute *out)
{
	size_t count = 0;

	out[count++] = (struct ck_attribute){CKA_CLASS, class, sizeof *class};
	if (uri->object_len != 0)
		out[count++] = (struct ck_attribute){CKA_LABEL, uri->object, uri->object_len};
	if (uri->id_len != 0)
		out[count++] = (struct ck_attribute){CKA_ID, uri->id, uri->id_len};
	return count;
}

static enum rc find(const struct pkcs11 *pkcs11, struct pkcs11_uri *uri, ck_object_class_t class,
	ck_object_handle_t *out, struct err *err)
{
	struct ck_attribute attributes[ATTRIBUTES_MAX];
	size_t count = attributes_of(uri, &class, attributes);

	return pkcs11_find(pkcs11, attributes, count, out, err);
}

/* CKA_EC_POINT is the DER of an OCTET STRING that holds the point, uncompressed. */
static enum rc public_of(
	const struct pkcs11 *pkcs11, ck_object_handle_t object, struct public_key **out, struct err *err)
{
	DROP(blob_release) struct blob curve = {0};
	DROP(blob_release) struct blob wrapped = {0};
	struct key_parts parts = {.kind = KEY_NONE};
	struct span point;
	size_t field;

	TRY(pkcs11_read(pkcs11, object, CKA_EC_PARAMS, &curve, err));
	TRY(pkcs11_read(pkcs11, object, CKA_EC_POINT, &wrapped, err));
	if (span_equal(blob_span(&curve), spki_curve(KEY_P256)))
		parts.kind = KEY_P256;
	else if (span_equal(blob_span(&curve), spki_curve(KEY_P384)))
		parts.kind = KEY_P384;
	else
		return err_set(err, RC_UNSUPPORTED, "token: the key is on neither P-256 nor P-384");
	field = key_field_bytes(parts.kind);
	if (!der_only(blob_span(&wrapped), DER_OCTET_STRING, &point) || point.len != 1 + 2 * field ||
		point.at[0] != 4)
		return err_set(err, RC_MALFORMED, "token: the public key is not an uncompressed point");
	parts.x = span_of(point.at + 1, field);
	parts.y = span_of(point.at + 1 + field, field);
	return public_key_of_parts(&parts, out, err);
}

/* PKCS #11, 2.3.6: ECDSA without hash takes the digest and gives r ‖ s. */
static enum rc token_sign(void *state, struct span digest, uint8_t *r_s, struct err *err)
{
	struct token *token = state;
	struct ck_function_list *call = token->pkcs11.call;
	struct ck_mechanism mechanism = {.mechanism = CKM_ECDSA};
	unsigned long len = 2 * token->field;
	ck_rv_t code = call->C_SignInit(token->pkcs11.session, &mechanism, token->key);

	if (code == CKR_OK)
		code = call->C_Sign(token->pkcs11.session, (unsigned char *)digest.at, digest.len, r_s, &len);
	if (code != CKR_OK)
		return pkcs11_fault(err, "signing", code);
	if (len != 2 * token->field)
		return err_set(err, RC_CRYPTO, "token: signature of %lu bytes", len);
	return RC_OK;
}

enum rc key_token_open(const struct ca_key_place *place, struct private_key **out, struct err *err)
{
	DROP(token_drop) struct token *token = calloc(1, sizeof *token);
	DROP(public_key_release) struct public_key *public = NULL;
	struct private_key_outside outside = {token, token_close, token_sign};
	ck_object_handle_t public_object = 0;
	struct pkcs11_uri uri;

	if (token == NULL)
		return err_set(err, RC_NOMEM, "token: out of memory");
	TRY(pkcs11_uri_parse(place->at, &uri, err));
	TRY(pkcs11_open(
		place->module, span_of(uri.token, uri.token_len), place->secret, false, &token->pkcs11, err));
	TRY(find(&token->pkcs11, &uri, CKO_PRIVATE_KEY, &token->key, err));
	TRY(find(&token->pkcs11, &uri, CKO_PUBLIC_KEY, &public_object, err));
	TRY(public_of(&token->pkcs11, public_object, &public, err));
	token->field = key_field_bytes(public_key_parts(public).kind);
	TRY(private_key_of_outside(&public, PRIVATE_KEY_TOKEN, &outside, out, err));
	token = NULL; /* the key's now */
	return RC_OK;
}

static enum rc generate(
	const struct pkcs11 *pkcs11, struct pkcs11_uri *uri, struct span curve, struct err *err)
{
	ck_object_handle_t public_object, private_object;
	struct ck_mechanism mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
	unsigned char yes = 1, no = 0;
	/* Label and id are in both; an object without either is left unnamed there. */
	const struct ck_attribute label = {CKA_LABEL, uri->object, uri->object_len};
	const struct ck_attribute id = {CKA_ID, uri->id, uri->id_len};
	struct ck_attribute public[] = {{CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
		{CKA_EC_PARAMS, (void *)curve.at, curve.len}, label, id};
	struct ck_attribute private[] = {{CKA_TOKEN, &yes, 1}, {CKA_PRIVATE, &yes, 1},
		{CKA_SENSITIVE, &yes, 1}, {CKA_EXTRACTABLE, &no, 1}, {CKA_SIGN, &yes, 1}, label, id};
	ck_rv_t code = pkcs11->call->C_GenerateKeyPair(pkcs11->session, &mechanism, public, COUNT(public),
		private, COUNT(private), &public_object, &private_object);

	return code == CKR_OK ? RC_OK : pkcs11_fault(err, "making a key", code);
}

enum rc key_token_make(const struct ca_key_place *place, enum key_kind kind, struct err *err)
{
	DROP(pkcs11_close) struct pkcs11 pkcs11 = {0};
	struct pkcs11_uri uri;
	ck_object_handle_t found;
	enum rc rc;

	TRY(pkcs11_uri_parse(place->at, &uri, err));
	TRY(pkcs11_open(place->module, span_of(uri.token, uri.token_len), place->secret, true, &pkcs11, err));
	rc = find(&pkcs11, &uri, CKO_PRIVATE_KEY, &found, err);
	if (rc == RC_OK || rc == RC_EXISTS)
		return err_set(err, RC_EXISTS, "token: there is a key of this name already");
	if (rc != RC_NOT_FOUND)
		return rc;
	return generate(&pkcs11, &uri, spki_curve(kind), err);
}
