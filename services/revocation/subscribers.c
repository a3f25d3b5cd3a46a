#include "services/revocation/subscribers.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct subscriber *)a)->field, ((const struct subscriber *)b)->field);
}

static void keep(void *at)
{
	(void)at;
}

void subscribers_release(struct subscribers *subscribers)
{
	tdestroy(subscribers->tree, keep);
	for (size_t i = 0; i < subscribers->count; i++)
		free(subscribers->all[i]);
	free(subscribers->all);
	*subscribers = (struct subscribers){0};
}

static enum rc grow(struct subscribers *subscribers)
{
	size_t room = subscribers->room == 0 ? 64 : 2 * subscribers->room;
	struct subscriber **all;

	if (subscribers->count < subscribers->room)
		return RC_OK;
	all = realloc(subscribers->all, room * sizeof *all);
	if (all == NULL)
		return RC_NOMEM;
	subscribers->all = all;
	subscribers->room = room;
	return RC_OK;
}

struct subscriber *subscribers_get(struct subscribers *subscribers, const char *field, const uint8_t *node)
{
	struct subscriber key = {0};
	struct subscriber *const *found;
	struct subscriber *fresh;

	snprintf(key.field, sizeof key.field, "%s", field);
	found = tfind(&key, &subscribers->tree, compare);
	if (found != NULL)
		return *found;
	if (subscribers->count == SUBSCRIBERS_MAX || grow(subscribers) != RC_OK)
		return NULL;
	fresh = malloc(sizeof *fresh);
	if (fresh == NULL)
		return NULL;
	*fresh = key;
	fresh->is_node = node != NULL;
	if (node != NULL)
		memcpy(fresh->node, node, NODE_ID_BYTES);
	if (tsearch(fresh, &subscribers->tree, compare) == NULL) {
		free(fresh);
		return NULL;
	}
	subscribers->all[subscribers->count++] = fresh;
	return fresh;
}

bool subscribers_acked(
	struct subscribers *subscribers, struct subscriber *subscriber, uint64_t acted, uint64_t wall_ms)
{
	if (acted < subscriber->acted)
		return false;
	subscriber->acted = acted;
	subscriber->heard = wall_ms;
	if (!subscriber->is_fresh)
		subscribers->fresh++;
	subscriber->is_fresh = true;
	return true;
}

void subscribers_told(struct subscriber *subscriber, uint64_t acted, uint64_t heard)
{
	if (heard <= subscriber->heard)
		return;
	subscriber->heard = heard;
	if (acted > subscriber->acted)
		subscriber->acted = acted;
}
