#include "services/verifier/node.h"

#include "services/verifier/logs.h"

#include <search.h>
#include <stdlib.h>

void kept_release(struct kept *kept)
{
	blob_release(&kept->bad);
	blob_release(&kept->fine);
	blob_release(&kept->request);
	blob_release(&kept->use);
	wipe(kept, sizeof *kept);
}

enum rc kept_copy(const struct kept *kept, struct kept *out)
{
	DROP(kept_release) struct kept copy = *kept;

	copy.bad = copy.fine = copy.request = copy.use = (struct blob){0};
	TRY(blob_copy(&copy.bad, blob_span(&kept->bad)));
	TRY(blob_copy(&copy.fine, blob_span(&kept->fine)));
	TRY(blob_copy(&copy.request, blob_span(&kept->request)));
	TRY(blob_copy(&copy.use, blob_span(&kept->use)));
	kept_release(out);
	*out = TAKE(copy);
	return RC_OK;
}

void kept_forget_use(struct kept *kept)
{
	blob_release(&kept->use);
	memset(kept->former, 0, sizeof kept->former);
	kept->use_time = kept->former_until = 0;
}

void kept_forget_provisioning(struct kept *kept)
{
	blob_release(&kept->request);
	kept_forget_use(kept);
	wipe(kept->sealed_v, sizeof kept->sealed_v);
	memset(kept->policy, 0, sizeof kept->policy);
	memset(kept->class_name, 0, sizeof kept->class_name);
	memset(kept->v_hash, 0, sizeof kept->v_hash);
	kept->ak_name = (struct tpm_name){0};
	kept->number = kept->opened = kept->opened_at = kept->delivered = 0;
	kept->withheld = false;
}

/* Id and key are the first members: a search needs no whole node. */
_Static_assert(offsetof(struct node, id) == 0 && offsetof(struct node_key, key) == 0, "they come first");
static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, NODE_ID_BYTES);
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, CURVE_KEY_BYTES);
}

void waiting_release(struct waiting **waiting)
{
	if (*waiting == NULL)
		return;
	blob_release(&(*waiting)->frame);
	free(*waiting);
	*waiting = NULL;
}

void resume_release(struct resume **resume)
{
	if (*resume == NULL)
		return;
	blob_release(&(*resume)->request);
	free(*resume);
	*resume = NULL;
}

struct waiting *node_next_waiting(struct node *node)
{
	struct waiting *waiting = node->waiting;

	if (waiting != NULL) {
		node->waiting = waiting->next;
		node->wait_count--;
	}
	return waiting;
}

enum rc node_wait(struct node *node, const struct peer *peer, struct span frame)
{
	struct waiting *waiting;
	struct waiting **end = &node->waiting;

	if (node->wait_count >= NODE_WAITS_MAX)
		return RC_LIMIT;
	waiting = calloc(1, sizeof *waiting);
	if (waiting == NULL)
		return RC_NOMEM;
	waiting->peer = *peer;
	if (blob_append(&waiting->frame, frame) != RC_OK) {
		waiting_release(&waiting);
		return RC_NOMEM;
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = waiting;
	node->wait_count++;
	return RC_OK;
}

static void node_free(struct node *node)
{
	struct waiting *waiting;

	for (waiting = node_next_waiting(node); waiting != NULL; waiting = node_next_waiting(node))
		waiting_release(&waiting);
	resume_release(&node->resume);
	kept_release(&node->kept);
	public_key_release(&node->ak);
	if (node->logs != NULL)
		logs_release(node->logs);
	free(node->logs);
	free(node);
}

static void keep(void *unused)
{
	(void)unused;
}

void nodes_release(struct nodes *nodes)
{
	struct node *next;

	tdestroy(nodes->by_id, keep);
	tdestroy(nodes->by_key, keep);
	for (struct node *node = nodes->first; node != NULL; node = next) {
		next = node->next;
		node_free(node);
	}
	*nodes = (struct nodes){0};
}

struct node *nodes_find(const struct nodes *nodes, const uint8_t id[static NODE_ID_BYTES])
{
	struct node *const *found = tfind(id, &nodes->by_id, compare_ids);

	return found == NULL ? NULL : *found;
}

struct node *nodes_make(struct nodes *nodes, const uint8_t id[static NODE_ID_BYTES])
{
	struct node *node = nodes_find(nodes, id);

	if (node != NULL)
		return node;
	node = calloc(1, sizeof *node);
	if (node == NULL)
		return NULL;
	memcpy(node->id, id, NODE_ID_BYTES);
	hex_encode(SPAN(node->id), node->digits);
	if (tsearch(node, &nodes->by_id, compare_ids) == NULL) {
		free(node);
		return NULL;
	}
	node->next = nodes->first;
	nodes->first = node;
	nodes->count++;
	return node;
}

const struct node_key *nodes_key(const struct nodes *nodes, const uint8_t key[static CURVE_KEY_BYTES])
{
	struct node_key *const *found = tfind(key, &nodes->by_key, compare_keys);

	return found == NULL ? NULL : *found;
}

static void forget_key(struct nodes *nodes, struct node_key *entry)
{
	if (entry->known)
		tdelete(entry, &nodes->by_key, compare_keys);
	entry->known = false;
}

static enum rc learn_key(struct nodes *nodes, struct node *node, struct node_key *entry,
	const uint8_t key[static CURVE_KEY_BYTES])
{
	memcpy(entry->key, key, CURVE_KEY_BYTES);
	entry->node = node;
	if (tsearch(entry, &nodes->by_key, compare_keys) == NULL)
		return RC_NOMEM;
	entry->known = true;
	return RC_OK;
}

enum rc nodes_set_key(struct nodes *nodes, struct node *node, const uint8_t key[static CURVE_KEY_BYTES])
{
	const struct node_key *present = nodes_key(nodes, key);
	uint8_t before[CURVE_KEY_BYTES];
	bool had_one = node->nk.known;
	enum rc rc;

	if (present == &node->nk)
		return RC_OK;
	if (present != NULL && present->node != node)
		return RC_DENIED;
	memcpy(before, node->nk.key, sizeof before);
	forget_key(nodes, &node->nk);
	forget_key(nodes, &node->former);
	rc = learn_key(nodes, node, &node->nk, key);
	/* Without its former key the node works as well; a duplicate would only be told later. */
	if (rc == RC_OK && had_one && learn_key(nodes, node, &node->former, before) != RC_OK)
		node->former.known = false;
	return rc;
}

struct walk {
	const uint8_t *after;
	const struct node **out;
	size_t max;
	size_t count;
	bool more;
};

static void visit(const void *at, VISIT which, void *closure)
{
	const struct node *node = *(struct node *const *)at;
	struct walk *walk = closure;

	if ((which != postorder && which != leaf) ||
		(walk->after != NULL && memcmp(node->id, walk->after, NODE_ID_BYTES) <= 0))
		return;
	if (walk->count == walk->max)
		walk->more = true;
	else
		walk->out[walk->count++] = node;
}

size_t nodes_page(
	const struct nodes *nodes, const uint8_t *after, size_t max, const struct node **out, bool *more)
{
	struct walk walk = {.after = after, .out = out, .max = max};

	twalk_r(nodes->by_id, visit, &walk);
	*more = walk.more;
	return walk.count;
}
