/*
 * A real agent on a software TPM, with a registrar, a verifier and a revocation service of this program's
 * own: enough of them for a node to be enrolled, attested, and given a certificate by a CA that can be told
 * to misbehave.
 */
#ifndef LIMEBUS_TESTS_INTEGRATION_CERTIFICATE_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_CERTIFICATE_RIG_H

#include "lib/trust/notice.h"
#include "lib/trust/registration.h"
#include "tests/support/swtpm.h"

#define PATIENCE_MS 20000

/* What the CA does with a request whose proof is right. */
enum ca_mood {
	CA_GOOD,
	CA_REFUSES,
	CA_OTHER_KEY,  /* certifies a key of its own */
	CA_OTHER_NODE, /* names another node */
	CA_EXPIRED,    /* the certificate has ended */
	CA_OTHER_ROOT  /* signed by a CA that is below another root than ca_get says */
};

struct rig {
	struct scratch scratch;
	struct swtpm tpm;
	enum ca_mood mood;
	uint64_t life_ms;
	unsigned puts;      /* requests whose proof was right */
	unsigned wrong;     /* … was not */
	unsigned issued;    /* and sent */
	uint8_t serial[16]; /* of the last one */
	bool is_in_tpm;     /* the last request's key */
	struct blob spki;   /* … itself */
	uint8_t node[NODE_ID_BYTES];
	unsigned hellos;
	unsigned evidences;
	uint64_t acked;
};
extern struct rig rig;

void rig_open(void);
void rig_close(void);

/* Start the agent, with these options besides (NULL at the end); wait until it greets its verifier. */
void rig_start(const char *const *options);
void rig_stop(void);

/* Let the loop turn once. */
void rig_turn(void);

/* A challenge, and the evidence for it. */
void rig_challenge(void);

/* A notice about this node, and wait until it was acknowledged: kinds that need no cause, "revoked",
 * "reinstated" and "certificate-revoked". serial: 16 bytes; NULL: none. */
void rig_notice(const char *kind, const uint8_t *serial);

/* state/status.json has these words. */
bool rig_status_says(const char *words);

#define RIG_UNTIL(condition)                                                                                 \
	do {                                                                                                 \
		uint64_t end_ = clock_mono_ms(clock_system()) + PATIENCE_MS;                                 \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= end_)                                           \
				fail_msg("waited in vain for %s", #condition);                               \
			rig_turn();                                                                          \
		}                                                                                            \
	} while (0)

#endif
