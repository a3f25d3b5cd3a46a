/* limebus node list. */
#include <stdlib.h>

#include "services/tenant/node.h"
#include "services/tenant/nodes.h"
#include "services/tenant/render.h"
#include "services/tenant/states.h"

static const struct program program = {
	.name = "limebus node list",
	.summary = "all nodes and their states",
	.about =
		"One line a node: what it is called, its state and since when, its last good attestation, the number of "
		"its provisioning, class and policy, and whether its agent is connected. A trusted node whose last good "
		"attestation is older than its class allows is shown as stale.\n\n"
		"Example: limebus node list --json | jq '.nodes[] | select(.state != \"trusted\")'",
	.exits = exit_texts,
};

struct item {
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	char alias[NAME_MAX_BYTES + 1];
	uint8_t id[NODE_ID_BYTES];
	char hint[NAME_MAX_BYTES + 1];
};

/* All nodes of the registrar, by rising id. */
struct listing {
	struct item *items;
	size_t count;
	size_t room;
};

static void listing_release(struct listing *listing)
{
	free(listing->items);
}

static enum rc gather(void *ctx, const struct known_node *node, struct err *err)
{
	struct listing *listing = ctx;
	const struct msg_node *body = known_node_body(node);
	struct item *item;

	if (listing->count == listing->room) {
		size_t room = listing->room == 0 ? 64 : 2 * listing->room;
		struct item *items = realloc(listing->items, room * sizeof *items);

		if (items == NULL)
			return err_set(err, RC_NOMEM, "out of memory");
		listing->items = items;
		listing->room = room;
	}
	item = &listing->items[listing->count++];
	*item = (struct item){0};
	memcpy(item->digits, node->digits, sizeof item->digits);
	memcpy(item->alias, node->alias, sizeof item->alias);
	memcpy(item->id, body->node.at, sizeof item->id);
	if (body->hint.len != 0)
		memcpy(item->hint, body->hint.at, body->hint.len);
	return RC_OK;
}

static int compare_id(const void *id, const void *item)
{
	return memcmp(id, ((const struct item *)item)->id, NODE_ID_BYTES);
}

/* What is shown: both kinds of output have the same rows. */
struct output {
	struct session *session;
	const struct states *policies;
	struct listing listing;
	bool *is_shown;
	struct table table;
	struct json_write json;
	uint64_t now_ms;
};

static void show_text(struct output *output, const struct item *item, const struct elem_node_state *state)
{
	struct table *table = &output->table;
	char age[RENDER_AGE_BYTES];

	table_add(table, "%s", item->alias[0] != '\0' ? item->alias : item->hint);
	table_add(table, "%.12s", item->digits);
	table_add_span(table, render_state(state, output->now_ms));
	table_add(table, "%s", render_age(state->since, output->now_ms, age));
	table_add(table, "%s", render_age(state->good, output->now_ms, age));
	table_add(table, "%llu", (unsigned long long)state->number);
	table_add_span(table, state->class);
	table_add(table, "%s", states_policy(output->policies, state->policy));
	table_add(table, "%s", state->connected ? "yes" : "no");
}

static void show_json(struct output *output, const struct item *item, const struct elem_node_state *state)
{
	struct json_write *w = &output->json;

	json_write_object(w, NULL);
	json_write_cstr(w, "node", item->digits);
	json_write_cstr(w, "alias", item->alias);
	json_write_cstr(w, "hint", item->hint);
	render_state_json(w, state, output->now_ms);
	json_write_cstr(w, "policy_name", states_policy(output->policies, state->policy));
	json_write_close(w);
}

static void show(struct output *output, const struct item *item, const struct elem_node_state *state)
{
	if (session_config(output->session)->json)
		show_json(output, item, state);
	else
		show_text(output, item, state);
}

/* A node that the registrar does not know is not shown: the verifier could make it up. */
static void show_page(struct output *output, struct list page, uint8_t last[static NODE_ID_BYTES])
{
	struct elem_node_state state;

	while (ELEM_NEXT(node_state, &page, &state)) {
		const struct item *item = bsearch(state.node.at, output->listing.items, output->listing.count,
			sizeof *item, compare_id);

		memcpy(last, state.node.at, NODE_ID_BYTES);
		if (item == NULL || output->is_shown[item - output->listing.items])
			continue;
		output->is_shown[item - output->listing.items] = true;
		show(output, item, &state);
	}
}

static enum rc show_states(struct output *output, struct err *err)
{
	uint8_t last[NODE_ID_BYTES] = {0};
	bool is_first = true;
	bool more = true;

	while (more) {
		DROP(answer_release) struct answer answer = {0};
		struct msg request = {.type = MSG_TYPE_state_list,
			.state_list = {is_first ? (struct span){0} : SPAN(last)}};
		uint8_t before[NODE_ID_BYTES];

		memcpy(before, last, sizeof before);
		TRY(session_ask(output->session, ROLE_VERIFIER, &request, MSG_TYPE_states, &answer, err));
		show_page(output, answer.msg.states.states, last);
		more = answer.msg.states.more;
		if (more && memcmp(last, before, sizeof before) <= 0)
			return err_set(err, RC_MALFORMED, "the verifier lists its nodes out of order");
		is_first = false;
	}
	return RC_OK;
}

static enum rc show_all(struct output *output, struct err *err)
{
	static const struct elem_node_state fresh = {.state = {(const uint8_t *)"enrolled", 8}};

	TRY(show_states(output, err));
	for (size_t i = 0; i < output->listing.count; i++)
		if (!output->is_shown[i])
			show(output, &output->listing.items[i], &fresh);
	return RC_OK;
}

static void output_release(struct output *output)
{
	listing_release(&output->listing);
	free(output->is_shown);
	table_release(&output->table);
}

static void begin(struct output *output)
{
	static const char *const heads[] = {
		"NAME", "NODE", "STATE", "SINCE", "LAST GOOD", "NUMBER", "CLASS", "POLICY", "CONNECTED"};

	output->table.columns = COUNT(heads);
	for (size_t i = 0; i < COUNT(heads); i++)
		table_add(&output->table, "%s", heads[i]);
}

static enum rc list(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	DROP(states_release) struct states policies = {0};
	DROP(output_release)
	struct output output = {.session = session, .policies = &policies, .now_ms = session_now(session)};

	(void)options;
	(void)start;
	(void)status;
	TRY(nodes_each(session, gather, &output.listing, err));
	TRY(states_load_policies(session, &policies, err));
	output.is_shown = calloc(output.listing.count + 1, sizeof *output.is_shown);
	if (output.is_shown == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	begin(&output);
	output.json = json_write_begin(&text, JSON_PRETTY);
	json_write_object(&output.json, NULL);
	json_write_array(&output.json, "nodes");
	TRY(show_all(&output, err));
	json_write_close(&output.json);
	json_write_close(&output.json);
	return session_config(session)->json ? render_json(&output.json) : table_print(&output.table);
}

int node_list(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, list);
}
