/* Path validation of EK certificates: libcrypto builds and checks the path, and what the TCG EK Credential
 * Profile adds, or libcrypto leaves lenient, is checked here. */
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/crypto/cert_native.h"
#include "lib/crypto/fault.h"

/* Security level 2: 112 bits, so RSA from 2048 bits and no SHA-1 signature. */
#define STRENGTH_LEVEL 2

#define TCG_KP_EK_CERTIFICATE "2.23.133.8.1"
#define TIME_TEXT_BYTES       32

static void store_context_free(X509_STORE_CTX **context)
{
	X509_STORE_CTX_free(*context);
}

/* Owns only the list, or the certificates as well: sk_X509_pop_free. */
static void stack_free(STACK_OF(X509) * *stack)
{
	sk_X509_pop_free(*stack, X509_free);
}

static void usages_free(EXTENDED_KEY_USAGE **usages)
{
	EXTENDED_KEY_USAGE_free(*usages);
}

/* TCG EK Credential Profile 2.x, 3.2: subjectDirectoryAttributes tells the TPM's specification. libcrypto
 * does not know it; it restricts nothing, so an issuer that marks it critical is obeyed by reading on. */
static bool is_tolerated_critical(X509_EXTENSION *extension)
{
	return OBJ_obj2nid(X509_EXTENSION_get_object(extension)) == NID_subject_directory_attributes;
}

static bool every_critical_extension_is_known(const X509 *leaf)
{
	for (int i = 0; i < X509_get_ext_count(leaf); i++) {
		X509_EXTENSION *extension = X509_get_ext(leaf, i);

		if (X509_EXTENSION_get_critical(extension) && !X509_supported_extension(extension) &&
			!is_tolerated_critical(extension))
			return false;
	}
	return true;
}

/* libcrypto's verdict stands, but for the one case above, and only on the EK's own certificate. */
static int on_verify(int ok, X509_STORE_CTX *context)
{
	if (ok || X509_STORE_CTX_get_error(context) != X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION ||
		X509_STORE_CTX_get_error_depth(context) != 0 ||
		!every_critical_extension_is_known(X509_STORE_CTX_get_current_cert(context)))
		return ok;
	X509_STORE_CTX_set_error(context, X509_V_OK);
	return 1;
}

