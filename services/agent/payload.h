/*
 * The payload: its ciphertext in the state folder, its plaintext in a tmpfs.
 *
 *   <state>/payload.<number>.part   arriving, chunk after chunk
 *   <state>/payload.<number>        complete, its hash checked
 *   <state>/share_u.<number>        the operator-signed envelope that it came with
 *   <payload>/<number>.new/         being opened
 *   <payload>/<number>/             opened: the file, or what the archive held
 *   <payload>/current               symbolic link to the newest of them, made by us
 *   <payload>/opened                "<number> <hash>\n": which one that is
 */
#ifndef LIMEBUS_AGENT_PAYLOAD_H
#define LIMEBUS_AGENT_PAYLOAD_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "proto/schema.h"

struct payload_opening;

/* DROP(payload_release) struct payload payload = {0}; */
struct payload {
	const char *state; /* borrowed paths */
	const char *folder;
	int tmpfs; /* descriptor of folder; 0: not open */
	uint64_t size_max;
	uint64_t opened; /* number of the payload that lies opened; 0: none */
	/* What arrives. */
	uint64_t number;
	uint64_t size;
	uint8_t hash[HASH_BYTES];
	bool is_complete;
	int part; /* -1: none */
	uint64_t received;
	uint64_t next_index;
	struct digest_run *run;
	struct payload_opening *opening;
};

/* RC_DENIED unless folder is on a tmpfs, ours, and of mode 0700. Finds out what lies opened in it, and
 * removes what was left half-opened. */
MUST_USE enum rc payload_open_folder(
	const char *state, const char *folder, uint64_t size_max, struct payload *out, struct err *err);
void payload_release(struct payload *payload);

/* ---- ciphertext ---- */

/* Expect this ciphertext from now on. is_complete is true at once if it lies there, with the right hash; what
 * was arriving before is removed. RC_LIMIT if it is too large. */
MUST_USE enum rc payload_expect(
	struct payload *payload, uint64_t number, uint64_t size, struct span hash, struct err *err);

/* The chunks, in order; one that was taken already is RC_OK again. RC_STALE: of another number; RC_DENIED:
 * out of order, of a wrong length, or, with the last one, not of the right hash: then all of it is removed.
 */
MUST_USE enum rc payload_take(
	struct payload *payload, uint64_t number, uint64_t index, struct span bytes, struct err *err);

/* The envelope that came with it. */
MUST_USE enum rc payload_keep_envelope(
	const struct payload *payload, uint64_t number, struct span envelope, struct err *err);
MUST_USE enum rc payload_kept_envelope(
	const struct payload *payload, uint64_t number, struct blob *out, struct err *err);

/* Remove ciphertexts and envelopes of all numbers but these (0: none). */
void payload_forget_others(struct payload *payload, uint64_t number, uint64_t other);

/* ---- plaintext ---- */

struct payload_how {
	const uint8_t *node; /* NODE_ID_BYTES, copied */
	struct span file;    /* name of the single file; copied */
	bool unpack;
};

/* Begin to open the expected payload, which is complete. Copies Kb, and wipes it when the opening ends. */
MUST_USE enum rc payload_begin_open(
	struct payload *payload, const struct secret32 *kb, const struct payload_how *how, struct err *err);

/* A bounded piece of the work. When it is done the payload lies opened, and its predecessor is gone; when it
 * fails nothing of it is left. */
MUST_USE enum rc payload_step(struct payload *payload, bool *out_done, struct err *err);

/* Remove everything from the tmpfs. */
void payload_wipe(struct payload *payload);

#endif
