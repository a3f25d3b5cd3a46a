/* Entries of IMA lists become rules. Internal to learn. */
#ifndef LIMEBUS_TENANT_LEARN_LIST_H
#define LIMEBUS_TENANT_LEARN_LIST_H

#include "lib/evidence/ima_replay.h"
#include "services/tenant/learn.h"

/* A list that is walked; owns its room. */
struct list_walk {
	const char *name;
	struct ima_list list;
	struct blob room;
	uint64_t at; /* entries */
};
void list_walk_release(struct list_walk *walk);

/* *out_empty: there is no entry. RC_MALFORMED: no list. */
MUST_USE enum rc list_walk_begin(
	struct list_walk *walk, const char *name, struct span list, bool *out_empty, struct err *err);

/* The next entry; *out_ended at the end. RC_MALFORMED: what follows is none, or a part of one. */
MUST_USE enum rc list_walk_next(
	struct list_walk *walk, struct ima_entry *out, bool *out_ended, struct err *err);

/* Allow what this entry says. */
MUST_USE enum rc learn_entry(struct learning *learning, const struct ima_entry *entry, struct err *err);

#endif
