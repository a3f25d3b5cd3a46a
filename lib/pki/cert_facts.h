/* What stands in a certificate, for people, for renewal and for answers about it. PURE. */
#ifndef LIMEBUS_PKI_CERT_FACTS_H
#define LIMEBUS_PKI_CERT_FACTS_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/pki/san.h"

#define CERT_FACTS_DER_MAX   16384
#define CERT_FACTS_NAMES_MAX 128
#define CERT_SERIAL_MAX      20 /* RFC 5280, 4.1.2.2 */

/* Spans borrow from the certificate. */
struct cert_facts {
	struct span to_be_signed, signature_algorithm,
		signature;           /* signature: without the unused-bits octet */
	struct span serial;          /* magnitude, without a zero in front; at most CERT_SERIAL_MAX */
	struct span issuer, subject; /* DER of the names */
	struct span common_name;     /* the last one of the subject; may be empty; any bytes */
	uint64_t from_ms, until_ms;
	struct span spki;                  /* DER of SubjectPublicKeyInfo */
	struct span key_bits;              /* its BIT STRING, without the unused-bits octet */
	struct span key_id, issuer_key_id; /* subject and authority key identifier; empty if absent */
	struct span extensions;            /* content of the SEQUENCE; may be empty */
	struct span names;                 /* content of subjectAltName; may be empty */
	struct span ext_key_usage;         /* content of extKeyUsage; may be empty */
	bool ca;
	unsigned key_usage; /* bit n of KeyUsage is 1 << n; ~0 if there is no such extension */
};

/* One certificate in DER, nothing behind it. RC_MALFORMED; RC_LIMIT above CERT_FACTS_DER_MAX. A certificate
 * that was read is not believed by that: chain.h. out->… changes on RC_OK only. */
MUST_USE enum rc cert_facts_read(struct span der, struct cert_facts *out);

/* The next subject alternative name: DNS and URI as text (any bytes: escape before printing), IP as 4 or 16
 * octets. Other kinds are skipped. False: no more. Start with *rest = facts.names. */
bool cert_facts_next_name(struct span *rest, struct san *out);

/* Is this key purpose (content of its OID) in extKeyUsage? */
bool cert_facts_is_for(const struct cert_facts *facts, struct span usage);

/* Bits of key_usage. */
#define CERT_DIGITAL_SIGNATURE (1u << 0)
#define CERT_KEY_ENCIPHERMENT  (1u << 2)
#define CERT_KEY_CERT_SIGN     (1u << 5)
#define CERT_CRL_SIGN          (1u << 6)

#endif
