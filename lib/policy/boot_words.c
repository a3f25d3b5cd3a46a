#include "lib/policy/boot_words.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/evidence/event_type.h"
#include "lib/policy/boot_item_text.h"
#include "lib/policy/boot_lines.h"

#define ITEM_BYTES 512

static const char *secure_words(enum boot_secure secure)
{
	switch (secure) {
	case BOOT_SECURE_ON: return "must be on";
	case BOOT_SECURE_OFF: return "must be off";
	case BOOT_SECURE_UNJUDGED: break;
	}
	return "is not judged";
}

static const char *mode_words(const struct boot_list *list)
{
	switch (list->mode) {
	case BOOT_NOTHING: return "no rule";
	case BOOT_SEQUENCE: return list->count == 0 ? "none" : "exactly these, in this order";
	case BOOT_ONE_OF: return "one of these";
	case BOOT_SET: break;
	}
	if (list->count == 0)
		return list->others ? "anything" : "none";
	return list->others ? "these at least" : "these";
}

static char *place_text(const struct boot_item *item, char *out, size_t room)
{
	char type[EVENT_TYPE_TEXT_BYTES];

	snprintf(out, room, "pcr %u %s: ", item->pcr, event_type_text(item->type, type));
	return out;
}

/* What the item is, with its place if it has one. */
static char *item_words(const struct boot_item *item, bool has_place, char *out, size_t room)
{
	char text[ITEM_BYTES];
	char place[64] = "";

	if (has_place)
		place_text(item, place, sizeof place);
	snprintf(out, room, "%s%s", place, boot_item_text(item, text, sizeof text));
	return out;
}

static void show_list(struct boot_lines *lines, const char *indent, const char *label,
	const struct boot_list *list, bool has_place)
{
	char text[ITEM_BYTES + 64];
	char reason[ITEM_BYTES];

	if (list->mode == BOOT_NOTHING)
		return;
	boot_line(lines, "%s%s: %s", indent, label, mode_words(list));
	for (size_t i = 0; i < list->count; i++) {
		const struct boot_item *item = &list->items[i];

		boot_line(lines, "%s  %s%s%s%s", indent, item_words(item, has_place, text, sizeof text),
			item->optional ? " (may be absent)" : "", item->reason != NULL ? ": " : "",
			item->reason != NULL ? boot_printable(item->reason, reason, sizeof reason) : "");
	}
}

static char *label_of(const char *what, const char *name, char *out, size_t room)
{
	char text[ITEM_BYTES / 2];

	snprintf(out, room, "%s%s%s", what, what[0] != '\0' ? " " : "",
		boot_printable(name, text, sizeof text));
	return out;
}

static void show_names(struct boot_lines *lines, const char *what, const struct boot_names *names)
{
	char label[ITEM_BYTES];

	for (size_t i = 0; i < names->count; i++)
		show_list(lines, "", label_of(what, names->at[i].name, label, sizeof label),
			&names->at[i].list, false);
}

static char *group_label(
	const char *what, const struct boot_group *group, size_t number, char *out, size_t room)
{
	char text[ITEM_BYTES / 2];

	if (group->name == NULL)
		snprintf(out, room, "%s %zu", what, number);
	else
		snprintf(out, room, "%s %zu (%s)", what, number,
			boot_printable(group->name, text, sizeof text));
	return out;
}

static void show_groups(struct boot_lines *lines, const char *what, const struct boot_groups *groups,
	const struct boot_list_form *forms, size_t count)
{
	char label[ITEM_BYTES];

	if (groups->any)
		boot_line(lines, "%s: anything", what);
	for (size_t i = 0; i < groups->count && !groups->any; i++) {
		group_label(what, &groups->at[i], i + 1, label, sizeof label);
		boot_line(lines, "%s:", label);
		for (size_t l = 0; l < count; l++) {
			show_list(lines, "  ", forms[l].key, &groups->at[i].lists[l], false);
		}
	}
}

enum rc boot_show(const struct boot_policy *policy, struct blob *out)
{
	struct boot_lines lines = {.out = out, .max = SIZE_MAX};

	if (!policy->there)
		return RC_OK;
	if (policy->anything) {
		boot_line(&lines, "any boot is accepted");
		return boot_lines_end(&lines);
	}
	boot_line(&lines, "Secure Boot %s", secure_words(policy->secure_boot));
	show_names(&lines, "variable", &policy->variables);
	show_list(&lines, "", "authorities", &policy->authorities, false);
	show_list(&lines, "", "SBAT level", &policy->sbat, false);
	show_list(&lines, "", "SBAT level, at least", &policy->sbat_minimum, false);
	show_names(&lines, "machine owner keys", &policy->mok);
	show_groups(&lines, "firmware", &policy->firmware, boot_firmware_forms, BOOT_FIRMWARE_LISTS);
	show_list(&lines, "", "drivers", &policy->drivers, false);
	show_groups(&lines, "chain", &policy->chains, boot_chain_forms, BOOT_CHAIN_LISTS);
	show_list(&lines, "", "events", &policy->events, true);
	show_list(&lines, "", "exceptions", &policy->exceptions, true);
	return boot_lines_end(&lines);
}

