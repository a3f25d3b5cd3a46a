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

/* A free slot, else the one that ends first. */
static struct pending *oldest(struct pending_table *table)
{
	struct pending *best = &table->slots[0];

	for (size_t i = 1; i < PENDING_MAX && best->until_ms != 0; i++)
		if (table->slots[i].until_ms < best->until_ms)
			best = &table->slots[i];
	return best;
}

void pending_put(struct pending_table *table, struct pending *pending, uint64_t now_ms)
{
	struct pending *slot = find(table, pending->nk);

	if (slot == NULL)
		slot = oldest(table);
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
