/* Names that a certificate vouches for: validated here, whoever they come from. PURE. */
#ifndef LIMEBUS_PKI_SAN_H
#define LIMEBUS_PKI_SAN_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

#define SAN_DNS_MAX  253
#define SAN_URI_MAX  512
#define SAN_IP_BYTES 16

/* DNS: text. IP: text of an address, as "10.0.0.7" or "2001:db8::7". URI: text. Borrows. */
enum san_kind { SAN_DNS, SAN_IP, SAN_URI };
struct san {
	enum san_kind kind;
	struct span text;
};

/*
 * DNS: labels of 1 to 63 letters, digits and hyphens, none at the ends (RFC 1034, 3.5; RFC 1123, 2.1), dots
 * between; no wildcard, no dot at the end, no NUL, not all digits in the last label (it would look like an
 * address). URI: absolute, a scheme (RFC 3986, 3.1) and visible ASCII only. IP: what inet_pton accepts.
 */
bool san_holds(struct san san);

/* The octets of an address, 4 or 16: *out_len. RC_MALFORMED. */
MUST_USE enum rc san_ip(struct span text, uint8_t out[static SAN_IP_BYTES], size_t *out_len);

/* The common name of a subject: 1 to 64 characters of printable ASCII. */
#define COMMON_NAME_MAX 64
bool common_name_holds(struct span text);

#endif
