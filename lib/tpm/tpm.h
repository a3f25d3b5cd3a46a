/*
 * One TPM 2.0, spoken to by one owner, one command after the other. Every call blocks until the TPM has
 * answered; a key pair in a discrete TPM takes seconds, so an agent calls this from a thread of its own.
 *
 * Results: RC_IO when the TPM or the loaded keys are gone (swtpm ended, TPM reset behind our back, another
 * program flushed our keys): close, open again and load again. RC_TIMEOUT when a command got no answer in
 * command_timeout_ms: the same. RC_MALFORMED or RC_DENIED when the TPM answers nonsense or the bus alters its
 * answer; what comes after that is RC_IO. RC_DENIED for a wrong password, a blob of another TPM, a locked
 * index. RC_TPM for other answers of the TPM; the text says what to do (dictionary-attack lockout, failure
 * mode, no room). What a caller gets is written only on RC_OK. err may be NULL.
 *
 * Handles and sessions: between two calls the TPM holds at most the EK (not if it is a persistent one) and
 * the AK for us, and no session. tpm_close flushes both; so does every call that fails half-way with what it
 * had loaded. A TPM without a resource manager (swtpm, /dev/tpm0) keeps what a killed process had loaded:
 * when it says that it has no room left, what is not ours is flushed and the command sent again.
 *
 * swtpm serves one connection at a time, so one is made for each command: other programs may use the same
 * swtpm between our commands.
 */
#ifndef LIMEBUS_TPM_TPM_H
#define LIMEBUS_TPM_TPM_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/evidence/ek_template.h"
#include "lib/evidence/pcr.h"

struct tpm;

#define TPM_COMMAND_TIMEOUT_MS 120000u

/* {0} is right for most TPMs. Passwords are borrowed for tpm_open only. */
struct tpm_options {
	struct span owner_password;       /* of the owner hierarchy: makes and removes NV indices */
	struct span endorsement_password; /* of the endorsement hierarchy: uses the EK */
	uint32_t command_timeout_ms;      /* longest wait for one answer; 0 means TPM_COMMAND_TIMEOUT_MS */
};

/*
 * tcti is "device:/dev/tpmrm0" (or /dev/tpm0), "swtpm:path=/absolute/socket" or
 * "swtpm:host=NAME,port=NUMBER"; anything else is RC_UNSUPPORTED. A TPM that was never started since its
 * power-on gets TPM2_Startup(CLEAR). One command in the usual case. options may be NULL.
 */
MUST_USE enum rc tpm_open(
	const char *tcti, const struct tpm_options *options, struct tpm **out, struct err *err);

/* Flush what is loaded, free, set to NULL. Accepts NULL inside. */
void tpm_close(struct tpm **tpm);

/* Commands sent since tpm_open, repetitions included, and the microseconds from sending to the whole answer.
 */
uint64_t tpm_commands(const struct tpm *tpm);
uint64_t tpm_busy_us(const struct tpm *tpm);

/* ---- endorsement key ---- */

/*
 * AUTO takes the first of P-256, P-384, RSA-2048 that has a certificate in NV (ECC first: cheaper), else
 * RSA-2048. It depends on nothing but the TPM, so the same TPM gives the same kind each time.
 */
enum tpm_ek_kind { TPM_EK_AUTO, TPM_EK_RSA_2048, TPM_EK_ECC_P256, TPM_EK_ECC_P384, TPM_EK_KIND_COUNT };

/* "auto", "rsa2048", "p256", "p384"; and back, RC_NOT_FOUND for other texts. */
const char *tpm_ek_kind_name(enum tpm_ek_kind kind);
MUST_USE enum rc tpm_ek_kind_parse(struct span text, enum tpm_ek_kind *out);

/*
 * Take the persistent EK (0x81010001 L-1, 0x8101000a L-2, 0x81010016 H-3) if its public area is exactly the
 * template of its kind, else make the primary key again from the template, which gives the same key (TCG EK
 * Credential Profile 2.3, B.3 and B.4). An EK and an AK that were open are flushed first. At most 3 commands,
 * besides those for AUTO.
 */
MUST_USE enum rc tpm_ek_open(struct tpm *tpm, enum tpm_ek_kind kind, struct err *err);

