/* What an appraisal comes to: trusted or not, and every finding that speaks against it. */
#ifndef LIMEBUS_POLICY_VERDICT_H
#define LIMEBUS_POLICY_VERDICT_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

/*
 * X(NAME, "name on the wire", "what is wrong", "what to do next"). Names on the wire are never reused with
 * another meaning. The quote's checks stand in the order of QUOTE_CHECKS (lib/evidence/quote_check.h).
 */
#define FINDING_CHECKS(X)                                                                                              \
	X(UNKNOWN, "unknown", "A check that this version does not know has failed",                                    \
		"Update this program to the version of the verifier")                                                  \
	X(QUOTE_TYPE, "quote-type", "What the node sent is not a quote that a TPM generated",                          \
		"Look at the node's agent: it, or something in its place, sends data of its own making")               \
	X(QUOTE_SIGNATURE, "quote-signature", "The quote is not signed by the node's attestation key",                 \
		"Let the agent enrol again if its TPM was replaced; otherwise treat the node as hostile")              \
	X(QUOTE_SCHEME, "quote-scheme", "The quote's signature scheme or hash is not allowed",                         \
		"Let the agent make another attestation key, with SHA-256 or better")                                  \
	X(QUOTE_DATA, "quote-data", "The quote answers another challenge, node or connection than ours",               \
		"Treat the evidence as replayed or relayed: find out what answers in the node's place")                \
	X(QUOTE_SELECTION, "quote-selection", "The quote covers other PCRs than were asked for",                       \
		"Check that the banks which the policy names are active in the node's TPM")                            \
	X(QUOTE_DIGEST, "quote-digest", "The reported PCR values are not the quoted ones",                             \
		"Attest again; if it stays, the agent reports values that its TPM does not have")                      \
	X(QUOTE_SIGNER, "quote-signer",                                                                                \
		"The attestation key is not in the endorsement hierarchy under the node's EK",                         \
		"Remove the agent's attestation key and let it enrol again")                                           \
	X(QUOTE_RESET, "quote-reset", "The TPM's reset count fell",                                                    \
		"Find out whether the TPM's state was put back or copied: two machines may share it")                  \
	X(QUOTE_CLOCK, "quote-clock", "The TPM's clock ran backwards without a reset",                                 \
		"Find out whether the TPM's state was put back or copied: two machines may share it")                  \
	X(AK, "ak", "The attestation key is not one that can vouch for anything",                                      \
		"Let the agent make another attestation key and enrol again")                                          \
	X(PCR_VALUE, "pcr-value", "A PCR has a value that the policy does not allow",                                  \
		"Find out what changed on the node; if the change was meant, allow the value in the policy")           \
	X(PCR_MISSING, "pcr-missing", "A PCR that the policy names was not quoted",                                    \
		"Nothing: the next challenge asks for it")                                                             \
	X(POLICY_EXPIRED, "policy-expired", "The policy is not valid any more",                                        \
		"Put a policy with a later date in its place")                                                         \
	X(BOOT_LOG, "boot-log", "The event log is not well-formed",                                                    \
		"Treat the node as hostile, unless its firmware is known to write such logs")                          \
	X(BOOT_LOG_MISSING, "boot-log-missing", "The event log is empty, though the boot was measured",                \
		"Boot with a loader that hands the log over (GRUB: linuxefi, or Secure Boot), or pin the PCRs")        \
	X(BOOT_BANK, "boot-bank", "The event log has no bank that the policy lets prove it",                           \
		"Name a bank of the log in banks, or activate one of the policy's banks in the node's TPM")            \
	X(BOOT_PCR, "boot-pcr", "The event log does not lead to the quoted PCR",                                       \
		"Treat the node as hostile: events were removed, changed or made up")                                  \
	X(BOOT_DIGEST, "boot-event-digest", "The digest of an event is not the hash of what the event says",           \
		"Treat the event as made up; if the firmware is known to do so, make an exception")                    \
	X(BOOT_UNKNOWN, "boot-event-unknown", "An event was measured that the policy has no rule for",                 \
		"Find out what measured it; if it was meant, add a rule or an exception")                              \
	X(BOOT_SECURE, "boot-secure-boot", "Secure Boot is not as the policy demands",                                 \
		"Look at the firmware's setup: somebody switched Secure Boot")                                         \
	X(BOOT_VARIABLE, "boot-variable", "A Secure Boot variable does not hold what the policy demands",              \
		"Find out who enrolled or removed the key; if it was meant, put it into the policy")                   \
	X(BOOT_AUTHORITY, "boot-authority", "Something ran by another authority than the policy allows",               \
		"Find out what was signed by it; if it was meant, put the certificate into authorities")               \
	X(BOOT_SBAT, "boot-sbat", "The revocation level of shim (SBAT) is not one that the policy allows",             \
		"Find out why the level differs: a lower one brings revoked boot loaders back")                        \
	X(BOOT_MOK, "boot-mok", "The machine owner keys are not what the policy allows",                               \
		"Find out who enrolled or removed a key with mokutil")                                                 \
	X(BOOT_FIRMWARE, "boot-firmware", "The firmware is not one that the policy allows",                            \
		"Compare it with the vendor's; if it was updated, add it to firmware")                                 \
	X(BOOT_DRIVER, "boot-driver",                                                                                  \
		"A driver or option ROM ran that the policy does not allow, or one is missing",                        \
		"Find out which device was added, updated or taken out")                                               \
	X(BOOT_APPLICATION, "boot-application", "Another boot loader or kernel ran than the policy allows",            \
		"Find out who changed it; if it was updated, add the new chain to the policy")                         \
	X(BOOT_FILE, "boot-file",                                                                                      \
		"The boot loader read a file that the policy does not allow, or not all of them",                      \
		"Find out who changed the file; if it was updated, add the new chain to the policy")                   \
	X(BOOT_COMMAND_LINE, "boot-command-line",                                                                      \
		"The kernel's command line is not one that the policy allows",                                         \
		"Find out who changed it; if it was meant, add it to the policy")                                      \
	X(BOOT_COMMAND, "boot-command",                                                                                \
		"The boot loader ran a command that the policy does not allow, or not all",                            \
		"Find out who changed its configuration or typed at its prompt")                                       \
	X(BOOT_PART, "boot-part",                                                                                      \
		"A part of the boot is not what the policy allows (section, initrd, loader text)",                     \
		"Find out who changed it; if it was updated, add the new chain to the policy")                         \
	X(BOOT_SEPARATOR, "boot-separator",                                                                            \
		"The end of the firmware's measurements is not marked as it should be",                                \
		"Look at the firmware's own log: it reported an error, or something was measured in its name")         \
	X(BOOT_EVENT, "boot-event", "An event that the policy pins is not as it should be",                            \
		"Compare it with the policy's; if it was meant, change the policy")                                    \
	X(IMA_FILE, "ima-file",                                                                                        \
		"A file ran or was read with a digest that the policy does not allow for it",                          \
		"Find out who changed the file; if it was meant, accept it: limebus node accept")                      \
	X(IMA_UNKNOWN, "ima-unknown", "A file ran or was read that the policy does not know",                          \
		"Find out where the file came from; if it was meant, accept it: limebus node accept")                  \
	X(IMA_SIGNATURE, "ima-signature", "A file has no signature by a key of the policy",                            \
		"Sign the file with a key of the policy, or find out who put it there")                                \
	X(IMA_WEAK, "ima-weak-digest",                                                                                 \
		"A file was measured with a digest that is too weak to tell files apart",                              \
		"Boot the node with ima_hash=sha256, or allow the algorithm in digest-algorithms")                     \
	X(IMA_VIOLATION, "ima-violation",                                                                              \
		"A file was written to while it was measured, so its content is not known",                            \
		"Accept the file in violations-accepted if it is a log or a database; else treat it as tampering")     \
	X(IMA_KEY, "ima-key", "A key was added to a keyring that the policy does not allow there",                     \
		"Find out who added the key; if it was meant, add its digest to keyrings")                             \
	X(IMA_BUFFER, "ima-buffer", "The kernel measured data that the policy does not allow",                         \
		"Compare the data with what the kernel should have; if it was meant, add it to buffers")               \
	X(IMA_DEVICE, "ima-device", "A device-mapper device was set up that the policy does not allow",                \
		"Find out who set the device up; if it was meant, add it to device-mapper")                            \
	X(IMA_PCR, "ima-pcr", "The measurement list has an entry for another PCR than 10",                             \
		"Look at the node's IMA policy: a rule with pcr= takes files out of what is proven")                   \
	X(IMA_ENTRY, "ima-entry", "An entry of the measurement list contradicts itself",                               \
		"Treat the node as hostile: kernels do not write such entries")                                        \
	X(IMA_TEMPLATE, "ima-template", "An entry of the measurement list has a template that is not known",           \
		"Boot the node with ima_template=ima-ng or ima-sig")                                                   \
	X(IMA_LIST, "ima-list", "The measurement list is not well-formed",                                             \
		"Treat the node as hostile: kernels do not write such lists")                                          \
	X(IMA_REPLAY, "ima-replay", "The measurement list does not lead to the quoted PCR 10",                         \
		"Treat the node as hostile: entries were removed, changed or made up, or PCR 10 was extended by hand") \
	X(IMA_AGGREGATE, "ima-boot-aggregate",                                                                         \
		"The list's boot_aggregate is not the digest of the boot's PCRs",                                      \
		"Treat the list as another boot's, unless the firmware measures after the kernel has started")         \
	X(IMA_AGGREGATE_OPEN, "ima-boot-aggregate-open",                                                               \
		"The boot_aggregate could not be compared with the boot's PCRs",                                       \
		"Quote the bank that it was made from, or set boot-aggregate to listed in the policy")                 \
	X(IMA_TRIMMED, "ima-trimmed", "The beginning of the measurement list is gone",                                 \
		"Reboot the node, and let it keep its measurement list")                                               \
	X(IMA_MISSING, "ima-missing", "The measurement list was not sent, or not all of it yet",                       \
		"Nothing, if it goes away; else look whether the kernel has IMA and the agent can read its list")      \
	X(INTERNAL, "internal", "The evidence could not be judged",                                                    \
		"Look at the verifier's log and its machine's memory")

