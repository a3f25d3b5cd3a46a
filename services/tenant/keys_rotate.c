/* limebus keys rotate. */
#include <stdio.h>

#include "services/tenant/keys_change.h"

static const struct option options[] = {
	CHANGE_ROW_DIR,
	CHANGE_ROW_NUMBER,
	CHANGE_ROW_VALID,
	{OPTION_DURATION(struct change_options, overlap_ms), .name = "overlap", .fallback = "7d", .min = 0,
		.max = (uint64_t)365 * 86400000,
		.help = "How long the old keys stay good beside the new ones: within it a service that is started with its "
			"new keys signs again what it has in Redis. 0s: not at all, for keys that somebody else may have; "
			"what a service wrote under them is refused then."},
};

static const struct program program = {
	.name = "limebus keys rotate",
	.summary = "give a member new keys",
	.about =
		"Makes new keys for a member and issues the next roster. The old keys stay rostered as "
		"NAME.ended-NUMBER: good for a while, and later to check what they signed. Copy the member's folder to where it runs, and start it again.",
	.options = options,
	.count = COUNT(options),
	.words = "NAME",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

/* The old keys, as a member of their own that nobody connects to. */
static void keep_old(struct change *change, const struct roster_member *member)
{
	struct roster_member old = *member;

	change_end(change, &old, change->now_ms + change->options->overlap_ms);
	change->members[change->count++] = old;
}

/* New keys beside the old ones, then a roster with both, then the exchange: whenever it is interrupted, the
 * keys in use are rostered, unless the old ones were not to be. */
static enum rc rotate_member(struct change *change, const struct program_start *start, struct err *err)
{
	const char *name = start->words[0];
	struct roster_member *member = NULL;
	uint64_t before = roster_number(change->deployment.roster);
	char identity[PATH_MAX];
	char next[PATH_MAX];
	char away[PATH_MAX];

	TRY(change_check_number(change, err));
	TRY(change_need(change, name, &member, err));
	if (roster_name_is_ended(name, NULL))
		return err_set(err, RC_DENIED, "%s are former keys; give the member's name", name);
	TRY(deployment_path(change->folder, DEPLOYMENT_IDENTITY, identity, err));
	TRY(deployment_path(change->folder, DEPLOYMENT_IDENTITY ".next", next, err));
	if (!change_path_exists(identity))
		return err_set(err, RC_NOT_FOUND,
			"%s: not there; its new keys must be made beside the old ones", identity);
	if (change_path_exists(next))
		return err_set(err, RC_EXISTS,
			"%s: a rotation was interrupted; remove that folder and try again", next);
	if (snprintf(away, sizeof away, "%s.%llu", identity, (unsigned long long)before) >= (int)sizeof away)
		return err_set(err, RC_LIMIT, "%s: path is too long", identity);
	keep_old(change, member);
	TRY(keys_generate(next, member, err));
	member->not_before = change->now_ms - DEPLOYMENT_SKEW_MS;
	member->not_after = change->now_ms + change->options->valid_ms;
	TRY(change_issue(change, err));
	if (rename(identity, away) != 0 || rename(next, identity) != 0)
		return err_errno(err, "%s", identity);
	return RC_OK;
}

int keys_rotate(const struct tenant_config *config, int argc, char **argv)
{
	return change_run(&program, config, argc, argv, rotate_member, "has new keys");
}
