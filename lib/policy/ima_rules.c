#include "lib/policy/ima_rules.h"

#include <stdio.h>

#include "lib/base/drop.h"

#define WORDS_MAX 3

/* One setting that is one of a few words, in the order of its enum. */
struct choice {
	const char *key;
	size_t offset;
	size_t count;
	const char *words[WORDS_MAX];
};

static const struct choice choices[] = {
	{"unknown", offsetof(struct ima_rules, unknown), 2, {"fail", "report"}},
	{"violations", offsetof(struct ima_rules, violations), 3, {"fail", "report", "accept"}},
	{"boot-aggregate", offsetof(struct ima_rules, boot_aggregate), 3, {"check", "listed", "ignore"}},
	{"signatures", offsetof(struct ima_rules, signatures), 3, {"accept", "require", "ignore"}},
};

static const struct {
	const char *key;
	size_t offset;
} switches[] = {
	{"empty-files", offsetof(struct ima_rules, empty_files)},
	{"learn-keys", offsetof(struct ima_rules, learn_keys)},
};

_Static_assert(sizeof(enum ima_severity) == sizeof(unsigned) &&
		       sizeof(enum ima_boot_aggregate) == sizeof(unsigned) &&
		       sizeof(enum ima_signatures) == sizeof(unsigned),
	"the table reads all of them as unsigned");

const char *const ima_section_known[] = {"digests", "excludes", "keylime-excludes", "accepted", "unknown",
	"violations", "violations-accepted", "empty-files", "digest-algorithms", "boot-aggregate", "keys",
	"signatures", "keyrings", "ignored-keyrings", "learn-keys", "buffers", "device-mapper", NULL};

struct ima_rules ima_rules_default(void)
{
	return (struct ima_rules){
		.strong = 1u << KERNEL_HASH_SHA256 | 1u << KERNEL_HASH_SHA384 | 1u << KERNEL_HASH_SHA512,
		.empty_files = true,
	};
}

static unsigned choice_of(const struct ima_rules *rules, const struct choice *choice)
{
	unsigned value;

	memcpy(&value, (const uint8_t *)rules + choice->offset, sizeof value);
	return value;
}

static void choice_set(struct ima_rules *rules, const struct choice *choice, unsigned value)
{
	memcpy((uint8_t *)rules + choice->offset, &value, sizeof value);
}

static bool switch_of(const struct ima_rules *rules, size_t index)
{
	bool value;

	memcpy(&value, (const uint8_t *)rules + switches[index].offset, sizeof value);
	return value;
}

static void switch_set(struct ima_rules *rules, size_t index, bool value)
{
	memcpy((uint8_t *)rules + switches[index].offset, &value, sizeof value);
}

static enum rc choice_parse(
	const struct json *section, const struct choice *choice, struct ima_rules *rules, struct err *err)
{
	struct json value;
	struct span text;

	if (!json_has(section, choice->key, &value))
		return RC_OK;
	TRY(json_text(&value, 64, &text, err));
	for (unsigned i = 0; i < choice->count; i++)
		if (span_is(text, choice->words[i])) {
			choice_set(rules, choice, i);
			return RC_OK;
		}
	return json_fail(&value, err, RC_MALFORMED, "expected \"%s\", \"%s\"%s%s%s", choice->words[0],
		choice->words[1], choice->count > 2 ? " or \"" : "",
		choice->count > 2 ? choice->words[2] : "", choice->count > 2 ? "\"" : "");
}

static enum rc strong_parse(const struct json *section, struct ima_rules *rules, struct err *err)
{
	uint32_t strong = 0;
	struct json list, item;
	struct span text;

	if (!json_has(section, "digest-algorithms", &list))
		return RC_OK;
	TRY(json_expect(&list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&list); i++) {
		enum kernel_hash hash;

		TRY(json_item(&list, i, &item, err));
		TRY(json_text(&item, 64, &text, err));
		hash = kernel_hash_of_name(text);
		if (hash == KERNEL_HASH_COUNT)
			return json_fail(&item, err, RC_UNSUPPORTED, "not one of the kernel's hashes");
		strong |= 1u << hash;
	}
	if (strong == 0)
		return json_fail(&list, err, RC_MALFORMED, "an empty list makes every digest too weak");
	rules->strong = strong;
	return RC_OK;
}

