/* limebus: the owner's command line. */
#include <limits.h>

#include "lib/base/drop.h"
#include "services/tenant/commands.h"

COMMAND_GROUP(limebus, LIMEBUS_COMMANDS);

static struct program limebus_program = {
	.name = "limebus",
	.summary = "gives machines hardware-rooted identities, and keeps checking that they deserve them",
	.about =
		"The owner's command line of a limebus deployment: makes its keys and policies, provisions nodes "
		"with secrets that only they can open while they pass, and shows and explains their state.\n\n"
		"Each command explains itself: limebus COMMAND --help. Options of limebus itself may stand in front "
		"of the command or behind it.",
	.options = tenant_options,
	.file_shown =
		"$LIMEBUS_CONFIG, or the first of ./limebus.conf, limebus/limebus.conf below $XDG_CONFIG_HOME or "
		"~/.config, and /etc/limebus/limebus.conf,",
	.commands = limebus_texts,
	.exits = exit_texts,
};

static void config_drop(struct tenant_config *config)
{
	program_release(&limebus_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct tenant_config config = {0};
	struct program_start start = {0};
	char file[PATH_MAX];
	int status;

	limebus_program.count = tenant_option_count;
	limebus_program.file = tenant_config_file(file, sizeof file);
	command_hoist(&limebus_program, argc, argv);
	status = program_begin(&limebus_program, argc, argv, &config, &start);
	if (status != PROGRAM_GO)
		return status;
	return command_dispatch(
		&limebus_program, limebus_commands, &config, argc - start.rest, argv + start.rest);
}
