/* limebus roster: what is done with a roster that limebus keys made. */
#include <stdio.h>

#include "services/tenant/commands.h"
#include "services/tenant/session.h"

#define ROSTER_COMMANDS(X) X("publish", roster_publish, "send our roster to all services")

static command_run roster_publish;
COMMAND_GROUP(roster, ROSTER_COMMANDS);

static const struct program group_program = {
	.name = "limebus roster",
	.summary = "send a new roster to the services",
	.about = "Rosters are made with limebus keys.",
	.commands = roster_texts,
	.exits = exit_texts,
};

int cmd_roster(const struct tenant_config *config, int argc, char **argv)
{
	return command_group(&group_program, roster_commands, config, argc, argv);
}

static const struct program publish_program = {
	.name = "limebus roster publish",
	.summary = "send our roster to all services",
	.about =
		"Sends the configured roster to every service in it; each takes it if the root key signed it and its number "
		"is higher. Needs the role admin. Ends with 1 if a service could not be told: put the file there by "
		"hand.\n\n"
		"Example: limebus roster publish",
	.exits = exit_texts,
};

#define PUT_MS 5000

static enum rc publish(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	const struct roster *roster = session_roster(session);
	size_t count = 0;
	const struct roster_member *members = roster_members(roster, &count);
	struct msg request = {.type = MSG_TYPE_roster_put, .roster_put = {roster_bytes(roster)}};

	(void)options;
	(void)start;
	(void)err;
	for (size_t i = 0; i < count && !session_is_interrupted(session); i++) {
		DROP(answer_release) struct answer answer = {0};
		struct err why = {0};
		enum rc rc;

		if ((members[i].role & ROLES_SERVICE) == 0 || members[i].endpoint[0] == '\0')
			continue;
		rc = session_ask_member(session, &members[i], &request, MSG_TYPE_ok, PUT_MS, &answer, &why);
		if (rc == RC_OK || rc == RC_EXISTS) {
			printf("%s has roster %llu\n", members[i].name,
				(unsigned long long)roster_number(roster));
			continue;
		}
		fprintf(stderr, "%s: %s\n", publish_program.name, why.text);
		*status = EXIT_NO;
	}
	return RC_OK;
}

static int roster_publish(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&publish_program, config, argc, argv, NULL, publish);
}