#define FINDING_ENUM(name, wire, wrong, next) FINDING_##name,
enum finding_check { FINDING_CHECKS(FINDING_ENUM) FINDING_CHECK_COUNT };
#undef FINDING_ENUM

/* How a finding weighs: a failure speaks against the node; with one that is unjudged it is neither good nor
 * bad; a report is told and not held against it. */
enum finding_weight { FINDING_FAILS, FINDING_UNJUDGED, FINDING_REPORTED };

#define FINDING_SUBJECT_BYTES 256
#define FINDING_TEXT_BYTES    288

/* One thing that is wrong. Texts are printable ASCII, cut to fit, and may be empty. */
struct finding {
	enum finding_check check;
	enum finding_weight weight;
	char subject[FINDING_SUBJECT_BYTES]; /* "pcr 16 (sha256)", "quote" */
	char expected[FINDING_TEXT_BYTES];
	char found[FINDING_TEXT_BYTES];
};

#define VERDICT_FINDINGS_MAX 48

/* The weight that a check has unless a policy says otherwise. Unjudged: a PCR that was not asked for, a
 * policy that ran out, a log that is not there, a failure of our own. */
enum finding_weight finding_weight_of(enum finding_check check);

/*
 * Zero means not trusted. Invariants once closed: trusted if failures == 0 and unjudged == 0; could_judge is
 * false if something is unjudged and nothing failed: neither good nor bad. kept <= total, kept <=
 * VERDICT_FINDINGS_MAX; total = failures + unjudged + reports.
 */
