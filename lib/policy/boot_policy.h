/*
 * The section "boot" of a policy: what may have booted, told by the firmware's event log (boot_appraise.h).
 *
 *   {"secure-boot": true,                   absent: not judged
 *    "variables": {"PK": LIST, "KEK": LIST, "db": LIST, "dbx": LIST, ...}, of signatures, or of digests
 *    "authorities": LIST,                   certificates that vouched for what ran: "by signer"
 *    "sbat": {"levels": LIST, "minimum": ["shim,4", "grub,5"]},            whole levels, or at least these
 *    "mok": {"MokList": LIST, "MokListX": LIST, ...},
 *    "firmware": [{"name": "...", "crtm": LIST, "blobs": LIST}, ...],      alternatives
 *    "drivers": LIST,
 *    "chains": [{"name": "...", "applications": LIST, "files": LIST, "command-lines": LIST,
 *                "commands": LIST, "parts": LIST}, ...],                   alternatives: one fits whole
 *    "separators": [0, 1, 2, 3, 4, 5, 6, 7],                               PCRs that have exactly one
 *    "events": LIST,                        what nothing else here is about
 *    "exceptions": [{"pcr": 5, "type": "EV_IPL", "digest": {...}, "reason": "..."}, ...]}
 *
 * LIST is one of
 *   [ITEM, ...]              exactly these, in this order
 *   {"set": [ITEM, ...], "others": BOOL}
 *                            these in any order and number, each at least once unless it says "required":
 *                            false; others true: also what no item names
 *   {"one-of": [ITEM, ...]}  at least one comes, and each that comes is one of these
 *   "any"                    {"set": [], "others": true}
 *
 * ITEM is an object with one of these to match
 *   "digest": {"sha256": "<hex>", ...}
 *                            of the event; those banks that it shares with the quote must be equal, and there
 *                            must be one
 *   "any": true              whatever it is: of a file, in its place in the sequence, better with its name
 *   "signer": "<hex>"        applications: any image, if Secure Boot is on and the certificate with this
 *                            SHA-256 is among those that vouched for what ran. The log does not tie an image
 *                            to its certificate: "authorities" should hold no others
 *   "x509": "<hex>"          variables, authorities: SHA-256 of a certificate; "sha256": the digest itself;
 *                            any other kind of signature (signature_list.h), or "guid": "<guid>" with
 *                            "data": "<hex>": SHA-256 of what it holds. "owner": "<guid>" if it matters
 * and
 *   "name": TEXT             must match for files, commands, command lines and parts; else for people. TEXT
 *                            is "this", {"glob": "..."} or {"regex": "..."}; patterns match the whole text.
 *                            A command or command line may be TEXT alone
 *   "kind": "uki-section"    parts: enum event_kind
 *   "pcr", "type"            events, exceptions
 *
 * {"anything": true} by itself accepts every boot and does not look at the log.
 * Every event of PCR 0 to 9 and 11 to 14 must be allowed by one of these, or be one that says nothing of what
 * ran (boot_slot.h). A list that is not there allows nothing.
 */
#ifndef LIMEBUS_POLICY_BOOT_POLICY_H
#define LIMEBUS_POLICY_BOOT_POLICY_H

#include "lib/json/json.h"
#include "lib/json/json_write.h"
#include "lib/policy/boot_item.h"

#define BOOT_ALTERNATIVES_MAX 256 /* firmware, chains */
#define BOOT_NAMED_MAX        64  /* variables, mok */

struct boot_named {
	char *name;
	struct boot_list list;
};

struct boot_names {
	size_t count;
	struct boot_named *at;
};

/* Lists of one alternative. */
#define BOOT_CRTM           0 /* of the firmware */
#define BOOT_BLOBS          1
#define BOOT_FIRMWARE_LISTS 2
#define BOOT_APPLICATIONS   0 /* of a chain */
#define BOOT_FILES          1
#define BOOT_COMMAND_LINES  2
#define BOOT_COMMANDS       3
#define BOOT_PARTS          4
#define BOOT_CHAIN_LISTS    5
#define BOOT_LISTS_MAX      5

struct boot_group {
	char *name; /* may be NULL */
	struct boot_list lists[BOOT_LISTS_MAX];
};

/* any: nothing of this is judged. */
struct boot_groups {
	bool any;
	size_t count;
	struct boot_group *at;
};

enum boot_secure { BOOT_SECURE_UNJUDGED, BOOT_SECURE_OFF, BOOT_SECURE_ON };

/* Keys of the lists of an alternative in the order of the numbers above, and whether an item's name must
 * match. */
struct boot_list_form {
	const char *key;
	bool named;
};
extern const struct boot_list_form boot_firmware_forms[BOOT_FIRMWARE_LISTS];
extern const struct boot_list_form boot_chain_forms[BOOT_CHAIN_LISTS];

/* {0} is no section at all: there is false. Owns. */
struct boot_policy {
	bool there;
	bool anything; /* nothing is judged; then all others are empty */
	enum boot_secure secure_boot;
	struct boot_names variables;
	struct boot_list authorities;
	struct boot_list sbat;         /* names are whole levels */
	struct boot_list sbat_minimum; /* names are lines: component,generation; a SET */
	struct boot_names mok;
	struct boot_groups firmware;
	struct boot_list drivers;
	struct boot_groups chains;
	uint32_t separators; /* bit n for PCR n */
	struct boot_list events;
	struct boot_list exceptions; /* a SET */
};

void boot_policy_release(struct boot_policy *policy);

/* RC_MALFORMED with a path for whatever is not as above, an unknown key, an item without anything to match;
 * RC_LIMIT, RC_NOMEM; RC_UNSUPPORTED for a pattern that needs what we do not do. */
MUST_USE enum rc boot_policy_parse(const struct json *section, struct boot_policy *out, struct err *err);

/* A list by its name, NULL if there is none; a new one; a new alternative. All borrow until the next is
 * added. RC_LIMIT, RC_NOMEM. */
struct boot_list *boot_names_find(const struct boot_names *names, struct span name);
MUST_USE enum rc boot_names_add(struct boot_names *names, struct span name, struct boot_list **out);
MUST_USE enum rc boot_groups_add(struct boot_groups *groups, struct boot_group **out);

/* An alternative that allows the same, NULL if there is none. Borrows. */
const struct boot_group *boot_groups_find(const struct boot_groups *groups, const struct boot_group *group,
	const struct boot_list_form *forms, size_t count);

/* The section under the key "boot"; nothing if it is not there. Parses again to the same. */
void boot_policy_write(const struct boot_policy *policy, struct json_write *w);

/* Allow also what `from` allows. Alternatives are put behind those that are there unless they are there
 * already; what both demand stays demanded. A Secure Boot state that only one of them demands, or in which
 * they differ, is not judged any more. */
MUST_USE enum rc boot_policy_merge(struct boot_policy *into, const struct boot_policy *from, struct err *err);

#endif
