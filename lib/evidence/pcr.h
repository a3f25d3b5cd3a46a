/*
 * PCR selections, values and digests. A selection is a list of banks in order, each with a mask of PCR
 * numbers; the values that belong to it are one byte string without lengths: bank after bank as in the
 * selection, in each bank PCR after PCR in rising order (TPM 2.0 Part 1, "Selecting Multiple PCR").
 */
#ifndef LIMEBUS_EVIDENCE_PCR_H
#define LIMEBUS_EVIDENCE_PCR_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/evidence/tpm_alg.h"

/* TPM 2.0 Part 2, TPML_PCR_SELECTION: HASH_COUNT of the largest reference implementation. */
#define PCR_BANKS_MAX 16
/* TCG PC Client Platform TPM Profile: PCR 0 to 23. We ask for no others. */
#define PCR_COUNT 24
/* Bytes of an encoded selection, and of the values of all PCRs in all banks that lib/crypto can hash. */
#define PCR_SELECTION_MAX_BYTES (4 + PCR_BANKS_MAX * 7)
#define PCR_VALUES_MAX_BYTES    (PCR_COUNT * (20 + 32 + 48 + 64 + 32))

/* size is the number of mask bytes on the wire, 1 to 4; bit n of the mask is PCR n. */
struct pcr_bank {
	uint16_t alg;
	uint8_t size;
	uint32_t mask;
};

/* Invariant: count <= PCR_BANKS_MAX. */
struct pcr_selection {
	size_t count;
	struct pcr_bank banks[PCR_BANKS_MAX];
};

/* Borrows its bytes. Invariant after pcr_values_parse: bytes.len is what the selection implies. */
struct pcr_values {
	struct pcr_selection selection;
	struct span bytes;
};

/* One register that events are extended into. Invariant: len is the digest length of alg. */
struct pcr_register {
	uint16_t alg;
	size_t len;
	uint8_t bytes[TPM_HASH_MAX_BYTES];
};

/*
 * TPML_PCR_SELECTION (TPM 2.0 Part 2), the whole of `in`. Refuses more than PCR_BANKS_MAX banks
 * (RC_LIMIT), mask lengths other than 1 to 4, and trailing bytes. Keeps unknown hash numbers, empty masks and
 * repeated banks: they are facts.
 */
MUST_USE enum rc pcr_selection_parse(struct span in, struct pcr_selection *out);

/* The same bytes again; out has room for PCR_SELECTION_MAX_BYTES. Returns their number. */
size_t pcr_selection_encode(
	const struct pcr_selection *selection, uint8_t out[static PCR_SELECTION_MAX_BYTES]);

/*
 * Add a PCR to the bank (three mask bytes), making the bank at the end of the list if there is none. RC_LIMIT
 * for pcr >= PCR_COUNT or too many banks, RC_UNSUPPORTED for unknown hashes.
 */
MUST_USE enum rc pcr_selection_add(struct pcr_selection *selection, uint16_t alg, unsigned pcr);

bool pcr_selection_has(const struct pcr_selection *selection, uint16_t alg, unsigned pcr);

/*
 * The same banks in the same order with the same bits. A different number of mask bytes is tolerated, since
 * the bits that it adds are zero or else differ.
 */
bool pcr_selection_equal(const struct pcr_selection *a, const struct pcr_selection *b);

/* PCRs over all banks. */
unsigned pcr_selection_pcrs(const struct pcr_selection *selection);

/* Length of the values of a selection. RC_UNSUPPORTED if a bank with a non-empty mask has an unknown hash. */
MUST_USE enum rc pcr_selection_value_bytes(const struct pcr_selection *selection, size_t *out);

/* "sha256:0,1,7+sha1:10", cut to fit. Returns out. */
#define PCR_SELECTION_TEXT_BYTES 256
char *pcr_selection_text(const struct pcr_selection *selection, char out[static PCR_SELECTION_TEXT_BYTES]);

/* Borrows bytes. RC_MALFORMED unless there are exactly as many bytes as the selection implies. */
MUST_USE enum rc pcr_values_parse(
	const struct pcr_selection *selection, struct span bytes, struct pcr_values *out);

/* The value of one PCR. RC_NOT_FOUND if it is not selected. */
MUST_USE enum rc pcr_values_get(
	const struct pcr_values *values, uint16_t alg, unsigned pcr, struct span *out);

/* Hash of all values: pcrDigest of a quote (TPM 2.0 Part 3, TPM2_Quote: with the hash of the signing scheme).
 */
MUST_USE enum rc pcr_values_digest(const struct pcr_values *values, uint16_t hash,
	uint8_t out[static TPM_HASH_MAX_BYTES], size_t *out_len);

/* All bytes of the register are `fill`: 0x00 after reset, 0xff for PCR 17 to 22 before a dynamic launch. */
MUST_USE enum rc pcr_register_init(struct pcr_register *pcr, uint16_t alg, uint8_t fill);

/* new = H(old ‖ digest) (TPM 2.0 Part 3, TPM2_PCR_Extend). RC_MALFORMED unless the digest has the bank's
 * length. */
MUST_USE enum rc pcr_register_extend(struct pcr_register *pcr, struct span digest);

#endif
