/*
 * Whether a quote shows what it should. The table in quote_check.c is the whole of what is promised, in its
 * order, each row with the clause that it follows. What can be rebuilt is rebuilt and compared; nothing is
 * believed because the node said so.
 */
#ifndef LIMEBUS_EVIDENCE_QUOTE_CHECK_H
#define LIMEBUS_EVIDENCE_QUOTE_CHECK_H

#include "lib/evidence/attest.h"
#include "lib/evidence/tpm_signature.h"

/* X(NAME, function, "name", "what holds when the check passes", "clause"). */
#define QUOTE_CHECKS(X)                                                                                      \
	X(TYPE, type, "type", "it is a quote that a TPM generated",                                          \
		"TPM 2.0 Part 2, TPMS_ATTEST magic, type")                                                   \
	X(SIGNATURE, signature, "signature", "the registered AK signed it",                                  \
		"TPM 2.0 Part 3, TPM2_Quote signature")                                                      \
	X(SCHEME, scheme, "scheme", "its signature scheme and hash are allowed",                             \
		"TPM 2.0 Part 2, TPMT_SIGNATURE")                                                            \
	X(DATA, data, "qualifying data", "it answers our challenge, for this node and connection",           \
		"TPM 2.0 Part 2, TPMS_ATTEST extraData")                                                     \
	X(SELECTION, selection, "PCR selection", "it covers exactly the PCRs that were asked for",           \
		"TPM 2.0 Part 2, TPMS_QUOTE_INFO pcrSelect")                                                 \
	X(DIGEST, digest, "PCR digest", "the reported PCR values are the quoted ones",                       \
		"TPM 2.0 Part 2, TPMS_QUOTE_INFO pcrDigest")                                                 \
	X(SIGNER, signer, "qualified signer",                                                                \
		"the AK lives under the node's EK in the endorsement hierarchy",                             \
		"TPM 2.0 Part 2, TPMS_ATTEST qualifiedSigner")                                               \
	X(RESET, reset, "reset count", "the reset count did not fall",                                       \
		"TPM 2.0 Part 2, TPMS_CLOCK_INFO resetCount")                                                \
	X(CLOCK, clock, "clock", "the TPM's clock did not run backwards since its last reset",               \
		"TPM 2.0 Part 2, TPMS_CLOCK_INFO clock")

#define QUOTE_CHECK_ENUM(id, function, name, words, clause) QUOTE_##id,
enum quote_reason { QUOTE_CHECKS(QUOTE_CHECK_ENUM) QUOTE_REASON_COUNT };
#undef QUOTE_CHECK_ENUM

/* The counters of a quote that was accepted earlier; seen is false before the first. */
struct quote_counters {
	bool seen;
	uint64_t clock;
	uint32_t reset_count;
	uint32_t restart_count;
};

/* Borrows everything. */
struct quote_claim {
	const struct attest *attest;
	const struct signature *signature;
	struct public_key *ak;             /* the registered AK */
	struct span data;                  /* qualifying data that we demand */
	const struct pcr_selection *asked; /* what we asked to have quoted */
	struct span values;                /* PCR values as the node reports them, in the order of `asked` */
	struct span signer;                /* qualified name that we demand; empty: not checked */
	struct quote_counters last;        /* of the last accepted quote by this AK */
};

/*
 * Zero means not accepted. Bit 1 << reason of failed is set for each check that does not hold; every check is
 * made, also after the first failure. rebooted: the reset count is above the last one (a fact, not a
 * failure).
 */
struct quote_verdict {
	bool accepted;
	bool rebooted;
	uint32_t failed;
};

/*
 * RC_OK: judged, see *out. Any other code: could not be judged (the cryptographic library failed, out of
 * memory), and *out is left alone. Within one reset count the clock may stand still (it counts milliseconds)
 * but not fall, and the restart count must not fall; after a reset the clock may be behind by what was not
 * yet saved, and is not compared.
 */
MUST_USE enum rc quote_check(const struct quote_claim *claim, struct quote_verdict *out);

static inline struct quote_counters quote_counters_of(const struct attest *attest)
{
	return (struct quote_counters){true, attest->clock, attest->reset_count, attest->restart_count};
}

/* The columns of the table; never NULL. */
const char *quote_reason_name(enum quote_reason reason);
const char *quote_reason_words(enum quote_reason reason);
const char *quote_reason_clause(enum quote_reason reason);

/* What was expected and what was found, as text for people, cut to fit. Nothing in it is secret. */
#define QUOTE_TEXT_BYTES 288
struct quote_texts {
	char expected[QUOTE_TEXT_BYTES];
	char found[QUOTE_TEXT_BYTES];
};
void quote_reason_texts(const struct quote_claim *claim, enum quote_reason reason, struct quote_texts *out);

#endif
