/* limebus keys rotate. */
#include <stdio.h>

#include "services/tenant/keys_change.h"

static const struct option options[] = {
	CHANGE_ROW_DIR,
	CHANGE_ROW_NUMBER,
	CHANGE_ROW_VALID,
	{OPTION_DURATION(struct change_options, overlap_ms), .name = "overlap", .fallback = "7d", .min = 0,
		.max = (uint64_t)365 * 86400000,
		.help = "How long the old keys stay good beside the new ones, so that what they signed can be signed "
			"again. 0s: not at all; for keys that somebody else may have."},
};

static const struct program program = {
	.name = "limebus keys rotate",
	.summary = "give a member new keys",
	.about =
		"Makes new keys for a member and issues the next roster. The old keys stay rostered as NAME.old for a "
		"while. Copy the member's folder to where it runs, and start it again.",
	.options = options,
	.count = COUNT(options),
	.words = "NAME",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

/* The old keys, as a member of their own that nobody connects to. */
static enum rc keep_old(struct change *change, const char *name, struct err *err)
{
	struct roster_member old = *change_find(change, name);

	change_take_out_old(change, name);
	if (change->options->overlap_ms == 0)
		return RC_OK;
	TRY(change_old_name(name, old.name, err));
	old.endpoint[0] = old.publisher[0] = '\0';
	if (old.not_after > change->now_ms + change->options->overlap_ms)
		old.not_after = change->now_ms + change->options->overlap_ms;
	change->members[change->count++] = old;
	return RC_OK;
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
	TRY(keep_old(change, name, err));
	/* Taking an older one out may have moved it. */
	TRY(change_need(change, name, &member, err));
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
