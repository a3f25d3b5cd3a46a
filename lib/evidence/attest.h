/* TPMS_ATTEST, what a TPM signs (TPM 2.0 Part 2): quotes, and certifications of keys. */
#ifndef LIMEBUS_EVIDENCE_ATTEST_H
#define LIMEBUS_EVIDENCE_ATTEST_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/evidence/pcr.h"

/* TPM 2.0 Part 2, TPM_GENERATED and TPM_ST. */
#define ATTEST_GENERATED    0xff544347u
#define ATTEST_TYPE_CERTIFY 0x8017u
#define ATTEST_TYPE_QUOTE   0x8018u

/* TPM2B_DATA and TPM2B_NAME with the largest hash. */
#define ATTEST_EXTRA_MAX_BYTES (2 + TPM_HASH_MAX_BYTES)
#define ATTEST_NAME_MAX_BYTES  (2 + TPM_HASH_MAX_BYTES)
/* Header, signer, extra data, clock, firmware, selection, digest; a certification is shorter. */
#define ATTEST_MAX_BYTES                                                                                     \
	(6 + 2 + ATTEST_NAME_MAX_BYTES + 2 + ATTEST_EXTRA_MAX_BYTES + 17 + 8 + PCR_SELECTION_MAX_BYTES + 2 + \
		TPM_HASH_MAX_BYTES)

/*
 * Spans borrow from the input. clock counts milliseconds while the TPM is powered, and is saved with every
 * orderly shutdown; `safe` is false when the TPM came up without one, so that clock may repeat values that
 * were reported before (TPM 2.0 Part 2, TPMS_CLOCK_INFO). reset_count counts TPM resets (reboots),
 * restart_count resumes and restarts since the last reset.
 */
struct attest {
	struct span bytes; /* all of it: what the signature covers */
	uint32_t magic;
	uint16_t type;
	struct span qualified_signer;
	struct span extra_data;
	uint64_t clock;
	uint32_t reset_count;
	uint32_t restart_count;
	bool safe;
	uint64_t firmware_version;
	struct pcr_selection selection; /* quotes, and empty otherwise */
	struct span pcr_digest;
	struct span name; /* certifications: TPM2B_NAME of the certified object, and its qualified name */
	struct span qualified_name;
};

/*
 * The whole of `in` must be one TPMS_ATTEST with magic TPM_GENERATED and type quote. RC_MALFORMED for a wrong
 * magic, wrong lengths and trailing bytes; RC_UNSUPPORTED for other types of attestation; RC_LIMIT for more
 * than PCR_BANKS_MAX banks.
 */
MUST_USE enum rc attest_parse(struct span in, struct attest *out);

/* The same for what TPM2_Certify makes: type certify, and RC_UNSUPPORTED for all others, quotes among them.
 */
MUST_USE enum rc attest_parse_certify(struct span in, struct attest *out);

#endif
