/* limebus keys remove. */
#include <stdio.h>

#include "services/tenant/keys_change.h"

static const struct option options[] = {
	CHANGE_ROW_DIR,
	CHANGE_ROW_NUMBER,
	{OPTION_BOOL(struct change_options, last), .name = "last", .fallback = "no",
		.help = "Remove it even if it is the only one of its role."},
};

static const struct program program = {
	.name = "limebus keys remove",
	.summary = "take a member out of the roster",
	.about =
		"Issues the next roster without this member. Its keys open nothing any more, and what it signed no longer "
		"counts, as soon as the services have that roster. Its folder is renamed, not deleted.",
	.options = options,
	.count = COUNT(options),
	.words = "NAME",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static enum rc check_not_last(
	const struct change *change, const struct roster_member *member, struct err *err)
{
	/* Old keys of a service have no endpoint: they serve nobody. */
	for (size_t i = 0; i < change->count; i++)
		if (&change->members[i] != member && change->members[i].role == member->role &&
			(member->endpoint[0] == '\0') == (change->members[i].endpoint[0] == '\0'))
			return RC_OK;
	if ((member->role & (ROLES_SERVICE | ROLE_ADMIN)) == 0 || change->options->last)
		return RC_OK;
	return err_set(err, RC_DENIED, "%s is the only %s; --last removes it all the same", member->name,
		role_word(member->role));
}

static enum rc remove_member(struct change *change, const struct program_start *start, struct err *err)
{
	const char *name = start->words[0];
	struct roster_member *member = NULL;
	char away[PATH_MAX];

	TRY(change_check_number(change, err));
	TRY(change_need(change, name, &member, err));
	TRY(check_not_last(change, member, err));
	change_take_out(change, member);
	change_take_out_old(change, name);
	TRY(change_issue(change, err));
	if (!change_path_exists(change->folder))
		return RC_OK;
	if (snprintf(away, sizeof away, "%s.removed-%llu", change->folder,
		    (unsigned long long)roster_number(change->deployment.roster)) >= (int)sizeof away)
		return err_set(err, RC_LIMIT, "%s: path is too long", change->folder);
	return rename(change->folder, away) == 0 ? RC_OK : err_errno(err, "%s", change->folder);
}

int keys_remove(const struct tenant_config *config, int argc, char **argv)
{
	return change_run(&program, config, argc, argv, remove_member, "is out of the roster");
}
