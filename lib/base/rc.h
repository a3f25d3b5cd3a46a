/* Result codes: every function that can fail returns one. */
#ifndef LIMEBUS_BASE_RC_H
#define LIMEBUS_BASE_RC_H

#define MUST_USE __attribute__((warn_unused_result))

/*
 * X(name, words). rc says "could I do this?"; a verdict says "do I trust it?". The two never mix.
 *   MALFORMED    bytes are not what their format demands
 *   LIMIT        well-formed, but beyond a written maximum
 *   UNSUPPORTED  well-formed, but a kind that this version does not do
 *   DENIED       the rules say no: wrong role, bad signature, wrong permission
 *   NOT_FOUND    the thing that was named is not there
 *   EXISTS       the thing is there already and must not be replaced
 *   STALE        superseded: an older number, version or lease than the one known
 *   TIMEOUT      the deadline passed
 *   IO           the operating system or a peer's connection failed
 *   TPM          the TPM answered with an error
 *   CRYPTO       the cryptographic library failed (not: a check failed)
 *   NOMEM        out of memory
 */
#define RC_LIST(X)                                                                                           \
	X(OK, "ok")                                                                                          \
	X(MALFORMED, "malformed")                                                                            \
	X(LIMIT, "over a limit")                                                                             \
	X(UNSUPPORTED, "unsupported")                                                                        \
	X(DENIED, "denied")                                                                                  \
	X(NOT_FOUND, "not found")                                                                            \
	X(EXISTS, "exists already")                                                                          \
	X(STALE, "superseded")                                                                               \
	X(TIMEOUT, "timed out")                                                                              \
	X(IO, "i/o failed")                                                                                  \
	X(TPM, "TPM error")                                                                                  \
	X(CRYPTO, "cryptography failed")                                                                     \
	X(NOMEM, "out of memory")

#define RC_ENUM(name, words) RC_##name,
enum rc { RC_LIST(RC_ENUM) RC_COUNT };
#undef RC_ENUM

/* "malformed" for RC_MALFORMED; never NULL. */
const char *rc_words(enum rc rc);

#endif
