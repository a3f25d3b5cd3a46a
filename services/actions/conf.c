#include "services/actions/conf.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/config/value.h"
#include "lib/sandbox/process.h"

#define CONF_PATH_BYTES 4200

static const struct option options[] = {
	{OPTION_PATH(struct conf, run), .name = "run", .fallback = "",
		.help = "The program to run: its path, without arguments. It and all folders above it must belong to root, "
			"and nobody else may write them. Give this or module."},
	{OPTION_PATH(struct conf, module), .name = "module", .fallback = "",
		.help = "The shared object to run in a process of its own (lime_action.h). The same rules hold as for run."},
	{OPTION_PATH(struct conf, file), .name = "config", .fallback = "",
		.help = "A file that is handed on: a program finds its path in LIMEBUS_ACTION_CONFIG, a module gets its "
			"content. The action's user must be allowed to read it, and secrets belong there and nowhere else."},
	{OPTION_TEXT(struct conf, user), .name = "user", .fallback = "",
		.help = "Whom it runs as: NAME or UID:GID. Needed if the host was started as root. An account of its own is "
			"best: that of the host can read the host's keys."},
	{OPTION_LIST(struct conf, kinds, TEXT), .name = "kinds", .fallback = "",
		.help = "The kinds of notices that it is for. Left out: all."},
	{OPTION_U64(struct conf, severity_min), .name = "severity-min", .fallback = "0", .max = 10,
		.help = "Only notices of at least this severity."},
	{OPTION_LIST(struct conf, nodes, TEXT), .name = "nodes", .fallback = "",
		.help = "Only nodes whose id, or one of whose DNS names, matches one of these patterns: * is any text, ? one "
			"character, [a-z] one of these. Left out: all."},
	{OPTION_LIST(struct conf, tags, TEXT), .name = "tags", .fallback = "",
		.help = "Only nodes that have one of these tags. Left out: all, also those without any."},
	{OPTION_DURATION(struct conf, timeout_ms), .name = "timeout", .fallback = "30s", .min = 10,
		.max = 86400000, .help = "An attempt that takes longer is ended, with all that it started."},
	{OPTION_TEXT(struct conf, retries_text), .name = "retries", .fallback = "5",
		.help = "How often it is tried again before the notice is given up for this action: a number, or forever."},
	{OPTION_DURATION(struct conf, retry_delay_ms), .name = "retry-delay", .fallback = "1s", .min = 1,
		.max = 86400000,
		.help = "Pause before the second attempt. It doubles with each further one."},
	{OPTION_DURATION(struct conf, retry_max_ms), .name = "retry-delay-max", .fallback = "5m", .min = 1,
		.max = 86400000, .help = "Longest pause between two attempts."},
	{OPTION_U64(struct conf, concurrency), .name = "concurrency", .fallback = "4", .min = 1, .max = 64,
		.help = "Notices that are acted on at once, each about another node: those about one node wait for each other."},
	{OPTION_SIZE(struct conf, memory_max), .name = "memory-max", .fallback = "", .min = 16u << 20,
		.max = UINT64_C(1) << 40,
		.help = "Address space of the process, and of each that it starts. Left out: 512M for a module, no bound for a "
			"program."},
	{OPTION_BOOL(struct conf, latest), .name = "latest", .fallback = "no",
		.help = "When several notices about a node wait, only the last of them is acted on, as suits an action that "
			"sets a state."},
	{OPTION_BOOL(struct conf, dry_run), .name = "dry-run", .fallback = "no",
		.help = "Log what would be run and with which input, and count it as done."},
};

static enum rc check(const void *config, struct err *err)
{
	const struct conf *conf = config;

	if ((conf->run == NULL) == (conf->module == NULL))
		return err_set(err, RC_MALFORMED, "give either run or module");
	if (conf->retry_max_ms < conf->retry_delay_ms)
		return err_set(err, RC_MALFORMED, "retry-delay-max is shorter than retry-delay");
	return RC_OK;
}

const struct program conf_program = {
	.name = "limebus-action",
	.summary = "one action of limebus-actions",
	.about = "NAME.conf in the folder of actions describes one action; see docs/actions.md.",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "",
	.check = check,
};

void conf_release(struct conf *conf)
{
	program_release(&conf_program, conf);
	pattern_set_release(&conf->globs);
	*conf = (struct conf){0};
}

bool conf_name_of(const char *file_name, char out[static CONF_NAME_MAX + 1])
{
	size_t len = strlen(file_name);
	size_t end = sizeof CONF_SUFFIX - 1;

	if (len <= end || len - end > CONF_NAME_MAX || strcmp(file_name + len - end, CONF_SUFFIX) != 0 ||
		!isalnum((unsigned char)file_name[0]))
		return false;
	for (size_t i = 0; i < len - end; i++)
		if (!isalnum((unsigned char)file_name[i]) && strchr("._-", file_name[i]) == NULL)
			return false;
	snprintf(out, CONF_NAME_MAX + 1, "%.*s", (int)(len - end), file_name);
	return true;
}

