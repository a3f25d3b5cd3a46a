#include <stdio.h>
#include <stdlib.h>

#include "lib/store/inner.h"

/* A chunk has about so many bytes at most: 4 MiB of the longest values, or CHUNK_FIELDS_MAX small ones. */
#define CHUNK_BYTES      (4u << 20)
#define CHUNK_FIELDS_MAX 256u

/* A scan that does not end by itself is ended: so many chunks are 4 million sparse fields at the least. */
#define SCAN_CHUNKS_MAX 65536u

#define CURSOR_BYTES 21u /* 20 digits and a NUL */

/* One read; freed when its answer was told. */
struct read {
	struct store *store;
	size_t max;
	const char *what;
	store_value_done *done;
	void *ctx;
};

static enum rc value_of(struct read *read, const struct reply *reply, struct span *value)
{
	if (reply != NULL && reply->kind == REPLY_NIL)
		return RC_NOT_FOUND;
	if (reply == NULL || reply->kind != REPLY_STRING)
		return store_judge(read->store, read->what, reply);
	if (reply->bytes.len > read->max)
		return err_set(&read->store->why, RC_LIMIT, "redis: %s: %zu bytes, at most %zu expected",
			read->what, reply->bytes.len, read->max);
	*value = reply->bytes;
	return RC_OK;
}

static void value_came(void *ctx, const struct reply *reply)
{
	struct read *read = ctx;
	struct span value = {0};
	enum rc rc = value_of(read, reply, &value);

	read->done(read->ctx, rc, value);
	free(read);
}

static enum rc read_start(struct store *store, const struct span *args, size_t count, const struct read *with)
{
	struct read *read;
	enum rc rc;

	if (store->phase != PHASE_READY)
		return err_set(&store->why, RC_IO, "store: not connected to redis");
	if (args[1].len == 0 || args[1].len > STORE_KEY_MAX_BYTES || with->max > STORE_VALUE_MAX_BYTES)
		return err_set(&store->why, RC_LIMIT, "store: the key or the maximum is out of bounds");
	read = malloc(sizeof *read);
	if (read == NULL)
		return err_set(&store->why, RC_NOMEM, "store: out of memory");
	*read = *with;
	rc = store_call(store, args, count, 0, value_came, read);
	if (rc != RC_OK)
		free(read);
	return rc;
}

enum rc store_get(struct store *store, const char *key, size_t max, store_value_done *done, void *ctx)
{
	struct span args[] = {span_text("GET"), span_text(key)};
	struct read read = {store, max, "GET", done, ctx};

	return read_start(store, args, COUNT(args), &read);
}

enum rc store_hash_get(struct store *store, const char *key, struct span field, size_t max,
	store_value_done *done, void *ctx)
{
	struct span args[] = {span_text("HGET"), span_text(key), field};
	struct read read = {store, max, "HGET", done, ctx};

	if (field.len > STORE_FIELD_MAX_BYTES)
		return err_set(&store->why, RC_LIMIT, "store: the field is too long");
	return read_start(store, args, COUNT(args), &read);
}

/* Freed when its end was told. */
struct scan {
	struct store *store;
	size_t max;
	store_each *each;
	store_done *done;
	void *ctx;
	unsigned chunks;
	bool over; /* something was left out */
	char cursor[CURSOR_BYTES];
	char key[STORE_KEY_MAX_BYTES + 1];
};

static void scan_end(struct scan *scan, enum rc rc)
{
	scan->done(scan->ctx, rc);
	free(scan);
}

/* The cursor is a number in decimal digits; it goes back as it came. */
static bool cursor_holds(const struct reply *reply)
{
	if (reply->kind != REPLY_STRING || reply->bytes.len == 0 || reply->bytes.len >= CURSOR_BYTES)
		return false;
	for (size_t i = 0; i < reply->bytes.len; i++)
		if (reply->bytes.at[i] < '0' || reply->bytes.at[i] > '9')
			return false;
	return true;
}

