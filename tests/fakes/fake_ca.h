/* A root, a CA below it and the CA's OCSP responder, all with keys in memory: what the gateway is told of
 * over the bus. */
#ifndef LIMEBUS_TESTS_FAKES_FAKE_CA_H
#define LIMEBUS_TESTS_FAKES_FAKE_CA_H

#include "tests/support/test.h"

#include "lib/pki/crl.h"
#include "lib/pki/ocsp.h"

#define FAKE_CA_LIFE_MS UINT64_C(86400000)

struct fake_ca {
	uint64_t from_ms;
	struct blob root;        /* DER */
	struct blob certificate; /* DER, of the CA */
	struct issuer *issuer;
	struct ocsp_responder *responder;
};

void fake_ca_open(struct fake_ca *ca);
void fake_ca_close(struct fake_ca *ca);

/* A certificate of a node with this serial, and its key in PEM (NULL: not wanted). */
void fake_ca_issue(
	struct fake_ca *ca, const uint8_t serial[static SERIAL_BYTES], struct blob *der, struct blob *key);

/* Appends. life_ms from now on. */
void fake_ca_respond(struct fake_ca *ca, struct span serial, enum digest_alg hash, enum ocsp_status status,
	uint64_t now_ms, uint64_t life_ms, struct blob *out);
void fake_ca_crl(struct fake_ca *ca, uint64_t number, uint64_t base, const struct crl_entry *entries,
	size_t count, uint64_t now_ms, uint64_t life_ms, struct blob *out);

/* Appends an OCSPRequest for one certificate of this CA. */
void fake_ca_request(const struct fake_ca *ca, struct span serial, enum digest_alg hash, struct blob *out);

#endif
