/*
 * Evidence that was kept in files: a folder for a boot (the "set": AK publics, nonce, firmware log), and in
 * it one folder for each time the node was asked (the "step": quotes and the IMA list of that moment).
 *   SET/ak_ecc.pub, SET/ak_rsa.pub           TPM2B_PUBLIC
 *   SET/nonce.bin                            qualifying data of every quote
 *   SET/binary_bios_measurements             the firmware's event log; an empty file: there was none
 *   SET/STEP/quote_ecc.msg, .sig, .pcrs      TPMS_ATTEST, TPMT_SIGNATURE, the PCR values one after the other
 *   SET/STEP/quote_rsa.*, quote_rsa_extra.*  by the RSA AK, the second over another selection
 *   SET/STEP/binary_runtime_measurements     the IMA list, or else
 *   SET/STEP/ascii_runtime_measurements      the same as text
 * Each may be compressed (the name with or without .gz). What a step has of its own goes before what its set
 * has. Nothing is judged here.
 */
#ifndef LIMEBUS_TENANT_EVIDENCE_SET_H
#define LIMEBUS_TENANT_EVIDENCE_SET_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

/* X(NAME, "as in quote_<name>.msg", "the AK's name, as in ak_<name>.pub"). In the order in which one is
 * chosen where none was asked for. */
#define EVIDENCE_QUOTES(X)                                                                                   \
	X(ECC, "ecc", "ecc")                                                                                 \
	X(RSA, "rsa", "rsa")                                                                                 \
	X(RSA_EXTRA, "rsa_extra", "rsa")

#define EVIDENCE_QUOTE_ENUM(id, name, ak) EVIDENCE_QUOTE_##id,
enum evidence_quote_kind {
	EVIDENCE_QUOTES(EVIDENCE_QUOTE_ENUM) EVIDENCE_QUOTE_COUNT,
	EVIDENCE_QUOTE_ANY = EVIDENCE_QUOTE_COUNT, /* the first that is there */
	EVIDENCE_QUOTE_ALL,                        /* all that are there */
};
#undef EVIDENCE_QUOTE_ENUM

#define EVIDENCE_PATH_BYTES 4096
#define EVIDENCE_LOG_MAX    (16u << 20)
#define EVIDENCE_LIST_MAX   (512u << 20)

/* Owns. is_there: all its files, and those of its AK, were read. */
struct evidence_quote {
	bool is_there;
	struct blob attest;
	struct blob signature;
	struct blob values;
	struct blob ak; /* TPM2B_PUBLIC */
};

/* {0} is empty. Owns. At least one quote is there once it was loaded. */
struct evidence_set {
	char path[EVIDENCE_PATH_BYTES]; /* of the step, without '/' at its end */
	struct evidence_quote quotes[EVIDENCE_QUOTE_COUNT];
	struct blob nonce;
	bool has_log; /* the file is there; it may be empty */
	struct blob log;
	bool has_list;
	bool list_is_ascii;
	struct blob list;
};
void evidence_set_release(struct evidence_set *set);

/*
 * Read a step, with the quote that is wanted. RC_NOT_FOUND: no such folder, no such quote in it, or one that
 * lacks one of its files, the AK or the nonce; RC_DENIED, RC_IO: a file cannot be read; RC_LIMIT: too long;
 * RC_MALFORMED: damaged gzip. Errors name the path. Log and list may be missing.
 */
MUST_USE enum rc evidence_set_load(
	const char *step, enum evidence_quote_kind wanted, struct evidence_set *out, struct err *err);

/* The first quote that is there, and is never none once a set was loaded. */
enum evidence_quote_kind evidence_set_first(const struct evidence_set *set);

/* "ecc", "rsa", "rsa_extra"; never NULL. */
const char *evidence_quote_name(enum evidence_quote_kind kind);

/* A folder in which a quote lies. */
bool evidence_set_is_step(const char *path);

#endif