/* The kind of the open EK; TPM_EK_AUTO if none is open. */
enum tpm_ek_kind tpm_ek_kind(const struct tpm *tpm);

/* TPMT_PUBLIC of the open EK (ek_template_holds is true for it). Borrowed until the next tpm_ek_open or
 * tpm_close; empty if no EK is open. No command. */
struct span tpm_ek_public(const struct tpm *tpm);

#define TPM_CERTIFICATE_MAX_BYTES 4096
#define TPM_CHAIN_MAX_BYTES       16384

/*
 * DER certificate of the open EK out of NV (0x01c00002 RSA-2048, 0x01c0000a P-256, 0x01c00016 P-384), without
 * the padding that some vendors put behind it. It is as the TPM holds it: nothing is verified. RC_NOT_FOUND
 * if there is none, RC_LIMIT if longer than the maximum above, RC_MALFORMED if it is no DER sequence.
 */
MUST_USE enum rc tpm_ek_certificate(struct tpm *tpm, struct blob *out, struct err *err);

/* The certificates of the CAs above it (0x01c00100 to 0x01c001ff), DER one after the other. As above. */
MUST_USE enum rc tpm_ek_chain(struct tpm *tpm, struct blob *out, struct err *err);

/* ---- attestation key ---- */

enum tpm_ak_kind { TPM_AK_ECC_P256, TPM_AK_RSA_2048, TPM_AK_KIND_COUNT };

/* "p256" (ECDSA, SHA-256), "rsa2048" (RSASSA, SHA-256); and back, RC_NOT_FOUND for other texts. */
const char *tpm_ak_kind_name(enum tpm_ak_kind kind);
MUST_USE enum rc tpm_ak_kind_parse(struct span text, enum tpm_ak_kind *out);

#define TPM_AK_BLOB_MAX_BYTES 2048

/*
 * Make an AK under the open EK and leave it loaded: restricted signing key, fixedTPM, fixedParent,
 * sensitiveDataOrigin, userWithAuth with an empty password, noda (no failure of anybody, and no power cut,
 * can lock it out). *blob gets what tpm_ak_load needs (TPM2B_PUBLIC ‖ TPM2B_PRIVATE, the private part
 * encrypted by the TPM): the caller keeps it. An AK that was loaded is flushed first.
 */
MUST_USE enum rc tpm_ak_create(struct tpm *tpm, enum tpm_ak_kind kind, struct blob *blob, struct err *err);

/*
 * Load an AK that was made under this EK. RC_DENIED if the blob is of another TPM or EK, was altered, or is
 * not a key as tpm_ak_create makes it; RC_MALFORMED if it is no blob at all. An AK that was loaded is flushed
 * first.
 */
MUST_USE enum rc tpm_ak_load(struct tpm *tpm, struct span blob, struct err *err);

/* TPMT_PUBLIC of the loaded AK, borrowed until the next tpm_ak_*, tpm_ek_open or tpm_close; empty if none. */
struct span tpm_ak_public(const struct tpm *tpm);

/*
 * TPM2_ActivateCredential: credential is a TPM2B_ID_OBJECT, encrypted a TPM2B_ENCRYPTED_SECRET, both with
 * their length in front and nothing behind. RC_DENIED if they were not made for exactly this EK and this AK.
 * Needs both open.
 */
MUST_USE enum rc tpm_activate(
	struct tpm *tpm, struct span credential, struct span encrypted, struct blob *secret, struct err *err);

/* ---- PCRs ---- */

/* TPM2B_DATA holds a hash algorithm and its digest. */
#define TPM_QUALIFYING_MAX_BYTES 64

struct tpm_quote {
	struct blob attest;    /* TPMS_ATTEST: what is signed */
	struct blob signature; /* TPMT_SIGNATURE */
	struct blob values;    /* of the PCRs, as lib/evidence/pcr.h orders them */
};
void tpm_quote_release(struct tpm_quote *quote);

