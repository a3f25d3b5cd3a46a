/*
 * Certificates that we sign: RFC 5280. Everything in one comes from the order; nothing is filled in from
 * elsewhere, and what an order may not hold is refused.
 */
#ifndef LIMEBUS_PKI_ISSUE_H
#define LIMEBUS_PKI_ISSUE_H

#include "lib/pki/private_key.h"
#include "lib/pki/san.h"

#define SERIAL_BYTES      16
#define ISSUE_NAMES_MAX   128
#define ISSUE_URL_MAX     256
#define ISSUE_DER_MAX     16384 /* of what we make */
#define ISSUER_DER_MAX    4096  /* of a CA certificate that we read: CERT_DER_MAX */
#define ISSUE_PERMITS_MAX 32

/* 16 random octets of which the first is 0x40 to 0x7f: positive, and always 16 long (RFC 5280, 4.1.2.2). */
MUST_USE enum rc serial_make(uint8_t out[static SERIAL_BYTES], struct err *err);

/*
 * What a certificate is for decides key usage, basicConstraints and extended key usage:
 *   ROOT          keyCertSign, cRLSign; CA without a path length; signed by its own key
 *   INTERMEDIATE  keyCertSign, cRLSign; CA with path length 0; may carry name constraints
 *   NODE          digitalSignature (and keyEncipherment for RSA); not a CA; the ekus of the order
 *   RESPONDER     digitalSignature; not a CA; id-kp-OCSPSigning, id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2)
 */
enum issue_profile { ISSUE_ROOT, ISSUE_INTERMEDIATE, ISSUE_NODE, ISSUE_RESPONDER };

/* Extended key usages of a NODE: id-kp-clientAuth, id-kp-serverAuth, id-kp-ipsecIKE (RFC 4945, 5.1.3.12). */
#define ISSUE_CLIENT    (1u << 0)
#define ISSUE_SERVER    (1u << 1)
#define ISSUE_IPSEC_IKE (1u << 2)

/* Everything is borrowed. URLs are http or https; NULL leaves the extension out. */
struct issue_order {
	enum issue_profile profile;
	uint8_t serial[SERIAL_BYTES]; /* first octet 0x01 to 0x7f */
	const char *common_name;      /* common_name_holds */
	struct span spki; /* SubjectPublicKeyInfo to certify, as csr_parse and public_key_to_der give it.
	                     ROOT: empty */
	uint64_t from_ms, until_ms; /* since 1970, cut to seconds; from < until, before the year 10000 */
	const struct san *names;    /* NODE only */
	size_t names_count;         /* 1 to ISSUE_NAMES_MAX for a NODE, else 0 */
	unsigned ekus;              /* NODE: at least one; else 0 */
	const char *crl_url;        /* cRLDistributionPoints */
	const char *delta_url;      /* freshestCRL */
	const char *ocsp_url;       /* authorityInfoAccess, id-ad-ocsp */
	const char *issuer_url;     /* authorityInfoAccess, id-ad-caIssuers: a DER certificate */
	/* INTERMEDIATE: permitted subtrees, critical (RFC 5280, 4.2.1.10): DNS suffixes ("example.org"), URI
	 * hosts, and addresses as "10.0.0.0/8". */
	const struct san *permitted;
	size_t permitted_count;
};

/* A CA that signs: its certificate and its key. */
struct issuer;
void issuer_release(struct issuer **issuer);

/*
 * RC_DENIED: the certificate is not one of a CA with keyCertSign and cRLSign, or does not certify this key.
 * RC_MALFORMED, RC_UNSUPPORTED, RC_LIMIT: not a certificate that we can read. Its dates are not looked at.
 * Takes the key on RC_OK (*key is NULL then); copies the certificate.
 */
MUST_USE enum rc issuer_open(
	struct span certificate, struct private_key **key, struct issuer **out, struct err *err);

/* Borrow. */
struct span issuer_certificate(const struct issuer *issuer); /* DER */
struct span issuer_name(const struct issuer *issuer);        /* DER of its subject */
struct span issuer_key_id(const struct issuer *issuer);      /* its subjectKeyIdentifier */
struct private_key *issuer_key(const struct issuer *issuer);

/*
 * Append the certificate in DER. RC_DENIED: the order asks for what it may not hold, err says what; a ROOT
 * (use issue_root); a certificate that would outlive the issuer's own. RC_CRYPTO: signing failed.
 */
MUST_USE enum rc issue(
	struct issuer *issuer, const struct issue_order *order, struct blob *out, struct err *err);

/* A certificate of this key, signed by itself. order->profile is ISSUE_ROOT; crl_url and the other URLs are
 * NULL: a root is not revoked by its own list. */
MUST_USE enum rc issue_root(
	struct private_key *key, const struct issue_order *order, struct blob *out, struct err *err);

#endif
