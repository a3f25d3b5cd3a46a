/* limebus keys: the group. */
#include "services/tenant/commands.h"
#include "services/tenant/keys.h"

#define KEYS_COMMANDS(X)                                                                                     \
	X("init", keys_init, "make a deployment: root key, roster, services, operators, Redis")              \
	X("add", keys_add, "add a service, an operator or a plugin")                                         \
	X("remove", keys_remove, "end a member's keys")                                                      \
	X("rotate", keys_rotate, "give a member new keys")                                                   \
	X("prune", keys_prune, "take keys that ended long ago out of the roster")                            \
	X("show", keys_show, "show the roster")

COMMAND_GROUP(keys, KEYS_COMMANDS);

static const struct program keys_program = {
	.name = "limebus keys",
	.summary = "make and change the keys of a deployment",
	.about =
		"All trust in a deployment comes from one root key, kept offline. It signs a numbered roster of every "
		"service, operator and plugin, with their keys, roles and addresses; only a higher number replaces a "
		"roster. These commands hold the root key, and need no network.",
	.commands = keys_texts,
	.exits = exit_texts,
};

int cmd_keys(const struct tenant_config *config, int argc, char **argv)
{
	return command_group(&keys_program, keys_commands, config, argc, argv);
}
