/*
 * The one owner of the TPM: a thread that does jobs one after the other, since a TPM may take seconds
 * (lib/bus/actor.h). What it was given to open once (EK and AK) it opens again by itself after a failure.
 */
#ifndef LIMEBUS_AGENT_TPM_THREAD_H
#define LIMEBUS_AGENT_TPM_THREAD_H

#include "lib/bus/loop.h"
#include "lib/tpm/tpm.h"

/*
 * X(NAME, words)
 *   OPEN         in: a = AK blob (empty: make one), may_replace. out: ek, certificate, chain, ak, ak_blob,
 * is_new ACTIVATE     in: a = TPM2B_ID_OBJECT, b = TPM2B_ENCRYPTED_SECRET. out: secret QUOTE        in:
 * selection, qualifying. out: quote COUNTER      out: counter KEEP         in: slot, share: define the index
 * anew and write it READ         in: slot. out: share LOCK         in: slot: no reads until the next reset
 *   REMOVE       in: slot: undefine it, if it is there
 *   KEY_MAKE     out: key: the blob of a new signing key (lib/tpm/key.h)
 *   KEY_SIGN     in: a = its blob, qualifying = the digest. out: key = TPMT_SIGNATURE
 *   KEY_CERTIFY  in: a, qualifying. out: quote
 *   KEY_KEEP     in: a, handle: keep it at this persistent handle
 *   KEY_FORGET   in: a, handle: remove it from there
 */
#define TPM_TASKS(X)                                                                                         \
	X(OPEN, "open")                                                                                      \
	X(ACTIVATE, "activate")                                                                              \
	X(QUOTE, "quote")                                                                                    \
	X(COUNTER, "counter")                                                                                \
	X(KEEP, "keep share")                                                                                \
	X(READ, "read share")                                                                                \
	X(LOCK, "lock share")                                                                                \
	X(REMOVE, "remove share")                                                                            \
	X(KEY_MAKE, "make the node's key")                                                                   \
	X(KEY_SIGN, "sign with the node's key")                                                              \
	X(KEY_CERTIFY, "certify the node's key")                                                             \
	X(KEY_KEEP, "keep the node's key")                                                                   \
	X(KEY_FORGET, "forget the node's key")

#define TPM_TASK_ENUM(name, words) TPM_TASK_##name,
enum tpm_task { TPM_TASKS(TPM_TASK_ENUM) TPM_TASK_COUNT };
#undef TPM_TASK_ENUM

struct tpm_job {
	enum tpm_task task;
	void (*done)(void *ctx, struct tpm_job *job); /* in the loop's thread; the job is freed afterwards */
	void *ctx;
	uint64_t tag;       /* the asker's own */
	uint64_t list_from; /* … and what it wants of the IMA list: see challenge */
	size_t list_max;

	struct blob a;
	struct blob b;
	bool may_replace;
	struct pcr_selection selection;
	uint8_t qualifying[32];
	struct tpm_nv_slot slot;
	uint32_t handle;

	struct tpm_nv_share share;
	struct blob ek;
	struct blob certificate;
	struct blob chain;
	struct blob ak;
	struct blob ak_blob;
	bool is_new;
	struct blob secret;
	struct blob key;
	struct tpm_quote quote;
	uint32_t counter;

	enum rc rc;
	struct err err;
	uint64_t tpm_us;
	uint64_t commands;
};

/* DROP(tpm_job_free) struct tpm_job *job = tpm_job_make(TPM_TASK_QUOTE, done, ctx); NULL: out of memory. */
struct tpm_job *tpm_job_make(enum tpm_task task, void (*done)(void *ctx, struct tpm_job *job), void *ctx);
void tpm_job_free(struct tpm_job **job);

struct tpm_thread_options {
	const char *tcti;
	enum tpm_ek_kind ek;
	enum tpm_ak_kind ak;
	struct span owner_password;
	struct span endorsement_password;
};

struct tpm_thread;

/* Copies. No command is sent before TPM_TASK_OPEN. */
MUST_USE enum rc tpm_thread_open(struct loop *loop, const struct tpm_thread_options *options,
	struct tpm_thread **out, struct err *err);
/* Waits for the command that is under way. Accepts NULL inside. */
void tpm_thread_close(struct tpm_thread **thread);

/* Takes the job in any case; if too many wait, it ends at once with RC_LIMIT. */
void tpm_thread_give(struct tpm_thread *thread, struct tpm_job **job);

/* Jobs that were given and are not done. */
size_t tpm_thread_waiting(const struct tpm_thread *thread);

#endif
