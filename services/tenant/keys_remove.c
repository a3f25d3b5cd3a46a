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
		"Issues the next roster, in which this member's keys have ended. They open nothing any more, and nothing new "
		"that they sign counts, as soon as the services have that roster. What they signed before can still be "
		"checked: they stay rostered as NAME.ended-NUMBER until limebus keys prune. The name is free again. The "
		"member's folder is renamed, not deleted.",
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
	for (size_t i = 0; i < change->count; i++)
		if (&change->members[i] != member && change->members[i].role == member->role &&
			!roster_name_is_ended(change->members[i].name, NULL) &&
			roster_member_is_valid(&change->members[i], change->now_ms))
			return RC_OK;
	if ((member->role & (ROLES_SERVICE | ROLE_ADMIN)) == 0 || change->options->last)
		return RC_OK;
	return err_set(err, RC_DENIED, "%s is the only %s; --last removes it all the same", member->name,
		role_word(member->role));
}

/* Keys whose overlap runs end now, under the name that they have. */
static void remove_entry(struct change *change, struct roster_member *member)
{
	if (roster_name_is_ended(member->name, NULL))
		member->not_after = change->now_ms;
	else
		change_end(change, member, change->now_ms);
}

static enum rc remove_member(struct change *change, const struct program_start *start, struct err *err)
{
	const char *name = start->words[0];
	struct roster_member *member = NULL;
	char away[PATH_MAX];

	TRY(change_check_number(change, err));
	TRY(change_need(change, name, &member, err));
	if (roster_name_is_ended(name, NULL) && member->not_after <= change->now_ms)
		return err_set(
			err, RC_DENIED, "%s has ended; limebus keys prune takes such entries out", name);
	if (!roster_name_is_ended(name, NULL))
		TRY(check_not_last(change, member, err));
	remove_entry(change, member);
	TRY(change_issue(change, err));
	if (roster_name_is_ended(name, NULL) || !change_path_exists(change->folder))
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
