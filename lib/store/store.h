/*
 * The store: Redis as bytes. Keys are text that the program made, fields and values are bytes that nobody
 * here looks into (records are signed and sealed above). Nothing blocks except store_wait_* and nothing
 * queues without a written maximum.
 *
 * Callbacks. A call that takes a `done` and returns RC_OK calls it exactly once, later, never from within the
 * call itself; a call that returns anything else never calls it. Callbacks run inside store_on_readable,
 * store_on_writable, store_tick, the store_wait_* family and store_close; they may call anything here but
 * store_close and store_wait_*. While there is no connection, calls return RC_IO at once.
 *
 * Results of a read: RC_OK; RC_NOT_FOUND; RC_LIMIT (longer than the caller's max); RC_MALFORMED (the key
 * holds another type, or Redis answered nonsense); RC_DENIED (the ACL says no); RC_TIMEOUT or RC_IO (no
 * answer). Redis is not believed: lengths, counts, depth and types of its answers are checked, never
 * asserted.
 */
#ifndef LIMEBUS_STORE_STORE_H
#define LIMEBUS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/span.h"

#define STORE_KEY_MAX_BYTES      256u
#define STORE_FIELD_MAX_BYTES    256u
#define STORE_RECORD_MAX_BYTES   (64u << 10) /* what services should keep to */
#define STORE_VALUE_MAX_BYTES    (8u << 20)  /* evidence and policies; nothing longer goes in or comes out */
#define STORE_USER_MAX_BYTES     64u
#define STORE_PASSWORD_MAX_BYTES 256u
#define STORE_REPLICAS_MAX       8u
#define STORE_CALLS_MAX          8192u       /* commands without an answer yet */
#define STORE_OUTPUT_MAX_BYTES   (32u << 20) /* bytes that are not written yet */

/* store_tick wants to be called at least so often. */
#define STORE_TICK_MS 50u

struct store;

enum store_state {
	STORE_CONNECTING, /* from the start, and again after each loss */
	STORE_READY,      /* authenticated and checked: calls are taken */
	STORE_LOST,       /* there was a connection or an attempt; a new one follows by itself */
};

/* What the store knows about the server on the other end. Borrowed, valid until the next state. */
struct store_status {
	enum store_state state;
	/* True with STORE_READY when the server is not the process that it was at the last STORE_READY: it
	 * was restarted or replaced and may have an older content, or none. Reload and compare. */
	bool restarted;
	/* Each restart that was noticed adds one; 1 at the first STORE_READY. */
	uint64_t generation;
	/* With STORE_LOST: RC_DENIED (user or password refused), RC_IO, RC_TIMEOUT, RC_MALFORMED, RC_LIMIT.
	 */
	enum rc why;
	const char *text; /* the same in words; holds text from Redis, escape it as the log does */
};

/* How a reactor serves the store: `want` says which events of fd it wants, both false before fd is closed.
 * On an event call store_on_readable or store_on_writable; errors and hang-ups count as readable. */
struct store_watch {
	void *ctx;
	void (*want)(void *ctx, int fd, bool read, bool write);
};

struct store_options {
	const char *path;           /* absolute path of a unix socket; or NULL, and host and port */
	const char *host;           /* numeric address; RC_DENIED if it is not loopback … */
	bool off_host_is_protected; /* … unless the operator says so: what is there is mutual TLS or its like
	                             */
	uint16_t port;

	const char *user;     /* of the ACL file */
	struct span password; /* copied, wiped at store_close */
	unsigned replicas;    /* RC_OK of a commit means: so many have it too. 0 for none */
	uint32_t connect_ms;  /* 0: STORE_CONNECT_MS. Up to STORE_READY */
	uint32_t command_ms;  /* 0: STORE_COMMAND_MS. No answer in this time: the connection is given up */
	uint32_t replica_ms;  /* 0: STORE_REPLICA_MS. On top of command_ms when replicas != 0 */
	const struct clock *clock; /* NULL: the system's */

	/* Each may be NULL. */
	void (*on_state)(void *ctx, const struct store_status *status);
	void *ctx;
};
#define STORE_CONNECT_MS   3000u
#define STORE_COMMAND_MS   5000u
#define STORE_REPLICA_MS   2000u
#define STORE_TIME_MAX_MS  60000u
#define STORE_RETRY_MIN_MS 50u
#define STORE_RETRY_MAX_MS 5000u

/* Start to connect; the store reconnects by itself, with jitter, from here on. Strings are copied. Does not
 * wait for Redis: it may be down. RC_DENIED for an address off this host, RC_MALFORMED for other options that
 * make no sense. */
MUST_USE enum rc store_open(const struct store_options *options, struct store **out, struct err *err);

/* What is under way gets RC_IO. Accepts NULL and a pointer to NULL. Fits DROP(store_close). */
void store_close(struct store **store);

/* Attach a reactor (copied); `want` is called at once with what is wanted now. Needless while only the
 * store_wait_* family is in use. NULL detaches. */
void store_watch(struct store *store, const struct store_watch *watch);
void store_on_readable(struct store *store);
void store_on_writable(struct store *store);

/* Deadlines, reconnects, leases. Call it every STORE_TICK_MS. */
void store_tick(struct store *store);

const struct store_status *store_status(const struct store *store);

/* Why the last call or commit failed, in words, for the callback that was just told. Never NULL. */
const char *store_why(const struct store *store);

/* `value` is borrowed until the callback returns; empty unless rc is RC_OK. max is at most
 * STORE_VALUE_MAX_BYTES. */
typedef void store_value_done(void *ctx, enum rc rc, struct span value);
MUST_USE enum rc store_get(
	struct store *store, const char *key, size_t max, store_value_done *done, void *ctx);
MUST_USE enum rc store_hash_get(struct store *store, const char *key, struct span field, size_t max,
	store_value_done *done, void *ctx);

/* Every field of a hash, in chunks, in no order. A key that is not there has no fields (RC_OK). A field that
 * is there from the start to the end is seen at least once; it may be seen twice: a later value replaces an
 * earlier one. `each` borrows; it returns false to end the scan, which then ends with RC_OK. Values longer
 * than max and fields longer than STORE_FIELD_MAX_BYTES are left out, and the scan ends with RC_LIMIT. */
typedef bool store_each(void *ctx, struct span field, struct span value);
typedef void store_done(void *ctx, enum rc rc);
MUST_USE enum rc store_hash_each(
	struct store *store, const char *key, size_t max, store_each *each, store_done *done, void *ctx);

/*
 * Blocking, for start-up and for tools: they serve the store's own descriptor with poll() until the answer is
 * there. RC_TIMEOUT after `ms`; err tells why.
 */

/* Until STORE_READY. RC_DENIED at once when user or password are refused. */
MUST_USE enum rc store_wait_ready(struct store *store, uint32_t ms, struct err *err);

/* Until holds(ctx) is true; it is asked after each event. */
MUST_USE enum rc store_wait_until(
	struct store *store, bool (*holds)(const void *ctx), const void *ctx, uint32_t ms, struct err *err);

/* store_hash_each and its end. */
MUST_USE enum rc store_wait_each(struct store *store, const char *key, size_t max, store_each *each,
	void *ctx, uint32_t ms, struct err *err);

#endif
