/*
 * The bus of one process: the ZeroMQ context and the ZAP handler that decides who may connect.
 *
 * There is no plaintext mode: every socket made here speaks CURVE and nothing else. Every connection to a
 * socket that accepts is put before our own ZAP handler (RFC 27), which runs in our loop and is there before
 * the first such socket: ZAP domains are never empty, and libzmq is told to refuse connections when no
 * handler answers (ZMQ_ZAP_ENFORCE_DOMAIN, whose result is checked: without it libzmq 4.3.4 lets everybody in
 * once the handler is gone, and then believes a User-Id that the client claims).
 *
 * The handler answers with the client's CURVE key as User-Id, followed by a mark that it makes at start and
 * nobody outside this process ever sees. libzmq attaches it to every message of the connection; a message
 * without both is dropped. So the sender of a message is a key that this process authenticated, never
 * something that the peer said.
 */
#ifndef LIMEBUS_BUS_BUS_H
#define LIMEBUS_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/rc.h"
#include "lib/bus/count.h"
#include "lib/bus/loop.h"
#include "proto/schema.h"

struct bus;

/* Largest frame that a socket accepts unless its options say otherwise. */
#define BUS_MESSAGE_MAX_BYTES ((1u << 20) + (8u << 10))

#define BUS_DOMAINS_MAX     8
#define BUS_DOMAIN_MAX      32   /* length of a domain's name */
#define BUS_PENDING_MAX     4096 /* admissions that were put off */
#define BUS_ADMIT_WITHIN_MS 5000 /* put off longer than this: refused for now, the client may come again */

struct bus_options {
	unsigned io_threads; /* 0: one, enough for two cores */
	unsigned peers_max;  /* connections that the process is meant to serve at once; 0: not a server */
	unsigned links_max;  /* clients and subscribers that the process opens; 0: a few */
};

/* *enough is false, and err says what to set, if the limit on open files (RLIMIT_NOFILE) is too low for these
 * options: a served connection takes one descriptor, an own link four. The soft limit is raised as far as the
 * hard one allows. */
MUST_USE enum rc bus_check_limits(const struct bus_options *options, bool *enough, struct err *err);

/* Borrows the loop, which must outlive the bus. One bus a process. Logs bus.files if the limit on open files
 * is too low. */
MUST_USE enum rc bus_open(
	struct loop *loop, const struct bus_options *options, struct bus **out, struct err *err);

/* Every socket must be closed before. Sets *bus to NULL. Does not wait for messages that were not delivered.
 */
void bus_close(struct bus **bus);

struct loop *bus_loop(struct bus *bus);

/*
 * May this CURVE key connect? ADMIT_LATER keeps the client waiting until bus_admit(bus, token, …) or until
 * BUS_ADMIT_WITHIN_MS have passed, which is a no for now (as is a full table of pending ones).
 * After ADMIT_NO the client is told so, and stays away longer.
 */
enum admit { ADMIT_NO, ADMIT_YES, ADMIT_LATER };
typedef enum admit bus_admit_fn(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token);

/* Answer an admission that was put off. RC_NOT_FOUND if it was answered or timed out. */
MUST_USE enum rc bus_admit(struct bus *bus, uint64_t token, bool yes);

/* True while new TCP connections are ignored, because descriptors run short. Those that are connected do not
 * notice. */
bool bus_is_full(const struct bus *bus);

/* For `status`. */
struct bus_admissions {
	uint64_t admitted;
	uint64_t refused;
	uint64_t late;      /* put off and not answered in time */
	uint64_t overflow;  /* refused because BUS_PENDING_MAX waited already */
	uint64_t malformed; /* requests that were not RFC 27, CURVE, and for a domain of ours */
	unsigned pending;
};
const struct bus_admissions *bus_admissions(const struct bus *bus);

#endif
