/* What the files of this folder share. */
#ifndef LIMEBUS_AGENT_INNER_H
#define LIMEBUS_AGENT_INNER_H

#include "lib/base/hex.h"
#include "lib/bus/bus.h"
#include "lib/bus/client.h"
#include "lib/crypto/hpke.h"
#include "lib/evidence/tpm_name.h"
#include "lib/trust/roster.h"
#include "services/agent/actions.h"
#include "services/agent/agent.h"
#include "services/agent/certificate.h"
#include "services/agent/enrol.h"
#include "services/agent/jobs.h"
#include "services/agent/keys.h"
#include "services/agent/logs.h"
#include "services/agent/notices.h"
#include "services/agent/paths.h"
#include "services/agent/payload.h"
#include "services/agent/steps.h"
#include "services/agent/tpm_thread.h"

#define ENDPOINT_TRIES_MAX 64

/* What the TPM said when it was opened. chain: `chain_count` encoded elements of register. */
struct tpm_facts {
	struct blob ek;
	struct blob certificate;
	struct blob chain;
	size_t chain_count;
	struct blob ak;
	struct tpm_name ak_name;
};

/* Joining: the wiring of enrol.h. attempt tells answers to former attempts apart. */
struct join {
	enum enrol_state state;
	struct client *registrar;
	struct client *verifier;
	struct timer pause;
	struct timer link;
	unsigned pauses;
	uint64_t attempt;
	size_t registrar_turn;
	size_t verifier_turn;
	uint8_t verifier_key[CURVE_KEY_BYTES]; /* of the one that we are connected to */
	struct blob id_object;
	struct blob secret;
	struct secret32 ke;
	uint64_t hello; /* call id of the last hello */
	uint64_t enrolments;
};

/* A look at the PCR update counter, and at the length of the IMA list, now and then. */
struct watcher {
	struct timer tick;
	struct timer ima_tick;
	uint64_t ima_count;
	bool is_asking;
	bool has_counter;
	uint32_t counter;
};

/* Bootstrapping: the wiring of steps.h. number and envelope: of the provisioning that is under way, else of
 * the one that the TPM holds; 0 and empty if there is none. */
struct boot {
	enum boot_state state;
	uint64_t number;
	struct blob envelope; /* signed share_u */
	struct secret32 u;
	struct secret32 v;
	struct secret32 kb;
	bool has_u;
	bool has_v;
	uint64_t relay_id; /* of the relay that brought share_u */
	enum rc rc;        /* how the last step went */
	struct err err;
	char script[257];
	bool script_failed;
	char script_text[TEXT_MAX];
	struct timer piece;
	uint64_t challenged_us; /* the first challenge after share_u, or after the start; 0: none yet */
	uint64_t tpm_us;
	uint64_t total_us;
};

struct agent {
	const struct agent_config *config;
	struct loop *loop;
	struct bus *bus;
	int lock; /* of the state folder */
	struct hpke_pair nk;
	struct curve_pair curve;
	struct roster *roster;
	char roster_path[PATH_BYTES]; /* the copy that newer ones go to */
	char hint[65];
	uint8_t node[NODE_ID_BYTES];
	bool has_node;
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	struct tpm_thread *tpm;
	struct tpm_facts facts;
	struct held held;
	struct join join;
	struct payload payload;
	struct boot boot;
	struct jobs *scripts;     /* NULL: not allowed */
	struct jobs *action_jobs; /* NULL: there are none */
	struct actions *actions;
	struct jobs *hooks;              /* of certificates; NULL: there is none */
	struct certificate *certificate; /* NULL: none is wanted */
	struct notices *notices;         /* NULL before the first enrolment */
	struct logs *logs;
	struct watcher watcher;
	uint64_t quotes;
	uint64_t interval_ms;
	struct timer status_tick;
	bool is_closing;
};

uint64_t agent_now(const struct agent *agent); /* wall clock, ms */

void agent_roster_changed(struct agent *agent);

/* ---- join.c ---- */

void join_event(struct agent *agent, enum enrol_event event);
void join_close(struct agent *agent);

/* Is this the link of the verifier, and up? Sends if so; what cannot be sent is logged and dropped. */
void join_send(struct agent *agent, const struct msg *msg);

/* ---- attest.c ---- */

/* Banks of a message as a selection. RC_UNSUPPORTED: an unknown bank; RC_MALFORMED: one twice. */
MUST_USE enum rc attest_selection(struct list banks, struct pcr_selection *out);

void attest_on_challenge(struct agent *agent, const struct msg *msg);
void attest_on_log_get(struct agent *agent, const struct msg *msg);
/* RC_UNSUPPORTED: no such log. */
MUST_USE enum rc attest_read_log(
	struct agent *agent, const struct msg_log_get *get, struct logs_piece *out, struct err *err);
MUST_USE enum rc attest_watch(struct agent *agent, struct err *err);

/* ---- bootstrap.c ---- */

/* Number of the payload that lies opened; 0: none. */
uint64_t agent_opened(const struct agent *agent);
void agent_on_first_challenge(struct agent *agent);
void agent_on_share_v(struct agent *agent, const struct msg *msg);

void boot_begin(struct agent *agent);
void boot_end(struct agent *agent);
void boot_event(struct agent *agent, enum boot_event event);
/* Go on if all is there now: U, V, the whole ciphertext. */
void boot_try(struct agent *agent);
/* Take up what the TPM holds: its kept envelope, checked again, and its ciphertext. */
void boot_restore(struct agent *agent);
void boot_tell_opened(struct agent *agent);
/* Remove the payload from memory; all: and U from the TPM, and the ciphertext. */
void boot_wipe(struct agent *agent, bool all);

/* ---- relayed.c ---- */

void relayed_on_message(struct agent *agent, const struct msg *msg);
/* Answer a relayed message: ok or error. */
void relayed_answer(struct agent *agent, uint64_t id, enum rc rc, const char *text);

/* ---- status.c ---- */

MUST_USE enum rc status_begin(struct agent *agent, struct err *err);
void status_write(struct agent *agent);

#endif
