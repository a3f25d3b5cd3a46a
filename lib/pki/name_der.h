/* Private to lib/pki: names and extensions in DER. */
#ifndef LIMEBUS_PKI_NAME_DER_H
#define LIMEBUS_PKI_NAME_DER_H

#include "lib/pki/der_write.h"
#include "lib/pki/san.h"

/* Name with one common name (UTF8String), or an empty one for NULL. */
void name_put(struct der *der, const char *common_name);

/* GeneralName, RFC 5280, 4.2.1.6. The name holds (san_holds). */
void general_name_put(struct der *der, const struct san *name);

/* The OCTET STRING of an Extension is open until its end; where both began. */
struct extension_begun {
	size_t extension, value;
};
struct extension_begun extension_begin(struct der *der, struct span id, bool critical);
void extension_end(struct der *der, struct extension_begun begun);

/* authorityKeyIdentifier, cRLDistributionPoints or freshestCRL (one URL each). */
void extension_put_issuer_key(struct der *der, struct span key_id);
void extension_put_point(struct der *der, struct span id, const char *url);

#endif
