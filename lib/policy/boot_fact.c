#include "lib/policy/boot_fact.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/evidence/device_path.h"
#include "lib/evidence/event_payload.h"
#include "lib/evidence/event_text.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/uefi_variable.h"
#include "lib/policy/boot_slot.h"

#define FACTS_ROOM_FIRST 128
/* Each entry of a list of signatures has a copy of the variable's name: "db", or a GUID and a name. */
#define LIST_NAME_MAX 256

void boot_facts_release(struct boot_facts *facts)
{
	for (size_t i = 0; i < facts->count; i++)
		free(facts->at[i].name);
	free(facts->at);
	memset(facts, 0, sizeof *facts);
}

/* Takes the fact's name, also when it fails. */
static enum rc add(struct boot_facts *facts, const struct boot_fact *fact)
{
	size_t room = facts->room == 0 ? FACTS_ROOM_FIRST : 2 * facts->room;
	struct boot_fact *at = facts->at;
	enum rc rc = facts->count == BOOT_FACTS_MAX ? RC_LIMIT : RC_OK;

	if (rc == RC_OK && facts->count == facts->room) {
		at = reallocarray(facts->at, room, sizeof *at);
		if (at == NULL)
			rc = RC_NOMEM;
		else
			facts->room = room;
	}
	if (rc != RC_OK) {
		free(fact->name);
		return rc;
	}
	facts->at = at;
	at[facts->count++] = *fact;
	return RC_OK;
}

/* Text that some function writes into a buffer as snprintf does, in memory of its own; too long for a rule:
 * "". */
static char *owned_text(size_t (*write)(struct span, char *, size_t), struct span bytes)
{
	size_t len = write(bytes, NULL, 0);
	char *out = malloc(len > BOOT_NAME_MAX ? 1 : len + 1);

	if (out == NULL)
		return NULL;
	if (len > BOOT_NAME_MAX)
		out[0] = '\0';
	else
		write(bytes, out, len + 1);
	return out;
}

static char *text_of_event(const struct log_event *event)
{
	size_t len = event_text(event, NULL, 0);
	char *out = malloc(len > BOOT_NAME_MAX ? 1 : len + 1);

	if (out == NULL)
		return NULL;
	if (len > BOOT_NAME_MAX)
		out[0] = '\0';
	else
		event_text(event, out, len + 1);
	return out;
}

/* Vendor of the variables that have a plain name here. */
static bool is_well_known(const struct uefi_variable *variable)
{
	static const char *const security[] = {"db", "dbx", "dbt", "dbr"};
	bool is_security = false;

	for (size_t i = 0; i < COUNT(security); i++)
		is_security = is_security || uefi_variable_is(variable, NULL, security[i]);
	if (is_security)
		return memcmp(variable->guid, guid_image_security, GUID_BYTES) == 0;
	return memcmp(variable->guid, guid_efi_global, GUID_BYTES) == 0 ||
	       memcmp(variable->guid, guid_shim, GUID_BYTES) == 0;
}

/* "db"; "d719b2cb-…:MyVariable" for those of other vendors. */
static char *variable_name(const struct uefi_variable *variable)
{
	char guid[GUID_TEXT_BYTES];
	char *name = owned_text(text_of_utf16, variable->name);
	char *whole;
	size_t room;

	if (name == NULL || is_well_known(variable))
		return name;
	room = strlen(name) + 1 + GUID_TEXT_BYTES;
	whole = malloc(room);
	if (whole != NULL)
		snprintf(whole, room, "%s:%s", guid_text(variable->guid, guid), name);
	free(name);
	return whole;
}

static enum rc set_signature(struct boot_fact *fact, const struct signature_entry *entry)
{
	fact->has_signature = true;
	fact->signature = entry->kind;
	fact->type_guid = entry->type;
	fact->owner = entry->owner;
	fact->certificate = entry->data;
	if (entry->kind == SIGNATURE_SHA256 && entry->data.len == DIGEST_SHA256_BYTES) {
		memcpy(fact->data, entry->data.at, sizeof fact->data);
		return RC_OK;
	}
	return digest_bytes(DIGEST_SHA256, entry->data, fact->data);
}

