/* A captured quote with all that is needed to judge it. */
#ifndef LIMEBUS_TESTS_SUPPORT_QUOTE_H
#define LIMEBUS_TESTS_SUPPORT_QUOTE_H

#include "lib/evidence/quote_check.h"
#include "lib/evidence/tpm_name.h"

/* claim points into the rest, and is one that is accepted; tests alter it. Must not be moved. */
struct captured {
	struct attest attest;
	struct signature signature;
	struct pcr_selection asked;
	struct tpm_name signer;
	struct public_key *ak;
	struct quote_claim claim;
};

/* vm: "vm-imang"; key: "ecc" or "rsa"; stem: "ecc_0"; nonce: "nonce.bin". The test fails if anything is
 * missing. */
void captured_open(
	struct captured *out, const char *vm, const char *key, const char *stem, const char *nonce);
void captured_release(struct captured *captured);

#endif
