/* What the files of this folder share. */
#ifndef LIMEBUS_AGENT_INNER_H
#define LIMEBUS_AGENT_INNER_H

#include "lib/base/hex.h"
#include "lib/bus/bus.h"
#include "lib/bus/client.h"
#include "lib/crypto/hpke.h"
#include "lib/evidence/tpm_name.h"
#include "lib/trust/roster.h"
#include "services/agent/agent.h"
#include "services/agent/enrol.h"
#include "services/agent/keys.h"
#include "services/agent/paths.h"
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

/* A look at the PCR update counter now and then. */
struct watcher {
	struct timer tick;
	bool is_asking;
	bool has_counter;
	uint32_t counter;
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
	struct watcher watcher;
	uint64_t quotes;
	uint64_t interval_ms;
	struct timer status_tick;
	bool is_closing;
};

uint64_t agent_now(const struct agent *agent); /* wall clock, ms */

/* Number of the payload that lies opened; 0: none. */
uint64_t agent_opened(const struct agent *agent);

void agent_roster_changed(struct agent *agent);
void agent_on_share_v(struct agent *agent, const struct msg *msg);

/* ---- join.c ---- */

void join_event(struct agent *agent, enum enrol_event event);
void join_close(struct agent *agent);

/* Is this the link of the verifier, and up? Sends if so; what cannot be sent is logged and dropped. */
void join_send(struct agent *agent, const struct msg *msg);

/* ---- attest.c ---- */

/* Banks of a message as a selection. RC_UNSUPPORTED: an unknown bank; RC_MALFORMED: one twice. */
MUST_USE enum rc attest_selection(struct list banks, struct pcr_selection *out);

void attest_on_challenge(struct agent *agent, const struct msg *msg);
MUST_USE enum rc attest_watch(struct agent *agent, struct err *err);

/* ---- bootstrap.c ---- */

void agent_on_first_challenge(struct agent *agent);

/* ---- relayed.c ---- */

void relayed_on_message(struct agent *agent, const struct msg *msg);

/* ---- status.c ---- */

MUST_USE enum rc status_begin(struct agent *agent, struct err *err);
void status_write(struct agent *agent);

#endif
