/* A CA's key in a TPM, by OpenSSL's provider tpm2. */
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/crypto/fault.h"
#include "lib/pki/ca_key_inside.h"
#include "lib/pki/private_key_inside.h"

#define HANDLE_SCHEME "handle:"
#define TCTI_VARIABLE "TPM2OPENSSL_TCTI"
#define TPM_PROVIDER  "provider=tpm2"

/* A context of libcrypto of its own: nothing else in the process meets the provider. */
struct tpm {
	OSSL_LIB_CTX *library;
	OSSL_PROVIDER *base, *tpm2;
};

static void tpm_close(void *state)
{
	struct tpm *tpm = state;

	if (tpm->tpm2 != NULL)
		OSSL_PROVIDER_unload(tpm->tpm2);
	if (tpm->base != NULL)
		OSSL_PROVIDER_unload(tpm->base);
	OSSL_LIB_CTX_free(tpm->library);
	free(tpm);
}

static void tpm_drop(struct tpm **tpm)
{
	if (*tpm != NULL)
		tpm_close(*tpm);
	*tpm = NULL;
}

static void pkey_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void pkey_context_free(EVP_PKEY_CTX **context)
{
	EVP_PKEY_CTX_free(*context);
}

static void decoder_free(OSSL_DECODER_CTX **decoder)
{
	OSSL_DECODER_CTX_free(*decoder);
}

static void encoder_free(OSSL_ENCODER_CTX **encoder)
{
	OSSL_ENCODER_CTX_free(*encoder);
}

static void store_close(OSSL_STORE_CTX **store)
{
	OSSL_STORE_close(*store);
}

static void store_info_free(OSSL_STORE_INFO **info)
{
	OSSL_STORE_INFO_free(*info);
}

static void ui_free(UI_METHOD **ui)
{
	UI_destroy_method(*ui);
}

static void openssl_free(void *at)
{
	OPENSSL_free(*(void **)at);
}

/* Debian 12's provider overlooks the TCTI of libcrypto's configuration and reads the environment alone, when
 * it is loaded. What stood there before comes back. */
static enum rc load_provider(struct tpm *tpm, const char *tcti)
{
	const char *found = getenv(TCTI_VARIABLE);
	char *before = found == NULL ? NULL : strdup(found);
	bool told = tcti == NULL || setenv(TCTI_VARIABLE, tcti, 1) == 0;

	if (told && (found == NULL || before != NULL))
		tpm->tpm2 = OSSL_PROVIDER_load(tpm->library, "tpm2");
	if (before != NULL)
		setenv(TCTI_VARIABLE, before, 1);
	else if (tcti != NULL)
		unsetenv(TCTI_VARIABLE);
	free(before);
	fault_forget();
	return tpm->tpm2 != NULL ? RC_OK : RC_UNSUPPORTED;
}

static enum rc tpm_open(const char *tcti, struct tpm **out, struct err *err)
{
	DROP(tpm_drop) struct tpm *tpm = calloc(1, sizeof *tpm);

	if (tpm == NULL)
		return err_set(err, RC_NOMEM, "TPM provider: out of memory");
	tpm->library = OSSL_LIB_CTX_new();
	if (tpm->library == NULL)
		return fault(err, "TPM provider");
	tpm->base = OSSL_PROVIDER_load(tpm->library, "default");
	if (tpm->base == NULL)
		return fault(err, "TPM provider");
	if (load_provider(tpm, tcti) != RC_OK)
		return err_set(err, RC_UNSUPPORTED,
			"TPM provider: OpenSSL's provider tpm2 (tpm2-openssl) is not there, or finds no TPM at %s",
			tcti == NULL ? "its default" : tcti);
	*out = TAKE(tpm);
	return RC_OK;
}

/* The key's authorisation, when the provider asks. */
static int tell_secret(char *buffer, int size, int writing, void *asked)
{
	const struct span *secret = asked;

	(void)writing;
	if (size < 0 || secret->len > (size_t)size)
		return -1;
	if (secret->len != 0)
		memcpy(buffer, secret->at, secret->len);
	return (int)secret->len;
}

static enum rc load_file(struct tpm *tpm, const struct ca_key_place *place, EVP_PKEY **out, struct err *err)
{
	DROP(blob_release) struct blob pem = {0};
	DROP(decoder_free) OSSL_DECODER_CTX *decoder = NULL;
	struct span secret = place->secret;
	const uint8_t *at;
	size_t len;

