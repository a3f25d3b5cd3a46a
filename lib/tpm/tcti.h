/*
 * The way to the TPM, as a TCTI that the TSS calls: carries commands and answers, counts them, and deals with
 * what every command may meet (a TPM that is busy, not started, or full). Written here rather than taken from
 * the TSS because those wait for ever, load libraries by name, and tell nobody what they do.
 */
#ifndef LIMEBUS_TPM_TCTI_H
#define LIMEBUS_TPM_TCTI_H

#include <stdbool.h>
#include <sys/socket.h>
#include <tss2/tss2_tcti.h>

#include "lib/base/err.h"

/* TCG PC Client Platform TPM Profile: MAX_COMMAND_SIZE and MAX_RESPONSE_SIZE are 4096. */
#define TCTI_MESSAGE_MAX_BYTES 4096
/* How long a busy TPM is asked again. The self tests of a discrete TPM take a second or two. */
#define TCTI_BUSY_MAX_MS 10000u
/* Handles that are ours and are not flushed to make room: EK, AK, session, the node's key and its parent. */
enum tcti_own { TCTI_OWN_EK, TCTI_OWN_AK, TCTI_OWN_SESSION, TCTI_OWN_PARENT, TCTI_OWN_KEY, TCTI_OWN_COUNT };

enum tcti_kind { TCTI_DEVICE, TCTI_SOCKET };

/*
 * common must stay the first field: the TSS is given a pointer to it. The device stays open between commands,
 * a socket does not (fd is -1). Once failure is set no command is sent any more.
 */
struct tcti {
	TSS2_TCTI_CONTEXT_COMMON_V2 common;
	enum tcti_kind kind;
	int fd;
	struct sockaddr_storage address;
	socklen_t address_len;
	bool managed; /* a resource manager in between gives everybody a TPM of his own */
	uint32_t timeout_ms;
	enum rc failure;
	int reason; /* errno of the failure */
	uint64_t commands;
	uint64_t busy_us;
	uint32_t own[TCTI_OWN_COUNT]; /* 0: none */
	size_t command_len;
	size_t response_len; /* 0: not answered yet */
	uint8_t command[TCTI_MESSAGE_MAX_BYTES];
	uint8_t response[TCTI_MESSAGE_MAX_BYTES];
};

/* text as tpm_open says. Opens a device; finds the address of a socket without connecting. */
MUST_USE enum rc tcti_open(const char *text, uint32_t timeout_ms, struct tcti *out, struct err *err);

/* The part of tcti_open that reads the text: sets kind, and fd or address. */
MUST_USE enum rc tcti_address(const char *text, struct tcti *tcti, struct err *err);

/* Wipes what was sent and received last. Accepts {0}. */
void tcti_close(struct tcti *tcti);

/* TPM2_FlushContext of a handle of ours, past the TSS; nothing if there is none. It is not ours any more. */
void tcti_flush(struct tcti *tcti, enum tcti_own which);

static inline TSS2_TCTI_CONTEXT *tcti_context(struct tcti *tcti)
{
	return (TSS2_TCTI_CONTEXT *)&tcti->common;
}

#endif
