/*
 * Lists of revoked certificates: RFC 5280, section 5. Version 2, complete for their scope (no issuing
 * distribution point), full or delta.
 */
#ifndef LIMEBUS_PKI_CRL_H
#define LIMEBUS_PKI_CRL_H

#include "lib/pki/issue.h"

#define CRL_ENTRIES_MAX 1000000
#define CRL_DER_MAX     (64u << 20)

/* CRLReason, RFC 5280, 5.3.1. X(NAME, "word", number) */
#define CRL_REASON_LIST(X)                                                                                   \
	X(UNSPECIFIED, "unspecified", 0)                                                                     \
	X(KEY_COMPROMISE, "key-compromise", 1)                                                               \
	X(CA_COMPROMISE, "ca-compromise", 2)                                                                 \
	X(AFFILIATION_CHANGED, "affiliation-changed", 3)                                                     \
	X(SUPERSEDED, "superseded", 4)                                                                       \
	X(CESSATION_OF_OPERATION, "cessation-of-operation", 5)                                               \
	X(CERTIFICATE_HOLD, "certificate-hold", 6)                                                           \
	X(REMOVE_FROM_CRL, "remove-from-crl", 8)                                                             \
	X(PRIVILEGE_WITHDRAWN, "privilege-withdrawn", 9)                                                     \
	X(AA_COMPROMISE, "aa-compromise", 10)

#define CRL_REASON_ENUM(name, word, number) CRL_##name = number,
enum crl_reason { CRL_REASON_LIST(CRL_REASON_ENUM) };
#undef CRL_REASON_ENUM

/* "key-compromise"; NULL for a number that is none of these. */
const char *crl_reason_word(enum crl_reason reason);
/* RC_NOT_FOUND */
MUST_USE enum rc crl_reason_of_word(struct span word, enum crl_reason *out);

struct crl_entry {
	uint8_t serial[SERIAL_BYTES];
	uint8_t reason;   /* enum crl_reason; REMOVE_FROM_CRL in a delta only */
	uint64_t time_ms; /* of the revocation */
};

/* Borrowed. */
struct crl_order {
	uint64_t number; /* cRLNumber: grows with each list, full or delta */
	uint64_t base;   /* 0: a full list; else a delta to the full list of this number, below number */
	uint64_t this_ms, next_ms;       /* thisUpdate < nextUpdate */
	const char *delta_url;           /* full: freshestCRL; may be NULL */
	const struct crl_entry *entries; /* each serial once, in any order */
	size_t count;                    /* at most CRL_ENTRIES_MAX */
};

/* Append the list in DER. 100,000 entries take some 10 ms and 4 MB. RC_DENIED: an order that is not in order;
 * RC_LIMIT. Two steps, so that the first can be taken in another thread (it uses nothing but its arguments;
 * from issuer only what does not change): crl_build writes what is signed, crl_sign hashes and signs it. */
MUST_USE enum rc crl_make(
	struct issuer *issuer, const struct crl_order *order, struct blob *out, struct err *err);
MUST_USE enum rc crl_build(const struct issuer *issuer, const struct crl_order *order,
	struct blob *to_be_signed, struct err *err);
MUST_USE enum rc crl_sign(struct issuer *issuer, struct span to_be_signed, struct blob *out, struct err *err);

/* A list that was read; spans borrow from it. */
struct crl {
	struct span to_be_signed, signature_algorithm, signature;
	struct span issuer;    /* DER of the name */
	struct span key_id;    /* authority key identifier; empty if absent */
	uint64_t number, base; /* base 0: not a delta */
	uint64_t this_ms, next_ms;
	struct span entries; /* content of revokedCertificates; may be empty */
	size_t count;
};

/* One list in DER, with nothing behind it, every entry checked. PURE. RC_MALFORMED; RC_UNSUPPORTED: version
 * 1, no cRLNumber or nextUpdate, a number above 64 bits, an unknown critical extension, an indirect list;
 * RC_LIMIT: above CRL_DER_MAX or CRL_ENTRIES_MAX. */
MUST_USE enum rc crl_read(struct span der, struct crl *out);

/* The next entry; false: no more. Start with *rest = crl.entries. The serial is its magnitude. */
struct crl_line {
	struct span serial;
	enum crl_reason reason;
	uint64_t time_ms;
};
bool crl_next(struct span *rest, struct crl_line *out);

/* Is it signed by the key of this CA certificate (DER) and issued under its name? RC_DENIED: no. Dates are
 * the caller's affair. */
MUST_USE enum rc crl_verify(const struct crl *crl, struct span certificate, struct err *err);

#endif
