/* limebus node explain. */
#include <stdio.h>

#include "lib/policy/explain.h"
#include "services/tenant/findings_text.h"
#include "services/tenant/node.h"
#include "services/tenant/nodes.h"
#include "services/tenant/render.h"
#include "services/tenant/states.h"
#include "services/tenant/verdicts.h"

static const struct program program = {
	.name = "limebus node explain",
	.summary = "why a node is not trusted, and what to do",
	.about =
		"Shows the last verdict that spoke against the node: when, under which policy, and every single thing that "
		"was wrong, what was expected, what was found, and what to do next. The verifier's signature on it is "
		"checked here. Ends with 0 if the node is trusted now, 1 if it is not, 2 if that cannot be said: it is "
		"stale, unreachable, or was never judged.\n\n"
		"Example: limebus node explain web1",
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static void copy(char *out, size_t len, struct span text)
{
	snprintf(out, len, "%.*s", SPAN_FMT(text));
}

static void understand(const struct elem_finding *elem, struct finding *out)
{
	*out = (struct finding){.check = finding_of_name(elem->check)};
	out->weight = elem->weight <= FINDING_REPORTED ? (enum finding_weight)elem->weight : FINDING_FAILS;
	copy(out->subject, sizeof out->subject, elem->subject);
	copy(out->expected, sizeof out->expected, elem->expected);
	copy(out->found, sizeof out->found, elem->found);
}

static void say(struct session *session, const struct known_node *node, const struct msg_verdict *verdict,
	const struct states *policies)
{
	struct list rest = verdict->findings;
	struct elem_finding elem;
	struct finding findings[VERDICT_FINDINGS_MAX];
	DROP(blob_release) struct blob text = {0};
	size_t count = 0;
	char when[RENDER_TIME_BYTES];
	char digits[HEX_BYTES(HASH_BYTES)];

	printf("%s failed %s\n", known_node_name(node),
		render_time(verdict->time, session_now(session), when));
	if (verdict->policy.len != 0)
		printf("  policy %s (%.16s...)\n", states_policy(policies, verdict->policy),
			hex_encode(verdict->policy, digits));
	while (count < VERDICT_FINDINGS_MAX && ELEM_NEXT(finding, &rest, &elem))
		understand(&elem, &findings[count++]);
	if (findings_text(findings, count, verdict->findings_count, &text) == RC_OK)
		printf("%.*s", SPAN_FMT(blob_span(&text)));
	if (verdict->unobserved_from != 0)
		printf("  nobody looked since %s\n",
			render_time(verdict->unobserved_from, session_now(session), when));
	printf("When it is mended: limebus node resume %.16s\n", node->digits);
}

static enum rc say_json(struct session *session, const struct known_node *node,
	const struct elem_node_state *state, const struct msg_verdict *verdict)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);
	struct list rest = {0};
	struct elem_finding elem;
	struct finding finding;
	char words[EXPLAIN_BYTES];

	json_write_object(&w, NULL);
	json_write_cstr(&w, "node", node->digits);
	render_state_json(&w, state, session_now(session));
	if (verdict != NULL) {
		rest = verdict->findings;
		json_write_u64(&w, "verdict_time", verdict->time);
		json_write_u64(&w, "verdict_number", verdict->number);
		json_write_hex(&w, "verdict_policy", verdict->policy);
		json_write_u64(&w, "findings_count", verdict->findings_count);
	}
	json_write_array(&w, "findings");
	while (ELEM_NEXT(finding, &rest, &elem)) {
		understand(&elem, &finding);
		json_write_object(&w, NULL);
		json_write_text(&w, "check", elem.check);
		json_write_cstr(&w, "weight", finding_weight_name(finding.weight));
		json_write_text(&w, "subject", elem.subject);
		json_write_text(&w, "expected", elem.expected);
		json_write_text(&w, "found", elem.found);
		json_write_cstr(&w, "words", explain(&finding, words));
		json_write_close(&w);
	}
	json_write_close(&w);
	json_write_close(&w);
	return render_json(&w);
}

static int status_of(struct span state)
{
	static const char *const bad[] = {"untrusted", "suspended", "removed"};

	if (span_is(state, "trusted"))
		return EXIT_DONE;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (span_is(state, bad[i]))
			return EXIT_NO;
	return EXIT_UNKNOWN;
}

static enum rc look(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};
	DROP(answer_release) struct answer answer = {0};
	DROP(answer_release) struct answer told = {0};
	DROP(states_release) struct states policies = {0};
	struct elem_node_state state;
	struct signed_msg verdict;
	struct span word;
	enum rc rc;

	(void)options;
	TRY(nodes_find(session, start->words[0], NAMING_SHOWN, &node, err));
	TRY(states_get(session, known_node_body(&node)->node, &answer, &state, err));
	word = render_state(&state, session_now(session));
	*status = status_of(word);
	rc = verdicts_get(session, &node, &told, &verdict, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (session_config(session)->json)
		return say_json(session, &node, &state, rc == RC_OK ? &verdict.msg.verdict : NULL);
	printf("%s is %.*s%s%.*s\n", known_node_name(&node), SPAN_FMT(word), state.text.len == 0 ? "" : ": ",
		SPAN_FMT(state.text));
	TRY(states_load_policies(session, &policies, err));
	if (rc == RC_OK)
		say(session, &node, &verdict.msg.verdict, &policies);
	else
		printf("no verdict has spoken against it\n");
	return RC_OK;
}

int node_explain(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, look);
}