struct verdict {
	bool trusted;
	bool could_judge;
	bool rebooted; /* an accepted quote with a higher reset count than the last one */
	size_t kept;
	size_t total;    /* also those for which there was no room */
	size_t failures; /* those of total that speak against the node */
	size_t unjudged; /* those of total that say "this could not be judged" */
	/* The one behind the last takes what there is no room for. */
	struct finding findings[VERDICT_FINDINGS_MAX + 1];
};

/* Make it empty and not trusted; the findings behind `kept` are left as they are. */
void verdict_clear(struct verdict *verdict);

/*
 * The next finding, with check, weight and subject set, for the caller to fill in; counts it. When there is
 * no more room a failure takes the place of something that weighs less; otherwise a place that may be written
 * to and is forgotten. `subject` must be printable (finding_name_text makes it so).
 */
struct finding *verdict_add(struct verdict *verdict, enum finding_check check, const char *subject);
struct finding *verdict_add_weighed(
	struct verdict *verdict, enum finding_check check, enum finding_weight weight, const char *subject);

/* Count findings that are known of, but were not kept. */
void verdict_count(struct verdict *verdict, enum finding_weight weight, size_t count);

/* When all checks were made: set trusted and could_judge from what was found. */
void verdict_close(struct verdict *verdict);

/* "pcr-value"; and back: FINDING_UNKNOWN for names that this version does not have. */
const char *finding_name(enum finding_check check);
enum finding_check finding_of_name(struct span name);

/* "fails", "unjudged", "reported". */
const char *finding_weight_name(enum finding_weight weight);

/* A name that a stranger chose, as text: printable ASCII stands as it is, the backslash is doubled, all other
 * bytes become \xNN; too long ones lose their middle ("/usr/li...ls"). Returns out. */
char *finding_name_text(struct span name, char *out, size_t room);

#endif