	TRY(file_read_secret(place->at, CA_KEY_FILE_MAX, &pem, err));
	decoder = OSSL_DECODER_CTX_new_for_pkey(
		out, "PEM", NULL, NULL, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, tpm->library, TPM_PROVIDER);
	if (decoder == NULL || OSSL_DECODER_CTX_set_pem_password_cb(decoder, tell_secret, &secret) != 1)
		return fault(err, "TPM key");
	at = pem.at;
	len = pem.len;
	if (OSSL_DECODER_from_data(decoder, &at, &len) != 1 || *out == NULL) {
		fault_forget();
		return err_set(err, RC_TPM, "%s: not a key file that this TPM loads", place->at);
	}
	return RC_OK;
}

static enum rc load_handle(struct tpm *tpm, const struct ca_key_place *place, EVP_PKEY **out, struct err *err)
{
	struct span secret = place->secret;
	DROP(ui_free) UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(tell_secret, 0);
	DROP(store_close) OSSL_STORE_CTX *store = NULL;

	if (ui == NULL)
		return fault(err, "TPM key");
	store = OSSL_STORE_open_ex(place->at, tpm->library, TPM_PROVIDER, ui, &secret, NULL, NULL, NULL);
	while (store != NULL && *out == NULL && OSSL_STORE_eof(store) != 1) {
		DROP(store_info_free) OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (info == NULL)
			break;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			*out = OSSL_STORE_INFO_get1_PKEY(info);
	}
	fault_forget();
	return *out != NULL ? RC_OK : err_set(err, RC_NOT_FOUND, "TPM key: nothing usable at %s", place->at);
}

enum rc key_tpm_open(const struct ca_key_place *place, struct private_key **out, struct err *err)
{
	DROP(tpm_drop) struct tpm *tpm = NULL;
	DROP(pkey_free) EVP_PKEY *native = NULL;
	struct private_key_outside outside = {.close = tpm_close};
	OSSL_LIB_CTX *library;

	TRY(tpm_open(place->tcti, &tpm, err));
	if (strncmp(place->at, HANDLE_SCHEME, strlen(HANDLE_SCHEME)) == 0)
		TRY(load_handle(tpm, place, &native, err));
	else
		TRY(load_file(tpm, place, &native, err));
	library = tpm->library;
	outside.state = tpm;
	TRY(private_key_of_native(&native, PRIVATE_KEY_TPM, library, &outside, out, err));
	tpm = NULL; /* the key's now */
	return RC_OK;
}

static enum rc generate(struct tpm *tpm, struct span secret, EVP_PKEY **out, struct err *err)
{
	DROP(pkey_context_free)
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(tpm->library, "EC", TPM_PROVIDER);
	OSSL_PARAM params[3];
	size_t count = 0;

	params[count++] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0);
	if (secret.len != 0)
		params[count++] =
			OSSL_PARAM_construct_utf8_string("user-auth", (char *)secret.at, secret.len);
	params[count] = OSSL_PARAM_construct_end();
	if (context == NULL || EVP_PKEY_keygen_init(context) != 1 ||
		EVP_PKEY_CTX_set_params(context, params) != 1 || EVP_PKEY_generate(context, out) != 1) {
		fault(err, "making a TPM key");
		return RC_TPM;
	}
	return RC_OK;
}

enum rc key_tpm_make(const struct ca_key_place *place, struct blob *pem, struct err *err)
{
	DROP(tpm_drop) struct tpm *tpm = NULL;
	DROP(pkey_free) EVP_PKEY *native = NULL;
	DROP(encoder_free) OSSL_ENCODER_CTX *encoder = NULL;
	DROP(openssl_free) uint8_t *text = NULL;
	size_t len = 0;

	TRY(tpm_open(place->tcti, &tpm, err));
	TRY(generate(tpm, place->secret, &native, err));
	encoder = OSSL_ENCODER_CTX_new_for_pkey(
		native, OSSL_KEYMGMT_SELECT_PRIVATE_KEY, "PEM", "PrivateKeyInfo", TPM_PROVIDER);
	if (encoder == NULL || OSSL_ENCODER_to_data(encoder, &text, &len) != 1)
		return fault(err, "writing a TPM key");
	if (blob_append(pem, span_of(text, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "writing a TPM key: out of memory");
	return RC_OK;
}
