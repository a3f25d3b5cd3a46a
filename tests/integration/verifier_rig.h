/* The real limebus-verifier and a real Redis; registrar, revocation service, operators and agents are played
 * by the test over the real bus. */
#ifndef LIMEBUS_TESTS_INTEGRATION_VERIFIER_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_VERIFIER_RIG_H

#include "tests/support/redis_server.h"
#include "tests/support/soft_tpm.h"
#include "tests/support/test.h"

#include "lib/bus/client.h"
#include "lib/bus/server.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/record.h"
#include "lib/trust/roster.h"
#include "lib/trust/share.h"

#define RIG_PATIENCE_MS 15000
#define RIG_CAUSES_MAX  16
#define RIG_AGENTS_MAX  8

enum who { REGISTRAR, VERIFIER, REVOCATION, VIEWER, PROVISIONER, ADMIN, WHO_COUNT };

struct rig {
	struct scratch dir;
	struct redis_server redis;
	struct identity who[WHO_COUNT];
	struct sign_pair root;
	struct roster *roster;
	struct store *store; /* as the registrar */
	pid_t pid;           /* the verifier */
	pid_t beside;        /* the revocation service, if it is real */
	struct loop *loop;
	struct bus *bus;
	struct server *revocation;
	struct client *client[WHO_COUNT]; /* operators */
	struct client *agents[RIG_AGENTS_MAX];
	uint64_t record_version;

	/* What the played revocation service heard. */
	unsigned causes;
	unsigned alive;
	struct blob cause[RIG_CAUSES_MAX];
	struct blob floors; /* what it answers: encoded elements */
	size_t floor_count;
	bool is_silent;

	/* The answer to the last question of an operator. */
	bool is_answered;
	enum rc answer_rc;
	struct blob answer;
	char text[TEXT_MAX + 1];
};

/* How an agent that is played misbehaves. */
enum lie {
	LIE_NONE,
	LIE_SILENT,
	LIE_NONCE,
	LIE_NK,
	LIE_SELECTION,
	LIE_CLOCK,
	LIE_AK,
	LIE_REPLAY,
	LIE_NO_PARTS,   /* log_get is not answered */
	LIE_MORE,       /* … always says that there is more */
	LIE_OTHER_PART, /* of another place than was asked for */
};

struct agent {
	struct rig *rig;
	struct soft_tpm *tpm;
	struct hpke_pair nk;
	struct client *client;
	unsigned place; /* in rig->agents */
	enum lie lie;
	unsigned welcomes;
	unsigned challenges;
	unsigned shares;
	struct secret32 v; /* the last one that could be opened */
	uint64_t v_number;

	struct blob last_attest, last_signature, last_values;

	/* The logs that it has, in parts of `cut` bytes (0: as long as they may be), and what was asked of
	 * them. */
	struct span list, boot;
	struct span boot_later; /* what it reads behind its first part; empty: the same log */
	size_t cut;
	unsigned log_gets, boot_gets;
	uint64_t list_from, list_max; /* of the last challenge */
	uint64_t list_sent;           /* bytes, since the test set it to 0 */
};

#define RIG_UNTIL(rig, condition)                                                                            \
	do {                                                                                                 \
		uint64_t rig_end_ = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;                         \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= rig_end_) {                                     \
				rig_print_log(rig);                                                          \
				fail_msg("never came: %s", #condition);                                      \
			}                                                                                    \
			assert_ok(loop_turn((rig)->loop, 10, NULL));                                         \
		}                                                                                            \
	} while (0)

/* What a measurement wants otherwise than the tests; set before rig_open. */
struct rig_setup {
	unsigned links;     /* connections that the rig's process opens */
	const char *config; /* lines of verifier.conf */
	const char *policy; /* JSON */
	bool is_revoking;   /* the revocation service is real, too */
};
extern struct rig_setup rig_setup;

int rig_open(void **state);
int rig_close(void **state);
void rig_print_log(const struct rig *rig);
void rig_pass_ms(struct rig *rig, uint64_t ms);

/* A program of limebus with a configuration of its own, in the rig's folder: NAME.conf, what it says in
 * NAME.log. */
pid_t rig_spawn(struct rig *rig, const char *service, const char *name);
void rig_start_revocation(struct rig *rig);
/* SIGKILL, and wait. */
void rig_end(pid_t *pid);

void rig_start(struct rig *rig);
void rig_kill(struct rig *rig);
/* SIGTERM; the status as waitpid gives it. */
int rig_terminate(struct rig *rig);

/* Write the node's record as the registrar would, with this NK. */
void rig_enrol(struct rig *rig, const struct soft_tpm *tpm, const uint8_t *nk);
void rig_enrol_as(struct rig *rig, const struct soft_tpm *tpm, const uint8_t *nk, uint64_t version);

/* Ask as this operator and wait for the answer; its code. rig->answer is the answer's frame. */
enum rc rig_ask(struct rig *rig, enum who who, const struct msg *msg);

/* The node's state, as the verifier tells it: "none" if it knows none. Borrowed until the next one. */
const char *rig_state(struct rig *rig, const struct soft_tpm *tpm);
/* Wait for it. */
void rig_until_state(struct rig *rig, const struct soft_tpm *tpm, const char *state);

/* Put the policy of rig_setup, by itself: PCR 16 must be zero. Its hash. */
void rig_policy(struct rig *rig, uint8_t hash[static HASH_BYTES]);

/* The two halves of that. */
enum rc rig_put_document(struct rig *rig, struct span document, const uint8_t hash[static HASH_BYTES]);
enum rc rig_put_policy(struct rig *rig, const char *name, const uint8_t hash[static HASH_BYTES], size_t size);

/* Provision as this operator; v is what goes out. */
enum rc rig_provision(
	struct rig *rig, enum who who, const struct soft_tpm *tpm, uint64_t number, const struct secret32 *v);
enum rc rig_action(
	struct rig *rig, enum who who, const struct soft_tpm *tpm, const char *action, uint64_t time);

/* Replace the policy of the node: `number` of its provisioning. */
enum rc rig_use(struct rig *rig, const struct msg_policy_use *use);

void agent_open(struct rig *rig, struct soft_tpm *tpm, struct agent *out);
void agent_close(struct agent *agent);
void agent_hello(struct agent *agent);
void agent_send(struct agent *agent, const struct msg *msg);

/* Enrolled and welcomed; then also provisioned (number 7), with its share and its payload opened. */
void agent_join(struct rig *rig, struct soft_tpm *tpm, struct agent *agent);
void agent_bring_up(struct rig *rig, struct soft_tpm *tpm, struct agent *agent);
void agent_end(struct soft_tpm *tpm, struct agent *agent);

#endif
