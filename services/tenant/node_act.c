/* limebus node suspend, resume, remove: requests that the operator signs. */
#include <stdio.h>
#include <unistd.h>

#include "services/tenant/node.h"
#include "services/tenant/nodes.h"

struct act_options {
	char *reason;
	bool yes;
};

#define ROW_REASON                                                                                           \
	{                                                                                                    \
		OPTION_TEXT(struct act_options, reason), .name = "reason", .fallback = "", .max = 256,       \
							 .help = "Why, for people; it stands in the notice." \
	}

static const struct option options[] = {ROW_REASON};
static const struct option remove_options[] = {
	ROW_REASON,
	{OPTION_BOOL(struct act_options, yes), .name = "yes", .fallback = "no", .help = "Do not ask."},
};

static enum rc request(struct session *session, const struct known_node *node, const char *action,
	const char *reason, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg body = {.type = MSG_TYPE_node_request};
	struct msg put = {.type = MSG_TYPE_node_action};

	body.node_request = (struct msg_node_request){
		known_node_body(node)->node, span_text(action), span_text(reason), session_now(session)};
	if (signed_make(session_signer(session), &body, &envelope, err) != RC_OK)
		return err_wrap(err, err->rc, "--reason: expected plain text; ");
	put.node_action = (struct msg_node_action){blob_span(&envelope)};
	return session_ask(session, ROLE_VERIFIER, &put, MSG_TYPE_ok, &answer, err);
}

static enum rc act(struct session *session, const struct act_options *given, const char *name,
	const char *action, const char *done, struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};

	TRY(nodes_find(session, name, NAMING_CERTAIN, &node, err));
	TRY(request(session, &node, action, given->reason, err));
	if (!session_config(session)->json)
		printf("%s is %s\n", known_node_name(&node), done);
	return RC_OK;
}

static const struct program suspend_program = {
	.name = "limebus node suspend",
	.summary = "take trust from a node until it is resumed",
	.about =
		"A suspended node gets no share any more, and everybody who relies on its identity is told. It goes on being "
		"attested.\n\n"
		"Example: limebus node suspend web1 --reason \"disk is being replaced\"",
	.options = options,
	.count = COUNT(options),
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static enum rc suspend(struct session *session, const void *given, const struct program_start *start,
	int *status, struct err *err)
{
	(void)status;
	return act(session, given, start->words[0], "suspend", "suspended", err);
}

int node_suspend(const struct tenant_config *config, int argc, char **argv)
{
	struct act_options given = {0};

	return session_command(&suspend_program, config, argc, argv, &given, suspend);
}

static const struct program resume_program = {
	.name = "limebus node resume",
	.summary = "trust a node again that passes now",
	.about =
		"For nodes that are suspended or untrusted, and for those that were away for longer than their class's "
		"redeliver limit. The node is attested at once, and must pass. Ends with 1 if it does not.\n\n"
		"Example: limebus node resume web1",
	.options = options,
	.count = COUNT(options),
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static enum rc resume(struct session *session, const void *given, const struct program_start *start,
	int *status, struct err *err)
{
	enum rc rc = act(session, given, start->words[0], "resume", "resumed", err);

	if (rc != RC_DENIED || strstr(err->text, "still fails") == NULL)
		return rc;
	fprintf(stderr, "%s: %s\n", resume_program.name, err->text);
	*status = EXIT_NO;
	return RC_OK;
}

int node_resume(const struct tenant_config *config, int argc, char **argv)
{
	struct act_options given = {0};

	return session_command(&resume_program, config, argc, argv, &given, resume);
}

static const struct program remove_program = {
	.name = "limebus node remove",
	.summary = "forget a node's provisioning, and let it destroy its secret",
	.about =
		"The verifier forgets its share, and the node, when it hears of it, its payload. Whoever relies on the node's "
		"identity is told. It may be provisioned again. Needs the role admin.\n\n"
		"Example: limebus node remove web1 --reason \"scrapped\" --yes",
	.options = remove_options,
	.count = COUNT(remove_options),
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

/* Only a person at a terminal can be asked. */
static enum rc confirm(const char *name, struct err *err)
{
	char line[16] = "";

	if (isatty(STDIN_FILENO) != 1)
		return err_set(err, RC_DENIED, "give --yes: nobody can be asked here");
	fprintf(stderr, "Remove %s? Its payload cannot be opened any more. [y/N] ", name);
	if (fgets(line, sizeof line, stdin) == NULL || (line[0] != 'y' && line[0] != 'Y'))
		return err_set(err, RC_DENIED, "nothing was removed");
	return RC_OK;
}

static enum rc remove_it(struct session *session, const void *options_given,
	const struct program_start *start, int *status, struct err *err)
{
	const struct act_options *given = options_given;

	(void)status;
	if (!given->yes)
		TRY(confirm(start->words[0], err));
	return act(session, given, start->words[0], "remove", "removed", err);
}

int node_remove(const struct tenant_config *config, int argc, char **argv)
{
	struct act_options given = {0};

	return session_command(&remove_program, config, argc, argv, &given, remove_it);
}
