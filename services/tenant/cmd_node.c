/* limebus node: the group. */
#include "services/tenant/commands.h"
#include "services/tenant/node.h"

#define NODE_COMMANDS(X)                                                                                     \
	X("list", node_list, "all nodes and their states")                                                   \
	X("show", node_show, "everything about one node")                                                    \
	X("explain", node_explain, "why a node is not trusted, and what to do")                              \
	X("watch", node_watch, "show what happens to nodes, until Ctrl-C")                                   \
	X("alias", node_alias, "give a node a name")                                                         \
	X("describe", node_describe, "say what programs outside should know of a node")                      \
	X("accept", node_accept, "accept a file that a node was failed for")                                 \
	X("policy", node_policy, "judge a node by another policy")                                           \
	X("suspend", node_suspend, "take trust from a node until it is resumed")                             \
	X("resume", node_resume, "trust a node again that passes now")                                       \
	X("remove", node_remove, "forget a node's provisioning, and let it destroy its secret")

COMMAND_GROUP(node, NODE_COMMANDS);

static const struct program node_program = {
	.name = "limebus node",
	.summary = "show, explain and steer nodes",
	.about =
		"NODE is everywhere an alias, a node id, or the first digits of one (at least 8). What gives a node "
		"something, or takes it away, accepts an alias only if this operator gave it, or has it in his file of "
		"aliases.",
	.commands = node_texts,
	.exits = exit_texts,
};

int cmd_node(const struct tenant_config *config, int argc, char **argv)
{
	return command_group(&node_program, node_commands, config, argc, argv);
}
