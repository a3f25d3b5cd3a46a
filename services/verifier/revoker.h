/*
 * The connection to the revocation service that leads. When the link breaks, the next rostered one is tried;
 * one that does not lead says `moved`, and we go where it sends us.
 */
#ifndef LIMEBUS_VERIFIER_REVOKER_H
#define LIMEBUS_VERIFIER_REVOKER_H

#include "lib/bus/client.h"

struct verifier;

/* While nobody answers: a quarter to the whole of it, then the next service has its turn. */
#define REVOKER_TURN_MS 400
/* Before the same service is asked again: it does not know yet who leads. */
#define REVOKER_AGAIN_MS 200

struct revoker {
	struct client *client; /* NULL: the roster names none */
	uint8_t key[CURVE_KEY_BYTES];
	char endpoint[ENDPOINT_MAX + 1];
	size_t turn;
	struct timer next;
	bool is_up;
};

/* At the start, and when the roster is another one. A connection to a service that is still in it is kept. */
MUST_USE enum rc revoker_dial(struct verifier *verifier, struct err *err);
void revoker_close(struct verifier *verifier);

/* A service that does not lead answered so. How long to wait before it is asked again: 0 if we went on. */
uint64_t revoker_moved(struct verifier *verifier, struct span name);

#endif
