/* limebus node describe. */
#include <stdio.h>

#include "services/tenant/node.h"
#include "services/tenant/nodes.h"
#include "services/tenant/profile.h"

struct describe_options {
	struct profile_options profile;
	bool clear;
};

static const struct option options[] = {
	PROFILE_OPTIONS(struct describe_options, profile),
	{OPTION_BOOL(struct describe_options, clear), .name = "clear", .fallback = "no",
		.help = "Take back whatever was said of the node."},
};

static const struct program program = {
	.name = "limebus node describe",
	.summary = "say what programs outside should know of a node",
	.about =
		"Tags, DNS names and addresses, signed by you, and kept in the notice log. They replace what was said before. "
		"Names and addresses stand in the node's certificates from the next one on; tags are what actions can be limited "
		"to; addresses are what a firewall's action puts into quarantine.\n\n"
		"Example: limebus node describe web1 --tag web --dns web1.example.org --address 10.0.0.7",
	.options = options,
	.count = COUNT(options),
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static enum rc describe(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct describe_options *given = options_given;
	DROP(known_node_release) struct known_node node = {0};
	bool is_given = profile_options_are_given(&given->profile);

	(void)status;
	if (is_given == given->clear)
		return err_set(err, RC_MALFORMED, "expected --tag, --dns or --address, or else --clear");
	TRY(nodes_find(session, start->words[0], NAMING_CERTAIN, &node, err));
	TRY(profile_put(session, known_node_body(&node)->node.at, &given->profile, err));
	if (!session_config(session)->json)
		printf("%s: %s\n", known_node_name(&node),
			is_given ? "described" : "nothing is said of it any more");
	return RC_OK;
}

int node_describe(const struct tenant_config *config, int argc, char **argv)
{
	struct describe_options given = {0};

	return session_command(&program, config, argc, argv, &given, describe);
}
