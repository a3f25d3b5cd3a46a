/*
 * The folder of a CA: what `limebus ca init` writes and the revocation service reads.
 *
 *   ca.conf     where the key lives, and the address under which the gateway answers
 *   ca.crt      the CA's certificate, PEM
 *   chain.pem   what is above it, the root last; missing where ca.crt is a root
 *   ca.key      the key, encrypted (home software), or a key file that only one TPM can load (home tpm)
 *
 * The passphrase, PIN or authorisation is no part of it: it lies in a file of its own, which the service's
 * configuration names.
 */
#ifndef LIMEBUS_PKI_CA_FOLDER_H
#define LIMEBUS_PKI_CA_FOLDER_H

#include "lib/pki/ca_key.h"
#include "lib/pki/issue.h"

#define CA_FOLDER_CONF        "ca.conf"
#define CA_FOLDER_CERTIFICATE "ca.crt"
#define CA_FOLDER_CHAIN       "chain.pem"
#define CA_FOLDER_KEY         "ca.key"

#define CA_FOLDER_CHAIN_MAX 4
#define CA_FOLDER_TEXT_MAX  512
#define CA_FOLDER_FILE_MAX  (64u << 10)

/* DROP(ca_folder_release) struct ca_folder folder = {0}; texts are empty where they do not belong. */
struct ca_folder {
	enum private_key_home home;
	/* As in ca.conf: a path (a relative one begins in the folder), "handle:0x81…", "pkcs11:…". */
	char key[CA_FOLDER_TEXT_MAX];
	char module[CA_FOLDER_TEXT_MAX]; /* home token: absolute path */
	char tcti[CA_FOLDER_TEXT_MAX];   /* home tpm */
	char url[ISSUE_URL_MAX - 32];    /* "http://pki.example.org:8080", without a slash at its end */
	struct blob certificate;         /* DER */
	struct blob chain[CA_FOLDER_CHAIN_MAX]; /* DER */
	size_t chain_count;
};
void ca_folder_release(struct ca_folder *folder);

/* RC_NOT_FOUND, RC_MALFORMED (with file and line), RC_LIMIT. Who signed what is not looked at: issuer_open
 * does. */
MUST_USE enum rc ca_folder_load(const char *path, struct ca_folder *out, struct err *err);

/* Write ca.conf, ca.crt and, if there is one, chain.pem; each replaces what is there at once. The folder must
 * exist. RC_MALFORMED: a text that ca.conf cannot hold, or an address that is not http or https. */
MUST_USE enum rc ca_folder_save(const char *path, const struct ca_folder *folder, struct err *err);

/*
 * Where the key is, for ca_key_open and ca_key_make; path of the folder as above. Borrows from folder, secret
 * and room (for the path of a key file). RC_LIMIT: the path is too long.
 */
MUST_USE enum rc ca_folder_place(const struct ca_folder *folder, const char *path, struct span secret,
	char room[static 4096], struct ca_key_place *out, struct err *err);

/* What the gateway serves, and certificates name. */
enum ca_url { CA_URL_CERTIFICATE, CA_URL_CRL, CA_URL_DELTA, CA_URL_OCSP, CA_URL_COUNT };

/* "http://pki.example.org:8080/ca.crl"; NULL if the CA has no address. Returns out. */
const char *ca_folder_url(const struct ca_folder *folder, enum ca_url which, char out[static ISSUE_URL_MAX]);

#endif
