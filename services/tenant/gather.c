#include "services/tenant/gather.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/policy/explain.h"
#include "lib/policy/import_tpm_policy.h"
#include "services/tenant/capture.h"
#include "services/tenant/inflated.h"
#include "services/tenant/node_evidence.h"
#include "services/tenant/policy_file.h"

#define KEY_BYTES_MAX (64u << 10)

/* The evidence stays until the policy was tried on it. */
struct gathering {
	struct learning learning;
	struct evidence_set *steps;
	size_t count;
	struct blob comment; /* about what was imported */
};

static void gathering_release(struct gathering *gathering)
{
	learning_release(&gathering->learning);
	blob_release(&gathering->comment);
	for (size_t i = 0; i < gathering->count; i++)
		evidence_set_release(&gathering->steps[i]);
	free(gathering->steps);
	*gathering = (struct gathering){0};
}

static size_t items(const struct text_list *list)
{
	return list == NULL ? 0 : list->count;
}

/* ---- reading ---- */

/* Banks and date are those of the first that says them. */
static enum rc add_base(struct learning *learning, struct span json, struct err *err)
{
	struct policy_banks banks = learning->banks;
	uint64_t valid_until_ms = learning->valid_until_ms;

	TRY(learn_base(learning, json, err));
	if (banks.count != 0)
		learning->banks = banks;
	if (valid_until_ms != 0)
		learning->valid_until_ms = valid_until_ms;
	return RC_OK;
}

