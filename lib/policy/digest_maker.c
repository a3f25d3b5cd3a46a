#include <endian.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/policy/digest_layout.h"

#define ROWS_MIN 256

struct digest_maker_row {
	uint32_t origin;
	uint8_t bytes[TABLE_ROW_BYTES];
};

static void rows_drop(struct digest_maker_row **rows)
{
	free(*rows);
}

static void numbers_drop(uint32_t **numbers)
{
	free(*numbers);
}

enum rc digest_maker_init(struct digest_maker *maker, struct err *err)
{
	*maker = (struct digest_maker){0};
	return short_hash_key(maker->key, err);
}

void digest_maker_release(struct digest_maker *maker)
{
	free(maker->rows);
	*maker = (struct digest_maker){0};
}

static enum rc room_for_one(struct digest_maker *maker)
{
	size_t room = maker->room == 0 ? ROWS_MIN : maker->room * 2;
	struct digest_maker_row *rows;

	if (maker->count < maker->room)
		return RC_OK;
	rows = realloc(maker->rows, room * sizeof *rows);
	if (rows == NULL)
		return RC_NOMEM;
	maker->rows = rows;
	maker->room = room;
	return RC_OK;
}

enum rc digest_maker_add(struct digest_maker *maker, enum digest_kind kind, struct span name, uint32_t origin,
	enum kernel_hash hash, struct span digest)
{
	struct digest_maker_row *row;

	if (digest.len == 0 || digest.len != kernel_hash_size(hash))
		return RC_MALFORMED;
	if (maker->count == DIGEST_TABLE_ROWS_MAX || name.len > DIGEST_TABLE_NAME_MAX)
		return RC_LIMIT;
	TRY(room_for_one(maker));
	row = &maker->rows[maker->count++];
	row->origin = origin;
	digest_table_hash(maker->key, kind, name, row->bytes);
	digest_table_fill(row->bytes, hash, digest);
	return RC_OK;
}

/* So many that a bucket has one or two rows. */
static unsigned bits_for(size_t rows)
{
	unsigned bits = 0;

	while (bits < TABLE_BITS_MAX && ((size_t)2 << bits) < rows)
		bits++;
	return bits;
}

/* How many rows each bucket has, then where it begins. */
static uint32_t *directory_make(const struct digest_maker *maker, unsigned bits)
{
	size_t buckets = (size_t)1 << bits;
	uint32_t *directory = calloc(buckets + 1, sizeof *directory);

	if (directory == NULL)
		return NULL;
	for (size_t i = 0; i < maker->count; i++)
		directory[digest_table_bucket(maker->rows[i].bytes, bits) + 1]++;
	for (size_t i = 0; i < buckets; i++)
		directory[i + 1] += directory[i];
	return directory;
}

static int row_order(const void *a, const void *b)
{
	const struct digest_maker_row *left = a;
	const struct digest_maker_row *right = b;
	int order = memcmp(left->bytes, right->bytes, TABLE_ROW_BYTES);

	return order != 0 ? order : (left->origin > right->origin) - (left->origin < right->origin);
}

/* Into the buckets, and in order within each. Moves the bucket's beginning to its end, that is: each number
 * of the directory becomes its successor. */
static struct digest_maker_row *rows_sort(
	const struct digest_maker *maker, uint32_t *directory, unsigned bits)
{
	struct digest_maker_row *sorted = malloc((maker->count + 1) * sizeof *sorted);
	uint32_t start = 0;

	if (sorted == NULL)
		return NULL;
	for (size_t i = 0; i < maker->count; i++)
		sorted[directory[digest_table_bucket(maker->rows[i].bytes, bits)]++] = maker->rows[i];
	for (size_t bucket = 0; bucket < (size_t)1 << bits; bucket++) {
		if (directory[bucket] - start > 1)
			qsort(sorted + start, directory[bucket] - start, sizeof *sorted, row_order);
		start = directory[bucket];
	}
	return sorted;
}

/* Rows of one name must come from one place. Those of other sections have none, UINT32_MAX. */
static bool twins_find(const struct digest_maker_row *rows, size_t count, digest_maker_same same,
	void *context, uint32_t *twin)
{
	size_t first = 0;

	for (size_t i = 1; i < count; i++) {
		uint32_t origin = rows[i].origin;

		if (memcmp(rows[i].bytes, rows[first].bytes, SHORT_HASH_BYTES) != 0) {
			first = i;
			continue;
		}
		*twin = origin;
		if (origin == UINT32_MAX)
			continue;
		if ((rows[first].origin != origin && rows[first].origin != UINT32_MAX &&
			    same(context, rows[first].origin, origin)) ||
			(rows[i - 1].origin != origin && rows[i - 1].origin != UINT32_MAX &&
				same(context, rows[i - 1].origin, origin)))
			return true;
	}
	return false;
}

/* Numbers and rows to their place; equal rows once. `ends` has the end of each bucket. */
static void lay_out(const struct digest_maker *maker, const struct digest_maker_row *rows,
	const uint32_t *ends, unsigned bits, uint8_t *at, uint32_t *out_count)
{
	uint8_t *directory = at + TABLE_HEADER_BYTES;
	uint8_t *row = directory + (((size_t)1 << bits) + 1) * sizeof(uint32_t);
	uint32_t head[2] = {0, htole32(bits)};
	uint32_t count = 0;
	size_t next = 0;

	memset(directory, 0, sizeof(uint32_t));
	for (size_t bucket = 0; bucket < (size_t)1 << bits; bucket++) {
		uint32_t number;

		for (; next < ends[bucket]; next++) {
			if (next > 0 && memcmp(rows[next].bytes, rows[next - 1].bytes, TABLE_ROW_BYTES) == 0)
				continue;
			memcpy(row + (size_t)count++ * TABLE_ROW_BYTES, rows[next].bytes, TABLE_ROW_BYTES);
		}
		number = htole32(count);
		memcpy(directory + (bucket + 1) * sizeof number, &number, sizeof number);
	}
	head[0] = htole32(count);
	memcpy(at, head, sizeof head);
	memcpy(at + TABLE_KEY_AT, maker->key, SHORT_HASH_KEY_BYTES);
	*out_count = count;
}

enum rc digest_maker_finish(
	struct digest_maker *maker, digest_maker_same same, void *context, struct blob *out, uint32_t *twin)
{
	unsigned bits = bits_for(maker->count);
	DROP(numbers_drop) uint32_t *directory = directory_make(maker, bits);
	DROP(rows_drop) struct digest_maker_row *sorted = NULL;
	size_t before = out->len;
	size_t fixed = TABLE_HEADER_BYTES + (((size_t)1 << bits) + 1) * sizeof(uint32_t);
	uint32_t count = 0;

	if (directory == NULL)
		return RC_NOMEM;
	sorted = rows_sort(maker, directory, bits);
	if (sorted == NULL)
		return RC_NOMEM;
	free(TAKE(maker->rows));
	if (twins_find(sorted, maker->count, same, context, twin))
		return RC_EXISTS;
	TRY(blob_resize(out, before + fixed + maker->count * TABLE_ROW_BYTES));
	lay_out(maker, sorted, directory, bits, out->at + before, &count);
	TRY(blob_resize(out, before + fixed + (size_t)count * TABLE_ROW_BYTES));
	maker->count = 0;
	maker->room = 0;
	return RC_OK;
}
