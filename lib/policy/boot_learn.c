#include "lib/policy/boot_learn.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/crypto/cert.h"
#include "lib/policy/boot_item_text.h"
#include "lib/policy/boot_match.h"
#include "lib/policy/boot_replay.h"

#define LINE_BYTES 512

__attribute__((format(printf, 2, 3))) static enum rc warn(struct blob *warnings, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	TRY(blob_append(warnings, span_text(text)));
	return blob_append(warnings, span_text("\n"));
}

/* What a person calls a signature: the subject of a certificate. */
static enum rc name_signature(const struct boot_fact *fact, struct boot_item *item)
{
	DROP(cert_release) struct cert *cert = NULL;

	if (fact->signature != SIGNATURE_X509 || cert_parse(fact->certificate, &cert, NULL) != RC_OK)
		return RC_OK;
	return boot_text_set(&item->name, BOOT_TEXT_EXACT, span_text(cert_subject(cert)), NULL);
}

static enum rc signature_item(const struct boot_fact *fact, bool owned, struct boot_item *item)
{
	item->by = BOOT_BY_SIGNATURE;
	item->signature = fact->signature;
	memcpy(item->data, fact->data, sizeof item->data);
	if (fact->type_guid != NULL)
		memcpy(item->type_guid, fact->type_guid, GUID_BYTES);
	item->has_owner = owned && fact->owner != NULL;
	if (item->has_owner)
		memcpy(item->owner, fact->owner, GUID_BYTES);
	return name_signature(fact, item);
}

static bool has_escapes(const char *text)
{
	for (const char *at = strchr(text, '\\'); at != NULL; at = strchr(at + 1, '\\'))
		if (at[1] == 'x')
			return true;
	return false;
}

/* Bytes that are no text at all (what old firmware puts there) help nobody. */
static enum rc digest_item(const struct boot_fact *fact, bool named, struct boot_item *item)
{
	item->by = BOOT_BY_DIGEST;
	item->digest = fact->digest;
	return fact->name[0] == '\0' || (!named && has_escapes(fact->name))
	               ? RC_OK
	               : boot_text_set(&item->name, BOOT_TEXT_EXACT, span_text(fact->name), NULL);
}

/* Takes the item. once: not if the list has it already. */
static enum rc put(
	struct boot_list *list, enum boot_list_mode mode, struct boot_item *item, bool named, bool once)
{
	list->mode = mode;
	if (once && boot_list_find(list, item, named) != NULL) {
		boot_item_release(item);
		return RC_OK;
	}
	return boot_list_add(list, item);
}

static enum rc learn_digest(
	const struct boot_fact *fact, struct boot_list *list, enum boot_list_mode mode, bool named)
{
	DROP(boot_item_release) struct boot_item item = {0};

	TRY(digest_item(fact, named, &item));
	return put(list, mode, &item, named, mode != BOOT_SEQUENCE);
}

static enum rc list_of(struct boot_names *names, const char *name, struct boot_list **out)
{
	*out = boot_names_find(names, span_text(name));
	return *out != NULL ? RC_OK : boot_names_add(names, span_text(name), out);
}

static enum rc learn_variable(const struct boot_fact *fact, struct boot_policy *policy)
{
	struct boot_list *list = NULL;

	TRY(list_of(&policy->variables, fact->name, &list));
	if (!fact->is_list)
		return learn_digest(fact, list, BOOT_ONE_OF, false);
	list->mode = BOOT_SET;
	list->others = strcmp(fact->name, "dbx") == 0;
	return RC_OK;
}

static enum rc learn_signature(const struct boot_fact *fact, struct boot_policy *policy)
{
	DROP(boot_item_release) struct boot_item item = {0};
	struct boot_list *list = boot_names_find(&policy->variables, span_text(fact->name));

	if (list == NULL)
		return RC_OK;
	TRY(signature_item(fact, true, &item));
	return put(list, BOOT_SET, &item, false, true);
}

static enum rc learn_authority(const struct boot_fact *fact, struct boot_policy *policy)
{
	DROP(boot_item_release) struct boot_item item = {0};

	if (!fact->has_signature)
		return learn_digest(fact, &policy->authorities, BOOT_SET, false);
	TRY(signature_item(fact, false, &item));
	return put(&policy->authorities, BOOT_SET, &item, false, true);
}

