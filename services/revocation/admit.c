/*
 * Nodes that may listen, and ask for ranges: those whose NK stands in a record that a registrar signed. Redis
 * is asked when a key connects; the answer is kept until another NK of the same node comes.
 */
#include <search.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/trust/record.h"
#include "services/revocation/inner.h"

#define NKS_MAX 200000

struct live {
	uint8_t nk[CURVE_KEY_BYTES];
	uint8_t node[NODE_ID_BYTES];
};

/* One question to Redis, while a connection waits. */
struct lookup {
	struct revocation *revocation;
	uint64_t token;
	uint8_t nk[CURVE_KEY_BYTES];
	uint8_t node[NODE_ID_BYTES];
	char digits[HEX_BYTES(NODE_ID_BYTES)];
};

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct live *)a)->nk, ((const struct live *)b)->nk, CURVE_KEY_BYTES);
}

static int compare_node(const void *a, const void *b)
{
	return memcmp(((const struct live *)a)->node, ((const struct live *)b)->node, NODE_ID_BYTES);
}

static void leave(void *at)
{
	(void)at;
}

void admit_release(struct revocation *revocation)
{
	tdestroy(revocation->nk_nodes, leave);
	tdestroy(revocation->nks, free);
	revocation->nk_nodes = NULL;
	revocation->nks = NULL;
}

static const struct live *find(const struct revocation *revocation, const uint8_t nk[static CURVE_KEY_BYTES])
{
	struct live key;
	struct live *const *found;

	memcpy(key.nk, nk, CURVE_KEY_BYTES);
	found = tfind(&key, &revocation->nks, compare);
	return found == NULL ? NULL : *found;
}

const uint8_t *admit_node_of(const struct revocation *revocation, const uint8_t key[static CURVE_KEY_BYTES])
{
	const struct live *live = find(revocation, key);

	return live == NULL ? NULL : live->node;
}

/* What was found in one of the two trees goes from both. */
static void forget(struct revocation *revocation, struct live *const *found)
{
	struct live *live;

	if (found == NULL)
		return;
	live = *found;
	tdelete(live, &revocation->nks, compare);
	tdelete(live, &revocation->nk_nodes, compare_node);
	free(live);
	revocation->nk_count--;
}

/* A node has one NK, and an NK one node: the last ones. */
static void keep(struct revocation *revocation, const struct lookup *lookup)
{
	struct live *live = calloc(1, sizeof *live);

	if (live == NULL)
		return;
	memcpy(live->nk, lookup->nk, CURVE_KEY_BYTES);
	memcpy(live->node, lookup->node, NODE_ID_BYTES);
	forget(revocation, tfind(live, &revocation->nks, compare));
	forget(revocation, tfind(live, &revocation->nk_nodes, compare_node));
	if (revocation->nk_count == NKS_MAX || tsearch(live, &revocation->nks, compare) == NULL) {
		free(live);
		return;
	}
	revocation->nk_count++;
	if (tsearch(live, &revocation->nk_nodes, compare_node) == NULL)
		forget(revocation, tfind(live, &revocation->nks, compare));
}

static void answer(struct lookup *lookup, bool yes)
{
	struct revocation *revocation = lookup->revocation;

	if (yes)
		keep(revocation, lookup);
	/* Too late is told to the client by its own time-out. */
	if (bus_admit(service_bus(revocation->service), lookup->token, yes) != RC_OK)
		log_event(LOG_DEBUG, "admit.late", "a look-up took too long");
	free(lookup);
}

static void on_record(void *ctx, enum rc rc, struct span value)
{
	struct lookup *lookup = ctx;
	struct revocation *revocation = lookup->revocation;
	const struct watched *node = watched_find(&revocation->watched, lookup->node);
	char key[6 + HEX_BYTES(NODE_ID_BYTES)];
	struct record_view view;
	struct err err = {0};

	memcpy(key, "node/", 5);
	memcpy(key + 5, lookup->digits, sizeof lookup->digits);
	if (rc == RC_OK)
		rc = record_open(service_roster(revocation->service), value,
			(struct record_expect){"node", key, MSG_TYPE_node, ROLE_REGISTRAR, 0},
			service_now(revocation->service), &view, &err);
	answer(lookup, rc == RC_OK && span_equal(view.body.node.nk, SPAN(lookup->nk)) &&
			       span_equal(view.body.node.node, SPAN(lookup->node)) &&
			       (node == NULL || node->decided != NOTICE_REMOVED));
}

static void on_index(void *ctx, enum rc rc, struct span value)
{
	struct lookup *lookup = ctx;

	if (rc == RC_OK)
		rc = hex_decode(value, lookup->node, NODE_ID_BYTES);
	if (rc == RC_OK) {
		hex_encode(SPAN(lookup->node), lookup->digits);
		rc = store_hash_get(service_store(lookup->revocation->service), KEY_NODE,
			span_text(lookup->digits), RECORD_MAX + 1024, on_record, lookup);
	}
	if (rc != RC_OK)
		answer(lookup, false);
}

enum admit admit_node(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	struct revocation *revocation = ctx;
	struct lookup *lookup = calloc(1, sizeof *lookup);
	char digits[HEX_BYTES(CURVE_KEY_BYTES)];

	if (lookup == NULL)
		return ADMIT_NO;
	lookup->revocation = revocation;
	lookup->token = token;
	memcpy(lookup->nk, key, CURVE_KEY_BYTES);
	hex_encode(span_of(key, CURVE_KEY_BYTES), digits);
	if (store_hash_get(service_store(revocation->service), KEY_NK, span_text(digits), 2 * NODE_ID_BYTES,
		    on_index, lookup) == RC_OK)
		return ADMIT_LATER;
	free(lookup);
	return ADMIT_NO;
}

unsigned admit_role(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	struct revocation *revocation = ctx;
	const struct live *live = find(revocation, key);
	const struct watched *node = live == NULL ? NULL : watched_find(&revocation->watched, live->node);

	if (live == NULL || (node != NULL && node->decided == NOTICE_REMOVED))
		return ROLE_UNKNOWN;
	return ROLE_NODE;
}