/*
 * Sign the selection (which may be empty) with the loaded AK. The values are those that were signed: their
 * digest is compared with the one in the quote, and both are taken again, at most TPM_QUOTE_ATTEMPTS times,
 * if a PCR moved in between; then RC_STALE. (The TPM's update counter would not do: it ignores PCR 16 and 21
 * to 23.) 1 + PCRs/8 rounded up commands if nothing moves. RC_UNSUPPORTED if the TPM does not have every PCR
 * of the selection in that bank; RC_LIMIT for long qualifying data.
 */
#define TPM_QUOTE_ATTEMPTS 8
MUST_USE enum rc tpm_quote(struct tpm *tpm, const struct pcr_selection *selection, struct span qualifying,
	struct tpm_quote *out, struct err *err);

/*
 * Values of the selection. *counter, if wanted, is pcrUpdateCounter of the first read. All reads are of the
 * same moment as far as the counter tells, else they are repeated as above. RC_UNSUPPORTED as above.
 */
MUST_USE enum rc tpm_pcr_read(struct tpm *tpm, const struct pcr_selection *selection, uint32_t *counter,
	struct blob *values, struct err *err);

/*
 * Changes when a PCR was extended; one short command. TPM 2.0 Part 1, 17.9: PCRs that the platform excludes
 * do not move it: on PC clients 16 (debug) and 21 to 23.
 */
MUST_USE enum rc tpm_pcr_update_counter(struct tpm *tpm, uint32_t *out, struct err *err);

/* ---- a small secret in NV ---- */

/*
 * An index of the owner that holds a share of a bootstrap key and the number of its provisioning. Attributes:
 * AUTHREAD, AUTHWRITE (its own password, no owner read), WRITEALL, READ_STCLEAR (can be locked against
 * reading until the next reset), NO_DA (wrong passwords do not lock the TPM out). Each function but undefine
 * refuses with RC_DENIED an index whose attributes or size are different: somebody else put it there.
 *
 * Password and content travel encrypted (AES-128-CFB parameter encryption) in an HMAC session that is salted
 * to the open EK, so who reads the bus sees neither. The EK, because it is the one key whose public part
 * somebody else has verified: the registrar checks it against the manufacturer's certificate and, by
 * activation, that this TPM holds its private part. A man in the middle of the bus who puts in a key of his
 * own therefore ends as a node that is not enrolled. So: an EK must be open. It survives reboots, the content
 * too; the lock does not.
 *
 * Two indices let a new share be written and proven before its predecessor goes.
 */
#define TPM_NV_SHARE_A        0x01804c42u
#define TPM_NV_SHARE_B        0x01804c43u
#define TPM_NV_SECRET_BYTES   32
#define TPM_NV_PASSWORD_BYTES 32

struct tpm_nv_share {
	uint64_t number;
	struct secret32 secret;
};
void tpm_nv_share_release(struct tpm_nv_share *share);

/* The owner's index and its password; random, kept by the caller where only he can read it. */
struct tpm_nv_slot {
	uint32_t index; /* 0x01800000 to 0x01bfffff, else RC_LIMIT */
	uint8_t password[TPM_NV_PASSWORD_BYTES];
};

/* RC_EXISTS if the index is there already, whosever it is; RC_DENIED for a wrong owner password. */
MUST_USE enum rc tpm_nv_define(struct tpm *tpm, const struct tpm_nv_slot *slot, struct err *err);

/* RC_NOT_FOUND if there is no such index; RC_DENIED for a wrong password. */
MUST_USE enum rc tpm_nv_write(
	struct tpm *tpm, const struct tpm_nv_slot *slot, const struct tpm_nv_share *share, struct err *err);

/* As above; RC_NOT_FOUND also if it was never written; RC_DENIED if it is read-locked. */
MUST_USE enum rc tpm_nv_read(
	struct tpm *tpm, const struct tpm_nv_slot *slot, struct tpm_nv_share *out, struct err *err);

/* No read until the TPM is reset (reboot). Locking twice is fine; so is locking what was never written. */
MUST_USE enum rc tpm_nv_read_lock(struct tpm *tpm, const struct tpm_nv_slot *slot, struct err *err);

/* Remove the index with the owner's password; its own is not needed. RC_NOT_FOUND if there is none. */
MUST_USE enum rc tpm_nv_undefine(struct tpm *tpm, uint32_t index, struct err *err);

#endif