/* By its text, which the digest is of; by the digest if the text is too long for a rule. */
static enum rc learn_text(
	const struct boot_fact *fact, struct boot_list *list, enum boot_list_mode mode, struct blob *warnings)
{
	DROP(boot_item_release) struct boot_item item = {0};
	char text[LINE_BYTES];

	if (fact->name[0] == '\0' && fact->content.len > BOOT_NAME_MAX) {
		TRY(warn(warnings, "%s is too long for a rule; its digest is pinned",
			boot_fact_text(fact, text, sizeof text)));
		return learn_digest(fact, list, mode, true);
	}
	TRY(boot_text_set(&item.name, BOOT_TEXT_EXACT, span_text(fact->name), NULL));
	return put(list, mode, &item, true, mode != BOOT_SEQUENCE);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text);

	return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/*
 * GRUB's environment block is data that GRUB itself writes (the last boot's success, the chosen entry): it
 * differs from boot to boot, and whatever GRUB does by it is measured. In its place in the sequence only, and
 * only with Secure Boot, where PCR 4 has the kernel: else a kernel could stand in that place, and extend what
 * should have been there.
 */
static enum rc learn_file(
	const struct boot_fact *fact, bool is_secure, struct boot_list *files, struct blob *warnings)
{
	DROP(boot_item_release) struct boot_item item = {0};
	char text[LINE_BYTES];

	if (!ends_with(fact->name, "/grubenv"))
		return learn_digest(fact, files, BOOT_SEQUENCE, true);
	boot_fact_text(fact, text, sizeof text);
	if (!is_secure) {
		TRY(warn(warnings,
			"%s: GRUB's environment is pinned, since Secure Boot is off; it changes when GRUB writes it",
			text));
		return learn_digest(fact, files, BOOT_SEQUENCE, true);
	}
	TRY(warn(warnings, "%s: the content of GRUB's environment is not judged", text));
	TRY(boot_text_set(&item.name, BOOT_TEXT_EXACT, span_text(fact->name), NULL));
	return put(files, BOOT_SEQUENCE, &item, true, false);
}

static enum rc learn_part(const struct boot_fact *fact, struct boot_list *parts)
{
	DROP(boot_item_release) struct boot_item item = {.has_kind = true, .kind = fact->kind};

	TRY(digest_item(fact, true, &item));
	return put(parts, BOOT_SEQUENCE, &item, true, false);
}

static enum rc learn_event(const struct boot_fact *fact, struct boot_list *events, struct blob *warnings)
{
	DROP(boot_item_release) struct boot_item item = {.pcr = fact->pcr, .type = fact->type};
	char text[LINE_BYTES];

	TRY(warn(warnings, "%s is of no kind that has rules; its digest is pinned",
		boot_fact_text(fact, text, sizeof text)));
	TRY(digest_item(fact, false, &item));
	return put(events, BOOT_SET, &item, false, true);
}

/* Firmware that hashes something else than it writes down: this one digest and no other. */
static enum rc learn_exception(
	const struct boot_fact *fact, struct boot_policy *policy, struct blob *warnings)
{
	DROP(boot_item_release) struct boot_item item = {.pcr = fact->pcr, .type = fact->type};
	char text[LINE_BYTES];

	if (!boot_fact_is_unproven(fact) || fact->slot == BOOT_SLOT_SIGNATURE)
		return RC_OK;
	/* Without a digest it could be anything. */
	if (!boot_digests_any(&fact->digest))
		return RC_UNSUPPORTED;
	TRY(warn(warnings, "%s: its digest is not the hash of what it says; an exception pins the digest",
		boot_fact_text(fact, text, sizeof text)));
	TRY(digest_item(fact, false, &item));
	item.reason = boot_copy_text(span_text("learned: the digest is not the hash of the payload"));
	if (item.reason == NULL)
		return RC_NOMEM;
	return put(&policy->exceptions, BOOT_SET, &item, false, true);
}

static bool is_bad_separator(const struct boot_fact *fact)
{
	return fact->slot == BOOT_SLOT_SEPARATOR &&
	       (fact->check.match != EVENT_DIGEST_MATCHES || fact->check.subject != EVENT_OF_PAYLOAD);
}

static enum rc learn_secure_boot(const struct boot_fact *fact, struct boot_policy *policy)
{
	policy->secure_boot =
		fact->content.len == 1 && fact->content.at[0] == 1 ? BOOT_SECURE_ON : BOOT_SECURE_OFF;
	return RC_OK;
}

static enum rc learn_fact(const struct boot_fact *fact, struct boot_policy *policy, struct blob *warnings)
{
	struct boot_list *firmware = policy->firmware.at[0].lists;
	struct boot_list *chain = policy->chains.at[0].lists;
	struct boot_list *list = NULL;

