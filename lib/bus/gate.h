/*
 * Stops accepting TCP connections before the process runs out of descriptors. When it has none left libzmq
 * keeps trying to accept, at full speed, and nothing else in the process can open a file; and unbinding would
 * cut off those that are connected already. So the kernel is told to ignore new connections on the listening
 * sockets (a filter that lets no packet through), until descriptors are free again. Inside lib/bus only.
 */
#ifndef LIMEBUS_BUS_GATE_H
#define LIMEBUS_BUS_GATE_H

#include "lib/bus/bus.h"

#define GATE_LOOK_MS 100

/* {0} guards nothing. It must not move while it has listeners. */
struct gate {
	struct loop *loop;
	struct timer timer;
	int listeners[BUS_DOMAINS_MAX];
	size_t count;
	bool is_closed;
	uint64_t closings;
};

/* Guard this listening socket (not ours to close). fd -1, as of ipc://, is ignored. RC_LIMIT, RC_NOMEM. */
MUST_USE enum rc gate_add(struct gate *gate, struct loop *loop, int fd);

/* Before the listening socket is closed. */
void gate_remove(struct gate *gate, int fd);

#endif
