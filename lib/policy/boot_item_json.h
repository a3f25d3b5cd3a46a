/* Items of the section "boot" as JSON. Internal to lib/policy. */
#ifndef LIMEBUS_POLICY_BOOT_ITEM_JSON_H
#define LIMEBUS_POLICY_BOOT_ITEM_JSON_H

#include "lib/json/json.h"
#include "lib/json/json_write.h"
#include "lib/policy/boot_item.h"

/* What an item of a list may have besides its name. */
struct boot_item_form {
	bool in_set; /* "required" */
	bool named;  /* the name is matched: it may be a pattern, and must be there unless a digest is */
	bool digest;
	bool signer;
	bool signature;
	bool kind;
	bool event;  /* "pcr" and "type" */
	bool reason; /* must be there */
	bool any;    /* "any": true in place of a digest */
};

extern const struct boot_item_form boot_item_of_digest;
extern const struct boot_item_form boot_item_of_variable;
extern const struct boot_item_form boot_item_of_application;
extern const struct boot_item_form boot_item_of_file;
extern const struct boot_item_form boot_item_of_text;
extern const struct boot_item_form boot_item_of_part;
extern const struct boot_item_form boot_item_of_event;
extern const struct boot_item_form boot_item_of_exception;

MUST_USE enum rc boot_item_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_item *out, struct err *err);

/* The same again, as an item of an array. */
void boot_item_write(
	const struct boot_item *item, const struct boot_item_form *form, bool in_set, struct json_write *w);

#endif
