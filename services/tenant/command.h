/* Commands and their sub-commands: `limebus keys init` is the command "init" of the group "keys". */
#ifndef LIMEBUS_TENANT_COMMAND_H
#define LIMEBUS_TENANT_COMMAND_H

#include "services/tenant/exit.h"
#include "services/tenant/options.h"

/* argv[0] is the command's name. Returns an exit status; what went wrong has been said on standard error. */
typedef int command_run(const struct tenant_config *config, int argc, char **argv);

/*
 * A group's commands, from one list X(name, function, help):
 *   #define KEYS_COMMANDS(X) X("init", keys_init, "makes …") …
 *   COMMAND_GROUP(keys, KEYS_COMMANDS);
 * declares keys_commands (for command_dispatch) and keys_texts (for struct program).
 */
struct command {
	const char *name;
	command_run *run;
};
#define COMMAND_ROW(name, run, help)  {name, run},
#define COMMAND_TEXT(name, run, help) {name, help},
#define COMMAND_GROUP(group, LIST)                                                                           \
	static const struct command group##_commands[] = {LIST(COMMAND_ROW){NULL, NULL}};                    \
	static const char *const group##_texts[][2] = {LIST(COMMAND_TEXT){NULL, NULL}}

/* Run the command that argv[0] names, or say which ones there are, and which is near. `program` is the group,
 * for its name. */
int command_dispatch(const struct program *program, const struct command *commands,
	const struct tenant_config *config, int argc, char **argv);

/* The whole of a group that has no options of its own: parses, answers --help, and dispatches. */
int command_group(const struct program *program, const struct command *commands,
	const struct tenant_config *config, int argc, char **argv);

/* "limebus keys init: text" on standard error; the exit status for err->rc. */
int command_failed(const struct program *program, const struct err *err);

/*
 * Options of `limebus` itself may stand behind the command, too ("limebus node list --json"): move them in
 * front of it, in place, with their values. Words behind "--" stay where they are.
 */
void command_hoist(const struct program *program, int argc, char **argv);

#endif
