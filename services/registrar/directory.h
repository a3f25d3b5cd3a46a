/*
 * What the registrar knows by heart: the records of all nodes and their aliases, as they stand in Redis, in
 * the order of the ids. Records are kept as the signed bytes; versions only grow.
 */
#ifndef LIMEBUS_REGISTRAR_DIRECTORY_H
#define LIMEBUS_REGISTRAR_DIRECTORY_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "proto/msg.h"

struct directory_node {
	uint8_t id[NODE_ID_BYTES];
	char alias[NAME_MAX_BYTES + 1]; /* empty: none */
	uint64_t version;
	struct blob record;
};

/* {0} is empty. */
struct directory {
	void *nodes; /* a search tree (tsearch), by id */
	size_t count;
};
void directory_release(struct directory *directory);

/* NULL if there is none. Borrowed until the next change. */
struct directory_node *directory_find(
	const struct directory *directory, const uint8_t id[static NODE_ID_BYTES]);

/* Copies. RC_STALE if a higher version is known. */
MUST_USE enum rc directory_put(struct directory *directory, const uint8_t id[static NODE_ID_BYTES],
	uint64_t version, struct span record);

/* Give the alias to this node alone; an empty one takes the node's alias away. RC_NOT_FOUND: no such node. */
MUST_USE enum rc directory_set_alias(
	struct directory *directory, const uint8_t id[static NODE_ID_BYTES], struct span alias);

/* By alias, by whole id, or by its first digits (at least 8). RC_NOT_FOUND; RC_LIMIT if several ids begin so.
 */
MUST_USE enum rc directory_by_name(
	const struct directory *directory, struct span name, struct directory_node **out, struct err *err);

/* The nodes after this id (NULL: from the first), at most max of them, in order. Returns how many; *more says
 * whether others follow. */
size_t directory_page(const struct directory *directory, const uint8_t *after, size_t max,
	const struct directory_node **out, bool *more);

#endif