static bool chunk_holds(const struct reply *reply)
{
	const struct reply *fields;

	if (reply->kind != REPLY_ARRAY || reply->count != 2 || !cursor_holds(reply->elements[0]))
		return false;
	fields = reply->elements[1];
	if (fields->kind != REPLY_ARRAY || fields->count % 2 != 0)
		return false;
	for (size_t i = 0; i < fields->count; i++)
		if (fields->elements[i]->kind != REPLY_STRING)
			return false;
	return true;
}

/* False: the caller has seen enough. */
static bool deliver(struct scan *scan, const struct reply *fields)
{
	for (size_t i = 0; i < fields->count; i += 2) {
		struct span field = fields->elements[i]->bytes;
		struct span value = fields->elements[i + 1]->bytes;

		if (field.len > STORE_FIELD_MAX_BYTES || value.len > scan->max)
			scan->over = true;
		else if (!scan->each(scan->ctx, field, value))
			return false;
	}
	return true;
}

static void chunk_came(void *ctx, const struct reply *reply);

static enum rc scan_next(struct scan *scan)
{
	size_t fields = scan->max == 0 ? CHUNK_FIELDS_MAX : CHUNK_BYTES / scan->max;
	char count[16];
	struct span args[] = {
		span_text("HSCAN"), span_text(scan->key), span_text(scan->cursor), span_text("COUNT"), {0}};

	fields = fields < 1 ? 1 : fields;
	fields = fields > CHUNK_FIELDS_MAX ? CHUNK_FIELDS_MAX : fields;
	snprintf(count, sizeof count, "%zu", fields);
	args[4] = span_text(count);
	return store_call(scan->store, args, COUNT(args), 0, chunk_came, scan);
}

static void chunk_came(void *ctx, const struct reply *reply)
{
	struct scan *scan = ctx;
	struct store *store = scan->store;
	struct span cursor;
	enum rc rc;

	if (reply == NULL || !chunk_holds(reply)) {
		scan_end(scan, store_judge(store, "HSCAN", reply));
		return;
	}
	cursor = reply->elements[0]->bytes;
	memcpy(scan->cursor, cursor.at, cursor.len);
	scan->cursor[cursor.len] = '\0';
	if (!deliver(scan, reply->elements[1])) {
		scan_end(scan, RC_OK);
		return;
	}
	if (span_is(cursor, "0")) {
		scan_end(scan, scan->over ? err_set(&store->why, RC_LIMIT, "redis: %s has too long records",
						    scan->key)
					  : RC_OK);
		return;
	}
	if (++scan->chunks == SCAN_CHUNKS_MAX) {
		scan_end(scan, err_set(&store->why, RC_LIMIT, "redis: %s does not end", scan->key));
		return;
	}
	rc = scan_next(scan);
	if (rc != RC_OK)
		scan_end(scan, rc);
}

enum rc store_hash_each(
	struct store *store, const char *key, size_t max, store_each *each, store_done *done, void *ctx)
{
	struct scan *scan;
	enum rc rc;

	if (store->phase != PHASE_READY)
		return err_set(&store->why, RC_IO, "store: not connected to redis");
	if (key[0] == '\0' || strlen(key) > STORE_KEY_MAX_BYTES || max > STORE_VALUE_MAX_BYTES)
		return err_set(&store->why, RC_LIMIT, "store: the key or the maximum is out of bounds");
	scan = calloc(1, sizeof *scan);
	if (scan == NULL)
		return err_set(&store->why, RC_NOMEM, "store: out of memory");
	*scan = (struct scan){
		.store = store, .max = max, .each = each, .done = done, .ctx = ctx, .cursor = "0"};
	snprintf(scan->key, sizeof scan->key, "%s", key);
	rc = scan_next(scan);
	if (rc != RC_OK)
		free(scan);
	return rc;
}