static bool is_signature_list(struct span data)
{
	struct signature_lists lists = {.left = data};
	struct signature_entry entry;
	enum rc rc;

	do
		rc = signature_lists_next(&lists, &entry);
	while (rc == RC_OK);
	return rc == RC_NOT_FOUND;
}

static enum rc add_signatures(struct boot_facts *facts, const struct boot_fact *variable)
{
	struct signature_lists lists = {.left = variable->content};
	struct signature_entry entry;

	while (signature_lists_next(&lists, &entry) == RC_OK) {
		struct boot_fact fact = *variable;

		fact.slot = BOOT_SLOT_SIGNATURE;
		fact.is_list = false;
		fact.name = boot_copy_text(span_text(variable->name));
		if (fact.name == NULL)
			return RC_NOMEM;
		if (set_signature(&fact, &entry) != RC_OK) {
			free(fact.name);
			return RC_CRYPTO;
		}
		TRY(add(facts, &fact));
	}
	return RC_OK;
}

/*
 * The type of an event is not hashed: a variable of the Secure Boot configuration may be shown as an
 * authority. Authorities of db are one certificate or digest each, where the variable has lists; the others
 * of these vendors vouch for nothing.
 */
static bool is_configuration(const struct uefi_variable *variable)
{
	struct signature_entry entry = {0};

	if (memcmp(variable->guid, guid_efi_global, GUID_BYTES) == 0)
		return true;
	if (memcmp(variable->guid, guid_image_security, GUID_BYTES) != 0)
		return false;
	return !uefi_variable_is(variable, NULL, "db") || is_signature_list(variable->data) ||
	       signature_data_parse(variable->data, &entry) != RC_OK || entry.kind == SIGNATURE_OTHER;
}

static enum rc describe_variable(const struct log_event *event, struct boot_fact *fact)
{
	struct uefi_variable variable = {0};
	struct signature_entry entry = {0};

	if (uefi_variable_parse(event->payload, &variable) != RC_OK) {
		fact->slot = fact->slot == BOOT_SLOT_MOK ? BOOT_SLOT_MOK : BOOT_SLOT_EVENT;
		fact->name = boot_copy_text(span_text(""));
		return fact->name == NULL ? RC_NOMEM : RC_OK;
	}
	fact->name = variable_name(&variable);
	fact->content = variable.data;
	if (fact->name == NULL)
		return RC_NOMEM;
	if (fact->slot == BOOT_SLOT_AUTHORITY && is_configuration(&variable))
		fact->slot = BOOT_SLOT_VARIABLE;
	if (fact->slot == BOOT_SLOT_VARIABLE && uefi_variable_is(&variable, guid_efi_global, "SecureBoot"))
		fact->slot = BOOT_SLOT_SECURE_BOOT;
	if (fact->slot == BOOT_SLOT_SBAT) {
		free(fact->name);
		fact->name = owned_text(text_of_bytes, variable.data);
		return fact->name == NULL ? RC_NOMEM : RC_OK;
	}
	fact->is_list = fact->slot == BOOT_SLOT_VARIABLE && strlen(fact->name) <= LIST_NAME_MAX &&
	                is_signature_list(variable.data);
	if (fact->slot == BOOT_SLOT_AUTHORITY && signature_data_parse(variable.data, &entry) == RC_OK &&
		entry.kind != SIGNATURE_OTHER)
		return set_signature(fact, &entry);
	return RC_OK;
}

static enum rc describe_image(const struct log_event *event, struct boot_fact *fact)
{
	struct event_image image = {0};

	if (event_image_parse(event->payload, &image) != RC_OK)
		image.path = (struct span){0};
	fact->name = owned_text(device_path_text, image.path);
	return fact->name == NULL ? RC_NOMEM : RC_OK;
}

static enum rc describe(const struct log_event *event, struct boot_fact *fact)
{
	bool is_variable =
		event->type == EV_EFI_VARIABLE_DRIVER_CONFIG || event->type == EV_EFI_VARIABLE_AUTHORITY;

