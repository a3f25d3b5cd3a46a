#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "services/webhook/webhook.h"

static void config_drop(struct webhook_config *config)
{
	program_release(&webhook_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct webhook_config config = {0};
	DROP(notice_read_release) struct notice_read notice = {0};
	struct program program = webhook_program;
	struct program_start start = {0};
	struct err err = {0};
	const char *file = getenv("LIMEBUS_ACTION_CONFIG");
	int status;

	if (file != NULL)
		program.file = file;
	status = program_begin(&program, argc, argv, &config, &start);
	/* The host knows three statuses: a wrong command line is a wrong configuration, too. */
	if (status != PROGRAM_GO)
		return status == 0 ? 0 : LIME_GIVE_UP;
	if (notice_read_fd(STDIN_FILENO, &notice, &err) != RC_OK)
		return program_die(&program, LIME_GIVE_UP, &err);
	return webhook_send(&config, &notice);
}
