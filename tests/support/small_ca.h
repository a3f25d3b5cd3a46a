/* A CA for tests: a root, an intermediate below it that issues, and a node's key. Keys are fresh each time.
 */
#ifndef LIMEBUS_TESTS_SUPPORT_SMALL_CA_H
#define LIMEBUS_TESTS_SUPPORT_SMALL_CA_H

#include "lib/pki/issue.h"
#include "tests/support/test.h"

/* 2026-11-23T12:00:00Z */
#define SMALL_CA_NOW_MS  1795435200000u
#define SMALL_CA_HOUR_MS 3600000u
#define SMALL_CA_DAY_MS  86400000u

#define SMALL_CA_CRL   "http://ca.example/ca.crl"
#define SMALL_CA_DELTA "http://ca.example/ca-delta.crl"
#define SMALL_CA_OCSP  "http://ca.example/ocsp"
#define SMALL_CA_CRT   "http://ca.example/ca.crt"

/* DROP(small_ca_release) struct small_ca ca = {0}; certificates are DER. */
struct small_ca {
	struct blob root, intermediate;
	struct issuer *root_issuer, *issuer;
	struct private_key *node_key;
	struct blob node_spki;
};
void small_ca_open(enum key_kind kind, struct small_ca *out);
void small_ca_release(struct small_ca *ca);

/* An order for the node's key that is in order: valid for an hour, "web1.example", 10.0.0.7 and a URI, serial
 * number 0x4040…40, `number` in its last four octets. */
struct issue_order small_ca_order(const struct small_ca *ca, uint32_t number);
void small_ca_serial(uint32_t number, uint8_t out[static SERIAL_BYTES]);

/* Issue that order. */
void small_ca_node(struct small_ca *ca, uint32_t number, struct blob *out);

#endif
