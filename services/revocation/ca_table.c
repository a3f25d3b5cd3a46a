#include "services/revocation/ca_table.h"

#include <stdlib.h>

#include "lib/base/drop.h"

#define SLAB_BITS    12u
#define SLAB_SLOTS   (1u << SLAB_BITS)
#define SLABS_MAX    (CA_TABLE_MAX / SLAB_SLOTS + 1)
#define NODE_SLABS   (CA_TABLE_NODES_MAX / SLAB_SLOTS + 1)
#define BUCKETS      (1u << 20)
#define NODE_BUCKETS (1u << 18)
#define NONE         UINT32_MAX
#define PENDING      1u

/* Of a free slot only of_node has a meaning: it links the free ones. */
struct slot {
	uint8_t serial[SERIAL_BYTES];
	bool is_used;
	uint8_t state;
	uint8_t reason;
	uint8_t flags;
	uint64_t seq;
	uint64_t notice;
	uint32_t not_after; /* seconds, as all times here */
	uint32_t since;
	uint32_t changed; /* the mark that was open when the state changed */
	uint32_t node;
	uint32_t of_node; /* the next one of the node */
	uint32_t of_bucket;
	uint32_t told_at;    /* place in `told`, or NONE */
	uint32_t changed_at; /* place in `changes`, or NONE */
};

/* What the notices say of a node, for certificates whose entry comes later than they. */
struct owner {
	uint8_t id[NODE_ID_BYTES];
	uint64_t ended;      /* number of the last notice that ended all */
	uint64_t hold;       /* of the one that began the present hold */
	uint64_t latest;     /* of the last notice that was taken */
	uint64_t paid_until; /* ms: when all that was issued is paid off */
	uint32_t ended_time;
	uint32_t hold_time;
	uint32_t first; /* certificate */
	uint32_t of_bucket;
	uint8_t ended_reason;
	bool is_suspended;
	bool has_lapsed;
};

struct early {
	uint8_t serial[SERIAL_BYTES];
	bool is_used;
	uint8_t reason;
	uint32_t time;
	uint64_t seq;
};

/* Places in a list of slots. */
struct places {
	uint32_t *at;
	size_t count;
	size_t room;
};

/* told: what is held or revoked. changes: what differs from the base of the delta CRLs. */
struct ca_table {
	struct slot *slabs[SLABS_MAX];
	struct owner *node_slabs[NODE_SLABS];
	uint32_t *buckets;
	uint32_t *node_buckets;
	uint32_t slot_count; /* slots that were ever used */
	uint32_t node_count;
	uint32_t free;
	uint32_t cursor; /* of the sweep */
	uint32_t mark;   /* the open one */
	uint32_t told_mark;
	uint32_t told_time; /* of the last full CRL */
	uint32_t changed_mark;
	struct places told;
	struct places changes;
	struct early *early; /* a ring: the oldest are those that expired before they were ever seen */
	size_t early_next;
	size_t by_state[3];
};

const char *ca_state_word(enum ca_state state)
{
	static const char *const words[] = {[CA_LIVE] = "live", [CA_HELD] = "held", [CA_REVOKED] = "revoked"};

	return (size_t)state < COUNT(words) ? words[state] : "unknown";
}

enum rc ca_table_open(struct ca_table **out, struct err *err)
{
	DROP(ca_table_close) struct ca_table *table = calloc(1, sizeof *table);

