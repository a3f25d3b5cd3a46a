/* Is a certificate one of our CA's, at a given time, and not on its lists? */
#ifndef LIMEBUS_PKI_CHAIN_H
#define LIMEBUS_PKI_CHAIN_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define CHAIN_CERTIFICATES_MAX 8
#define CHAIN_CRLS_MAX         8

/* DER, borrowed. */
struct chain {
	struct span certificate;
	const struct span *intermediates; /* at most CHAIN_CERTIFICATES_MAX; links, never anchors */
	size_t intermediates_count;
	const struct span
		*roots; /* 1 to CHAIN_CERTIFICATES_MAX: what is trusted; need not be signed by itself */
	size_t roots_count;
	/* Lists of the certificate's issuer, full and delta. None: revocation is not looked at. With any, one
	 * full list that is valid at the time must be there. */
	const struct span *crls;
	size_t crls_count;
	uint64_t wall_ms;
};

/* Signatures, dates, CA flags, path lengths, name constraints, key usages, strength (112 bits, no SHA-1),
 * critical extensions; strict (X509_V_FLAG_X509_STRICT). RC_OK: yes. RC_DENIED: no; err names the certificate
 * and says why. RC_MALFORMED, RC_LIMIT: what was handed in. */
MUST_USE enum rc chain_verify(const struct chain *chain, struct err *err);

/* Append the text of a certificate, as openssl x509 -text -nameopt RFC2253 writes it without its signature,
 * for people: control characters are escaped. */
MUST_USE enum rc chain_text(struct span certificate, struct blob *out, struct err *err);

#endif
