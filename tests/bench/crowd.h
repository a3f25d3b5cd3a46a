/* Many software nodes over real CURVE connections, each with its own key, TPM and AK, in the loop of a rig.
 * They answer each challenge at once, or after a while. */
#ifndef LIMEBUS_TESTS_BENCH_CROWD_H
#define LIMEBUS_TESTS_BENCH_CROWD_H

#include "tests/integration/verifier_rig.h"

enum crowd_ak { CROWD_ECDSA, CROWD_RSA };

struct crowd_node {
	struct crowd *crowd;
	struct soft_tpm tpm;
	struct hpke_pair nk;
	struct client *client;
	struct timer timer;
	unsigned index;
	unsigned welcomes;
	unsigned shares;
	uint64_t asked; /* id of the challenge, what it asks for */
	uint8_t nonce[NONCE_BYTES];
	struct pcr_selection selection;
	struct blob attest, signature, values;
};

struct crowd {
	struct rig *rig;
	size_t count;
	struct crowd_node *nodes;
	/* 0: answers at once. Else milliseconds, give or take a tenth, as the verifier spreads its
	 * challenges; ids are then 1 + the node's place. */
	unsigned pause_ms;
	uint64_t answers;
	size_t evidence_bytes; /* of the last message */
};

/* What every node reports and every policy of the benchmarks demands: all 24 PCRs of SHA-256 are zero. */
const char *crowd_policy(void);

void crowd_open(struct rig *rig, size_t count, enum crowd_ak ak, struct crowd *out);
void crowd_close(struct crowd *crowd);

/* Connections to the verifier of the rig: enrolled and welcomed, not provisioned. */
void crowd_join(struct crowd *crowd);

/* All of them `trusted`, by the policy of the rig. */
void crowd_trust(struct crowd *crowd);

/* Connections to somebody else, who challenges. */
void crowd_dial(struct crowd *crowd, const char *endpoint, const uint8_t *server_key);

/* Connections end; nodes and keys stay. */
void crowd_leave(struct crowd *crowd);

/* CPU that a process has used so far, by all of its threads, in microseconds. */
double crowd_cpu_us(pid_t pid);

/* How often its threads have slept so far. Serving the same, it is work that the load decides on. */
unsigned long crowd_wakes(pid_t pid);

#endif
