#include "services/actions/queue.h"

#include <stdlib.h>

enum rc item_make(uint64_t seq, struct span node, bool again, struct span bytes, struct item **out)
{
	struct item *item = calloc(1, sizeof *item);

	if (item == NULL || node.len != sizeof item->node || blob_copy(&item->bytes, bytes) != RC_OK) {
		free(item);
		return RC_NOMEM;
	}
	item->refs = 1;
	item->seq = seq;
	item->again = again;
	memcpy(item->node, node.at, node.len);
	*out = item;
	return RC_OK;
}

struct item *item_ref(struct item *item)
{
	item->refs++;
	return item;
}

void item_unref(struct item **item)
{
	struct item *old = *item;

	*item = NULL;
	if (old == NULL || --old->refs > 0)
		return;
	blob_release(&old->bytes);
	free(old);
}

static bool is_same_node(const struct entry *entry, const struct item *item)
{
	return memcmp(entry->item->node, item->node, sizeof item->node) == 0;
}

static void unlink_entry(struct queue *queue, struct entry *entry)
{
	*(entry->previous == NULL ? &queue->first : &entry->previous->next) = entry->next;
	*(entry->next == NULL ? &queue->last : &entry->next->previous) = entry->previous;
	queue->count--;
	if (entry->job != 0)
		queue->running--;
	if (entry->is_kept)
		queue->kept--;
	item_unref(&entry->item);
	free(entry);
}

void queue_release(struct queue *queue)
{
	while (queue->first != NULL)
		unlink_entry(queue, queue->first);
}

static void unblock(struct entry *from, const struct item *item)
{
	for (struct entry *entry = from; entry != NULL; entry = entry->next) {
		if (!is_same_node(entry, item))
			continue;
		entry->is_blocked = false;
		return;
	}
}

void queue_remove(struct queue *queue, struct entry *entry)
{
	if (!entry->is_blocked)
		unblock(entry->next, entry->item);
	unlink_entry(queue, entry);
}

static void drop_waiting(struct queue *queue, const struct item *item,
	void (*dropped)(void *ctx, const struct item *item), void *ctx)
{
	struct entry *next;

	for (struct entry *entry = queue->first; entry != NULL; entry = next) {
		next = entry->next;
		if (entry->job != 0 || !is_same_node(entry, item))
			continue;
		dropped(ctx, entry->item);
		queue_remove(queue, entry);
	}
}

enum rc queue_add(struct queue *queue, struct item *item, bool latest,
	void (*dropped)(void *ctx, const struct item *item), void *ctx, struct entry **out)
{
	struct entry *entry;

	if (queue->count >= QUEUE_MAX)
		return RC_LIMIT;
	entry = calloc(1, sizeof *entry);
	if (entry == NULL)
		return RC_NOMEM;
	if (latest)
		drop_waiting(queue, item, dropped, ctx);
	entry->item = item_ref(item);
	entry->previous = queue->last;
	for (const struct entry *other = queue->first; other != NULL && !entry->is_blocked;
		other = other->next)
		entry->is_blocked = is_same_node(other, item);
	*(queue->last == NULL ? &queue->first : &queue->last->next) = entry;
	queue->last = entry;
	queue->count++;
	*out = entry;
	return RC_OK;
}

static bool waits(const struct entry *entry)
{
	return entry->job == 0 && !entry->is_blocked;
}

struct entry *queue_due(const struct queue *queue, uint64_t now_ms)
{
	for (struct entry *entry = queue->first; entry != NULL; entry = entry->next)
		if (waits(entry) && entry->not_before <= now_ms)
			return entry;
	return NULL;
}

uint64_t queue_next_ms(const struct queue *queue)
{
	uint64_t next = UINT64_MAX;

	for (const struct entry *entry = queue->first; entry != NULL; entry = entry->next)
		if (waits(entry) && entry->not_before < next)
			next = entry->not_before;
	return next;
}

void queue_runs(struct queue *queue, struct entry *entry, uint64_t job)
{
	entry->job = job;
	queue->running++;
}

struct entry *queue_of_job(const struct queue *queue, uint64_t job)
{
	for (struct entry *entry = queue->first; entry != NULL; entry = entry->next)
		if (entry->job == job)
			return entry;
	return NULL;
}

void queue_failed(struct queue *queue, struct entry *entry, uint64_t not_before)
{
	if (entry->job != 0)
		queue->running--;
	entry->job = 0;
	entry->failed++;
	entry->not_before = not_before;
}
