/*
 * When nodes are challenged: one challenge at a time and node, each with a fresh nonce from the kernel, bound
 * to the connection that it goes to, with a deadline. Otherwise the node is due at its class's interval, give
 * or take a tenth.
 */
#ifndef LIMEBUS_VERIFIER_CHALLENGE_H
#define LIMEBUS_VERIFIER_CHALLENGE_H

#include "services/verifier/node.h"

struct verifier;

/* A node's hints and relays are honoured at most so often. */
#define CHALLENGE_EVERY_MS 20

/* As soon as that is allowed. With a challenge under way: right after its answer. */
void challenge_soon(struct verifier *verifier, struct node *node);

/* At once; a challenge that is under way counts no more. */
void challenge_restart(struct verifier *verifier, struct node *node);

/* When it is due. Nothing happens while a challenge is under way or the node is not connected. */
void challenge_next(struct verifier *verifier, struct node *node);

/* The node has as long as for a challenge for the next part of a log. */
void challenge_deadline(struct verifier *verifier, struct node *node);

/* No more, until the node says hello again. */
void challenge_stop(struct verifier *verifier, struct node *node);

/* The challenge with this id was answered over the connection of this key; false if there is none. It is used
 * up then. */
bool challenge_take(struct node *node, const struct peer *peer, uint64_t id);

#endif
