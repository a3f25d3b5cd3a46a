/*
 * Hash values. Nothing here logs, keeps state that a caller can see, or needs to be set up, so that the pure
 * layers (lib/evidence, lib/policy) may use it as well.
 *
 * Results: RC_OK; RC_UNSUPPORTED for an algorithm that is not in the list, or that this libcrypto does not
 * have; RC_CRYPTO or RC_NOMEM when libcrypto itself fails. out is written only on RC_OK.
 *
 * Cost: a one-shot digest of 64 bytes takes about 0.15 us (SHA-1, SHA-256): these do without EVP (sha.h); for
 * others the fetched algorithm and one context a thread are kept. Contexts may remember a block of what they
 * hashed last: secrets go through hmac.h and kdf.h, which wipe.
 */
#ifndef LIMEBUS_CRYPTO_DIGEST_H
#define LIMEBUS_CRYPTO_DIGEST_H

#include "lib/base/drop.h"
#include "lib/base/rc.h"
#include "lib/base/span.h"

/* X(name, words, bytes, TPM_ALG_ID (TPM 2.0 Part 2, table 9), name for libcrypto). 0 is no algorithm. */
#define DIGEST_LIST(X)                                                                                       \
	X(SHA1, "sha1", 20, 0x0004, "SHA1")                                                                  \
	X(SHA256, "sha256", 32, 0x000b, "SHA256")                                                            \
	X(SHA384, "sha384", 48, 0x000c, "SHA384")                                                            \
	X(SHA512, "sha512", 64, 0x000d, "SHA512")                                                            \
	X(SM3, "sm3_256", 32, 0x0012, "SM3")

#define DIGEST_ENUM(name, words, bytes, tpm_id, fetched) DIGEST_##name,
enum digest_alg { DIGEST_NONE, DIGEST_LIST(DIGEST_ENUM) DIGEST_COUNT };
#undef DIGEST_ENUM

#define DIGEST_BYTES_MAX    64
#define DIGEST_SHA1_BYTES   20
#define DIGEST_SHA256_BYTES 32
#define DIGEST_SHA384_BYTES 48

/* Bytes of a value; 0 for what is not an algorithm. */
size_t digest_size(enum digest_alg alg);

/* TPM_ALG_ID, 0 (TPM_ALG_ERROR) for what is not an algorithm. */
uint16_t digest_tpm_id(enum digest_alg alg);

/* The algorithm of a TPM_ALG_ID; DIGEST_NONE if it is not in the list. */
enum digest_alg digest_of_tpm_id(uint16_t tpm_id);

/* "sha256"; "none" for what is not an algorithm; never NULL. */
const char *digest_name(enum digest_alg alg);

/* The algorithm of a name as digest_name writes it; DIGEST_NONE if there is none. */
enum digest_alg digest_of_name(struct span name);

/* H(bytes) to out, which has digest_size(alg) room. */
MUST_USE enum rc digest_bytes(enum digest_alg alg, struct span bytes, uint8_t *out);

/* H(spans[0] ‖ spans[1] ‖ …). out may lie inside one of the spans: a PCR is extended in place. */
MUST_USE enum rc digest_spans(enum digest_alg alg, const struct span *spans, size_t count, uint8_t *out);

/* Constant-time in the content; unequal lengths are unequal at once. Two empty spans are equal. */
bool digest_equal(struct span a, struct span b);

/*
 * A digest over bytes that come in pieces:
 *   DROP(digest_stop) struct digest_run *run = NULL;
 *   TRY(digest_start(DIGEST_SHA256, &run));
 *   TRY(digest_add(run, piece));
 *   TRY(digest_finish(run, out));
 * After digest_finish the run is at its beginning again.
 */
struct digest_run;
MUST_USE enum rc digest_start(enum digest_alg alg, struct digest_run **out);
MUST_USE enum rc digest_add(struct digest_run *run, struct span bytes);
MUST_USE enum rc digest_finish(struct digest_run *run, uint8_t *out);

/* Wipe, free and set to NULL. Accepts NULL inside. */
void digest_stop(struct digest_run **run);

#endif