static bool is_demanded(const struct boot_list *list, const struct boot_item *item)
{
	return list->mode == BOOT_SEQUENCE || (list->mode == BOOT_SET && !item->optional);
}

static void diff_items(struct boot_lines *lines, const char *label, const struct boot_list *before,
	const struct boot_list *after, bool named, bool has_place)
{
	char text[ITEM_BYTES + 64];

	for (size_t i = 0; i < before->count; i++) {
		const struct boot_item *item = &before->items[i];
		const struct boot_item *other = boot_list_find(after, item, named);

		if (other == NULL)
			boot_line(lines, "%s: %s is no longer %s", label,
				item_words(item, has_place, text, sizeof text),
				after->others ? "demanded" : "allowed");
		else if (is_demanded(before, item) != is_demanded(after, other))
			boot_line(lines, "%s: %s %s", label, item_words(item, has_place, text, sizeof text),
				is_demanded(before, item) ? "may be absent now" : "must be there now");
	}
	for (size_t i = 0; i < after->count; i++)
		if (boot_list_find(before, &after->items[i], named) == NULL)
			boot_line(lines, "%s: %s is now %s", label,
				item_words(&after->items[i], has_place, text, sizeof text),
				before->others ? "demanded" : "allowed");
}

static void diff_list(struct boot_lines *lines, const char *label, const struct boot_list *before,
	const struct boot_list *after, bool named, bool has_place)
{
	size_t told = lines->count;

	if (boot_list_same(before, after, named))
		return;
	if (before->others != after->others)
		boot_line(lines, "%s: what no rule names is %s", label,
			after->others ? "now allowed" : "no longer allowed");
	diff_items(lines, label, before, after, named, has_place);
	if (lines->count == told && before->mode == after->mode)
		boot_line(lines, "%s: another order is demanded", label);
	else if (lines->count == told)
		boot_line(lines, "%s: %s (before: %s)", label, mode_words(after), mode_words(before));
}

static void diff_names(struct boot_lines *lines, const char *what, const struct boot_names *before,
	const struct boot_names *after)
{
	static const struct boot_list nothing;
	char label[ITEM_BYTES];

	for (size_t i = 0; i < before->count; i++) {
		const struct boot_list *other = boot_names_find(after, span_text(before->at[i].name));

		label_of(what, before->at[i].name, label, sizeof label);
		diff_list(lines, label, &before->at[i].list, other != NULL ? other : &nothing, false, false);
	}
	for (size_t i = 0; i < after->count; i++)
		if (boot_names_find(before, span_text(after->at[i].name)) == NULL)
			diff_list(lines, label_of(what, after->at[i].name, label, sizeof label), &nothing,
				&after->at[i].list, false, false);
}

struct group_kind {
	const char *what;
	const struct boot_list_form *forms;
	size_t count;
};

/* The alternative that takes the place of this one: one of the same name that is new. */
static const struct boot_group *successor(const struct boot_groups *before, const struct boot_groups *after,
	const struct boot_group *group, const struct group_kind *kind)
{
	for (size_t i = 0; i < after->count; i++) {
		const struct boot_group *other = &after->at[i];
		bool same_name = group->name == NULL || other->name == NULL
		                         ? group->name == other->name
		                         : strcmp(group->name, other->name) == 0;

		if (same_name && boot_groups_find(before, other, kind->forms, kind->count) == NULL)
			return other;
	}
	return NULL;
}

static void diff_group(struct boot_lines *lines, const char *label, const struct boot_group *before,
	const struct boot_group *after, const struct group_kind *kind)
{
	char part[ITEM_BYTES + 64];

	for (size_t i = 0; i < kind->count; i++) {
		snprintf(part, sizeof part, "%s, %s", label, kind->forms[i].key);
		diff_list(lines, part, &before->lists[i], &after->lists[i], kind->forms[i].named, false);
	}
}

static void diff_groups(struct boot_lines *lines, const struct boot_groups *before,
	const struct boot_groups *after, const struct group_kind *kind)
{
	char label[ITEM_BYTES];

	if (before->any != after->any)
		boot_line(lines, "%s: anything is %s", kind->what,
			after->any ? "now allowed" : "no longer allowed");
	for (size_t i = 0; i < before->count && !after->any; i++) {
		const struct boot_group *group = &before->at[i];
		const struct boot_group *next;

		if (boot_groups_find(after, group, kind->forms, kind->count) != NULL)
			continue;
		next = successor(before, after, group, kind);
		group_label(kind->what, group, i + 1, label, sizeof label);
		if (next != NULL)
			diff_group(lines, label, group, next, kind);
		else
			boot_line(lines, "%s is no longer allowed", label);
	}
	for (size_t i = 0; i < after->count && !before->any; i++) {
		const struct boot_group *group = &after->at[i];

		if (boot_groups_find(before, group, kind->forms, kind->count) != NULL ||
			successor(after, before, group, kind) != NULL)
			continue;
		boot_line(lines, "%s is now allowed",
			group_label(kind->what, group, i + 1, label, sizeof label));
	}
}

