#include "services/tenant/verdicts.h"

enum rc verdicts_get(struct session *session, const struct known_node *node, struct answer *answer,
	struct signed_msg *out, struct err *err)
{
	struct span id = known_node_body(node)->node;
	struct msg request = {.type = MSG_TYPE_verdict_get, .verdict_get = {id, false}};

	TRY(session_ask(session, ROLE_VERIFIER, &request, MSG_TYPE_verdict_info, answer, err));
	TRY(roster_signed(session_roster(session), answer->msg.verdict_info.verdict, MSG_TYPE_verdict,
		ROLE_VERIFIER, session_now(session), out, err));
	if (!span_equal(out->msg.verdict.node, id))
		return err_set(err, RC_DENIED, "the verifier answers with a verdict about another node");
	return RC_OK;
}
