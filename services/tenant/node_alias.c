/* limebus node alias. */
#include <stdio.h>

#include "services/tenant/node.h"
#include "services/tenant/nodes.h"
#include "services/tenant/pins.h"

static const struct program program = {
	.name = "limebus node alias",
	.summary = "give a node a name",
	.about =
		"The name can then stand wherever a node id can. An empty one takes the node's name away. It is also "
		"written into your own file of aliases, so that no registrar can make it mean another node.\n\n"
		"Example: limebus node alias 4f1c09aa web1",
	.words = "NODE ALIAS",
	.words_min = 2,
	.words_max = 2,
	.exits = exit_texts,
};

static enum rc name_it(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};
	DROP(answer_release) struct answer answer = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg alias = {.type = MSG_TYPE_alias};
	struct msg request = {.type = MSG_TYPE_alias_put};
	struct span name = span_text(start->words[1]);
	enum rc rc;

	(void)options;
	(void)status;
	TRY(nodes_find(session, start->words[0], NAMING_CERTAIN, &node, err));
	alias.alias = (struct msg_alias){known_node_body(&node)->node, name, session_now(session)};
	rc = signed_make(session_signer(session), &alias, &envelope, err);
	if (rc == RC_LIMIT || rc == RC_MALFORMED)
		return err_set(err, RC_MALFORMED, "an alias is at most %u letters, digits, '-', '_' and '.'",
			NAME_MAX_BYTES);
	TRY(rc);
	request.alias_put = (struct msg_alias_put){blob_span(&envelope)};
	TRY(session_ask(session, ROLE_REGISTRAR, &request, MSG_TYPE_ok, &answer, err));
	TRY(pins_set(session_config(session)->aliases, name, known_node_body(&node)->node.at, err));
	if (!session_config(session)->json)
		printf("%s is %s\n", node.digits, name.len == 0 ? "without an alias" : start->words[1]);
	return RC_OK;
}

int node_alias(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, name_it);
}
