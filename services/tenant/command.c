#include "services/tenant/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/config/suggest.h"

int command_failed(const struct program *program, const struct err *err)
{
	return program_die(program, (int)exit_of(err->rc), err);
}

static const char *nearest(const struct command *commands, const char *name)
{
	const char *found = NULL;
	size_t best = SIZE_MAX;

	for (; commands->name != NULL; commands++)
		if (suggest_is_nearer(name, commands->name, &best))
			found = commands->name;
	return found;
}

int command_dispatch(const struct program *program, const struct command *commands,
	const struct tenant_config *config, int argc, char **argv)
{
	struct err err = {0};
	const char *near;

	if (argc == 0) {
		err_set(&err, RC_MALFORMED, "expected a command; try: %s --help", program->name);
		return program_die(program, EXIT_USAGE, &err);
	}
	for (const struct command *command = commands; command->name != NULL; command++)
		if (strcmp(command->name, argv[0]) == 0)
			return command->run(config, argc, argv);
	near = nearest(commands, argv[0]);
	if (near != NULL)
		err_set(&err, RC_MALFORMED, "\"%.40s\" is no command; did you mean \"%s\"?", argv[0], near);
	else
		err_set(&err, RC_MALFORMED, "\"%.40s\" is no command; try: %s --help", argv[0],
			program->name);
	return program_die(program, EXIT_USAGE, &err);
}

int command_group(const struct program *program, const struct command *commands,
	const struct tenant_config *config, int argc, char **argv)
{
	struct program_start start = {0};
	int status = program_begin(program, argc, argv, NULL, &start);

	if (status != PROGRAM_GO)
		return status;
	return command_dispatch(program, commands, config, argc - start.rest, argv + start.rest);
}

/* How many arguments the option of `limebus` at argv[0] takes up; 0 if it is none. */
static int global_length(const struct program *program, int argc, char **argv)
{
	char name[64];
	const struct option *option;
	bool is_config;
	size_t len;

	if (strncmp(argv[0], "--", 2) != 0)
		return 0;
	len = strcspn(argv[0] + 2, "=");
	if (len == 0 || len >= sizeof name)
		return 0;
	memcpy(name, argv[0] + 2, len);
	name[len] = '\0';
	option = program_find(program, name);
	is_config = strcmp(name, "config") == 0;
	if (option == NULL && !is_config)
		return 0;
	if (argv[0][2 + len] == '=' || (option != NULL && option->kind == OPTION_KIND_BOOL) || argc < 2)
		return 1;
	return 2;
}

void command_hoist(const struct program *program, int argc, char **argv)
{
	int front = 1; /* where the next one goes */

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0;) {
		int len = global_length(program, argc - i, argv + i);

		for (int k = 0; k < len; k++) {
			char *moved = argv[i + k];

			memmove(argv + front + 1, argv + front, (size_t)(i + k - front) * sizeof *argv);
			argv[front++] = moved;
		}
		i += len == 0 ? 1 : len;
	}
}
