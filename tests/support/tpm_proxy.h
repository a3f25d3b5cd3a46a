/*
 * Somebody on the bus: stands between a program and its swtpm, writes down all that passes, and spoils a
 * command if told to. It serves one connection after the other, as swtpm does.
 */
#ifndef LIMEBUS_TESTS_SUPPORT_TPM_PROXY_H
#define LIMEBUS_TESTS_SUPPORT_TPM_PROXY_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/support/swtpm.h"

enum proxy_act {
	PROXY_ANSWER, /* the command does not reach the TPM; answer with `code` */
	PROXY_CUT,    /* the command reaches the TPM, the connection ends without an answer */
	PROXY_HANG,   /* neither answer nor end, until the proxy closes */
	PROXY_TAMPER, /* the last byte of the answer's first parameter (byte 20) is changed */
	PROXY_LIE,    /* the answer's size field says 4097 */
	PROXY_CALL,   /* `call` runs before the command reaches the TPM */
};

/* Spoil commands number skip, skip + 1, … skip + times - 1 among those with this command code (0: any). */
struct proxy_rule {
	uint32_t command;
	unsigned skip;
	unsigned times;
	enum proxy_act act;
	uint32_t code;
	void (*call)(void *context);
	void *context;
};

enum proxy_kind { PROXY_UNIX, PROXY_TCP, PROXY_DEVICE };

struct proxy {
	enum proxy_kind kind;
	char tcti[SCRATCH_FILE_BYTES]; /* for tpm_open */
	char path[SCRATCH_FILE_BYTES];
	char upstream[SCRATCH_FILE_BYTES];
	int listener; /* of a device: the side of the pseudo-terminal that is ours */
	int device;   /* the other side, held open */
	int held;     /* a connection that hangs */
	pthread_t thread;
	atomic_bool ending;
	struct proxy_rule rule;
	atomic_uint seen; /* commands that the rule is about */
	atomic_uint spoiled;
	struct blob record; /* everything, both directions; read it after proxy_close or between commands */
};

/* PROXY_DEVICE is a pseudo-terminal: a character device that gives answers in pieces, as a TPM's may. */
void proxy_open(struct proxy *out, const struct swtpm *tpm, enum proxy_kind kind);

/* Only between commands. The counts begin again, the record is emptied. */
void proxy_set(struct proxy *proxy, struct proxy_rule rule);

/* Accepts {0}. */
void proxy_close(struct proxy *proxy);

#endif
