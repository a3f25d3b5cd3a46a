#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/pki/pem.h"
#include "services/gateway/inner.h"

#define PINS_MAX_BYTES (256u << 10)
/* A CA is renewed once in years, and its certificate is asked for again when something does not fit it. */
#define ASK_AGAIN_MS 300000u

/* ---- what is pinned ---- */

enum rc authority_load_pins(struct authority *authority, const char *path, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct span rest;

	TRY(file_read(path, PINS_MAX_BYTES, &text, err));
	rest = blob_span(&text);
	for (;;) {
		DROP(blob_release) struct blob der = {0};
		enum rc rc = pem_read(PEM_CERTIFICATE, rest, &der, &rest);

		if (rc == RC_NOT_FOUND && authority->pin_count > 0)
			return RC_OK;
		if (rc != RC_OK)
			return err_set(err, rc, "%s: expected certificates in PEM: %s", path, rc_words(rc));
		if (authority->pin_count == CHAIN_CERTIFICATES_MAX)
			return err_set(
				err, RC_LIMIT, "%s: more than %d certificates", path, CHAIN_CERTIFICATES_MAX);
		authority->pins[authority->pin_count++] = TAKE(der);
	}
}

void authority_release(struct authority *authority)
{
	for (size_t i = 0; i < authority->pin_count; i++)
		blob_release(&authority->pins[i]);
	authority->pin_count = 0;
	blob_release(&authority->certificate);
	ocsp_verifier_close(&authority->verifier);
	document_release(&authority->der);
	document_release(&authority->pem);
}

/* ---- what the bus says ---- */

static enum rc verify(const struct authority *authority, struct span certificate, const struct span *chain,
	size_t chain_count, uint64_t now, struct err *err)
{
	struct span roots[CHAIN_CERTIFICATES_MAX];

	for (size_t i = 0; i < authority->pin_count; i++) {
		roots[i] = blob_span(&authority->pins[i]);
		/* The issuing CA itself is pinned. */
		if (span_equal(roots[i], certificate))
			return RC_OK;
	}
	return chain_verify(&(struct chain){.certificate = certificate,
				    .intermediates = chain,
				    .intermediates_count = chain_count,
				    .roots = roots,
				    .roots_count = authority->pin_count,
				    .wall_ms = now},
		err);
}

static enum rc make_document(const char *type, struct blob *bytes, struct document **out, struct err *err)
{
	uint8_t hash[DIGEST_SHA256_BYTES];

	TRY(digest_bytes(DIGEST_SHA256, blob_span(bytes), hash));
	return document_make(
		&(struct document_options){
			.type = type, .cache = "public", .tag = SPAN(hash), .until = UINT64_MAX},
		bytes, out, err);
}

static enum rc make_documents(struct authority *authority, struct span certificate, const struct span *chain,
	size_t count, struct err *err)
{
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob pem = {0};
	DROP(document_release) struct document *as_der = NULL;
	DROP(document_release) struct document *as_pem = NULL;

	TRY(blob_append(&der, certificate));
	TRY(pem_write(PEM_CERTIFICATE, certificate, &pem));
	for (size_t i = 0; i < count; i++)
		TRY(pem_write(PEM_CERTIFICATE, chain[i], &pem));
	TRY(make_document("application/pkix-cert", &der, &as_der, err));
	TRY(make_document("application/x-pem-file", &pem, &as_pem, err));
	document_release(&authority->der);
	document_release(&authority->pem);
	authority->der = TAKE(as_der);
	authority->pem = TAKE(as_pem);
	return RC_OK;
}

enum rc authority_take(struct gateway *gateway, const struct msg_ca_info *info, struct err *err)
{
	struct authority *authority = &gateway->authority;
	DROP(blob_release) struct blob certificate = {0};
	DROP(ocsp_verifier_close) struct ocsp_verifier *verifier = NULL;
	struct span chain[CHAIN_MAX];
	struct ocsp_issuer issuer;
	struct list list = info->chain;
	struct elem_certificate item;
	size_t count = 0;

	while (count < CHAIN_MAX && ELEM_NEXT(certificate, &list, &item))
		chain[count++] = item.der;
	TRY(verify(authority, info->certificate, chain, count, gateway_now(gateway), err));
	TRY(ocsp_verifier_open(info->certificate, &verifier, err));
	if (ocsp_issuer_of(info->certificate, &issuer) != RC_OK)
		return err_set(err, RC_MALFORMED, "not a certificate");
	TRY(blob_append(&certificate, info->certificate));
	TRY(make_documents(authority, info->certificate, chain, count, err));
	if (span_equal(blob_span(&authority->certificate), info->certificate))
		return RC_OK;
	blob_release(&authority->certificate);
	authority->certificate = TAKE(certificate);
	authority->issuer = issuer;
	ocsp_verifier_close(&authority->verifier);
	authority->verifier = TAKE(verifier);
	cache_clear(gateway->cache);
	for (size_t i = 0; i < COUNT(gateway->copies); i++)
		crl_copy_forget(&gateway->copies[i]);
	log_event(LOG_INFO, "ca.taken", "bytes=%zu chain=%zu", info->certificate.len, count);
	return RC_OK;
}

static void on_info(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct gateway *gateway = ctx;
	struct authority *authority = &gateway->authority;
	struct err err = {0};
	bool is_first = authority->certificate.len == 0;

	(void)frame;
	authority->is_asking = false;
	if (rc == RC_OK && reply->type == MSG_TYPE_ca_info)
		rc = authority_take(gateway, &reply->ca_info, &err);
	else
		err_set(&err, rc == RC_OK ? RC_MALFORMED : rc, "the revocation service does not say");
	if (err.rc != RC_OK)
		rc = err.rc;
	if (rc != RC_OK && rc != authority->told)
		log_event(LOG_ERROR, "ca.refused", "why=\"%s\" text=\"%s\"", rc_words(rc), err.text);
	authority->told = rc;
	authority->next_ms = gateway_mono(gateway) + (rc == RC_OK ? ASK_AGAIN_MS : RETRY_MS);
	for (size_t i = 0; is_first && rc == RC_OK && i < COUNT(gateway->copies); i++)
		crl_copy_look(&gateway->copies[i]);
}

void authority_look(struct gateway *gateway)
{
	struct authority *authority = &gateway->authority;
	struct msg msg = {.type = MSG_TYPE_ca_get};

	if (authority->is_asking || gateway_mono(gateway) < authority->next_ms)
		return;
	authority->is_asking = follow_ask(gateway->follow, &msg, ASK_MS, on_info, gateway, NULL) == RC_OK;
}
