/*
 * X.509 certificates of endorsement keys: parsing, and validation of a chain to configured roots (RFC 5280
 * with the TCG EK Credential Profile 2.x). Texts name the certificate that failed and why.
 */
#ifndef LIMEBUS_CRYPTO_CERT_H
#define LIMEBUS_CRYPTO_CERT_H

#include "lib/base/blob.h"
#include "lib/crypto/public_key.h"

#define CERT_DER_MAX           4096
#define CERT_INTERMEDIATES_MAX 6   /* handed in by a peer */
#define CERT_CHAIN_MAX         6   /* certificates between the EK's and the root's */
#define CERT_ROOTS_MAX         512 /* in one folder */
#define CERT_ROOT_FILE_MAX     (256u << 10)
#define CERT_SUBJECT_BYTES     160

struct cert;
void cert_release(struct cert **cert);

/*
 * The first DER certificate of `bytes` and how much of it is certificate. Pure arithmetic on the outer
 * length: the agent cuts what it read from NV with it. RC_MALFORMED if no DER SEQUENCE begins here or it is
 * cut short, RC_LIMIT above CERT_DER_MAX.
 */
MUST_USE enum rc cert_length(struct span bytes, size_t *out);

/*
 * Parse one certificate. What follows the DER must be padding, all 0x00 or all 0xff, as NV indices have it;
 * anything else is RC_MALFORMED. Copies. A certificate that is parsed is not yet believed.
 */
MUST_USE enum rc cert_parse(struct span bytes, struct cert **out, struct err *err);

/* Exactly the DER, without padding; borrows from the certificate. */
struct span cert_der(const struct cert *cert);

/* The subject as RFC 2253 text, escaped and cut; for people. Borrows. */
const char *cert_subject(const struct cert *cert);

/* The public key, kept and parsed; borrows from the certificate. NULL if it is of a kind that public_key.h
 * does not accept. */
struct public_key *cert_key(const struct cert *cert);

/* Trust anchors. */
struct cert_roots;
void cert_roots_release(struct cert_roots **roots);

/*
 * Every *.pem, *.crt, *.cer and *.der of a folder: PEM (one or more) or DER. Every one must be a CA
 * certificate. Self-signed ones are anchors; the others only help to build chains and are never an end of
 * one. Other names are ignored. A file that is not a certificate fails the whole load and is named; so does
 * a folder without an anchor (RC_NOT_FOUND). Two roots of one name are told apart by their key identifiers;
 * without these only the one that was read first is tried.
 */
MUST_USE enum rc cert_roots_load(const char *folder, struct cert_roots **out, struct err *err);

/* The same from bytes (one PEM file's or one DER file's content); `label` names them in errors. */
MUST_USE enum rc cert_roots_parse(
	struct span bytes, const char *label, struct cert_roots **out, struct err *err);

/*
 * Does a path lead from this EK certificate to an anchor at this time (ms since 1970, UTC)? Intermediates are
 * DER certificates (padding as above) from the peer, at most CERT_INTERMEDIATES_MAX: links, never anchors.
 * Checked are signatures, dates, CA flag, keyCertSign, path length, name constraints, strength (112 bits, no
 * SHA-1), critical extensions, and for the EK's own: not a CA; a key that public_key.h accepts; key usage, if
 * there, keyEncipherment for RSA or keyAgreement for a curve; extended key usage, if there, contains
 * 2.23.133.8.1 (tcg-kp-EKCertificate). The EK's own may have a critical subjectDirectoryAttributes extension
 * besides what RFC 5280 defines; other unknown critical ones are refused, everywhere.
 *
 * RC_OK: yes. RC_DENIED: no; err says which certificate and why. RC_MALFORMED, RC_LIMIT: intermediates.
 */
MUST_USE enum rc cert_verify_ek(const struct cert *ek, const struct span *intermediates, size_t count,
	const struct cert_roots *roots, uint64_t wall_ms, struct err *err);

#endif
