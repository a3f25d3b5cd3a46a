/*
 * One connection to Redis: a non-blocking socket, bytes to write, and the calls that wait for their answers
 * in order. It never reconnects; the store makes a new one.
 */
#ifndef LIMEBUS_STORE_LINK_H
#define LIMEBUS_STORE_LINK_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/store/reply.h"

/* reply is borrowed; NULL: the connection went without an answer. It may make calls, not close the link. */
typedef void link_done(void *ctx, const struct reply *reply);

struct link_call {
	link_done *done;
	void *ctx;
	uint64_t deadline_ms;
};

/* {.fd = -1} is closed. Invariant: calls is a ring of `room` places (a power of two, or 0), `count` of them
 * used from `first` on; out holds what is not written yet from out_at on. */
struct link {
	int fd;
	bool connected;
	struct reply_reader *reader;
	struct blob out;
	size_t out_at;
	struct link_call *calls;
	size_t room;
	size_t first;
	size_t count;
	/* Set by a call's `done` that saw nonsense: link_read then returns it, and the store closes the link.
	 */
	struct err fault;
};

struct link_address {
	const char *path;
	const char *host;
	uint16_t port;
};

/* The address of a TCP socket is numeric and on this host. */
bool link_is_loopback(const char *host);
bool link_is_numeric(const char *host);

/* Start to connect. RC_IO with the reason if that fails at once. */
MUST_USE enum rc link_begin(struct link *link, const struct link_address *address, struct err *err);

/* Close it, then tell each waiting call, in order, that there is no answer. Calls made meanwhile fail. */
void link_end(struct link *link);

/* There is room for so many more calls of so many bytes in all. */
bool link_has_room(const struct link *link, size_t calls, size_t bytes);

/* Append one command. RC_LIMIT over STORE_CALLS_MAX or STORE_OUTPUT_MAX_BYTES, RC_NOMEM, RC_IO when closed;
 * nothing is appended then. The arguments are copied. */
MUST_USE enum rc link_call(struct link *link, const struct span *args, size_t count, link_done *done,
	void *ctx, uint64_t deadline_ms);

bool link_wants_write(const struct link *link);

/* Do what can be done now. Anything but RC_OK: close it. link_read hands answers to their calls. */
MUST_USE enum rc link_write(struct link *link, struct err *err);
MUST_USE enum rc link_read(struct link *link, struct err *err);

#endif