/* ---- what follows from the texts ---- */

static enum rc take_kinds(struct conf *conf, struct err *err)
{
	char known[256] = "";

	for (unsigned kind = 1; kind < NOTICE_KIND_COUNT; kind++) {
		conf->kind[kind] = conf->kinds.count == 0;
		snprintf(known + strlen(known), sizeof known - strlen(known), " %s",
			notice_kind_word((enum notice_kind)kind));
	}
	for (size_t i = 0; i < conf->kinds.count; i++) {
		enum notice_kind kind = notice_kind_parse(span_text(conf->kinds.at[i]));

		if (kind == NOTICE_UNKNOWN)
			return err_set(err, RC_MALFORMED, "kinds: there is no \"%.40s\"; known are:%s",
				conf->kinds.at[i], known);
		conf->kind[kind] = true;
	}
	return RC_OK;
}

static enum rc take_retries(struct conf *conf, struct err *err)
{
	conf->retries = CONF_FOREVER;
	if (strcmp(conf->retries_text, "forever") == 0)
		return RC_OK;
	if (value_u64(conf->retries_text, &conf->retries) != RC_OK || conf->retries > 1000000)
		return err_set(err, RC_MALFORMED,
			"retries: expected a number to 1000000, or forever, found \"%.40s\"",
			conf->retries_text);
	return RC_OK;
}

static enum rc take_nodes(struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->nodes.count; i++) {
		enum rc rc = pattern_set_add(&conf->globs, PATTERN_GLOB, span_text(conf->nodes.at[i]), err);

		if (rc != RC_OK)
			return err_wrap(err, rc, "nodes: ");
	}
	return RC_OK;
}

enum rc conf_load(const char *folder, const char *name, struct conf *out, struct err *err)
{
	DROP(conf_release) struct conf conf = {0};
	struct program_start start = {0};
	char path[CONF_PATH_BYTES];
	char *argv[] = {"limebus-action", "--config", path, NULL};
	int len = snprintf(path, sizeof path, "%s/%s" CONF_SUFFIX, folder, name);
	enum rc rc;

	if (len < 0 || (size_t)len >= sizeof path || strlen(name) > CONF_NAME_MAX)
		return err_set(err, RC_LIMIT, "%s: its path is too long", name);
	TRY(process_check_path(path, err));
	TRY(program_load(&conf_program, 3, argv, &conf, &start, err));
	snprintf(conf.name, sizeof conf.name, "%s", name);
	rc = take_kinds(&conf, err);
	if (rc == RC_OK)
		rc = take_retries(&conf, err);
	if (rc == RC_OK)
		rc = take_nodes(&conf, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", path);
	*out = TAKE(conf);
	return RC_OK;
}

/* ---- filters ---- */

static bool node_matches(const struct conf *conf, const struct conf_subject *subject)
{
	struct list names = subject->profile == NULL ? (struct list){0} : subject->profile->names;
	struct elem_dns_name item;
	bool matches = false;

	if (pattern_set_match(&conf->globs, span_text(subject->node), &matches) == RC_OK && matches)
		return true;
	while (ELEM_NEXT(dns_name, &names, &item))
		if (pattern_set_match(&conf->globs, item.name, &matches) == RC_OK && matches)
			return true;
	return false;
}

static bool has_tag(const struct conf *conf, const struct conf_subject *subject)
{
	struct list tags = subject->profile == NULL ? (struct list){0} : subject->profile->tags;
	struct elem_tag item;

	while (ELEM_NEXT(tag, &tags, &item))
		for (size_t i = 0; i < conf->tags.count; i++)
			if (span_is(item.tag, conf->tags.at[i]))
				return true;
	return false;
}

bool conf_wants(const struct conf *conf, const struct conf_subject *subject)
{
	return subject->kind != NOTICE_UNKNOWN && conf->kind[subject->kind] &&
	       subject->severity >= conf->severity_min &&
	       (conf->nodes.count == 0 || node_matches(conf, subject)) &&
	       (conf->tags.count == 0 || has_tag(conf, subject));
}

uint64_t conf_pause_ms(const struct conf *conf, uint64_t failed, uint32_t random)
{
	uint64_t pause = conf->retry_delay_ms;

	while (--failed > 0 && pause < conf->retry_max_ms)
		pause *= 2;
	if (pause > conf->retry_max_ms)
		pause = conf->retry_max_ms;
	return pause - pause / 4 + (pause / 2) * random / UINT32_MAX;
}
