#include "services/registrar/pending.h"

void pending_release(struct pending *pending)
{
	secret32_release(&pending->ke);
	blob_release(&pending->claim);
	*pending = (struct pending){0};
}

void pending_table_release(struct pending_table *table)
{
	for (size_t i = 0; i < PENDING_MAX; i++)
		pending_release(&table->slots[i]);
}

static struct pending *find(struct pending_table *table, const uint8_t nk[static CURVE_KEY_BYTES])
{
	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *slot = &table->slots[i];

		if (slot->until_ms != 0 && memcmp(slot->nk, nk, CURVE_KEY_BYTES) == 0)
			return slot;
	}
	return NULL;
}

/* A free slot, or one whose time is over; else the node's own that ends first; else the one that does. So one
 * EK, whatever keys say it is theirs, pushes out nobody else. */
static struct pending *slot_for(
	struct pending_table *table, const uint8_t node[static NODE_ID_BYTES], uint64_t now_ms)
{
	struct pending *oldest = &table->slots[0];
	struct pending *own = NULL;

	for (size_t i = 0; i < PENDING_MAX; i++) {
		struct pending *slot = &table->slots[i];

		if (slot->until_ms <= now_ms)
			return slot;
		if (slot->until_ms < oldest->until_ms)
			oldest = slot;
		if (memcmp(slot->node, node, NODE_ID_BYTES) == 0 &&
			(own == NULL || slot->until_ms < own->until_ms))
			own = slot;
	}
	return own != NULL ? own : oldest;
}

void pending_put(struct pending_table *table, struct pending *pending, uint64_t now_ms)
{
	struct pending *slot = find(table, pending->nk);

	if (slot == NULL)
		slot = slot_for(table, pending->node, now_ms);
	pending_release(slot);
	*slot = TAKE(*pending);
	slot->until_ms = now_ms + PENDING_MS;
}

bool pending_take(struct pending_table *table, const uint8_t nk[static CURVE_KEY_BYTES], uint64_t now_ms,
	struct pending *out)
{
	struct pending *slot = find(table, nk);

	if (slot == NULL)
		return false;
	if (slot->until_ms <= now_ms) {
		pending_release(slot);
		return false;
	}
	*out = TAKE(*slot);
	return true;
}
