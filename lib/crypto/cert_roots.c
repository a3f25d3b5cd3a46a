#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/crypto/cert_native.h"
#include "lib/crypto/fault.h"

struct cert_roots {
	X509_STORE *store;
	size_t count;   /* certificates */
	size_t anchors; /* of them self-signed */
};

static void bio_free(BIO **bio)
{
	BIO_free(*bio);
}

static void openssl_free(void *at)
{
	OPENSSL_free(*(void **)at);
}

static void folder_close(DIR **folder)
{
	if (*folder != NULL)
		closedir(*folder);
}

void cert_roots_release(struct cert_roots **roots)
{
	if (*roots != NULL)
		X509_STORE_free((*roots)->store);
	free(*roots);
	*roots = NULL;
}

X509_STORE *cert_roots_store(const struct cert_roots *roots)
{
	return roots->store;
}

size_t cert_roots_count(const struct cert_roots *roots)
{
	return roots->anchors;
}

static enum rc roots_new(struct cert_roots **out, struct err *err)
{
	DROP(cert_roots_release) struct cert_roots *roots = calloc(1, sizeof *roots);

	if (roots == NULL)
		return err_set(err, RC_NOMEM, "roots: out of memory");
	roots->store = X509_STORE_new();
	if (roots->store == NULL)
		return fault(err, "roots");
	*out = TAKE(roots);
	return RC_OK;
}

static enum rc add_der(struct cert_roots *roots, struct span der, const char *label, struct err *err)
{
	DROP(cert_release) struct cert *cert = NULL;
	enum rc rc = cert_parse(der, &cert, err);

	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", label);
	if (roots->count == CERT_ROOTS_MAX)
		return err_set(err, RC_LIMIT, "%s: more than %d roots", label, CERT_ROOTS_MAX);
	if (!cert_native_is_ca(cert_native(cert)))
		return err_set(err, RC_DENIED, "%s: %s is not a CA certificate, it cannot be a root", label,
			cert_subject(cert));
	if (X509_STORE_add_cert(roots->store, cert_native(cert)) != 1)
		return fault(err, label);
	roots->count++;
	if (X509_self_signed(cert_native(cert), 1) == 1)
		roots->anchors++;
	fault_forget();
	return RC_OK;
}

static enum rc add_pem(struct cert_roots *roots, struct span pem, const char *label, struct err *err)
{
	DROP(bio_free) BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);

	if (bio == NULL)
		return fault(err, label);
	for (size_t found = 0;; found++) {
		DROP(openssl_free) char *name = NULL;
		DROP(openssl_free) char *header = NULL;
		DROP(openssl_free) uint8_t *der = NULL;
		long len = 0;

		if (PEM_read_bio(bio, &name, &header, &der, &len) != 1) {
			bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

			fault_forget();
			if (!at_end || found == 0)
				return err_set(err, RC_MALFORMED, "%s: not certificates in PEM", label);
			return RC_OK;
		}
		if (strcmp(name, "CERTIFICATE") != 0 || header[0] != '\0')
			return err_set(
				err, RC_MALFORMED, "%s: holds something other than certificates", label);
		TRY(add_der(roots, span_of(der, (size_t)len), label, err));
	}
}

static enum rc add_bytes(struct cert_roots *roots, struct span bytes, const char *label, struct err *err)
{
	if (bytes.len > CERT_ROOT_FILE_MAX)
		return err_set(err, RC_LIMIT, "%s: longer than %u bytes", label, CERT_ROOT_FILE_MAX);
	if (memmem(bytes.at, bytes.len, "-----BEGIN ", 11) != NULL)
		return add_pem(roots, bytes, label, err);
	return add_der(roots, bytes, label, err);
}

static bool is_certificate_name(const char *name)
{
	static const char *const endings[] = {".pem", ".crt", ".cer", ".der"};
	size_t len = strlen(name);

	for (size_t i = 0; i < COUNT(endings); i++)
		if (name[0] != '.' && len > 4 && strcmp(name + len - 4, endings[i]) == 0)
			return true;
	return false;
}

static enum rc check_anchors(const struct cert_roots *roots, const char *label, struct err *err)
{
	if (roots->anchors == 0)
		return err_set(err, RC_NOT_FOUND,
			"%s: no root: none of %zu certificates there is self-signed (*.pem, *.crt, *.cer, "
			"*.der)",
			label, roots->count);
	return RC_OK;
}

enum rc cert_roots_parse(struct span bytes, const char *label, struct cert_roots **out, struct err *err)
{
	DROP(cert_roots_release) struct cert_roots *roots = NULL;

	TRY(roots_new(&roots, err));
	TRY(add_bytes(roots, bytes, label, err));
	TRY(check_anchors(roots, label, err));
	cert_roots_release(out);
	*out = TAKE(roots);
	return RC_OK;
}

static enum rc add_file(struct cert_roots *roots, const char *folder, const char *name, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s/%s", folder, name);

	if (len < 0 || (size_t)len >= sizeof path)
		return err_set(err, RC_LIMIT, "%s/%s: path is too long", folder, name);
	TRY(file_read(path, CERT_ROOT_FILE_MAX, &bytes, err));
	return add_bytes(roots, blob_span(&bytes), path, err);
}

enum rc cert_roots_load(const char *folder, struct cert_roots **out, struct err *err)
{
	DROP(cert_roots_release) struct cert_roots *roots = NULL;
	DROP(folder_close) DIR *entries = opendir(folder);

	if (entries == NULL)
		return err_errno(err, "%s", folder);
	TRY(roots_new(&roots, err));
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(entries);
		if (entry == NULL && errno != 0)
			return err_errno(err, "%s", folder);
		if (entry == NULL)
			break;
		if (is_certificate_name(entry->d_name))
			TRY(add_file(roots, folder, entry->d_name, err));
	}
	TRY(check_anchors(roots, folder, err));
	cert_roots_release(out);
	*out = TAKE(roots);
	return RC_OK;
}
