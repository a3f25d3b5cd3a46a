/*
 * The section "boot" of a policy: what may have booted, told by the firmware's event log (boot_appraise.h).
 *
 *   {"secure-boot": true,                       absent: not judged
 *    "variables": {"PK": LIST, "KEK": LIST, "db": LIST, "dbx": LIST, …},      signatures, or "digest"s
 *    "authorities": LIST,                       certificates that vouched for what ran: "by signer"
 *    "sbat": {"one-of": ["sbat,1,2025021800\nshim,4\n"], "minimum": ["shim,4", "grub,5"]},
 *    "mok": {"MokList": LIST, "MokListX": LIST, …},
 *    "firmware": [{"name": "…", "crtm": LIST, "blobs": LIST}, …],             alternatives
 *    "drivers": LIST,
 *    "chains": [{"name": "…", "applications": LIST, "files": LIST, "command-lines": LIST,
 *                "commands": LIST, "parts": LIST}, …],                        alternatives: one must fit
 * whole "separators": [0, 1, 2, 3, 4, 5, 6, 7],    each of these PCRs has exactly one "events": LIST, what
 * nothing else here is about "exceptions": [{"pcr": 5, "type": "EV_IPL", "digest": {…}, "reason": "…"}, …]}
 *
 * LIST is one of
 *   [ITEM, …]                        exactly these, in this order
 *   {"set": [ITEM, …], "others": B}  these, as often as they come and in any order, each at least once unless
 *                                    it says "required": false; others true: also whatever no item names
 *   {"one-of": [ITEM, …]}            at least one, and each that comes is one of these
 *   "any"                            {"set": [], "others": true}
 * ITEM is an object with what is matched:
 *   "digest": {"sha256": "<hex>", …}  of the event; of those banks that the item and the quote share all must
 *                                     be equal. "any": true in its place: whatever its content
 *   "name": TEXT                      files, commands, command lines, parts: must match. Elsewhere it is for
 *                                     people. TEXT is "exactly this", {"glob": "…"} or {"regex": "…"}; both
 *                                     match the whole text. A command or command line may be TEXT alone.
 *   "signer": "<hex>"                 applications: any image, if Secure Boot is on and the certificate with
 *                                     this SHA-256 is among those that vouched for what ran. The log does not
 *                                     tie an image to its certificate: "authorities" should hold no others.
 *   "kind": "uki-section"             parts: enum event_kind
 *   "pcr", "type"                     events, exceptions
 *   "x509": "<hex SHA-256 of DER>", "sha256": "<hex>" or "type": "<guid>" with "data": "<hex SHA-256>",
 *   and "owner": "<guid>"             variables, authorities: a signature. Without owner: anybody's.
 *
 * Every event of PCR 0 to 9 and 11 to 14 must be allowed by one of these, or be one that says nothing of what
 * ran (boot_class.h). A list that is not there allows nothing.
 */
#ifndef LIMEBUS_POLICY_BOOT_POLICY_H
#define LIMEBUS_POLICY_BOOT_POLICY_H

#include "lib/evidence/pcr.h"
#include "lib/json/json.h"
#include "lib/json/json_write.h"

#define BOOT_ITEMS_MAX        4096 /* of one list */
#define BOOT_ALTERNATIVES_MAX 256  /* firmware, chains */
#define BOOT_NAMED_MAX        64   /* variables, mok */
#define BOOT_NAME_MAX         4096
#define BOOT_REASON_MAX       512
#define BOOT_GUID_BYTES       16

/* Digests of one thing, one a bank at most: bytes of bank i are in value[i] if has[i]. */
struct boot_digests {
	bool has[DIGEST_COUNT];
	uint8_t value[DIGEST_COUNT][DIGEST_BYTES_MAX];
};

enum boot_text_form { BOOT_TEXT_NONE, BOOT_TEXT_EXACT, BOOT_TEXT_GLOB, BOOT_TEXT_REGEX };

struct pattern_set;

/* Owns. pattern is NULL unless form is GLOB or REGEX. */
struct boot_text {
	enum boot_text_form form;
	char *text;
	struct pattern_set *pattern;
};

/* What is matched by; the others of the item's fields are then unused. */
enum boot_item_by { BOOT_BY_ANY, BOOT_BY_DIGEST, BOOT_BY_SIGNER, BOOT_BY_SIGNATURE };

/* Owns. kind is an enum event_kind (lib/evidence/event_kind.h), used in parts. */
struct boot_item {
	enum boot_item_by by;
	bool optional; /* of a set */
	struct boot_text name;
	struct boot_digests digest;         /* BY_DIGEST */
	uint8_t data[DIGEST_SHA256_BYTES];  /* BY_SIGNER, BY_SIGNATURE: SHA-256 of a certificate or of data;
	                                       the  digest itself for the type sha256 */
	uint8_t signature[BOOT_GUID_BYTES]; /* BY_SIGNATURE: type */
	uint8_t owner[BOOT_GUID_BYTES];
	bool has_owner;
	int kind;
	uint8_t pcr;
	uint32_t type;
	char *reason; /* of an exception */
};

enum boot_list_mode { BOOT_NOTHING, BOOT_SEQUENCE, BOOT_SET, BOOT_ONE_OF };

/* {0} allows nothing. Owns. others only in a set. */
struct boot_list {
	enum boot_list_mode mode;
	bool others;
	size_t count;
	size_t room;
	struct boot_item *items;
};

struct boot_named {
	char *name;
	struct boot_list list;
};

struct boot_names {
	size_t count;
	size_t room;
	struct boot_named *at;
};

/* Lists of one alternative. */
enum boot_firmware_list { BOOT_CRTM, BOOT_BLOBS };
enum boot_chain_list { BOOT_APPLICATIONS, BOOT_FILES, BOOT_COMMAND_LINES, BOOT_COMMANDS, BOOT_PARTS };
#define BOOT_LISTS_MAX 5

struct boot_group {
	char *name; /* may be NULL */
	struct boot_list lists[BOOT_LISTS_MAX];
};

/* any: nothing of this is judged. */
struct boot_groups {
	bool any;
	size_t count;
	size_t room;
	struct boot_group *at;
};

enum boot_secure { BOOT_SECURE_UNJUDGED, BOOT_SECURE_OFF, BOOT_SECURE_ON };

/* {0} is no section at all: there is false. Owns. */
struct boot_policy {
	bool there;
	enum boot_secure secure_boot;
	struct boot_names variables;
	struct boot_list authorities;
	struct boot_list sbat;         /* names are whole levels */
	struct boot_list sbat_minimum; /* names are lines */
	struct boot_names mok;
	struct boot_groups firmware;
	struct boot_list drivers;
	struct boot_groups chains;
	uint32_t separators; /* bit n for PCR n */
	struct boot_list events;
	struct boot_list exceptions;
};

void boot_policy_release(struct boot_policy *policy);

/* RC_MALFORMED with a path for whatever is not as above, an unknown key, an item without anything to match;
 * RC_LIMIT, RC_NOMEM; RC_UNSUPPORTED for a pattern that needs what we do not do. */
MUST_USE enum rc boot_policy_parse(const struct json *section, struct boot_policy *out, struct err *err);

/* The section under the key "boot"; nothing if it is not there. Parses again to the same. */
void boot_policy_write(const struct boot_policy *policy, struct json_write *w);

/* Allow also what `from` allows. Alternatives are put behind those that are there unless they are there
 * already; what both demand stays demanded. A Secure Boot state that only one of them demands, or in which
 * they differ, is not judged any more. */
MUST_USE enum rc boot_policy_merge(struct boot_policy *into, const struct boot_policy *from, struct err *err);

#endif
