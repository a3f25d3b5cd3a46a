#include "lib/policy/digest_table.h"

#include <endian.h>

#include "lib/policy/digest_layout.h"

uint32_t digest_table_bucket(const uint8_t *row, unsigned bits)
{
	uint32_t top;

	memcpy(&top, row, sizeof top);
	return bits == 0 ? 0 : be32toh(top) >> (32 - bits);
}

static uint32_t number_at(const uint8_t *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof number);
	return le32toh(number);
}

enum rc digest_table_open(struct span image, struct digest_table *out)
{
	struct digest_table table = {0};
	size_t directory;
	uint32_t last = 0;

	if (image.len < TABLE_HEADER_BYTES)
		return RC_MALFORMED;
	table.count = number_at(image.at);
	table.bits = number_at(image.at + 4);
	if (table.count > DIGEST_TABLE_ROWS_MAX || table.bits > TABLE_BITS_MAX)
		return RC_MALFORMED;
	directory = (((size_t)1 << table.bits) + 1) * sizeof(uint32_t);
	if (image.len - TABLE_HEADER_BYTES != directory + (size_t)table.count * TABLE_ROW_BYTES)
		return RC_MALFORMED;
	table.key = image.at + TABLE_KEY_AT;
	table.directory = image.at + TABLE_HEADER_BYTES;
	table.rows = table.directory + directory;
	for (size_t at = 0; at < directory; at += sizeof(uint32_t)) {
		uint32_t number = number_at(table.directory + at);

		if (number < last || number > table.count || (at == 0 && number != 0))
			return RC_MALFORMED;
		last = number;
	}
	if (last != table.count)
		return RC_MALFORMED;
	*out = table;
	return RC_OK;
}

/* Names with spaces, which are rare. */
static __attribute__((noinline)) void spaced_hash(const uint8_t *key, struct span name, uint8_t *out)
{
	uint8_t plain[DIGEST_TABLE_NAME_MAX];

	for (size_t i = 0; i < name.len; i++)
		plain[i] = name.at[i] == ' ' ? '_' : name.at[i];
	short_hash(key, span_of(plain, name.len), out);
}

void digest_table_hash(const uint8_t *key, enum digest_kind kind, struct span name, uint8_t *out)
{
	uint8_t own[SHORT_HASH_KEY_BYTES];

	/* Each kind has a key of its own. */
	memcpy(own, key, sizeof own);
	own[0] ^= (uint8_t)kind;
	if (name.len > 0 && memchr(name.at, ' ', name.len) != NULL)
		spaced_hash(own, name, out);
	else
		short_hash(own, name, out);
}

void digest_table_fill(uint8_t *row, enum kernel_hash hash, struct span digest)
{
	size_t kept = digest.len < DIGEST_ROW_DIGEST_MAX ? digest.len : DIGEST_ROW_DIGEST_MAX;

	row[SHORT_HASH_BYTES] = (uint8_t)hash;
	memset(row + SHORT_HASH_BYTES + 1, 0, DIGEST_ROW_DIGEST_MAX);
	if (kept > 0)
		memcpy(row + SHORT_HASH_BYTES + 1, digest.at, kept);
}

static const uint8_t *row_at(const struct digest_table *table, uint32_t index)
{
	return table->rows + (size_t)index * TABLE_ROW_BYTES;
}

/* The first row from low to high whose first `bytes` are not below those of `sought` (after: are above). */
static uint32_t bound(const struct digest_table *table, uint32_t low, uint32_t high, const uint8_t *sought,
	size_t bytes, bool after)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = memcmp(row_at(table, middle), sought, bytes);

		if (order < 0 || (after && order == 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void digest_table_seek(
	const struct digest_table *table, enum digest_kind kind, struct span name, struct digest_place *out)
{
	const uint8_t *place;

	out->is_empty = table->count == 0 || name.len > DIGEST_TABLE_NAME_MAX;
	if (out->is_empty)
		return;
	digest_table_hash(table->key, kind, name, out->hash);
	place = table->directory + sizeof(uint32_t) * digest_table_bucket(out->hash, table->bits);
	out->low = number_at(place);
	out->high = number_at(place + sizeof(uint32_t));
	/* A row may lie in two lines of the cache. */
	__builtin_prefetch(row_at(table, out->low));
	__builtin_prefetch(row_at(table, out->low) + TABLE_ROW_BYTES);
}

struct digest_found digest_table_find_at(const struct digest_table *table, const struct digest_place *place,
	enum kernel_hash hash, struct span digest)
{
	uint8_t sought[TABLE_ROW_BYTES];
	struct digest_found found = {0};
	uint32_t row;

	if (place->is_empty)
		return found;
	memcpy(sought, place->hash, sizeof place->hash);
	digest_table_fill(sought, hash, digest);
	row = bound(table, place->low, place->high, sought, TABLE_ROW_BYTES, false);
	if (row < place->high && digest.len == kernel_hash_size(hash) && digest.len > 0 &&
		memcmp(row_at(table, row), sought, TABLE_ROW_BYTES) == 0)
		return (struct digest_found){.match = DIGEST_ALLOWED, .first = row, .count = 1};
	found.first = bound(table, place->low, place->high, sought, SHORT_HASH_BYTES, false);
	found.count = bound(table, found.first, place->high, sought, SHORT_HASH_BYTES, true) - found.first;
	found.match = found.count > 0 ? DIGEST_DIFFERS : DIGEST_NAME_UNKNOWN;
	return found;
}

struct digest_found digest_table_find(const struct digest_table *table, enum digest_kind kind,
	struct span name, enum kernel_hash hash, struct span digest)
{
	struct digest_place place;

	digest_table_seek(table, kind, name, &place);
	return digest_table_find_at(table, &place, hash, digest);
}

struct digest_row digest_table_row(const struct digest_table *table, uint32_t index)
{
	const uint8_t *row = row_at(table, index);
	enum kernel_hash hash = (enum kernel_hash)row[SHORT_HASH_BYTES];
	size_t len = kernel_hash_size(hash);
	bool whole = len <= DIGEST_ROW_DIGEST_MAX;

	return (struct digest_row){.hash = hash,
		.digest = span_of(row + SHORT_HASH_BYTES + 1, whole ? len : DIGEST_ROW_DIGEST_MAX),
		.whole = whole};
}