static const char *time_text(const ASN1_TIME *when, char out[TIME_TEXT_BYTES])
{
	struct tm parts = {0};

	if (ASN1_TIME_to_tm(when, &parts) != 1 ||
		strftime(out, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return "(no date)";
	return out;
}

static const char *now_text(time_t now, char out[TIME_TEXT_BYTES])
{
	struct tm parts = {0};

	if (gmtime_r(&now, &parts) == NULL ||
		strftime(out, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return "(no date)";
	return out;
}

/* "EK certificate CN=unknown" or "CA certificate CN=…, 1 above the EK's". */
static void put_which(X509 *native, int depth, char *out, size_t len)
{
	char subject[CERT_SUBJECT_BYTES];

	cert_name_text(X509_get_subject_name(native), subject);
	if (depth == 0)
		snprintf(out, len, "EK certificate %s", subject);
	else
		snprintf(out, len, "CA certificate %s, %d above the EK's", subject, depth);
}

static enum rc explain(X509_STORE_CTX *context, const struct cert_roots *roots, time_t now, struct err *err)
{
	X509 *native = X509_STORE_CTX_get_current_cert(context);
	int code = X509_STORE_CTX_get_error(context);
	char which[CERT_SUBJECT_BYTES + 48] = "EK certificate";
	char name[CERT_SUBJECT_BYTES];
	char when[TIME_TEXT_BYTES];
	char today[TIME_TEXT_BYTES];

	fault_forget();
	if (native == NULL)
		return err_set(err, RC_DENIED, "%s: %s", which, X509_verify_cert_error_string(code));
	put_which(native, X509_STORE_CTX_get_error_depth(context), which, sizeof which);
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return err_set(err, RC_DENIED, "%s: expired on %s, now it is %s", which,
			time_text(X509_get0_notAfter(native), when), now_text(now, today));
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return err_set(err, RC_DENIED, "%s: not valid before %s, now it is %s", which,
			time_text(X509_get0_notBefore(native), when), now_text(now, today));
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return err_set(err, RC_DENIED,
			"%s: its issuer %s is neither one of the %zu configured roots nor certified by one",
			which, cert_name_text(X509_get_issuer_name(native), name), cert_roots_count(roots));
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return err_set(err, RC_DENIED,
			"%s: signed by itself, and not one of the %zu configured roots", which,
			cert_roots_count(roots));
	default: return err_set(err, RC_DENIED, "%s: %s", which, X509_verify_cert_error_string(code));
	}
}

static bool has_ek_usage(const EXTENDED_KEY_USAGE *usages)
{
	char oid[64];

	for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++)
		if (OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(usages, i), 1) > 0 &&
			strcmp(oid, TCG_KP_EK_CERTIFICATE) == 0)
			return true;
	return false;
}

/* TCG EK Credential Profile 2.x, 3.2: what kind of certificate an EK's is. */
static enum rc check_leaf(const struct cert *ek, struct err *err)
{
	X509 *native = cert_native(ek);
	DROP(usages_free) EXTENDED_KEY_USAGE *usages = NULL;
	uint32_t needed;
	int critical = -1;

	if (cert_key(ek) == NULL)
		return err_set(err, RC_DENIED,
			"EK certificate %s: its key is not RSA-2048 to 4096, P-256 or P-384",
			cert_subject(ek));
	needed = public_key_parts(cert_key(ek)).kind == KEY_RSA ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT;
	if (X509_check_ca(native) != 0)
		return err_set(err, RC_DENIED, "EK certificate %s: is a CA certificate, not an EK's",
			cert_subject(ek));
	/* All bits are set where there is no key usage. */
	if ((X509_get_key_usage(native) & needed) == 0)
		return err_set(err, RC_DENIED, "EK certificate %s: key usage lacks %s", cert_subject(ek),
			needed == KU_KEY_ENCIPHERMENT ? "keyEncipherment" : "keyAgreement");
	usages = X509_get_ext_d2i(native, NID_ext_key_usage, &critical, NULL);
	/* -1: there is none. */
	if (usages == NULL ? critical != -1 : !has_ek_usage(usages))
		return err_set(err, RC_DENIED,
			"EK certificate %s: extended key usage lacks %s (EK certificate)", cert_subject(ek),
			TCG_KP_EK_CERTIFICATE);
	return RC_OK;
}

/* Every certificate above the EK's: certainly a CA's, and if a peer may have handed it in, it says so itself.
 */
static enum rc check_issuers(X509_STORE_CTX *context, struct err *err)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
	char which[CERT_SUBJECT_BYTES + 48];

	for (int i = 1; i < sk_X509_num(chain); i++) {
		X509 *native = sk_X509_value(chain, i);
		bool is_root = i == sk_X509_num(chain) - 1;

		put_which(native, i, which, sizeof which);
		if (!cert_native_is_ca(native))
			return err_set(err, RC_DENIED, "%s: is not a CA certificate", which);
		if (!is_root && (X509_get_extension_flags(native) & EXFLAG_KUSAGE) == 0)
			return err_set(err, RC_DENIED, "%s: has no key usage, expected keyCertSign", which);
	}
	return RC_OK;
}

static enum rc parse_intermediates(
	const struct span *spans, size_t count, STACK_OF(X509) * out, struct err *err)
{
	if (count > CERT_INTERMEDIATES_MAX)
		return err_set(err, RC_LIMIT, "%zu intermediate certificates, at most %d", count,
			CERT_INTERMEDIATES_MAX);
	for (size_t i = 0; i < count; i++) {
		DROP(cert_release) struct cert *cert = NULL;
		enum rc rc = cert_parse(spans[i], &cert, err);

		if (rc != RC_OK)
			return err_wrap(err, rc, "intermediate certificate %zu: ", i + 1);
		if (X509_add_cert(out, cert_native(cert), X509_ADD_FLAG_UP_REF) != 1)
			return fault(err, "intermediate certificates");
	}
	return RC_OK;
}

enum rc cert_verify_ek(const struct cert *ek, const struct span *intermediates, size_t count,
	const struct cert_roots *roots, uint64_t wall_ms, struct err *err)
{
	DROP(stack_free) STACK_OF(X509) *untrusted = sk_X509_new_null();
	DROP(store_context_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
	time_t now = (time_t)(wall_ms / 1000);
	X509_VERIFY_PARAM *params;

	if (untrusted == NULL || context == NULL)
		return fault(err, "EK certificate");
	TRY(parse_intermediates(intermediates, count, untrusted, err));
	TRY(check_leaf(ek, err));
	if (X509_STORE_CTX_init(context, cert_roots_store(roots), cert_native(ek), untrusted) != 1)
		return fault(err, "EK certificate");
	/* Without X509_V_FLAG_PARTIAL_CHAIN a path ends in a self-signed certificate of the store only. */
	params = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(params, now);
	X509_VERIFY_PARAM_set_depth(params, CERT_CHAIN_MAX);
	X509_VERIFY_PARAM_set_auth_level(params, STRENGTH_LEVEL);
	X509_STORE_CTX_set_verify_cb(context, on_verify);
	if (X509_verify_cert(context) != 1)
		return explain(context, roots, now, err);
	return check_issuers(context, err);
}
