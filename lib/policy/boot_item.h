/* What a rule of the section "boot" names: one thing that may be measured, and lists of them. */
#ifndef LIMEBUS_POLICY_BOOT_ITEM_H
#define LIMEBUS_POLICY_BOOT_ITEM_H

#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "lib/evidence/event_kind.h"
#include "lib/evidence/signature_list.h"
#include "lib/pattern/pattern.h"

#define BOOT_ITEMS_MAX  4096 /* of one list */
#define BOOT_NAME_MAX   PATTERN_TEXT_MAX
#define BOOT_REASON_MAX 512

/* Digests of one thing, at most one for each algorithm; has is false for those that are not known. */
struct boot_digests {
	bool has[DIGEST_COUNT];
	uint8_t value[DIGEST_COUNT][DIGEST_BYTES_MAX];
};

/* What two sets of digests say of each other. APART: they share no algorithm. */
enum boot_digests_relation { BOOT_DIGESTS_APART, BOOT_DIGESTS_EQUAL, BOOT_DIGESTS_DIFFER };
enum boot_digests_relation boot_digests_compare(const struct boot_digests *a, const struct boot_digests *b);

bool boot_digests_any(const struct boot_digests *digests);

enum boot_text_form { BOOT_TEXT_NONE, BOOT_TEXT_EXACT, BOOT_TEXT_GLOB, BOOT_TEXT_REGEX };

/* Owns. text is NULL only for NONE. pattern holds one pattern for GLOB and REGEX. */
struct boot_text {
	enum boot_text_form form;
	char *text;
	struct pattern_set pattern;
};

/* Copies the text. RC_MALFORMED, RC_UNSUPPORTED for what is not a pattern; RC_LIMIT, RC_NOMEM. */
MUST_USE enum rc boot_text_set(
	struct boot_text *text, enum boot_text_form form, struct span bytes, struct err *err);

/* NONE matches everything. A pattern that PCRE2 gave up on does not match. */
bool boot_text_match(const struct boot_text *text, struct span name);

/* By what an item knows the thing it names. */
enum boot_item_by { BOOT_BY_NAME, BOOT_BY_DIGEST, BOOT_BY_SIGNER, BOOT_BY_SIGNATURE };

/* Owns. */
struct boot_item {
	enum boot_item_by by;
	bool optional; /* of a set: need not come */
	struct boot_text name;
	struct boot_digests digest;        /* BY_DIGEST */
	uint8_t data[DIGEST_SHA256_BYTES]; /* BY_SIGNER, BY_SIGNATURE: SHA-256 of a certificate or of other
	                                      data; the digest itself for SIGNATURE_SHA256 */
	enum signature_kind signature;     /* BY_SIGNATURE */
	uint8_t type_guid[GUID_BYTES];     /* if that is SIGNATURE_OTHER */
	uint8_t owner[GUID_BYTES];
	bool has_owner;
	bool has_kind;
	enum event_kind kind; /* parts */
	uint8_t pcr;          /* events, exceptions */
	uint32_t type;
	char *reason; /* exceptions */
};

void boot_item_release(struct boot_item *item);
MUST_USE enum rc boot_item_copy(const struct boot_item *from, struct boot_item *out);

/* They name the same thing: all but `optional`, `reason` and banks that only one of them has is equal; names
 * only if `named`. */
bool boot_item_same(const struct boot_item *a, const struct boot_item *b, bool named);

enum boot_list_mode { BOOT_NOTHING, BOOT_SEQUENCE, BOOT_SET, BOOT_ONE_OF };

/* {0} allows nothing. Owns. others only in a set. Invariant: count <= BOOT_ITEMS_MAX. */
struct boot_list {
	enum boot_list_mode mode;
	bool others;
	size_t count;
	size_t room;
	struct boot_item *items;
};

void boot_list_release(struct boot_list *list);

/* Takes the item, also when it fails: RC_LIMIT, RC_NOMEM. */
MUST_USE enum rc boot_list_add(struct boot_list *list, struct boot_item *item);

/* The item that names the same thing, NULL if there is none. Borrows. */
struct boot_item *boot_list_find(const struct boot_list *list, const struct boot_item *item, bool named);

/* Same mode, and item by item the same, in order for a sequence. */
bool boot_list_same(const struct boot_list *a, const struct boot_list *b, bool named);

/* An empty list becomes a copy of `from`. */
MUST_USE enum rc boot_list_copy(const struct boot_list *from, struct boot_list *out);

/* Allow what either allows, demand what both demand. */
MUST_USE enum rc boot_list_merge(struct boot_list *into, const struct boot_list *from, bool named);

/* Add the digests that only `from` has, item by item, to lists that are the same. */
void boot_list_enrich(struct boot_list *into, const struct boot_list *from, bool named);

/* Owned text of these bytes with a NUL; NULL if out of memory. */
char *boot_copy_text(struct span text);

#endif
