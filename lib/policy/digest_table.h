/*
 * The compiled form of a policy's digests: position-independent bytes that are looked up where they lie,
 * which may be a mapped file. One row of 49 bytes a digest (128-bit keyed hash of the name, algorithm, first
 * 32 bytes of the digest) and 2 to 4 bytes of directory: at most DIGEST_TABLE_ROW_COST bytes a digest in all.
 * A look-up is one hash, one place of the directory, and one or two rows; with many digests for one name, a
 * binary search among them.
 *
 * Spaces in names are the same as '_': the kernel writes them so (ima_write_template_field_data).
 */
#ifndef LIMEBUS_POLICY_DIGEST_TABLE_H
#define LIMEBUS_POLICY_DIGEST_TABLE_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/short_hash.h"
#include "lib/evidence/kernel_hash.h"

#define DIGEST_TABLE_ROWS_MAX (4u << 20)
#define DIGEST_TABLE_ROW_COST 64
#define DIGEST_TABLE_NAME_MAX 8192
#define DIGEST_ROW_DIGEST_MAX 32

/* What a name names. The three have nothing to do with each other. */
enum digest_kind {
	DIGEST_OF_FILE,    /* path → digests of its content ("ima.digests", "ima.accepted") */
	DIGEST_OF_KEYRING, /* keyring → digests of the certificates that may be loaded into it */
	DIGEST_OF_BUFFER,  /* entry of the template ima-buf → digests of the buffer */
	DIGEST_KIND_COUNT
};

/* Borrows. {0} is an empty table. */
struct digest_table {
	const uint8_t *key;
	const uint8_t *directory; /* 2^bits + 1 little-endian row numbers */
	const uint8_t *rows;
	uint32_t count;
	unsigned bits;
};

/* Checks every length and number of the directory. RC_MALFORMED. */
MUST_USE enum rc digest_table_open(struct span image, struct digest_table *out);

enum digest_match {
	DIGEST_NAME_UNKNOWN,
	DIGEST_DIFFERS, /* the name is known, with other digests */
	DIGEST_ALLOWED
};

/* The rows of the name are first to first + count - 1; none if it is unknown. */
struct digest_found {
	enum digest_match match;
	uint32_t first;
	uint32_t count;
};

struct digest_found digest_table_find(const struct digest_table *table, enum digest_kind kind,
	struct span name, enum kernel_hash hash, struct span digest);

/*
 * The same in two steps, so that something else can be done while memory is fetched: seek finds where the
 * name's rows would be and asks for them, find_at looks at them. The name need not live longer than seek.
 */
struct digest_place {
	bool is_empty; /* nothing has this name: the table is empty, or the name too long */
	uint8_t hash[SHORT_HASH_BYTES];
	uint32_t low, high;
};
void digest_table_seek(
	const struct digest_table *table, enum digest_kind kind, struct span name, struct digest_place *out);
struct digest_found digest_table_find_at(const struct digest_table *table, const struct digest_place *place,
	enum kernel_hash hash, struct span digest);

/* One expected digest; index < table->count. digest has at most DIGEST_ROW_DIGEST_MAX bytes: longer ones are
 * cut, and whole is false. Borrows. */
struct digest_row {
	enum kernel_hash hash;
	struct span digest;
	bool whole;
};
struct digest_row digest_table_row(const struct digest_table *table, uint32_t index);

/* Collects rows and lays them out. {0} is empty, but for a key: digest_maker_init draws one. Owns. */
struct digest_maker {
	uint8_t key[SHORT_HASH_KEY_BYTES];
	struct digest_maker_row *rows;
	size_t count;
	size_t room;
};

MUST_USE enum rc digest_maker_init(struct digest_maker *maker, struct err *err);
void digest_maker_release(struct digest_maker *maker);

/*
 * One digest of one name. origin tells apart names that are written twice: where the name stands in the text.
 * The digest has the hash's length. RC_LIMIT above DIGEST_TABLE_ROWS_MAX or DIGEST_TABLE_NAME_MAX,
 * RC_MALFORMED for another length, RC_NOMEM.
 */
MUST_USE enum rc digest_maker_add(struct digest_maker *maker, enum digest_kind kind, struct span name,
	uint32_t origin, enum kernel_hash hash, struct span digest);

/*
 * Append the table to out and empty the maker. Rows that stand there twice become one. RC_EXISTS if two rows
 * with one name have different origins, which `same` then says are the same name in truth (they may also be
 * "a b" and "a_b"): twin receives one of the two origins.
 */
typedef bool (*digest_maker_same)(void *context, uint32_t a, uint32_t b);
MUST_USE enum rc digest_maker_finish(
	struct digest_maker *maker, digest_maker_same same, void *context, struct blob *out, uint32_t *twin);

#endif
