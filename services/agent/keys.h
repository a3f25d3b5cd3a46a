/* What the agent keeps on its disk to use its TPM: the AK's blob, and which NV index holds U, under which
 * password. All of it 0600 and replaced at once or not at all. */
#ifndef LIMEBUS_AGENT_KEYS_H
#define LIMEBUS_AGENT_KEYS_H

#include "lib/base/err.h"
#include "lib/tpm/tpm.h"

/* ---- AK ---- */

/* Empty if there is none yet. */
MUST_USE enum rc keys_load_ak(const char *state, struct blob *out, struct err *err);
MUST_USE enum rc keys_save_ak(const char *state, struct span blob, struct err *err);

/* ---- U in the TPM ---- */

enum { KEYS_SLOT_A, KEYS_SLOT_B, KEYS_SLOTS, KEYS_NO_SLOT = KEYS_SLOTS };

/* DROP(held_release). number 0 and active KEYS_NO_SLOT: nothing is held. */
struct held {
	uint64_t number;
	unsigned active;
	struct tpm_nv_slot slots[KEYS_SLOTS]; /* index and password */
};
void held_release(struct held *held);

/* The passwords are made if they are not there yet. */
MUST_USE enum rc held_load(const char *state, struct held *out, struct err *err);

/* Record which slot is active now; the moment a new U replaces its predecessor. */
MUST_USE enum rc held_save(
	const char *state, struct held *held, unsigned active, uint64_t number, struct err *err);

/* Forget everything, passwords too. */
void held_remove(const char *state, struct held *held);

#endif