static void diff_separators(struct boot_lines *lines, uint32_t before, uint32_t after)
{
	for (unsigned pcr = 0; pcr < 8; pcr++)
		if (((before ^ after) >> pcr & 1) != 0)
			boot_line(lines, "pcr %u: its separator is %s demanded", pcr,
				(after >> pcr & 1) != 0 ? "now" : "no longer");
}

static void diff_all(
	const struct boot_policy *before, const struct boot_policy *after, struct boot_lines *lines)
{
	static const struct group_kind firmware = {"firmware", boot_firmware_forms, BOOT_FIRMWARE_LISTS};
	static const struct group_kind chains = {"chain", boot_chain_forms, BOOT_CHAIN_LISTS};

	if (before->there != after->there)
		return;
	if (before->anything != after->anything)
		boot_line(lines, "any boot is %s accepted", after->anything ? "now" : "no longer");
	if (before->anything || after->anything)
		return;
	if (before->secure_boot != after->secure_boot)
		boot_line(lines, "Secure Boot %s (before: %s)", secure_words(after->secure_boot),
			secure_words(before->secure_boot));
	diff_names(lines, "", &before->variables, &after->variables);
	diff_list(lines, "authorities", &before->authorities, &after->authorities, false, false);
	diff_list(lines, "SBAT level", &before->sbat, &after->sbat, true, false);
	diff_list(lines, "SBAT level, at least", &before->sbat_minimum, &after->sbat_minimum, true, false);
	diff_names(lines, "", &before->mok, &after->mok);
	diff_groups(lines, &before->firmware, &after->firmware, &firmware);
	diff_list(lines, "drivers", &before->drivers, &after->drivers, false, false);
	diff_groups(lines, &before->chains, &after->chains, &chains);
	diff_separators(lines, before->separators, after->separators);
	diff_list(lines, "events", &before->events, &after->events, false, true);
	diff_list(lines, "exceptions", &before->exceptions, &after->exceptions, false, true);
}

enum rc boot_diff(
	const struct boot_policy *before, const struct boot_policy *after, size_t lines_max, struct blob *out)
{
	struct boot_lines lines = {.out = out, .prefix = "boot: ", .max = lines_max};

	diff_all(before, after, &lines);
	return boot_lines_end(&lines);
}

static bool allows_anything(const struct boot_list *list)
{
	return list->mode == BOOT_SET && list->others;
}

/* What may be called what is not in any digest, so that such a rule lets everything of its PCR pass. */
static void warn_of_any_event(struct boot_lines *lines, const char *what, const struct boot_list *list)
{
	char text[ITEM_BYTES + 64];

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].by == BOOT_BY_NAME)
			boot_line(lines, "%s %swithout a digest: whatever is extended into PCR %u is allowed",
				what, place_text(&list->items[i], text, sizeof text), list->items[i].pcr);
}

enum rc boot_warnings(const struct boot_policy *policy, struct blob *out)
{
	struct boot_lines lines = {.out = out, .prefix = "boot: ", .max = SIZE_MAX};
	char label[ITEM_BYTES];

	if (!policy->there)
		return RC_OK;
	if (policy->anything) {
		boot_line(&lines, "any boot is accepted, whatever the event log says");
		return boot_lines_end(&lines);
	}
	if (policy->secure_boot == BOOT_SECURE_UNJUDGED)
		boot_line(&lines, "Secure Boot is not judged");
	if (policy->firmware.any)
		boot_line(&lines, "any firmware is allowed");
	if (policy->chains.any)
		boot_line(&lines, "any boot loader, kernel and command line is allowed");
	for (size_t i = 0; i < policy->chains.count; i++)
		for (size_t l = 0; l < BOOT_CHAIN_LISTS; l++)
			if (allows_anything(&policy->chains.at[i].lists[l]))
				boot_line(&lines, "%s: %s that no rule names are allowed",
					group_label(
						"chain", &policy->chains.at[i], i + 1, label, sizeof label),
					boot_chain_forms[l].key);
	if (allows_anything(&policy->authorities))
		boot_line(&lines, "whatever is signed by any authority of db is allowed");
	if (allows_anything(&policy->events))
		boot_line(&lines,
			"events that no rule names are allowed: whatever ran, it could be one of them");
	warn_of_any_event(&lines, "event", &policy->events);
	warn_of_any_event(&lines, "exception", &policy->exceptions);
	return boot_lines_end(&lines);
}
