#include "services/tenant/states.h"

#include <stdlib.h>

void states_release(struct states *states)
{
	free(states->policies);
	*states = (struct states){0};
}

enum rc states_get(struct session *session, struct span node, struct answer *answer,
	struct elem_node_state *out, struct err *err)
{
	struct msg request = {.type = MSG_TYPE_state_get, .state_get = {node}};
	struct list rest;

	TRY(session_ask(session, ROLE_VERIFIER, &request, MSG_TYPE_states, answer, err));
	rest = answer->msg.states.states;
	if (!ELEM_NEXT(node_state, &rest, out))
		return err_set(
			err, RC_NOT_FOUND, "the verifier has not seen this node; is its agent running?");
	if (!span_equal(out->node, node))
		return err_set(err, RC_DENIED, "the verifier answers with another node's state");
	return RC_OK;
}

static enum rc add_policy(struct states *states, const struct elem_policy_ref *ref, struct err *err)
{
	struct policy_row *rows = states->policies;
	struct policy_row *row;

	if (states->policy_count == POLICIES_MAX)
		return err_set(err, RC_LIMIT, "the verifier lists more than %u policies", POLICIES_MAX);
	if ((states->policy_count & (states->policy_count - 1)) == 0) {
		size_t room = states->policy_count == 0 ? 1 : 2 * states->policy_count;

		rows = realloc(rows, room * sizeof *rows);
		if (rows == NULL)
			return err_set(err, RC_NOMEM, "out of memory");
		states->policies = rows;
	}
	row = &rows[states->policy_count++];
	*row = (struct policy_row){
		.number = ref->number, .time = ref->time, .size = ref->size, .missing = ref->missing};
	memcpy(row->hash, ref->hash.at, sizeof row->hash);
	memcpy(row->name, ref->name.at, ref->name.len);
	return RC_OK;
}

enum rc states_load_policies(struct session *session, struct states *out, struct err *err)
{
	DROP(states_release) struct states states = {0};
	char after[NAME_MAX_BYTES + 1] = "";
	bool more = true;

	while (more) {
		DROP(answer_release) struct answer answer = {0};
		struct msg request = {.type = MSG_TYPE_policy_list, .policy_list = {span_text(after)}};
		struct list rest;
		struct elem_policy_ref ref;

		TRY(session_ask(session, ROLE_VERIFIER, &request, MSG_TYPE_policies, &answer, err));
		rest = answer.msg.policies.policies;
		more = answer.msg.policies.more && rest.count != 0;
		while (ELEM_NEXT(policy_ref, &rest, &ref))
			TRY(add_policy(&states, &ref, err));
		if (states.policy_count == 0)
			break;
		/* Every page must begin behind the one before. */
		if (more && strcmp(states.policies[states.policy_count - 1].name, after) <= 0)
			return err_set(err, RC_MALFORMED, "the verifier lists its policies out of order");
		memcpy(after, states.policies[states.policy_count - 1].name, sizeof after);
	}
	*out = TAKE(states);
	return RC_OK;
}

const char *states_policy(const struct states *states, struct span hash)
{
	for (size_t i = 0; i < states->policy_count; i++)
		if (span_equal(SPAN(states->policies[i].hash), hash))
			return states->policies[i].name;
	return "";
}
