#include "services/actions/options.h"

#include "lib/sandbox/runner.h"

/* In the order of enum log_level, and of enum follow_start. */
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};
static const char *const start_words[] = {"all", "new", NULL};

static const struct option options[] = {
	{OPTION_PATH(struct actions_config, actions), .name = "actions", .fallback = "actions.d",
		.help = "Folder with one NAME.conf for each action (docs/actions.md). It belongs to root or to the user that "
			"starts the host, and nobody else may write it. A change in it is noticed; SIGHUP makes the host look "
			"again."},
	{OPTION_PATH(struct actions_config, state), .name = "state", .fallback = "/var/lib/limebus-actions",
		.help = "Folder for what must survive restarts: the place in the log, what each action has still to do, the "
			"profiles of nodes; and status.json. Must belong to the host's user, mode 0700."},
	{OPTION_PATH(struct actions_config, action_state), .name = "action-state",
		.fallback = "/var/lib/limebus-action-state",
		.help = "Folder in which each action gets one of its own, that belongs to the action's user: "
			"LIMEBUS_ACTION_STATE. Must belong to the user that starts the host, and nobody else may write it."},
	{OPTION_PATH(struct actions_config, identity), .name = "identity", .fallback = "identity",
		.help = "Folder with the host's keys (curve.key, sign.key). Only its owner may read them. It is a plugin in "
			"the roster."},
	{OPTION_PATH(struct actions_config, roster), .name = "roster", .fallback = "roster",
		.help = "The signed roster. A newer one that is put here is noticed within a second."},
	{OPTION_PATH(struct actions_config, root_key), .name = "root-key", .fallback = "root.pub",
		.help = "Public key of the deployment's root, which signs rosters."},
	{OPTION_WORD(struct actions_config, start), .name = "start", .fallback = "new", .words = start_words,
		.help = "Where the very first run begins. new: with what comes from now on. all: with the first notice of the "
			"log. Later runs go on where the last one ended."},
	{OPTION_U64(struct actions_config, at_once), .name = "at-once", .fallback = "16", .min = 1,
		.max = RUNNER_AT_ONCE_MAX,
		.help = "Processes of all actions together. Each action can always have one, so there must be no fewer than "
			"there are actions."},
	{OPTION_TEXT(struct actions_config, user), .name = "user", .fallback = "",
		.help = "Account to become after the start: NAME or UID:GID. Needed when started as root, and then each action "
			"names its own."},
	{OPTION_WORD(struct actions_config, log_level), .name = "log-level", .fallback = "info",
		.words = level_words, .help = "How much to log on standard error."},
	{OPTION_BOOL(struct actions_config, no_seccomp), .name = "no-seccomp", .fallback = "no",
		.help = "Go on if this kernel cannot filter system calls."},
	{OPTION_BOOL(struct actions_config, dry_run), .name = "dry-run", .fallback = "no",
		.help = "Run nothing: log what would be run, and with which input, for what comes from now on. The place in the "
			"log is neither read nor moved, so that the next real run goes on from where the last one ended."},
	{OPTION_BOOL(struct actions_config, status), .name = "status", .fallback = "no",
		.help = "Print how a running host is: what each action has to do, and what was given up. On the command line."},
	{OPTION_BOOL(struct actions_config, sample), .name = "print-action", .fallback = "no",
		.help = "Print a sample of NAME.conf, with all that an action can be told. On the command line."},
	{OPTION_TEXT(struct actions_config, try), .name = "try", .fallback = "",
		.help = "Run the action of this name once, now, with the notice in FILE (- for standard input), and print what "
			"it says. Its status becomes that of this program. On the command line."},
};

static const char *const exits[][2] = {
	{"0", "It ended as it was told to, or what was asked for is fine."},
	{"64", "The command line is wrong."},
	{"69", "It could not start; the reason is on standard error."},
	{"78", "The configuration, or that of an action, is wrong."},
	{NULL, NULL},
};

static enum rc check(const void *config, struct err *err)
{
	const struct actions_config *c = config;

	if ((c->status ? 1 : 0) + (c->sample ? 1 : 0) + (c->try != NULL ? 1 : 0) > 1)
		return err_set(err, RC_MALFORMED, "--status, --print-action and --try do not go together");
	return RC_OK;
}

const struct program actions_program = {
	.name = "limebus-actions",
	.summary = "runs programs and modules when nodes are revoked, suspended or trusted again",
	.about =
		"The host of actions. It follows the notice log of a limebus deployment as a durable subscriber and runs what "
		"a folder of configurations says, at least once for each notice, in order for each node. Actions do not wait "
		"for each other: one that is slow, fails or hangs delays nobody else. They run outside of the host's sandbox, "
		"each as its own user.\n\n"
		"--check looks at all configurations and says what each action would do.",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/actions.conf",
	.words = "[FILE]",
	.words_max = 1,
	.exits = exits,
	.check = check,
};