enum rc ima_rules_parse(const struct json *section, struct ima_rules *out, struct err *err)
{
	struct ima_rules rules = ima_rules_default();
	struct json value;

	for (size_t i = 0; i < COUNT(choices); i++)
		TRY(choice_parse(section, &choices[i], &rules, err));
	for (size_t i = 0; i < COUNT(switches); i++) {
		bool on = false;

		if (!json_has(section, switches[i].key, &value))
			continue;
		TRY(json_bool(&value, &on, err));
		switch_set(&rules, i, on);
	}
	TRY(strong_parse(section, &rules, err));
	*out = rules;
	return RC_OK;
}

void ima_rules_write(const struct ima_rules *rules, struct json_write *w)
{
	struct ima_rules standard = ima_rules_default();
	enum json_style style = w->style;

	for (size_t i = 0; i < COUNT(choices); i++)
		if (choice_of(rules, &choices[i]) != choice_of(&standard, &choices[i]))
			json_write_cstr(w, choices[i].key, choices[i].words[choice_of(rules, &choices[i])]);
	for (size_t i = 0; i < COUNT(switches); i++)
		if (switch_of(rules, i) != switch_of(&standard, i))
			json_write_bool(w, switches[i].key, switch_of(rules, i));
	if (rules->strong == standard.strong)
		return;
	json_write_array(w, "digest-algorithms");
	w->style = JSON_COMPACT;
	for (unsigned i = 0; i < KERNEL_HASH_COUNT; i++)
		if ((rules->strong >> i & 1) != 0)
			json_write_cstr(w, NULL, kernel_hash_name((enum kernel_hash)i));
	json_write_close(w);
	w->style = style;
}

void ima_rules_merge(struct ima_rules *into, const struct ima_rules *from)
{
	struct ima_rules standard = ima_rules_default();

	for (size_t i = 0; i < COUNT(choices); i++)
		if (choice_of(into, &choices[i]) == choice_of(&standard, &choices[i]))
			choice_set(into, &choices[i], choice_of(from, &choices[i]));
	for (size_t i = 0; i < COUNT(switches); i++)
		if (switch_of(into, i) == switch_of(&standard, i))
			switch_set(into, i, switch_of(from, i));
	if (into->strong == standard.strong)
		into->strong = from->strong;
}

#define STRONG_BYTES 256

static const char *strong_words(uint32_t strong, char out[static STRONG_BYTES])
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < KERNEL_HASH_COUNT && at < STRONG_BYTES; i++)
		if ((strong >> i & 1) != 0)
			at += (size_t)snprintf(out + at, STRONG_BYTES - at, "%s%s", at > 0 ? ", " : "",
				kernel_hash_name((enum kernel_hash)i));
	return out;
}

static enum rc put(struct blob *out, const char *lead, const char *key, const char *before, const char *after)
{
	char line[2 * STRONG_BYTES + 128];

	if (before == NULL)
		snprintf(line, sizeof line, "%s%s: %s\n", lead, key, after);
	else if (strcmp(before, after) == 0)
		return RC_OK;
	else
		snprintf(line, sizeof line, "%s%s: %s becomes %s\n", lead, key, before, after);
	return blob_append(out, span_text(line));
}

enum rc ima_rules_words(
	const struct ima_rules *before, const struct ima_rules *rules, const char *lead, struct blob *out)
{
	char words[2][STRONG_BYTES];

	for (size_t i = 0; i < COUNT(choices); i++)
		TRY(put(out, lead, choices[i].key,
			before == NULL ? NULL : choices[i].words[choice_of(before, &choices[i])],
			choices[i].words[choice_of(rules, &choices[i])]));
	for (size_t i = 0; i < COUNT(switches); i++)
		TRY(put(out, lead, switches[i].key,
			before == NULL         ? NULL
			: switch_of(before, i) ? "yes"
					       : "no",
			switch_of(rules, i) ? "yes" : "no"));
	return put(out, lead, "digest-algorithms",
		before == NULL ? NULL : strong_words(before->strong, words[0]),
		strong_words(rules->strong, words[1]));
}