	fact->content = event->payload;
	if (is_variable && fact->slot != BOOT_SLOT_HARMLESS)
		return describe_variable(event, fact);
	if (fact->kind == EVENT_KIND_BOOT_APPLICATION || fact->kind == EVENT_KIND_BOOT_DRIVER ||
		fact->kind == EVENT_KIND_RUNTIME_DRIVER)
		return describe_image(event, fact);
	fact->name = text_of_event(event);
	return fact->name == NULL ? RC_NOMEM : RC_OK;
}

/* Digests of these banks, and whether they are of the payload: the worst answer of the banks counts. */
static enum rc take_digests(
	const struct log_event *event, const uint16_t *banks, size_t bank_count, struct boot_fact *fact)
{
	fact->check = (struct event_check){EVENT_DIGEST_UNCHECKED, EVENT_OF_UNKNOWN};
	for (size_t i = 0; i < bank_count; i++) {
		enum digest_alg alg = digest_of_tpm_id(banks[i]);
		struct event_check check = {0};
		struct span value = {0};

		if (event_digest(event, banks[i], &value) != RC_OK || value.len != digest_size(alg))
			continue;
		TRY(event_check_bank(event, banks[i], &check));
		fact->digest.has[alg] = true;
		memcpy(fact->digest.value[alg], value.at, value.len);
		if (fact->check.match != EVENT_DIGEST_UNCHECKED &&
			(check.match != fact->check.match || check.subject != fact->check.subject))
			check.match = EVENT_DIGEST_DIFFERS;
		if (fact->check.match != EVENT_DIGEST_DIFFERS)
			fact->check = check;
	}
	return RC_OK;
}

static enum rc add_event(
	struct boot_facts *facts, const struct log_event *event, const uint16_t *banks, size_t bank_count)
{
	struct boot_fact fact = {
		.kind = event_kind_of(event),
		.number = event->number,
		.pcr = (uint8_t)event->pcr,
		.type = event->type,
	};
	enum rc rc;

	TRY(take_digests(event, banks, bank_count, &fact));
	fact.slot = boot_slot_of(event, fact.kind, &fact.check);
	rc = describe(event, &fact);
	if (rc != RC_OK) {
		free(fact.name);
		return rc;
	}
	TRY(add(facts, &fact));
	return fact.is_list ? add_signatures(facts, &fact) : RC_OK;
}

enum rc boot_facts_gather(
	const struct event_log *log, const uint16_t *banks, size_t bank_count, struct boot_facts *out)
{
	DROP(boot_facts_release) struct boot_facts facts = {0};
	struct log_event event = {0};

	while (event_log_next(log, &event)) {
		if (event.type == EV_NO_ACTION || (BOOT_PCRS >> event.pcr & 1) == 0)
			continue;
		TRY(add_event(&facts, &event, banks, bank_count));
	}
	boot_facts_release(out);
	*out = TAKE(facts);
	return RC_OK;
}

bool boot_fact_is_unproven(const struct boot_fact *fact)
{
	if (!boot_digests_any(&fact->digest) || fact->check.match == EVENT_DIGEST_DIFFERS)
		return true;
	switch (fact->slot) {
	case BOOT_SLOT_SECURE_BOOT:
	case BOOT_SLOT_VARIABLE:
	case BOOT_SLOT_SIGNATURE:
	case BOOT_SLOT_AUTHORITY:
	case BOOT_SLOT_SBAT:
	case BOOT_SLOT_COMMAND_LINE:
	case BOOT_SLOT_COMMAND: return fact->check.match != EVENT_DIGEST_MATCHES;
	case BOOT_SLOT_HARMLESS:
	case BOOT_SLOT_MOK:
	case BOOT_SLOT_CRTM:
	case BOOT_SLOT_BLOB:
	case BOOT_SLOT_DRIVER:
	case BOOT_SLOT_APPLICATION:
	case BOOT_SLOT_FILE:
	case BOOT_SLOT_PART:
	case BOOT_SLOT_SEPARATOR:
	case BOOT_SLOT_EVENT:
	case BOOT_SLOT_COUNT: break;
	}
	return false;
}
