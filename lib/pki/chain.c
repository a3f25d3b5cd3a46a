#include "lib/pki/chain.h"

#include <openssl/bio.h>
#include <openssl/x509v3.h>

#include "lib/base/drop.h"
#include "lib/crypto/fault.h"

#define CHAIN_CERTIFICATE_MAX 16384
#define CHAIN_CRL_MAX         (64u << 20)
#define CHAIN_DEPTH_MAX       8
#define SUBJECT_BYTES         160
/* 112 bits of strength, no SHA-1. */
#define AUTH_LEVEL 2

static void x509_free(X509 **cert)
{
	X509_free(*cert);
}

static void store_free(X509_STORE **store)
{
	X509_STORE_free(*store);
}

static void store_context_free(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

static void links_free(STACK_OF(X509) * *links)
{
	sk_X509_pop_free(*links, X509_free);
}

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static enum rc cert_of(struct span der, X509 **out, struct err *err)
{
	const uint8_t *at = der.at;

	if (der.len == 0 || der.len > CHAIN_CERTIFICATE_MAX)
		return err_set(err, der.len == 0 ? RC_MALFORMED : RC_LIMIT,
			"chain: certificate of %zu bytes, at most %d", der.len, CHAIN_CERTIFICATE_MAX);
	*out = d2i_X509(NULL, &at, (long)der.len);
	if (*out == NULL || at != der.at + der.len) {
		fault_forget();
		return err_set(err, RC_MALFORMED, "chain: not one X.509 certificate in DER");
	}
	return RC_OK;
}

static enum rc add_roots(X509_STORE *store, const struct chain *chain, struct err *err)
{
	for (size_t i = 0; i < chain->roots_count; i++) {
		DROP(x509_free) X509 *root = NULL;

		TRY(cert_of(chain->roots[i], &root, err));
		if (X509_STORE_add_cert(store, root) != 1)
			return fault(err, "chain");
	}
	return RC_OK;
}

static enum rc add_crls(X509_STORE *store, const struct chain *chain, struct err *err)
{
	for (size_t i = 0; i < chain->crls_count; i++) {
		const uint8_t *at = chain->crls[i].at;
		X509_CRL *crl = NULL;
		bool added;

		if (chain->crls[i].len > CHAIN_CRL_MAX)
			return err_set(err, RC_LIMIT, "chain: list of more than %u bytes", CHAIN_CRL_MAX);
		if (chain->crls[i].len != 0)
			crl = d2i_X509_CRL(NULL, &at, (long)chain->crls[i].len);
		added = crl != NULL && at == chain->crls[i].at + chain->crls[i].len &&
		        X509_STORE_add_crl(store, crl) == 1;
		X509_CRL_free(crl);
		if (!added) {
			fault_forget();
			return err_set(err, RC_MALFORMED, "chain: not one list in DER");
		}
	}
	return RC_OK;
}

static enum rc links_of(const struct chain *chain, STACK_OF(X509) * links, struct err *err)
{
	for (size_t i = 0; i < chain->intermediates_count; i++) {
		X509 *link = NULL;
		enum rc rc = cert_of(chain->intermediates[i], &link, err);

		if (rc == RC_OK && sk_X509_push(links, link) > 0)
			continue;
		X509_free(link);
		return rc != RC_OK ? rc : err_set(err, RC_NOMEM, "chain: out of memory");
	}
	return RC_OK;
}

static enum rc limits_hold(const struct chain *chain, struct err *err)
{
	if (chain->roots_count == 0)
		return err_set(err, RC_DENIED, "chain: nothing is trusted");
	if (chain->roots_count > CHAIN_CERTIFICATES_MAX ||
		chain->intermediates_count > CHAIN_CERTIFICATES_MAX || chain->crls_count > CHAIN_CRLS_MAX)
		return err_set(err, RC_LIMIT, "chain: more than %d certificates or %d lists",
			CHAIN_CERTIFICATES_MAX, CHAIN_CRLS_MAX);
	return RC_OK;
}

static enum rc refused(X509_STORE_CTX *context, struct err *err)
{
	X509 *at = X509_STORE_CTX_get_current_cert(context);
	char subject[SUBJECT_BYTES] = "";

	if (at != NULL)
		X509_NAME_oneline(X509_get_subject_name(at), subject, sizeof subject);
	for (char *c = subject; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	err_set(err, RC_DENIED, "certificate \"%s\": %s", subject,
		X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	fault_forget();
	return RC_DENIED;
}

enum rc chain_verify(const struct chain *chain, struct err *err)
{
	DROP(x509_free) X509 *leaf = NULL;
	DROP(store_free) X509_STORE *store = X509_STORE_new();
	DROP(links_free) STACK_OF(X509) *links = sk_X509_new_null();
	DROP(store_context_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
	unsigned long flags = X509_V_FLAG_X509_STRICT | X509_V_FLAG_PARTIAL_CHAIN;
	X509_VERIFY_PARAM *param;

	if (store == NULL || links == NULL || context == NULL)
		return err_set(err, RC_NOMEM, "chain: out of memory");
	TRY(limits_hold(chain, err));
	TRY(cert_of(chain->certificate, &leaf, err));
	TRY(add_roots(store, chain, err));
	TRY(add_crls(store, chain, err));
	TRY(links_of(chain, links, err));
	if (X509_STORE_CTX_init(context, store, leaf, links) != 1)
		return fault(err, "chain");
	if (chain->crls_count != 0)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_USE_DELTAS;
	param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_time(param, (time_t)(chain->wall_ms / 1000));
	X509_VERIFY_PARAM_set_depth(param, CHAIN_DEPTH_MAX);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	if (X509_verify_cert(context) != 1)
		return refused(context, err);
	fault_forget();
	return RC_OK;
}

enum rc chain_text(struct span certificate, struct blob *out, struct err *err)
{
	DROP(x509_free) X509 *cert = NULL;
	DROP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len;

	TRY(cert_of(certificate, &cert, err));
	if (bio == NULL || X509_print_ex(bio, cert, XN_FLAG_RFC2253, X509_FLAG_NO_SIGDUMP) != 1)
		return fault(err, "text of a certificate");
	len = BIO_get_mem_data(bio, &text);
	if (len <= 0 || blob_append(out, span_of(text, (size_t)len)) != RC_OK)
		return err_set(err, RC_NOMEM, "text of a certificate: out of memory");
	/* Names are escaped by the flag; strings of extensions may not be. */
	for (size_t i = out->len - (size_t)len; i < out->len; i++)
		if (out->at[i] != '\n' && (out->at[i] < ' ' || out->at[i] > '~'))
			out->at[i] = '?';
	fault_forget();
	return RC_OK;
}