static enum rc read_base(
	const struct tenant_config *config, const char *path, struct learning *learning, struct err *err)
{
	DROP(blob_release) struct blob json = {0};

	TRY(policy_file_read(config, path, DSSE_TYPE_POLICY, &json, err));
	if (add_base(learning, blob_span(&json), err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	return RC_OK;
}

static enum rc read_tpm_policy(const struct tenant_config *config, const char *path,
	struct learning *learning, struct import_warnings *warnings, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob json = {0};
	struct policy_head head = {.name = "imported", .comment = ""};

	TRY(policy_file_read(config, path, DSSE_TYPE_KEYLIME, &text, err));
	if (import_tpm_policy(&head, blob_span(&text), warnings, &json, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	return add_base(learning, blob_span(&json), err);
}

static enum rc pass_on(const struct import_warnings *warnings, struct learning *learning)
{
	const char *text = import_warning(warnings, NULL);

	for (; text != NULL; text = import_warning(warnings, text))
		TRY(learning_warn(learning, "%s", text));
	if (warnings->count > warnings->kept)
		TRY(learning_warn(learning, "and %zu more of these", warnings->count - warnings->kept));
	return RC_OK;
}

/* Other policies, and what was made elsewhere. Files are hashed by processes of their own, so this comes
 * before a session may be opened, which has threads. */
static enum rc read_made(const struct tenant_config *config, const struct gather_sources *sources,
	struct gathering *gathering, struct err *err)
{
	DROP(import_warnings_release) struct import_warnings warnings = {0};
	struct learning *learning = &gathering->learning;
	struct source_sink sink = {
		.ima = learning->ima,
		.boot = &learning->boot,
		.warnings = &warnings,
		.comment = &gathering->comment,
	};

	if (sources->base != NULL)
		TRY(read_base(config, sources->base, learning, err));
	for (size_t i = 0; i < items(sources->merges); i++)
		TRY(read_base(config, sources->merges->at[i], learning, err));
	if (sources->tpm_policy != NULL)
		TRY(read_tpm_policy(config, sources->tpm_policy, learning, &warnings, err));
	if (sources->made != NULL)
		TRY(sources_read(config, sources->made, &sink, err));
	learning->has_ima = learning->has_ima || sink.has_ima;
	return pass_on(&warnings, learning);
}

/* What lists are read by: keys that they may be signed with, files that are left out. */
static enum rc read_rules(const struct gather_sources *sources, struct learning *learning, struct err *err)
{
	for (size_t i = 0; i < items(sources->excludes); i++)
		if (learn_exclude(learning, sources->excludes->at[i], err) != RC_OK)
			return err_wrap(err, err->rc, "--exclude: ");
	for (size_t i = 0; i < items(sources->keys); i++) {
		DROP(blob_release) struct blob bytes = {0};

		TRY(file_read(sources->keys->at[i], KEY_BYTES_MAX, &bytes, err));
		TRY(learn_key(learning, sources->keys->at[i], blob_span(&bytes), err));
	}
	return RC_OK;
}

static enum rc read_steps(struct session_door *door, const struct gather_sources *sources,
	struct gathering *gathering, struct err *err)
{
	gathering->steps = calloc(sources->step_count + 1, sizeof *gathering->steps);
	if (gathering->steps == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	for (size_t i = 0; i < sources->step_count; i++) {
		struct evidence_set *set = &gathering->steps[gathering->count];

		TRY(evidence_open(door, sources->steps[i], EVIDENCE_QUOTE_ALL, set, err));
		gathering->count++;
		TRY(learn_evidence(&gathering->learning, set, err));
	}
	return RC_OK;
}

/* What a node's own log shows, proven by a quote. */
static enum rc read_node_log(
	struct session_door *door, const char *node, struct learning *learning, struct err *err)
{
	DROP(evidence_set_release) struct evidence_set set = {0};
	bool no_ima = learning->no_ima;
	enum rc rc;

	TRY(evidence_open(door, node, EVIDENCE_QUOTE_ALL, &set, err));
	learning->no_ima = true;
	rc = learn_evidence(learning, &set, err);
	learning->no_ima = no_ima;
	return rc;
}

static enum rc read_files(struct session_door *door, const struct gather_sources *sources,
	struct learning *learning, struct err *err)
{
	for (size_t i = 0; i < items(sources->boot_logs); i++) {
		DROP(blob_release) struct blob log = {0};
		const char *path = sources->boot_logs->at[i];

		if (!evidence_is_path(path)) {
			TRY(read_node_log(door, path, learning, err));
			continue;
		}
		TRY(inflated_read(path, EVIDENCE_LOG_MAX, &log, err));
		TRY(learn_boot_log(learning, path, blob_span(&log), err));
	}
	for (size_t i = 0; i < items(sources->lists); i++) {
		DROP(blob_release) struct blob list = {0};
		const char *path = sources->lists->at[i];

		TRY(inflated_read(path, EVIDENCE_LIST_MAX, &list, err));
		TRY(learn_list(learning, path, blob_span(&list), err));
	}
	return RC_OK;
}

/* ---- trying ---- */

/* Nothing is in the way but that boot_aggregate could not be compared. */
static bool is_only_open(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->kept; i++)
		if (verdict->findings[i].check != FINDING_IMA_AGGREGATE_OPEN &&
			verdict->findings[i].weight != FINDING_REPORTED)
			return false;
	return !verdict->trusted;
}

static enum rc warn_of(struct learning *learning, const struct evidence_set *set,
	enum evidence_quote_kind kind, const struct verdict *verdict)
{
	char words[EXPLAIN_BYTES];

	TRY(learning_warn(learning, "%s: by this very policy its quote %s is not trusted:", set->path,
		evidence_quote_name(kind)));
	for (size_t i = 0; i < verdict->kept && i < 8; i++)
		TRY(learning_warn(learning, "  %s", explain(&verdict->findings[i], words)));
	return RC_OK;
}

/* Every quote of every step should pass. *out_open: one does not, only because its bank is not the one that
 * boot_aggregate is made of; said only if `last`. */
static enum rc try_all(
	struct gathering *gathering, struct span json, bool last, bool *out_open, struct err *err)
{
	DROP(policy_release) struct policy policy = {0};
	struct dry_run run;

	*out_open = false;
	TRY(policy_parse(json, &policy, err));
	policy.valid_until_ms = 0;
	for (size_t i = 0; i < gathering->count; i++) {
		const struct evidence_set *set = &gathering->steps[i];

		for (unsigned kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++) {
			bool is_open;

			if (!set->quotes[kind].is_there)
				continue;
			TRY(dry_run(&policy, set, (enum evidence_quote_kind)kind, 0, &run, err));
			is_open = is_only_open(&run.verdict);
			*out_open |= is_open;
			if (!run.verdict.trusted && (last || !is_open))
				TRY(warn_of(&gathering->learning, set, (enum evidence_quote_kind)kind,
					&run.verdict));
		}
	}
	return RC_OK;
}

static enum rc write_and_try(
	struct gathering *gathering, const struct policy_head *head, struct blob *out, struct err *err)
{
	struct learning *learning = &gathering->learning;
	bool is_open = false;

	TRY(learning_write(learning, head, out, err));
	TRY(try_all(gathering, blob_span(out), false, &is_open, err));
	if (!is_open)
		return RC_OK;
	TRY(learn_listed_aggregate(learning, err));
	TRY(learning_write(learning, head, out, err));
	return try_all(gathering, blob_span(out), true, &is_open, err);
}

/* ---- saying ---- */

static const char *s(size_t count)
{
	return count == 1 ? "" : "s";
}

static void say_boot(const struct boot_policy *boot)
{
	static const char *const secure[] = {"not judged", "off", "on"};

	fprintf(stderr, "  boot: Secure Boot %s, %zu chain%s, %zu firmware%s\n", secure[boot->secure_boot],
		boot->chains.count, s(boot->chains.count), boot->firmware.count, s(boot->firmware.count));
}

static void say_ima(const struct learning *learning, const struct ima_policy *ima)
{
	size_t digests = ima_builder_count(learning->ima, DIGEST_OF_FILE);
	size_t buffers = ima_builder_count(learning->ima, DIGEST_OF_BUFFER);
	size_t keys = ima_builder_count(learning->ima, DIGEST_OF_KEYRING);

	fprintf(stderr,
		"  files: %zu digest%s, %zu exclude%s, %zu signing key%s, %zu keyring entr%s, %zu buffer%s\n",
		digests, s(digests), ima->excludes.count, s(ima->excludes.count), ima->key_count,
		s(ima->key_count), keys, keys == 1 ? "y" : "ies", buffers, s(buffers));
}

static void say_lines(const char *front, struct span text)
{
	while (text.len != 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.at);

		fprintf(stderr, "%s%.*s\n", front, (int)len, (const char *)text.at);
		len += end != NULL;
		text = span_of(text.at + len, text.len - len);
	}
}

static enum rc say(const struct gathering *gathering, struct span json, struct err *err)
{
	DROP(policy_release) struct policy policy = {0};

	TRY(policy_parse(json, &policy, err));
	fprintf(stderr, "policy \"%s\":", policy.name);
	for (size_t i = 0; i < policy.banks.count; i++)
		fprintf(stderr, "%s%s", i == 0 ? " banks " : ", ", tpm_alg_name(policy.banks.alg[i]));
	fprintf(stderr, "\n");
	if (policy.pcrs.count != 0)
		fprintf(stderr, "  %zu PCR%s with fixed values\n", policy.pcrs.count, s(policy.pcrs.count));
	if (policy.boot.there)
		say_boot(&policy.boot);
	if (policy.has_ima)
		say_ima(&gathering->learning, &policy.ima);
	say_lines("warning: ", blob_span(&gathering->learning.warnings));
	return RC_OK;
}

enum rc gather(struct session_door *door, const struct gather_sources *sources,
	const struct policy_head *head, struct blob *out, struct err *err)
{
	DROP(gathering_release) struct gathering gathering = {0};
	struct learning *learning = &gathering.learning;
	struct policy_head dated = *head;

	TRY(learning_init(learning, err));
	learning->no_boot = sources->no_boot;
	learning->no_ima = sources->no_ima;
	TRY(read_rules(sources, learning, err));
	TRY(read_made(door->config, sources, &gathering, err));
	TRY(read_steps(door, sources, &gathering, err));
	TRY(read_files(door, sources, learning, err));
	TRY(learning_finish(learning, err));
	if (dated.valid_until_ms == 0)
		dated.valid_until_ms = learning->valid_until_ms;
	if ((dated.comment == NULL || dated.comment[0] == '\0') && gathering.comment.len != 0) {
		TRY(blob_append(&gathering.comment, span_of("", 1)));
		dated.comment = (const char *)gathering.comment.at;
	}
	TRY(write_and_try(&gathering, &dated, out, err));
	return say(&gathering, blob_span(out), err);
}
