/* How the sockets of lib/bus are waited for. Inside lib/bus only. */
#ifndef LIMEBUS_BUS_LOOP_SOCKET_H
#define LIMEBUS_BUS_LOOP_SOCKET_H

#include "lib/bus/loop.h"

/* A ZeroMQ socket in the loop; a member of its owner. {0} is none. */
struct loop_socket {
	void *zmq; /* borrowed */
	struct watch watch;
	struct loop *loop;
	struct loop_socket *next; /* among those whose state must be asked for */
	bool listed;
	void (*readable)(
		void *ctx); /* takes some messages, not necessarily all; NULL: nothing is ever read */
	void *ctx;
};

/* Wait for messages. readable may remove its own socket and any other. */
MUST_USE enum rc loop_socket_add(struct loop *loop, struct loop_socket *socket, void *zmq,
	void (*readable)(void *ctx), void *ctx, struct err *err);

/* To be called before zmq_close. Accepts one that was never added. */
void loop_socket_remove(struct loop_socket *socket);

/* To be called after each send or other call on the socket from outside its own readable: ZMQ_FD tells of
 * changes once, and any call may have swallowed the news. */
void loop_socket_touch(struct loop_socket *socket);

#endif