	if (table == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	/* Links are one more than the slot: zeroed memory is empty. */
	table->buckets = calloc(BUCKETS, sizeof *table->buckets);
	table->node_buckets = calloc(NODE_BUCKETS, sizeof *table->node_buckets);
	if (table->buckets == NULL || table->node_buckets == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	table->free = NONE;
	table->mark = 1;
	*out = TAKE(table);
	return RC_OK;
}

void ca_table_close(struct ca_table **table)
{
	struct ca_table *t = *table;

	if (t == NULL)
		return;
	for (size_t i = 0; i < SLABS_MAX; i++)
		free(t->slabs[i]);
	for (size_t i = 0; i < NODE_SLABS; i++)
		free(t->node_slabs[i]);
	free(t->buckets);
	free(t->node_buckets);
	free(t->told.at);
	free(t->changes.at);
	free(t->early);
	free(t);
	*table = NULL;
}

/* ---- slots ---- */

static struct slot *slot_at(const struct ca_table *table, uint32_t i)
{
	return &table->slabs[i >> SLAB_BITS][i & (SLAB_SLOTS - 1)];
}

static struct owner *owner_at(const struct ca_table *table, uint32_t i)
{
	return &table->node_slabs[i >> SLAB_BITS][i & (SLAB_SLOTS - 1)];
}

/* Serials are random numbers of our own making, ids are digests: their last bytes spread them. */
static uint32_t spread(struct span bytes)
{
	uint32_t out = 0;

	for (size_t i = bytes.len > 8 ? bytes.len - 8 : 0; i < bytes.len; i++)
		out = (out ^ bytes.at[i]) * 16777619u;
	return out ^ out >> 15;
}

static uint32_t *bucket_of(const struct ca_table *table, struct span serial)
{
	return &table->buckets[spread(serial) & (BUCKETS - 1)];
}

static uint32_t find(const struct ca_table *table, struct span serial)
{
	uint32_t i = serial.len != SERIAL_BYTES ? 0 : *bucket_of(table, serial);

	for (; i != 0; i = slot_at(table, i - 1)->of_bucket) {
		const struct slot *slot = slot_at(table, i - 1);

		if (memcmp(slot->serial, serial.at, SERIAL_BYTES) == 0)
			return i - 1;
	}
	return NONE;
}

static uint32_t find_owner(const struct ca_table *table, const uint8_t id[static NODE_ID_BYTES])
{
	uint32_t i = table->node_buckets[spread(span_of(id, NODE_ID_BYTES)) & (NODE_BUCKETS - 1)];

	for (; i != 0; i = owner_at(table, i - 1)->of_bucket)
		if (memcmp(owner_at(table, i - 1)->id, id, NODE_ID_BYTES) == 0)
			return i - 1;
	return NONE;
}

static enum rc get_owner(struct ca_table *table, const uint8_t id[static NODE_ID_BYTES], uint32_t *out)
{
	uint32_t *bucket = &table->node_buckets[spread(span_of(id, NODE_ID_BYTES)) & (NODE_BUCKETS - 1)];
	struct owner **slab = &table->node_slabs[table->node_count >> SLAB_BITS];
	struct owner *owner;

	*out = find_owner(table, id);
	if (*out != NONE)
		return RC_OK;
	if (table->node_count == CA_TABLE_NODES_MAX)
		return RC_LIMIT;
	if (*slab == NULL)
		*slab = calloc(SLAB_SLOTS, sizeof **slab);
	if (*slab == NULL)
		return RC_NOMEM;
	owner = owner_at(table, table->node_count);
	memcpy(owner->id, id, NODE_ID_BYTES);
	owner->first = NONE;
	owner->of_bucket = *bucket;
	*out = table->node_count++;
	*bucket = *out + 1;
	return RC_OK;
}

static enum rc new_slot(struct ca_table *table, uint32_t *out)
{
	struct slot **slab = &table->slabs[table->slot_count >> SLAB_BITS];

	if (table->free != NONE) {
		*out = table->free;
		table->free = slot_at(table, *out)->of_node;
		return RC_OK;
	}
	if (table->slot_count == CA_TABLE_MAX)
		return RC_LIMIT;
	if (*slab == NULL)
		*slab = calloc(SLAB_SLOTS, sizeof **slab);
	if (*slab == NULL)
		return RC_NOMEM;
	*out = table->slot_count++;
	return RC_OK;
}

/* ---- lists of places ---- */

static enum rc places_room(struct places *places)
{
	size_t room = places->room == 0 ? 1024 : places->room + places->room / 2;
	uint32_t *at;

	if (places->count < places->room)
		return RC_OK;
	at = realloc(places->at, room * sizeof *at);
	if (at == NULL)
		return RC_NOMEM;
	places->at = at;
	places->room = room;
	return RC_OK;
}

static void places_put(struct places *places, uint32_t i, uint32_t *place)
{
	if (*place != NONE)
		return;
	*place = (uint32_t)places->count;
	places->at[places->count++] = i;
}

static void told_remove(struct ca_table *table, struct slot *slot)
{
	uint32_t last;

	if (slot->told_at == NONE)
		return;
	last = table->told.at[--table->told.count];
	table->told.at[slot->told_at] = last;
	slot_at(table, last)->told_at = slot->told_at;
	slot->told_at = NONE;
}

static void changes_remove(struct ca_table *table, struct slot *slot)
{
	uint32_t last;

	if (slot->changed_at == NONE)
		return;
	last = table->changes.at[--table->changes.count];
	table->changes.at[slot->changed_at] = last;
	slot_at(table, last)->changed_at = slot->changed_at;
	slot->changed_at = NONE;
}

static enum rc set_state(struct ca_table *table, uint32_t i, enum ca_state state, enum crl_reason reason,
	uint32_t since, uint64_t notice)
{
	struct slot *slot = slot_at(table, i);

	TRY(places_room(&table->told));
	TRY(places_room(&table->changes));
	table->by_state[slot->state]--;
	table->by_state[state]++;
	slot->state = (uint8_t)state;
	slot->reason = (uint8_t)reason;
	slot->since = since;
	slot->notice = notice;
	slot->changed = table->mark;
	table->changed_mark = table->mark;
	places_put(&table->changes, i, &slot->changed_at);
	if (state == CA_LIVE)
		told_remove(table, slot);
	else
		places_put(&table->told, i, &slot->told_at);
	return RC_OK;
}

/* ---- adding and taking away ---- */

static void copy_out(const struct ca_table *table, const struct slot *slot, struct ca_certificate *out)
{
	*out = (struct ca_certificate){
		.state = (enum ca_state)slot->state,
		.reason = (enum crl_reason)slot->reason,
		.since = slot->state == CA_LIVE ? 0 : (uint64_t)slot->since * 1000,
		.not_after = (uint64_t)slot->not_after * 1000,
		.seq = slot->seq,
		.notice = slot->notice,
		.is_pending = (slot->flags & PENDING) != 0,
	};
	memcpy(out->serial, slot->serial, SERIAL_BYTES);
	memcpy(out->node, owner_at(table, slot->node)->id, NODE_ID_BYTES);
}

/* Notices that came by before the entry did. */
static enum rc catch_up(struct ca_table *table, uint32_t i)
{
	const struct slot *slot = slot_at(table, i);
	const struct owner *owner = owner_at(table, slot->node);

	for (size_t n = 0; n < CA_EARLY_MAX && table->early != NULL; n++) {
		struct early *early = &table->early[n];

		if (!early->is_used || memcmp(early->serial, slot->serial, SERIAL_BYTES) != 0)
			continue;
		early->is_used = false;
		return set_state(
			table, i, CA_REVOKED, (enum crl_reason)early->reason, early->time, early->seq);
	}
	if (owner->ended > slot->notice)
		return set_state(table, i, CA_REVOKED, (enum crl_reason)owner->ended_reason,
			owner->ended_time, owner->ended);
	if ((owner->is_suspended || owner->has_lapsed) && owner->hold > slot->notice)
		return set_state(table, i, CA_HELD, CRL_CERTIFICATE_HOLD, owner->hold_time, owner->hold);
	return RC_OK;
}

static void fill(struct ca_table *table, uint32_t i, uint32_t node, const struct ca_certificate *from)
{
	struct slot *slot = slot_at(table, i);
	struct owner *owner = owner_at(table, node);
	uint32_t *bucket = bucket_of(table, SPAN(from->serial));

	*slot = (struct slot){
		.is_used = true,
		.state = CA_LIVE,
		.flags = from->is_pending ? PENDING : 0,
		.seq = from->seq,
		.notice = from->notice,
		.not_after = (uint32_t)(from->not_after / 1000),
		.node = node,
		.of_node = owner->first,
		.of_bucket = *bucket,
		.told_at = NONE,
		.changed_at = NONE,
	};
	memcpy(slot->serial, from->serial, SERIAL_BYTES);
	owner->first = i;
	*bucket = i + 1;
	table->by_state[CA_LIVE]++;
}

enum rc ca_table_add(struct ca_table *table, const struct ca_certificate *certificate)
{
	uint32_t i = find(table, SPAN(certificate->serial));
	uint32_t node;

	if (i != NONE) {
		struct slot *slot = slot_at(table, i);

		if ((slot->flags & PENDING) == 0)
			return RC_EXISTS;
		slot->flags = 0;
		slot->seq = certificate->seq;
		return RC_OK;
	}
	TRY(get_owner(table, certificate->node, &node));
	TRY(new_slot(table, &i));
	fill(table, i, node, certificate);
	return catch_up(table, i);
}

static void unlink_slot(struct ca_table *table, uint32_t i)
{
	struct slot *slot = slot_at(table, i);
	uint32_t *link = bucket_of(table, SPAN(slot->serial));

	while (*link != i + 1)
		link = &slot_at(table, *link - 1)->of_bucket;
	*link = slot->of_bucket;
	link = &owner_at(table, slot->node)->first;
	while (*link != i)
		link = &slot_at(table, *link)->of_node;
	*link = slot->of_node;
}

static void forget(struct ca_table *table, uint32_t i)
{
	struct slot *slot = slot_at(table, i);

	told_remove(table, slot);
	changes_remove(table, slot);
	unlink_slot(table, i);
	table->by_state[slot->state]--;
	*slot = (struct slot){.of_node = table->free};
	table->free = i;
}

void ca_table_take_back(struct ca_table *table, struct span serial)
{
	uint32_t i = find(table, serial);

	if (i != NONE && (slot_at(table, i)->flags & PENDING) != 0)
		forget(table, i);
}

bool ca_table_find(const struct ca_table *table, struct span serial, struct ca_certificate *out)
{
	uint32_t i = find(table, serial);

	if (i == NONE)
		return false;
	copy_out(table, slot_at(table, i), out);
	return true;
}

void ca_table_of_node(const struct ca_table *table, const uint8_t node[static NODE_ID_BYTES],
	ca_table_each *each, void *ctx)
{
	uint32_t owner = find_owner(table, node);
	uint32_t i = owner == NONE ? NONE : owner_at(table, owner)->first;
	struct ca_certificate certificate;

	for (; i != NONE; i = slot_at(table, i)->of_node) {
		copy_out(table, slot_at(table, i), &certificate);
		if (!each(ctx, &certificate))
			return;
	}
}

/* ---- notices ---- */

/* The state that the notice leads this certificate to. */
static enum ca_state outcome(const struct owner *owner, const struct slot *slot, enum ca_effect effect)
{
	if (slot->state == CA_REVOKED)
		return CA_REVOKED;
	switch (effect) {
	case CA_END:
	case CA_END_ONE: return CA_REVOKED;
	case CA_SUSPEND:
	case CA_LAPSE: return CA_HELD;
	case CA_RESUME: return owner->has_lapsed ? (enum ca_state)slot->state : CA_LIVE;
	case CA_RESTORE: return owner->is_suspended ? (enum ca_state)slot->state : CA_LIVE;
	case CA_NOTHING: break;
	}
	return (enum ca_state)slot->state;
}

size_t ca_table_affected(const struct ca_table *table, const struct ca_notice *notice, uint64_t now_ms,
	uint8_t (*out)[SERIAL_BYTES], size_t max)
{
	bool is_one = notice->effect == CA_END_ONE;
	uint32_t node = is_one ? NONE : find_owner(table, notice->node);
	uint32_t i = NONE;
	size_t count = 0;

	if (is_one)
		i = find(table, notice->serial);
	else if (node != NONE)
		i = owner_at(table, node)->first;
	for (; i != NONE && count < max; i = is_one ? NONE : slot_at(table, i)->of_node) {
		const struct slot *slot = slot_at(table, i);

		if ((uint64_t)slot->not_after * 1000 < now_ms ||
			outcome(owner_at(table, slot->node), slot, notice->effect) ==
				(enum ca_state)slot->state)
			continue;
		memcpy(out[count++], slot->serial, SERIAL_BYTES);
	}
	return count;
}

static enum rc remember_early(struct ca_table *table, const struct ca_notice *notice)
{
	struct early *early;

	if (notice->serial.len != SERIAL_BYTES)
		return RC_OK; /* none of ours */
	if (table->early == NULL)
		table->early = calloc(CA_EARLY_MAX, sizeof *table->early);
	if (table->early == NULL)
		return RC_NOMEM;
	early = &table->early[table->early_next++ % CA_EARLY_MAX];
	*early = (struct early){.is_used = true,
		.reason = (uint8_t)notice->reason,
		.time = (uint32_t)(notice->time / 1000),
		.seq = notice->seq};
	memcpy(early->serial, notice->serial.at, SERIAL_BYTES);
	return RC_OK;
}

static enum rc change(
	struct ca_table *table, uint32_t i, const struct ca_notice *notice, ca_table_each *changed, void *ctx)
{
	struct slot *slot = slot_at(table, i);
	enum ca_state state = outcome(owner_at(table, slot->node), slot, notice->effect);
	struct ca_certificate certificate;
	enum crl_reason reason = notice->reason;

	if (notice->seq <= slot->notice || state == (enum ca_state)slot->state)
		return RC_OK;
	if (state != CA_REVOKED)
		reason = state == CA_HELD ? CRL_CERTIFICATE_HOLD : CRL_UNSPECIFIED;
	TRY(set_state(table, i, state, reason, (uint32_t)(notice->time / 1000), notice->seq));
	if (changed != NULL) {
		copy_out(table, slot, &certificate);
		changed(ctx, &certificate);
	}
	return RC_OK;
}

static void note_owner(struct owner *owner, const struct ca_notice *notice)
{
	uint32_t time = (uint32_t)(notice->time / 1000);
	bool was_held = owner->is_suspended || owner->has_lapsed;

	owner->latest = notice->seq;
	switch (notice->effect) {
	case CA_END:
		owner->ended = notice->seq;
		owner->ended_time = time;
		owner->ended_reason = (uint8_t)notice->reason;
		owner->is_suspended = owner->has_lapsed = false;
		break;
	case CA_SUSPEND:
		owner->is_suspended = true;
		owner->has_lapsed = false;
		break;
	case CA_LAPSE: owner->has_lapsed = true; break;
	case CA_RESUME: owner->is_suspended = false; break;
	case CA_RESTORE: owner->has_lapsed = false; break;
	case CA_END_ONE:
	case CA_NOTHING: break;
	}
	if (!was_held && (owner->is_suspended || owner->has_lapsed)) {
		owner->hold = notice->seq;
		owner->hold_time = time;
	}
}

enum rc ca_table_note(
	struct ca_table *table, const struct ca_notice *notice, ca_table_each *changed, void *ctx)
{
	uint32_t i, node;
	enum rc rc = RC_OK;

	if (notice->effect == CA_NOTHING)
		return RC_OK;
	if (notice->effect == CA_END_ONE) {
		i = find(table, notice->serial);
		return i == NONE ? remember_early(table, notice) : change(table, i, notice, changed, ctx);
	}
	TRY(get_owner(table, notice->node, &node));
	if (notice->seq <= owner_at(table, node)->latest)
		return RC_OK;
	note_owner(owner_at(table, node), notice);
	for (i = owner_at(table, node)->first; i != NONE && rc == RC_OK; i = slot_at(table, i)->of_node)
		rc = change(table, i, notice, changed, ctx);
	return rc;
}

/* ---- CRLs ---- */

void ca_listing_release(struct ca_listing *listing)
{
	free(listing->full);
	free(listing->delta);
	*listing = (struct ca_listing){0};
}

static enum rc list_places(
	const struct ca_table *table, const struct places *places, struct crl_entry **out, size_t *count)
{
	struct crl_entry *lines = calloc(places->count + 1, sizeof *lines);

	if (lines == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < places->count; i++) {
		const struct slot *slot = slot_at(table, places->at[i]);

		memcpy(lines[i].serial, slot->serial, SERIAL_BYTES);
		lines[i].reason = slot->state == CA_LIVE ? CRL_REMOVE_FROM_CRL : slot->reason;
		lines[i].time_ms = (uint64_t)slot->since * 1000;
	}
	*out = lines;
	*count = places->count;
	return RC_OK;
}

enum rc ca_table_list(struct ca_table *table, struct ca_listing *out)
{
	DROP(ca_listing_release) struct ca_listing listing = {0};

	TRY(list_places(table, &table->told, &listing.full, &listing.full_count));
	TRY(list_places(table, &table->changes, &listing.delta, &listing.delta_count));
	listing.mark = table->mark++;
	*out = TAKE(listing);
	return RC_OK;
}

void ca_table_published(struct ca_table *table, uint32_t mark, uint64_t time_ms, bool is_base)
{
	table->told_mark = mark;
	table->told_time = (uint32_t)(time_ms / 1000);
	/* From the end: what is removed is replaced by the last one, which was looked at. */
	for (size_t i = table->changes.count; is_base && i-- > 0;) {
		struct slot *slot = slot_at(table, table->changes.at[i]);

		if (slot->changed <= mark)
			changes_remove(table, slot);
	}
}

bool ca_table_changed_since(const struct ca_table *table, uint32_t mark)
{
	return table->changed_mark > mark;
}

size_t ca_table_sweep(struct ca_table *table, uint64_t now_ms, size_t budget)
{
	uint32_t now = (uint32_t)(now_ms / 1000);
	size_t gone = 0;

	for (size_t n = 0; n < budget && n < table->slot_count; n++) {
		uint32_t i = table->cursor < table->slot_count ? table->cursor : 0;
		const struct slot *slot = slot_at(table, i);
		/* RFC 5280, 3.3: one full CRL tells it after its end. */
		bool is_told = slot->state == CA_LIVE ||
		               (slot->changed <= table->told_mark && slot->not_after < table->told_time);

		table->cursor = i + 1;
		if (!slot->is_used || slot->not_after >= now || !is_told || (slot->flags & PENDING) != 0)
			continue;
		forget(table, i);
		gone++;
	}
	return gone;
}

/* The generic cell rate algorithm, as of ITU-T I.371: one number a node. */
enum rc ca_table_charge(struct ca_table *table, const uint8_t node[static NODE_ID_BYTES], uint64_t now_ms,
	uint64_t every_ms, unsigned burst, uint64_t *wait_ms)
{
	uint64_t credit = burst * every_ms;
	struct owner *owner;
	uint64_t until;
	uint32_t i;

	*wait_ms = 0;
	TRY(get_owner(table, node, &i));
	owner = owner_at(table, i);
	until = (owner->paid_until > now_ms ? owner->paid_until : now_ms) + every_ms;
	/* A clock that was put back must not shut a node out for longer than the limit itself. */
	if (until > now_ms + 2 * credit)
		until = now_ms + every_ms;
	if (until > now_ms + credit) {
		*wait_ms = until - now_ms - credit;
		return RC_LIMIT;
	}
	owner->paid_until = until;
	return RC_OK;
}

static size_t slab_bytes(uint32_t count, size_t size)
{
	return (count + SLAB_SLOTS - 1) / SLAB_SLOTS * SLAB_SLOTS * size;
}

struct ca_counts ca_table_counts(const struct ca_table *table)
{
	return (struct ca_counts){
		.live = table->by_state[CA_LIVE],
		.held = table->by_state[CA_HELD],
		.revoked = table->by_state[CA_REVOKED],
		.nodes = table->node_count,
		.bytes = sizeof *table + (BUCKETS + NODE_BUCKETS) * sizeof(uint32_t) +
	                 slab_bytes(table->slot_count, sizeof(struct slot)) +
	                 slab_bytes(table->node_count, sizeof(struct owner)) +
	                 (table->told.room + table->changes.room) * sizeof(uint32_t),
	};
}
