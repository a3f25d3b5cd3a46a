/*
 * Registrations that wait for their activation: in memory only and bounded, so that nobody fills a store with
 * EKs that are not his. One a connection key; when the table is full the oldest of the same node goes, or, if
 * it has none, the oldest of all. Each is used once, right or wrong.
 */
#ifndef LIMEBUS_REGISTRAR_PENDING_H
#define LIMEBUS_REGISTRAR_PENDING_H

#include "lib/base/blob.h"
#include "lib/evidence/tpm_name.h"
#include "proto/msg.h"

#define PENDING_MAX 2048
#define PENDING_MS  60000
/* A `register` with every field at its largest takes less; keys that nobody knows must not fill our memory.
 */
#define PENDING_CLAIM_MAX (32u << 10)

struct pending {
	uint8_t nk[CURVE_KEY_BYTES];
	uint8_t node[NODE_ID_BYTES];
	struct tpm_name ak_name;
	struct secret32 ke;
	struct blob claim; /* the `register` message as it came */
	uint64_t until_ms; /* monotonic; 0: free */
	char admitted_by[224];
};
void pending_release(struct pending *pending);

/* {0} is empty. */
struct pending_table {
	struct pending slots[PENDING_MAX];
};
void pending_table_release(struct pending_table *table);

/* Takes *pending, whose until_ms is set here. Replaces what waits for the same NK. */
void pending_put(struct pending_table *table, struct pending *pending, uint64_t now_ms);

/* Move what waits for this NK to *out; false if nothing does, or its time is over. */
bool pending_take(struct pending_table *table, const uint8_t nk[static CURVE_KEY_BYTES], uint64_t now_ms,
	struct pending *out);

#endif
