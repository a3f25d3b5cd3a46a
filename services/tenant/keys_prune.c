/* limebus keys prune. */
#include "services/tenant/keys_change.h"

static const struct option options[] = {
	CHANGE_ROW_DIR,
	CHANGE_ROW_NUMBER,
	{OPTION_DURATION(struct change_options, older_ms), .name = "older-than", .fallback = "400d", .min = 0,
		.max = KEYS_VALID_MAX_MS, .help = "Take out what ended longer ago than this."},
};

static const struct program program = {
	.name = "limebus keys prune",
	.summary = "take keys that ended long ago out of the roster",
	.about =
		"Issues the next roster without the entries NAME.ended-NUMBER whose keys ended long ago. What those keys "
		"signed cannot be checked any more: keep them for as long as notices and records of that time matter.",
	.options = options,
	.count = COUNT(options),
	.exits = exit_texts,
};

static bool is_over(const struct change *change, const struct roster_member *member)
{
	return roster_name_is_ended(member->name, NULL) && member->not_after <= change->now_ms &&
	       change->now_ms - member->not_after >= change->options->older_ms;
}

static enum rc prune(struct change *change, const struct program_start *start, struct err *err)
{
	size_t before = change->count;
	size_t i = 0;

	(void)start;
	TRY(change_check_number(change, err));
	memcpy(change->folder, change->deployment.folder, sizeof change->folder);
	while (i < change->count) {
		if (is_over(change, &change->members[i]))
			change_take_out(change, &change->members[i]);
		else
			i++;
	}
	if (change->count != before)
		return change_issue(change, err);
	change->done = "has nothing that ended so long ago";
	return RC_OK;
}

int keys_prune(const struct tenant_config *config, int argc, char **argv)
{
	return change_run(&program, config, argc, argv, prune, "is pruned");
}
