/* Private to lib/pki: a CA that signs, and parts of certificates. */
#ifndef LIMEBUS_PKI_ISSUE_INSIDE_H
#define LIMEBUS_PKI_ISSUE_INSIDE_H

#include "lib/pki/cert_facts.h"
#include "lib/pki/der_write.h"
#include "lib/pki/issue.h"

struct issuer {
	struct private_key *key;
	struct blob certificate;
	struct cert_facts facts; /* of the certificate */
};

/* RFC 5280, 4.2.1.2 (1): SHA-1 of the BIT STRING's octets; a name, not a proof. */
MUST_USE enum rc key_id_of(struct span key_bits, uint8_t out[static DIGEST_SHA1_BYTES]);

/* RC_DENIED: the certificate is not for this key. */
MUST_USE enum rc facts_match_key(
	const struct cert_facts *facts, const struct private_key *key, struct err *err);

/* RC_DENIED: the order asks for what it may not hold. key_kind is of the key to certify. */
MUST_USE enum rc order_check(const struct issue_order *order, enum key_kind kind, struct err *err);

/* The content of extensions [3] of a certificate that is in order. */
void issue_put_extensions(struct der *der, const struct issue_order *order, enum key_kind kind,
	struct span key_id, struct span issuer_key_id);

/* http or https, visible ASCII, at most ISSUE_URL_MAX; NULL is not. */
bool url_holds(const char *url);

/* "10.0.0.0/8" or "2001:db8::/32" as octets of address and mask: 8 or 32. False: not one, or bits are set
 * behind the prefix. */
bool subtree_octets(struct span text, uint8_t out[static 2 * SAN_IP_BYTES], size_t *out_len);

#endif
