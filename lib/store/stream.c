#include "lib/store/stream.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/store/inner.h"
#include "lib/store/stream_id.h"

/* One read; freed when its end was told. */
struct stream_read {
	struct store *store;
	const char *what;
	uint64_t from;
	size_t count;
	size_t max;
	store_stream_each *each;
	store_done *done;
	void *ctx;
};

bool stream_id_parse(struct span id, uint64_t *out)
{
	uint64_t number = 0;

	if (id.len < 3 || id.len >= STREAM_ID_BYTES || id.at[id.len - 2] != '-' || id.at[id.len - 1] != '0' ||
		id.at[0] == '0')
		return false;
	for (size_t i = 0; i < id.len - 2; i++) {
		unsigned digit = id.at[i] - (unsigned)'0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*out = number;
	return true;
}

struct span stream_id_print(uint64_t number, char out[static STREAM_ID_BYTES])
{
	snprintf(out, STREAM_ID_BYTES, "%llu-0", (unsigned long long)number);
	return span_text(out);
}

bool stream_entry_read(const struct reply *reply, uint64_t *number, struct span *entry)
{
	const struct reply *fields;

	if (reply->kind != REPLY_ARRAY || reply->count != 2 || reply->elements[0]->kind != REPLY_STRING)
		return false;
	fields = reply->elements[1];
	if (fields->kind != REPLY_ARRAY || fields->count != 2 || fields->elements[0]->kind != REPLY_STRING ||
		fields->elements[1]->kind != REPLY_STRING ||
		!span_is(fields->elements[0]->bytes, STREAM_FIELD))
		return false;
	*entry = fields->elements[1]->bytes;
	return stream_id_parse(reply->elements[0]->bytes, number);
}

/* The whole answer holds: entries of ours, growing, not too many, none below the one that was asked for. */
static enum rc check_entries(const struct stream_read *read, const struct reply *reply)
{
	uint64_t before = read->from == 0 ? 0 : read->from - 1;

	if (reply == NULL || reply->kind != REPLY_ARRAY)
		return store_judge(read->store, read->what, reply);
	if (reply->count > read->count)
		return err_set(&read->store->why, RC_MALFORMED,
			"redis: %s: %zu entries, at most %zu expected", read->what, reply->count,
			read->count);
	for (size_t i = 0; i < reply->count; i++) {
		struct span entry;
		uint64_t number;

		if (!stream_entry_read(reply->elements[i], &number, &entry) || number <= before)
			return err_set(&read->store->why, RC_MALFORMED,
				"redis: %s: something stands behind number %llu that is no entry of ours",
				read->what, (unsigned long long)before);
		if (entry.len > read->max)
			return err_set(&read->store->why, RC_LIMIT,
				"redis: %s: entry %llu has %zu bytes, at most %zu expected", read->what,
				(unsigned long long)number, entry.len, read->max);
		before = number;
	}
	return RC_OK;
}

static void entries_came(void *ctx, const struct reply *reply)
{
	struct stream_read *read = ctx;
	enum rc rc = check_entries(read, reply);

	for (size_t i = 0; rc == RC_OK && i < reply->count; i++) {
		struct span entry = {0};
		uint64_t number = 0;

		if (!stream_entry_read(reply->elements[i], &number, &entry) ||
			!read->each(read->ctx, number, entry))
			break;
	}
	read->done(read->ctx, rc);
	free(read);
}

static enum rc read_start(struct store *store, const char *key, const struct span *args, size_t count,
	const struct stream_read *with)
{
	struct stream_read *read;
	enum rc rc;

	if (store->phase != PHASE_READY)
		return err_set(&store->why, RC_IO, "store: not connected to redis");
	if (key[0] == '\0' || strlen(key) > STORE_KEY_MAX_BYTES || with->count == 0 ||
		with->count > STORE_STREAM_CHUNK_MAX || with->max > STORE_VALUE_MAX_BYTES ||
		with->count * with->max > STORE_STREAM_CHUNK_BYTES)
		return err_set(&store->why, RC_LIMIT, "store: the key or the maximum is out of bounds");
	read = malloc(sizeof *read);
	if (read == NULL)
		return err_set(&store->why, RC_NOMEM, "store: out of memory");
	*read = *with;
	rc = store_call(store, args, count, 0, entries_came, read);
	if (rc != RC_OK)
		free(read);
	return rc;
}

enum rc store_stream_range(struct store *store, const char *key, uint64_t from, size_t count, size_t max,
	store_stream_each *each, store_done *done, void *ctx)
{
	char first[STREAM_ID_BYTES];
	char most[16];
	struct span args[] = {span_text("XRANGE"), span_text(key), stream_id_print(from, first),
		span_text("+"), span_text("COUNT"), {0}};
	struct stream_read read = {store, "XRANGE", from, count, max, each, done, ctx};

	snprintf(most, sizeof most, "%zu", count);
	args[5] = span_text(most);
	return read_start(store, key, args, COUNT(args), &read);
}

enum rc store_stream_last(struct store *store, const char *key, size_t max, store_stream_each *each,
	store_done *done, void *ctx)
{
	struct span args[] = {span_text("XREVRANGE"), span_text(key), span_text("+"), span_text("-"),
		span_text("COUNT"), span_text("1")};
	struct stream_read read = {store, "XREVRANGE", 0, 1, max, each, done, ctx};

	return read_start(store, key, args, COUNT(args), &read);
}
