/*
 * What the conditions of a group name, looked at once a place: WATCH and GET, HGET or the last of a Stream.
 * Not for others.
 */
#ifndef LIMEBUS_STORE_LOOK_H
#define LIMEBUS_STORE_LOOK_H

#include "lib/store/group.h"
#include "lib/store/op.h"

struct looks;

/* A place and what is there. key and field borrow from the batch of a commit of the group. */
struct look {
	struct looks *looks;
	uint64_t hash;
	struct span key;
	struct span field;
	enum op_shape shape;
	bool found;
	enum rc rc; /* other than RC_OK: it cannot be known what is there */
	struct blob value;
};

/* Invariant: `all` does not move while answers are to come, as these point into it. */
struct looks {
	struct store *store;
	struct look *all;
	size_t count;
	size_t room;
	size_t open; /* answers that are still to come, two a look */
	void (*done)(void *ctx);
	void *ctx;
};

/* Room for so many places. */
MUST_USE enum rc looks_reserve(struct looks *looks, size_t room);
void looks_release(struct looks *looks);

/* The place of a condition, unless it is among them already. Never more than the room. */
void looks_add(struct looks *looks, const struct store_batch *batch, const struct store_op *op);

/* Ask; done(ctx) is called after the last answer, not if the connection goes. */
MUST_USE enum rc looks_send(struct looks *looks);

/* What the conditions of a commit come to: sets its rc and `repeated`. */
void looks_judge(const struct looks *looks, struct commit *commit);

/* FNV-1a of the key, or of the place: key and field. Places with the same hash may be taken for the same
 * where that is only careful. */
uint64_t op_key_hash(const struct store_batch *batch, const struct store_op *op);
uint64_t op_place_hash(const struct store_batch *batch, const struct store_op *op);

#endif