	if (boot_is_excepted(&policy->exceptions, fact))
		return RC_OK;
	switch (fact->slot) {
	case BOOT_SLOT_HARMLESS:
	case BOOT_SLOT_SEPARATOR:
	case BOOT_SLOT_COUNT: return RC_OK;
	case BOOT_SLOT_SECURE_BOOT: return learn_secure_boot(fact, policy);
	case BOOT_SLOT_VARIABLE: return learn_variable(fact, policy);
	case BOOT_SLOT_SIGNATURE: return learn_signature(fact, policy);
	case BOOT_SLOT_AUTHORITY: return learn_authority(fact, policy);
	case BOOT_SLOT_SBAT: return learn_text(fact, &policy->sbat, BOOT_ONE_OF, warnings);
	case BOOT_SLOT_MOK:
		TRY(list_of(&policy->mok, fact->name, &list));
		return learn_digest(fact, list, BOOT_ONE_OF, false);
	case BOOT_SLOT_CRTM: return learn_digest(fact, &firmware[BOOT_CRTM], BOOT_SEQUENCE, false);
	case BOOT_SLOT_BLOB: return learn_digest(fact, &firmware[BOOT_BLOBS], BOOT_SEQUENCE, false);
	case BOOT_SLOT_DRIVER: return learn_digest(fact, &policy->drivers, BOOT_SET, false);
	case BOOT_SLOT_APPLICATION:
		return learn_digest(fact, &chain[BOOT_APPLICATIONS], BOOT_SEQUENCE, false);
	case BOOT_SLOT_FILE:
		return learn_file(fact, policy->secure_boot == BOOT_SECURE_ON, &chain[BOOT_FILES], warnings);
	case BOOT_SLOT_COMMAND_LINE:
		return learn_text(fact, &chain[BOOT_COMMAND_LINES], BOOT_SEQUENCE, warnings);
	case BOOT_SLOT_COMMAND: return learn_text(fact, &chain[BOOT_COMMANDS], BOOT_SET, warnings);
	case BOOT_SLOT_PART: return learn_part(fact, &chain[BOOT_PARTS]);
	case BOOT_SLOT_EVENT: return learn_event(fact, &policy->events, warnings);
	}
	return RC_OK;
}

static enum rc learn_separators(const struct boot_facts *facts, struct boot_policy *policy, struct err *err)
{
	size_t seen[PCR_COUNT] = {0};

	for (size_t i = 0; i < facts->count; i++) {
		if (boot_is_excepted(&policy->exceptions, &facts->at[i]))
			continue;
		if (is_bad_separator(&facts->at[i]))
			return err_set(err, RC_DENIED,
				"event %zu: the firmware reports an error; boot the machine well first",
				facts->at[i].number);
		if (facts->at[i].slot == BOOT_SLOT_SEPARATOR)
			seen[facts->at[i].pcr]++;
	}
	for (unsigned pcr = 0; pcr < 8; pcr++)
		if (seen[pcr] == 1)
			policy->separators |= 1u << pcr;
	return RC_OK;
}

/* The chain is known by its kernel. */
static enum rc name_chain(struct boot_group *chain)
{
	const struct boot_list *files = &chain->lists[BOOT_FILES];

	for (size_t i = 0; i < files->count; i++) {
		const char *name = files->items[i].name.text;
		const char *base = name == NULL ? NULL : strrchr(name, '/');

		if (base == NULL || strncmp(base, "/vmlinuz", 8) != 0)
			continue;
		chain->name = boot_copy_text(span_text(base + 1));
		return chain->name == NULL ? RC_NOMEM : RC_OK;
	}
	return RC_OK;
}

static enum rc learn_each(const struct boot_facts *facts, struct boot_policy *policy, struct blob *warnings,
	enum rc (*learn)(const struct boot_fact *fact, struct boot_policy *policy, struct blob *warnings),
	struct err *err)
{
	char text[LINE_BYTES];

	for (size_t i = 0; i < facts->count; i++) {
		enum rc rc = learn(&facts->at[i], policy, warnings);

		if (rc != RC_OK)
			return err_set(err, rc, "%s: %s", boot_fact_text(&facts->at[i], text, sizeof text),
				rc_words(rc));
	}
	return RC_OK;
}

/* Exceptions first: they hide their events from the rules. */
static enum rc learn_facts(
	const struct boot_facts *facts, struct boot_policy *policy, struct blob *warnings, struct err *err)
{
	struct boot_group *group = NULL;

	policy->there = true;
	TRY(boot_groups_add(&policy->firmware, &group));
	TRY(boot_groups_add(&policy->chains, &group));
	TRY(learn_each(facts, policy, warnings, learn_exception, err));
	TRY(learn_separators(facts, policy, err));
	TRY(learn_each(facts, policy, warnings, learn_fact, err));
	return name_chain(&policy->chains.at[0]);
}

