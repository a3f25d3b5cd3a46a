/* What an appraisal comes to: trusted or not, and every finding that speaks against it. */
#ifndef LIMEBUS_POLICY_VERDICT_H
#define LIMEBUS_POLICY_VERDICT_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

/*
 * X(NAME, "name on the wire", "what is wrong", "what to do next"). Names on the wire are never reused with
 * another meaning. The quote's checks stand in the order of QUOTE_CHECKS (lib/evidence/quote_check.h).
 */
#define FINDING_CHECKS(X)                                                                                    \
	X(UNKNOWN, "unknown", "A check that this version does not know has failed",                          \
		"Update this program to the version of the verifier")                                        \
	X(QUOTE_TYPE, "quote-type", "What the node sent is not a quote that a TPM generated",                \
		"Look at the node's agent: it, or something in its place, sends data of its own making")     \
	X(QUOTE_SIGNATURE, "quote-signature", "The quote is not signed by the node's attestation key",       \
		"Let the agent enrol again if its TPM was replaced; otherwise treat the node as hostile")    \
	X(QUOTE_SCHEME, "quote-scheme", "The quote's signature scheme or hash is not allowed",               \
		"Let the agent make another attestation key, with SHA-256 or better")                        \
	X(QUOTE_DATA, "quote-data", "The quote answers another challenge, node or connection than ours",     \
		"Treat the evidence as replayed or relayed: find out what answers in the node's place")      \
	X(QUOTE_SELECTION, "quote-selection", "The quote covers other PCRs than were asked for",             \
		"Check that the banks which the policy names are active in the node's TPM")                  \
	X(QUOTE_DIGEST, "quote-digest", "The reported PCR values are not the quoted ones",                   \
		"Attest again; if it stays, the agent reports values that its TPM does not have")            \
	X(QUOTE_SIGNER, "quote-signer",                                                                      \
		"The attestation key is not in the endorsement hierarchy under the node's EK",               \
		"Remove the agent's attestation key and let it enrol again")                                 \
	X(QUOTE_RESET, "quote-reset", "The TPM's reset count fell",                                          \
		"Find out whether the TPM's state was put back or copied: two machines may share it")        \
	X(QUOTE_CLOCK, "quote-clock", "The TPM's clock ran backwards without a reset",                       \
		"Find out whether the TPM's state was put back or copied: two machines may share it")        \
	X(PCR_VALUE, "pcr-value", "A PCR has a value that the policy does not allow",                        \
		"Find out what changed on the node; if the change was meant, allow the value in the policy") \
	X(PCR_MISSING, "pcr-missing", "A PCR that the policy names was not quoted",                          \
		"Nothing: the next challenge asks for it")                                                   \
	X(POLICY_EXPIRED, "policy-expired", "The policy is not valid any more",                              \
		"Put a policy with a later date in its place")                                               \
	X(INTERNAL, "internal", "The evidence could not be judged",                                          \
		"Look at the verifier's log and its machine's memory")

#define FINDING_ENUM(name, wire, wrong, next) FINDING_##name,
enum finding_check { FINDING_CHECKS(FINDING_ENUM) FINDING_CHECK_COUNT };
#undef FINDING_ENUM

#define FINDING_SUBJECT_BYTES 96
#define FINDING_TEXT_BYTES    288

/* One thing that is wrong. Texts are printable ASCII, cut to fit, and may be empty. */
struct finding {
	enum finding_check check;
	char subject[FINDING_SUBJECT_BYTES]; /* "pcr 16 (sha256)", "quote" */
	char expected[FINDING_TEXT_BYTES];
	char found[FINDING_TEXT_BYTES];
};

#define VERDICT_FINDINGS_MAX 48

/* False for the checks that say "this could not be judged" (a PCR that was not asked for, a policy that ran
 * out, a failure of our own): they speak neither for nor against a node. */
bool finding_is_failure(enum finding_check check);

/*
 * Zero means not trusted. Invariants: trusted only if could_judge and total == 0; kept <= total, kept <=
 * VERDICT_FINDINGS_MAX; failures <= total. could_judge is false if something could not be judged and nothing
 * failed: neither good nor bad.
 */
struct verdict {
	bool trusted;
	bool could_judge;
	bool rebooted; /* an accepted quote with a higher reset count than the last one */
	size_t kept;
	size_t total;    /* also those for which there was no room */
	size_t failures; /* those of total that speak against the node */
	/* The one behind the last takes what there is no room for. */
	struct finding findings[VERDICT_FINDINGS_MAX + 1];
};

/* The next finding, with check and subject set, for the caller to fill in; counts it. When there is no more
 * room, a place that may be written to and is forgotten. The verdict is not trusted from now on. */
struct finding *verdict_add(struct verdict *verdict, enum finding_check check, const char *subject);

/* When all checks were made: set trusted and could_judge from what was found. */
void verdict_close(struct verdict *verdict);

/* "pcr-value"; and back: FINDING_UNKNOWN for names that this version does not have. */
const char *finding_name(enum finding_check check);
enum finding_check finding_of_name(struct span name);

#endif
