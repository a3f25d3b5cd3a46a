/*
 * Online certificate status: RFC 6960 in the profile of RFC 5019: one certificate a response, no nonce,
 * signed ahead by a delegated responder.
 */
#ifndef LIMEBUS_PKI_OCSP_H
#define LIMEBUS_PKI_OCSP_H

#include "lib/crypto/digest.h"
#include "lib/pki/crl.h"

#define OCSP_REQUEST_MAX  4096
#define OCSP_IDS_MAX      16
#define OCSP_RESPONSE_MAX 8192
#define OCSP_SERIAL_MAX   20

/* Which certificate is asked for. Spans borrow from the request. */
struct ocsp_id {
	enum digest_alg hash; /* DIGEST_SHA1 or DIGEST_SHA256; DIGEST_NONE: another, which we cannot answer */
	struct span name_hash, key_hash; /* of the issuer */
	struct span serial;              /* magnitude; at most OCSP_SERIAL_MAX */
};

struct ocsp_request {
	struct ocsp_id ids[OCSP_IDS_MAX];
	size_t count; /* at least 1 */
	bool nonce;   /* it has one; RFC 5019 answers without */
};

/* One request in DER, from anybody; a signature and extensions are accepted and ignored, unless an extension
 * is critical. PURE. RC_MALFORMED; RC_LIMIT: above OCSP_REQUEST_MAX or OCSP_IDS_MAX; RC_UNSUPPORTED: version,
 * critical extension. */
MUST_USE enum rc ocsp_request_parse(struct span der, struct ocsp_request *out);

/* The hashes that stand for a CA. */
struct ocsp_issuer {
	uint8_t sha1[2][DIGEST_SHA1_BYTES]; /* of the name, of the key */
	uint8_t sha256[2][DIGEST_SHA256_BYTES];
};
MUST_USE enum rc ocsp_issuer_of(struct span ca_certificate, struct ocsp_issuer *out);

/* Is this about a certificate of that CA? */
bool ocsp_id_is_of(const struct ocsp_id *id, const struct ocsp_issuer *issuer);

enum ocsp_status { OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };

/* A key that signs responses for a CA, its certificate of ISSUE_RESPONDER, and the CA's. */
struct ocsp_responder;
void ocsp_responder_release(struct ocsp_responder **responder);

/* RC_DENIED: certificate and key do not belong together, it is not for signing responses, or was not issued
 * by the CA. Takes the key on RC_OK; copies the certificates. */
MUST_USE enum rc ocsp_responder_open(struct span ca_certificate, struct span certificate,
	struct private_key **key, struct ocsp_responder **out, struct err *err);

/* The end of the responder's certificate: no response may be used beyond it. */
uint64_t ocsp_responder_until_ms(const struct ocsp_responder *responder);

/* What a response says about one certificate of the CA. */
struct ocsp_answer {
	struct span serial;   /* magnitude; 1 to OCSP_SERIAL_MAX octets */
	enum digest_alg hash; /* of the CertID: DIGEST_SHA1 or DIGEST_SHA256, as asked */
	enum ocsp_status status;
	enum crl_reason reason;    /* of OCSP_REVOKED; a hold is CRL_CERTIFICATE_HOLD */
	uint64_t revoked_ms;       /* of OCSP_REVOKED */
	uint64_t this_ms, next_ms; /* producedAt is thisUpdate */
};

/* Append a whole OCSPResponse (successful). RC_DENIED: dates not in order, or beyond the responder's end. */
MUST_USE enum rc ocsp_respond(struct ocsp_responder *responder, const struct ocsp_answer *answer,
	struct blob *out, struct err *err);

/* OCSPResponseStatus of a response that is none. */
enum ocsp_error {
	OCSP_MALFORMED_REQUEST = 1,
	OCSP_INTERNAL_ERROR = 2,
	OCSP_TRY_LATER = 3,
	OCSP_SIG_REQUIRED = 5,
	OCSP_UNAUTHORIZED = 6,
};
#define OCSP_ERROR_BYTES 5
void ocsp_error(enum ocsp_error error, uint8_t out[static OCSP_ERROR_BYTES]);

/* What a cache has to know of a response. Spans borrow. */
struct ocsp_response {
	unsigned error; /* 0: successful, what follows is set; else enum ocsp_error */
	struct ocsp_id id;
	enum ocsp_status status;
	enum crl_reason reason;
	uint64_t revoked_ms;
	uint64_t produced_ms, this_ms, next_ms;
	struct span to_be_signed, signature_algorithm, signature;
	struct span certificate; /* the responder's, DER; empty if there is none */
};

/* One response in DER with exactly one answer. PURE. RC_MALFORMED, RC_LIMIT; RC_UNSUPPORTED: another type,
 * several answers, no nextUpdate. */
MUST_USE enum rc ocsp_response_read(struct span der, struct ocsp_response *out);

/* Is it signed by the CA, or by a responder with a certificate of it that is valid at this time and made for
 * that, and is the CertID of that CA? RC_DENIED: no; err says why. The response's own dates are the caller's
 * affair. */
MUST_USE enum rc ocsp_response_verify(
	const struct ocsp_response *response, struct span ca_certificate, uint64_t wall_ms, struct err *err);

/* The same for many responses of one CA: what they have in common is checked once, as long as they come with
 * the same responder's certificate. A response costs one verification then. Copies the certificate.
 * RC_MALFORMED: not a certificate. */
struct ocsp_verifier;
MUST_USE enum rc ocsp_verifier_open(struct span ca_certificate, struct ocsp_verifier **out, struct err *err);
void ocsp_verifier_close(struct ocsp_verifier **verifier);
MUST_USE enum rc ocsp_verifier_check(struct ocsp_verifier *verifier, const struct ocsp_response *response,
	uint64_t wall_ms, struct err *err);

#endif