/* All banks of the log whose hash is known: a policy of three banks judges a quote of any of them. */
static size_t banks_of(const struct event_log *log, uint16_t out[static EVENT_BANKS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < log->bank_count; i++)
		if (digest_of_tpm_id(log->banks[i].alg) != DIGEST_NONE)
			out[count++] = log->banks[i].alg;
	return count;
}

/* PCRs that the log extends, and no quoted value is held against. */
static enum rc warn_of_unquoted(uint32_t pcrs, struct blob *warnings)
{
	char text[4 * PCR_COUNT] = "";
	size_t at = 0;

	for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++)
		if ((pcrs >> pcr & 1) != 0)
			at += (size_t)snprintf(text + at, sizeof text - at, "%s%u", at > 0 ? ", " : "", pcr);
	return at == 0 ? RC_OK
	               : warn(warnings,
				 "PCR %s: not in the quote, so that nothing proves what the log says of it",
				 text);
}

static enum rc check_replay(
	const struct event_log *log, const struct pcr_values *quoted, struct blob *warnings, struct err *err)
{
	struct event_replay replay = {0};
	uint32_t extended = 0;
	uint32_t proven = 0;

	TRY(event_replay(log, &replay));
	for (size_t i = 0; i < replay.bank_count; i++)
		extended |= replay.banks[i].extended & BOOT_PCRS;
	for (size_t i = 0; i < replay.bank_count; i++) {
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
			const struct event_replay_bank *bank = &replay.banks[i];
			struct span value = {0};
			bool holds = true;

			if ((BOOT_PCRS >> pcr & 1) != 0 &&
				pcr_values_get(quoted, bank->alg, pcr, &value) == RC_OK) {
				TRY(boot_register_holds(bank, pcr, value, &holds));
				proven |= 1u << pcr;
			}
			if (!holds)
				return err_set(err, RC_DENIED,
					"the log does not lead to the quoted PCR %u (%s)", pcr,
					tpm_alg_name(bank->alg));
		}
	}
	return warn_of_unquoted(extended & ~proven, warnings);
}

enum rc boot_learn(struct span log, const struct pcr_values *quoted, struct boot_policy *policy,
	struct blob *warnings, struct err *err)
{
	DROP(boot_policy_release) struct boot_policy learned = {0};
	DROP(boot_facts_release) struct boot_facts facts = {0};
	struct event_log parsed = {0};
	uint16_t banks[EVENT_BANKS_MAX];
	enum rc rc = event_log_parse(log, &parsed);

	if (rc != RC_OK)
		return err_set(err, rc, "the event log is %s", rc_words(rc));
	if (parsed.event_count == 0)
		return err_set(err, RC_NOT_FOUND,
			"the event log is empty: the boot loader did not hand it over to the kernel");
	if (quoted != NULL)
		TRY(check_replay(&parsed, quoted, warnings, err));
	rc = boot_facts_gather(&parsed, banks, banks_of(&parsed, banks), &facts);
	if (rc != RC_OK)
		return err_set(err, rc, "the event log: %s", rc_words(rc));
	TRY(learn_facts(&facts, &learned, warnings, err));
	return boot_policy_merge(policy, &learned, err);
}

enum rc boot_pin_pcrs(const struct pcr_values *quoted, const uint16_t *banks, size_t bank_count,
	struct pcr_policy *out, struct blob *warnings, struct err *err)
{
	static const unsigned pcrs[] = {0, 2, 3, 4, 5, 7, 8, 9, 14};
	size_t pinned = 0;

	for (size_t b = 0; b < bank_count; b++) {
		for (size_t i = 0; i < COUNT(pcrs); i++) {
			struct span value = {0};

			if (pcr_values_get(quoted, banks[b], pcrs[i], &value) != RC_OK)
				continue;
			TRY(pcr_policy_allow(out, banks[b], pcrs[i], value));
			pinned++;
		}
	}
	if (pinned == 0)
		return err_set(err, RC_NOT_FOUND, "none of the PCRs of a boot is quoted");
	return warn(warnings,
		"the event log is empty, so the PCRs 0, 2, 3, 4, 5, 7, 8, 9 and 14 are pinned to their values: every "
		"update of firmware, boot loader, kernel or command line, and a change of the partition table, "
		"needs a new policy; boot with a loader that hands the log over (GRUB: linuxefi, or Secure Boot)");
}
