#include "lib/policy/import_inside.h"

#include "lib/base/drop.h"

#define AGGREGATE "boot_aggregate"

enum rc import_digest(struct import *import, enum digest_kind kind, struct span name, enum kernel_hash hash,
	struct span digest)
{
	TRY(ima_builder_digest(import->builder, kind, name, hash, digest));
	import->about->digests++;
	if (kind == DIGEST_OF_KEYRING)
		import->has_keyrings = true;
	if (kind != DIGEST_OF_FILE)
		return RC_OK;
	if (!span_is(name, AGGREGATE)) {
		import->hashes |= 1u << hash;
		return RC_OK;
	}
	import->aggregate_hashes |= 1u << hash;
	ima_builder_rules(import->builder)->boot_aggregate = IMA_BOOT_AGGREGATE_LISTED;
	return RC_OK;
}

static enum rc matches(const struct pattern_set *set, const char *name, bool *out)
{
	enum rc rc = pattern_set_match(set, span_text(name), out);

	return rc == RC_NOMEM ? rc : RC_OK;
}

enum rc import_exclude(struct import *import, struct span pattern, struct err *err)
{
	/* Of paths that nobody excludes for a reason, an exclude that means something matches none. */
	static const char *const programs[] = {"/usr/bin/bash", "/usr/sbin/sshd", "/usr/lib/systemd/systemd",
		"/lib/x86_64-linux-gnu/libc.so.6", "/bin/sh", "/sbin/init"};
	DROP(pattern_set_release) struct pattern_set set = {0};
	struct span shown = pattern.len > 80 ? span_of(pattern.at, 80) : pattern;
	bool anything = false;
	bool program = false;

	/* A policy is JSON, and no name has one. */
	if (pattern.len != 0 && memchr(pattern.at, '\0', pattern.len) != NULL)
		return err_set(err, RC_MALFORMED, "a NUL in an expression");
	TRY(ima_builder_pattern(import->builder, IMA_KEYLIME_EXCLUDES, pattern, err));
	TRY(pattern_set_add(&set, PATTERN_REGEX_START, pattern, err));
	import->about->excludes++;
	TRY(matches(&set, "/limebus.7f3a/q", &anything));
	for (size_t i = 0; i < COUNT(programs) && !program; i++)
		TRY(matches(&set, programs[i], &program));
	if (anything)
		return import_warn(import->warnings,
			"the exclude \"%.*s\" matches every path: no file is judged; name folders in \"excludes\"",
			SPAN_FMT(shown));
	if (program)
		return import_warn(import->warnings,
			"the exclude \"%.*s\" leaves out programs of the system: whatever runs from there is good",
			SPAN_FMT(shown));
	return RC_OK;
}

/* Hashes in use must count as strong enough, or what was good becomes a finding. */
static enum rc allow_hashes(struct import *import)
{
	struct ima_rules *rules = ima_builder_rules(import->builder);
	uint32_t strong = rules->strong;
	uint32_t needed = import->hashes;

	/* One boot_aggregate of several is enough, and a weak one beside a strong one changes nothing. */
	if ((import->aggregate_hashes & strong) == 0)
		needed |= import->aggregate_hashes;
	rules->strong |= needed;
	for (unsigned hash = 0; hash < KERNEL_HASH_COUNT; hash++)
		if ((needed & ~strong & 1u << hash) != 0)
			TRY(import_warn(import->warnings,
				"some digests are %s, for which other files with the same digest may be made: \"%s\" was "
				"added to \"digest-algorithms\"; stricter: ima_hash=sha256 on the nodes, digests of that "
				"kind, and the default \"digest-algorithms\"",
				kernel_hash_name((enum kernel_hash)hash),
				kernel_hash_name((enum kernel_hash)hash)));
	return RC_OK;
}

enum rc import_end(struct import *import)
{
	struct ima_rules *rules = ima_builder_rules(import->builder);

	TRY(allow_hashes(import));
	if (import->aggregate_hashes != 0)
		TRY(import_warn(import->warnings,
			"boot_aggregate is compared with listed digests; stricter, and the same for every node: \"check\" in "
			"\"boot-aggregate\", which compares it with the quoted PCRs"));
	if (import->about->excludes != 0)
		TRY(import_warn(import->warnings,
			"excludes are regular expressions anchored at the start only (\"/tmp\" leaves out /tmpfoo as well); "
			"stricter: globs in \"excludes\", such as \"/tmp/**\""));
	if (!import->has_keyrings)
		return RC_OK;
	rules->learn_keys = true;
	return import_warn(import->warnings,
		"a key that the kernel loads into a listed keyring makes every file good that it signed; stricter: those "
		"keys in \"keys\", and \"learn-keys\": false");
}
