#include "services/registrar/directory.h"

#include <search.h>
#include <stdlib.h>

#include "lib/base/hex.h"

#define PREFIX_DIGITS_MIN 8

static int compare(const void *a, const void *b)
{
	return memcmp(((const struct directory_node *)a)->id, ((const struct directory_node *)b)->id,
		NODE_ID_BYTES);
}

static void node_free(void *node)
{
	blob_release(&((struct directory_node *)node)->record);
	free(node);
}

void directory_release(struct directory *directory)
{
	tdestroy(directory->nodes, node_free);
	*directory = (struct directory){0};
}

struct directory_node *directory_find(
	const struct directory *directory, const uint8_t id[static NODE_ID_BYTES])
{
	struct directory_node key;
	struct directory_node *const *found;

	memcpy(key.id, id, NODE_ID_BYTES);
	found = tfind(&key, &directory->nodes, compare);
	return found == NULL ? NULL : *found;
}

static struct directory_node *make(struct directory *directory, const uint8_t id[static NODE_ID_BYTES])
{
	struct directory_node *node = calloc(1, sizeof *node);

	if (node == NULL)
		return NULL;
	memcpy(node->id, id, NODE_ID_BYTES);
	if (tsearch(node, &directory->nodes, compare) == NULL) {
		free(node);
		return NULL;
	}
	directory->count++;
	return node;
}

enum rc directory_put(struct directory *directory, const uint8_t id[static NODE_ID_BYTES], uint64_t version,
	struct span record)
{
	struct directory_node *node = directory_find(directory, id);

	if (node == NULL)
		node = make(directory, id);
	if (node == NULL)
		return RC_NOMEM;
	if (version < node->version)
		return RC_STALE;
	TRY(blob_copy(&node->record, record));
	node->version = version;
	return RC_OK;
}

/* What a walk over the tree looks for and what it found. */
struct walk {
	struct span alias;
	struct span prefix; /* hexadecimal digits */
	const uint8_t *after;
	const struct directory_node **out;
	size_t max;
	size_t count;
	bool more;
	struct directory_node *found;
};

/* An inner node is visited thrice; the second time is in order. */
static bool is_in_order(VISIT which)
{
	return which == postorder || which == leaf;
}

static void visit_alias(const void *at, VISIT which, void *closure)
{
	struct directory_node *node = *(struct directory_node *const *)at;
	struct walk *walk = closure;

	if (is_in_order(which) && node->alias[0] != '\0' && span_is(walk->alias, node->alias))
		walk->found = node;
}

static void visit_prefix(const void *at, VISIT which, void *closure)
{
	struct directory_node *node = *(struct directory_node *const *)at;
	struct walk *walk = closure;
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	if (!is_in_order(which))
		return;
	hex_encode(SPAN(node->id), digits);
	if (strncmp(digits, (const char *)walk->prefix.at, walk->prefix.len) != 0)
		return;
	walk->found = node;
	walk->count++;
}

static void visit_page(const void *at, VISIT which, void *closure)
{
	const struct directory_node *node = *(struct directory_node *const *)at;
	struct walk *walk = closure;

	if (!is_in_order(which) || (walk->after != NULL && memcmp(node->id, walk->after, NODE_ID_BYTES) <= 0))
		return;
	if (walk->count == walk->max)
		walk->more = true;
	else
		walk->out[walk->count++] = node;
}

static struct directory_node *by_alias(const struct directory *directory, struct span alias)
{
	struct walk walk = {.alias = alias};

	twalk_r(directory->nodes, visit_alias, &walk);
	return walk.found;
}

enum rc directory_set_alias(
	struct directory *directory, const uint8_t id[static NODE_ID_BYTES], struct span alias)
{
	struct directory_node *node = directory_find(directory, id);
	struct directory_node *former = alias.len == 0 ? NULL : by_alias(directory, alias);

	if (node == NULL)
		return RC_NOT_FOUND;
	if (alias.len > NAME_MAX_BYTES)
		return RC_LIMIT;
	if (former != NULL)
		former->alias[0] = '\0';
	memset(node->alias, 0, sizeof node->alias);
	if (alias.len != 0)
		memcpy(node->alias, alias.at, alias.len);
	return RC_OK;
}

enum rc directory_by_name(
	const struct directory *directory, struct span name, struct directory_node **out, struct err *err)
{
	struct walk walk = {.prefix = name};
	struct directory_node *node = by_alias(directory, name);

	if (node != NULL) {
		*out = node;
		return RC_OK;
	}
	if (name.len >= PREFIX_DIGITS_MIN)
		twalk_r(directory->nodes, visit_prefix, &walk);
	if (walk.count > 1)
		return err_set(err, RC_LIMIT,
			"%zu nodes have an id that begins with \"%.*s\": give more digits", walk.count,
			SPAN_FMT(name));
	if (walk.found == NULL)
		return err_set(err, RC_NOT_FOUND,
			"no node is called \"%.*s\", and no enrolled node's id begins so (at least %d digits); see: limebus node list",
			SPAN_FMT(name), PREFIX_DIGITS_MIN);
	*out = walk.found;
	return RC_OK;
}

size_t directory_page(const struct directory *directory, const uint8_t *after, size_t max,
	const struct directory_node **out, bool *more)
{
	struct walk walk = {.after = after, .out = out, .max = max};

	twalk_r(directory->nodes, visit_page, &walk);
	*more = walk.more;
	return walk.count;
}
