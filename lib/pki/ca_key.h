/*
 * The private key of a CA, opened or made where it lives.
 *
 *   FILE   PKCS #8 in PEM, encrypted under a passphrase that comes from a second file.
 *   TPM    a key file ("TSS2 PRIVATE KEY") that only this TPM can load, or a persistent handle
 *          ("handle:0x81000010"), through OpenSSL's provider tpm2 (Debian: tpm2-openssl). P-256 only.
 *   TOKEN  a PKCS #11 URI (RFC 7512: "pkcs11:token=limebus;object=ca") in the token of a module, which is
 *          called directly.
 *
 * Opening reads files, loads shared objects and opens the TPM or the token: all of it before the sandbox
 * closes. Afterwards a key in a file needs nothing; one in a TPM keeps its connection (swtpm: one for each
 * TPM, so nobody else reaches that TPM meanwhile; a device with a resource manager takes several); one in a
 * token whatever its module does. softhsm2 signs with what sandbox.h leaves to a service, without writing
 * anywhere; a module that talks to a daemon needs more. The account of the service must be able to read what
 * the module reads.
 */
#ifndef LIMEBUS_PKI_CA_KEY_H
#define LIMEBUS_PKI_CA_KEY_H

#include "lib/pki/private_key.h"

#define CA_KEY_PIN_MAX 256

/* Everything is borrowed, for the call only. Whatever does not belong to the home is NULL or empty. */
struct ca_key_place {
	enum private_key_home home;
	/* SOFTWARE and TPM: path of the key file; TPM also "handle:0x…"; TOKEN: the URI, which names token
	 * and object and has no pin-value or module of its own (RC_DENIED: secrets are not part of names). */
	const char *at;
	/* SOFTWARE: the passphrase; TPM: the key's authorisation, may be empty; TOKEN: the user's PIN. */
	struct span secret;
	/* SOFTWARE: a key in the clear is accepted, or made, with an empty secret. Without it: RC_DENIED. */
	bool in_the_clear;
	/* TPM: as "device:/dev/tpmrm0" or "swtpm:path=/run/x"; NULL: what the provider takes by itself. */
	const char *tcti;
	/* TOKEN: absolute path of the module's shared object. */
	const char *module;
};

/*
 * While no other thread runs that might read the environment: that is how the provider is told the TCTI.
 * RC_NOT_FOUND: no such file, handle or object. RC_DENIED: wrong passphrase or PIN; a key in the clear; a key
 * file that others may read or write (file_read_secret). RC_UNSUPPORTED: provider, engine or module is not
 * there, or a key of another kind. RC_TPM: the TPM refuses to load it; RC_CRYPTO: to sign
 * with it, as with a wrong authorisation. A key outside is tried out: it signs, and its
 * public key verifies.
 */
MUST_USE enum rc ca_key_open(const struct ca_key_place *place, struct private_key **out, struct err *err);

/*
 * Make a key there and open it. SOFTWARE and TPM: a new file with mode 0600, RC_EXISTS if one is there; a TPM
 * key is of KEY_P256, below the owner's primary key, and cannot leave that TPM. TOKEN: RC_EXISTS if an object
 * of that name is there; the key is made inside and cannot be taken out.
 */
MUST_USE enum rc ca_key_make(
	const struct ca_key_place *place, enum key_kind kind, struct private_key **out, struct err *err);

#endif
