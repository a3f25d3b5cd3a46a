#include "lib/pki/ca_key.h"

#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/pki/ca_key_inside.h"
#include "lib/pki/private_key_inside.h"

#define KEY_FILE_MODE 0600

static enum rc check(const struct ca_key_place *place, struct err *err)
{
	if (place->at == NULL || place->at[0] == '\0')
		return err_set(err, RC_MALFORMED, "CA key: it is not said where");
	if (place->home == PRIVATE_KEY_SOFTWARE && place->secret.len == 0 && !place->in_the_clear)
		return err_set(err, RC_DENIED, "CA key: %s: without a passphrase", place->at);
	if (place->home != PRIVATE_KEY_SOFTWARE &&
		(place->secret.len > CA_KEY_PIN_MAX ||
			(place->secret.len != 0 && memchr(place->secret.at, '\0', place->secret.len))))
		return err_set(
			err, RC_LIMIT, "CA key: PIN of more than %d bytes, or with a NUL", CA_KEY_PIN_MAX);
	return RC_OK;
}

static enum rc open_file(const struct ca_key_place *place, struct private_key **out, struct err *err)
{
	DROP(blob_release) struct blob pem = {0};
	enum rc rc;

	TRY(file_read_secret(place->at, CA_KEY_FILE_MAX, &pem, err));
	rc = private_key_of_pem(blob_span(&pem), place->secret, out, err);
	return rc == RC_OK ? RC_OK : err_wrap(err, rc, "%s", place->at);
}

enum rc ca_key_open(const struct ca_key_place *place, struct private_key **out, struct err *err)
{
	DROP(private_key_release) struct private_key *key = NULL;

	TRY(check(place, err));
	switch (place->home) {
	case PRIVATE_KEY_SOFTWARE: TRY(open_file(place, &key, err)); break;
	case PRIVATE_KEY_TPM: TRY(key_tpm_open(place, &key, err)); break;
	case PRIVATE_KEY_TOKEN: TRY(key_token_open(place, &key, err)); break;
	}
	TRY(private_key_try(key, err));
	private_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

/* Before the work; file_create says it again, and for certain. */
static enum rc check_free(const struct ca_key_place *place, struct err *err)
{
	if (access(place->at, F_OK) == 0)
		return err_set(err, RC_EXISTS, "%s is there already", place->at);
	return RC_OK;
}

static enum rc make_file(const struct ca_key_place *place, enum key_kind kind, struct err *err)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob pem = {0};

	TRY(check_free(place, err));
	TRY(private_key_generate(kind, &key, err));
	TRY(private_key_to_pem(key, place->secret, &pem, err));
	return file_create(place->at, blob_span(&pem), KEY_FILE_MODE, err);
}

static enum rc make_tpm(const struct ca_key_place *place, enum key_kind kind, struct err *err)
{
	DROP(blob_release) struct blob pem = {0};

	if (kind != KEY_P256)
		return err_set(err, RC_UNSUPPORTED, "CA key: in a TPM it is on P-256");
	if (strncmp(place->at, "handle:", 7) == 0)
		return err_set(err, RC_UNSUPPORTED, "CA key: a new one in a TPM goes to a key file");
	TRY(check_free(place, err));
	TRY(key_tpm_make(place, &pem, err));
	return file_create(place->at, blob_span(&pem), KEY_FILE_MODE, err);
}

enum rc ca_key_make(
	const struct ca_key_place *place, enum key_kind kind, struct private_key **out, struct err *err)
{
	TRY(check(place, err));
	if (kind != KEY_P256 && kind != KEY_P384)
		return err_set(err, RC_UNSUPPORTED, "CA key: expected P-256 or P-384");
	switch (place->home) {
	case PRIVATE_KEY_SOFTWARE: TRY(make_file(place, kind, err)); break;
	case PRIVATE_KEY_TPM: TRY(make_tpm(place, kind, err)); break;
	case PRIVATE_KEY_TOKEN: TRY(key_token_make(place, kind, err)); break;
	}
	return ca_key_open(place, out, err);
}
