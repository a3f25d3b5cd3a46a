/*
 * How a digest table lies in its bytes. Internal to digest_table and digest_maker.
 *   count (32 bits) bits (32 bits) key (16 bytes) directory (2^bits + 1 numbers of 32 bits) rows
 * Numbers are little-endian. Rows stand in the order of their bytes: hash of the name (16), algorithm (1),
 * digest (32, zeros behind shorter ones). Bucket b has those rows whose first `bits` bits are b: from
 * directory[b] to before directory[b + 1].
 */
#ifndef LIMEBUS_POLICY_DIGEST_LAYOUT_H
#define LIMEBUS_POLICY_DIGEST_LAYOUT_H

#include "lib/policy/digest_table.h"

#define TABLE_KEY_AT       8
#define TABLE_HEADER_BYTES (TABLE_KEY_AT + SHORT_HASH_KEY_BYTES)
#define TABLE_ROW_BYTES    (SHORT_HASH_BYTES + 1 + DIGEST_ROW_DIGEST_MAX)
#define TABLE_BITS_MAX     22

_Static_assert(TABLE_ROW_BYTES + sizeof(uint32_t) <= DIGEST_TABLE_ROW_COST, "memory of a digest");

uint32_t digest_table_bucket(const uint8_t *row, unsigned bits);
void digest_table_hash(const uint8_t *key, enum digest_kind kind, struct span name, uint8_t *out);
void digest_table_fill(uint8_t *row, enum kernel_hash hash, struct span digest);

#endif
