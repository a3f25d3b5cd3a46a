/*
 * A node's own signing key in the TPM: what TLS and IKE sign with, as opposed to the AK, which signs only
 * what the TPM itself says. ECDSA P-256 with SHA-256: fixedTPM, fixedParent, sensitiveDataOrigin,
 * userWithAuth with an empty password, noda, not restricted.
 *
 * It lies under the storage primary key of the owner hierarchy that "parent 0x40000001" means in a file of
 * type "TSS2 PRIVATE KEY" (lib/pki/tpm_key_file.h): ECC P-256 made from the TCG's storage template with an
 * empty `unique`. OpenSSL's tpm2 provider makes the same one, so the blob, written as such a file, loads
 * there.
 *
 * Nothing is loaded between two calls: each makes the primary key again, loads, uses and flushes. A TPM
 * without a resource manager holds three objects at a time, so an EK that is no persistent one leaves it for
 * as long (saved context) and comes back; RC_IO if it does not: close, open again and load again. For the
 * results see tpm.h; and RC_UNSUPPORTED  the owner hierarchy cannot be used: it is disabled, or its password
 * is not the one of tpm_options. A key in software needs none. RC_DENIED       the blob is of another TPM, or
 * of an owner hierarchy that was cleared since, or was altered, or is not a key as tpm_key_create makes it
 */
#ifndef LIMEBUS_TPM_KEY_H
#define LIMEBUS_TPM_KEY_H

#include "lib/tpm/tpm.h"

#define TPM_KEY_BLOB_MAX_BYTES 2048
#define TPM_KEY_DIGEST_BYTES   32
/* TPM 2.0 Part 2, TPM_RH_OWNER: the parent, as key files say it. */
#define TPM_KEY_PARENT 0x40000001u

/* TPM2B_PUBLIC ‖ TPM2B_PRIVATE, the private part encrypted by the TPM: the caller keeps it. */
MUST_USE enum rc tpm_key_create(struct tpm *tpm, struct blob *blob, struct err *err);

/* The two parts of a blob, with their lengths in front, and the TPMT_PUBLIC in the first; all borrow from it.
 * No command: whether the TPM loads it is not known. RC_MALFORMED, RC_DENIED. */
struct tpm_key_parts {
	struct span public_2b;
	struct span private_2b;
	struct span area;
};
MUST_USE enum rc tpm_key_parse(struct span blob, struct tpm_key_parts *out, struct err *err);

/* TPM2_Sign of a SHA-256 digest: TPMT_SIGNATURE. */
MUST_USE enum rc tpm_key_sign(struct tpm *tpm, struct span blob,
	const uint8_t digest[static TPM_KEY_DIGEST_BYTES], struct blob *signature, struct err *err);

/* TPM2_Certify of the key by the AK, which must be loaded: TPMS_ATTEST and TPMT_SIGNATURE; out->values is
 * empty. */
MUST_USE enum rc tpm_key_certify(
	struct tpm *tpm, struct span blob, struct span qualifying, struct tpm_quote *out, struct err *err);

/* Persistent handles of the owner (TPM 2.0 Part 2, 7.5.2; TCG Registry of Reserved Handles). */
#define TPM_KEY_HANDLE_MIN 0x81000000u
#define TPM_KEY_HANDLE_MAX 0x817fffffu

/*
 * Keep the key in the TPM under this handle, for programs that know no key files. Nothing is done if it is
 * there already; another key of ours there is replaced. RC_EXISTS: something else is there. RC_LIMIT: no
 * handle of the owner's, or the TPM has no room.
 */
MUST_USE enum rc tpm_key_keep(struct tpm *tpm, struct span blob, uint32_t handle, struct err *err);

/* Remove it from there; nothing is done if there is nothing, or something else. */
MUST_USE enum rc tpm_key_forget(struct tpm *tpm, struct span blob, uint32_t handle, struct err *err);

#endif
