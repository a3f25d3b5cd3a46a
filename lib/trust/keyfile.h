/*
 * Key files: a line that names the kind, then the key in hexadecimal. Secret ones must be readable by their
 * owner alone, else they are refused. An identity is a folder with a CURVE pair and an Ed25519 pair: whoever
 * holds it is that member of the roster.
 */
#ifndef LIMEBUS_TRUST_KEYFILE_H
#define LIMEBUS_TRUST_KEYFILE_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/hpke.h"
#include "lib/crypto/sign.h"

/* X(NAME, first line, secret) */
#define KEYFILE_LIST(X)                                                                                      \
	X(SIGN_SECRET, "limebus ed25519 secret key v1", true)                                                \
	X(SIGN_PUBLIC, "limebus ed25519 public key v1", false)                                               \
	X(CURVE_SECRET, "limebus curve25519 secret key v1", true)                                            \
	X(CURVE_PUBLIC, "limebus curve25519 public key v1", false)                                           \
	X(SEALING, "limebus sealing key v1", true)

#define KEYFILE_ENUM(name, line, secret) KEYFILE_##name,
enum keyfile_kind { KEYFILE_LIST(KEYFILE_ENUM) KEYFILE_KIND_COUNT };
#undef KEYFILE_ENUM

#define KEYFILE_KEY_BYTES 32

/* Read a key of this kind. RC_DENIED: a secret one that others can get at. RC_MALFORMED: another kind, or no
 * key file. */
MUST_USE enum rc keyfile_load(
	const char *path, enum keyfile_kind kind, struct secret32 *out, struct err *err);
MUST_USE enum rc keyfile_load_public(
	const char *path, enum keyfile_kind kind, uint8_t out[static KEYFILE_KEY_BYTES], struct err *err);

/* Make a new key file, 0600 for secret kinds and 0644 for public ones. RC_EXISTS if the path is there. */
MUST_USE enum rc keyfile_create(const char *path, enum keyfile_kind kind,
	const uint8_t key[static KEYFILE_KEY_BYTES], struct err *err);

/* DROP(identity_release) struct identity identity = {0}; */
struct identity {
	struct hpke_pair curve; /* an X25519 pair is a CURVE pair */
	struct sign_pair sign;
};
void identity_release(struct identity *identity);

MUST_USE enum rc identity_generate(struct identity *out, struct err *err);

/* curve.key and sign.key in the folder; the public halves are computed. */
#define IDENTITY_CURVE_FILE "curve.key"
#define IDENTITY_SIGN_FILE  "sign.key"
MUST_USE enum rc identity_load(const char *folder, struct identity *out, struct err *err);
MUST_USE enum rc identity_create(const char *folder, const struct identity *identity, struct err *err);

#endif
