/* limebus ca list. */
#include <stdio.h>

#include "lib/base/hex.h"
#include "services/tenant/ca.h"
#include "services/tenant/issued.h"
#include "services/tenant/nodes.h"
#include "services/tenant/render.h"

static const char *const states[] = {"any", "live", "held", "revoked", "expired", NULL};

struct list_options {
	char *node;
	unsigned state;
};

static const struct option options[] = {
	{OPTION_TEXT(struct list_options, node), .name = "node", .fallback = "", .help = "Only this node's."},
	{OPTION_WORD(struct list_options, state), .name = "state", .fallback = "any", .words = states,
		.help = "Only those in this state. Held ones come back when the node is trusted again."},
};

static const struct program program = {
	.name = "limebus ca list",
	.summary = "the certificates that were issued, and what became of them",
	.about = "Reads the log of issued certificates and checks who signed each entry.\n\n"
		 "Example: limebus ca list --node web1 --state live",
	.options = options,
	.count = COUNT(options),
	.exits = exit_texts,
};

struct listing {
	uint64_t now_ms;
	struct table table;
	struct json_write w;
};

static void add_json(struct json_write *w, const struct issued_view *view)
{
	const struct msg_issued *issued = &view->entry.msg.issued;

	json_write_object(w, NULL);
	json_write_cstr(w, "serial", view->serial);
	json_write_hex(w, "node", issued->node);
	json_write_text(w, "state", view->item.state);
	json_write_text(w, "subject", view->facts.common_name);
	json_write_text(w, "key", issued->key);
	json_write_u64(w, "issued", issued->time);
	json_write_u64(w, "not_after", issued->not_after);
	json_write_u64(w, "since", view->item.since);
	json_write_u64(w, "reason", view->item.reason);
	json_write_u64(w, "notice", view->item.notice);
	json_write_close(w);
}

static enum rc add(void *ctx, const struct issued_view *view, struct err *err)
{
	struct listing *listing = ctx;
	const struct msg_issued *issued = &view->entry.msg.issued;
	char digits[HEX_BYTES(NODE_ID_BYTES)], age[RENDER_AGE_BYTES], until[CLOCK_TEXT_BYTES];

	(void)err;
	table_add(&listing->table, "%s", view->serial);
	table_add(&listing->table, "%.16s", hex_encode(issued->node, digits));
	table_add_span(&listing->table, view->facts.common_name);
	table_add_span(&listing->table, view->item.state);
	table_add_span(&listing->table, issued->key);
	table_add(&listing->table, "%s", render_age(issued->time, listing->now_ms, age));
	table_add(&listing->table, "%s", clock_text(issued->not_after, until));
	add_json(&listing->w, view);
	return RC_OK;
}

static enum rc list(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	static const char *const heads[] = {"SERIAL", "NODE", "SUBJECT", "STATE", "KEY", "ISSUED", "UNTIL"};
	const struct list_options *given = options_given;
	DROP(known_node_release) struct known_node node = {0};
	DROP(blob_release) struct blob text = {0};
	struct listing listing = {.now_ms = session_now(session),
		.table = {.columns = COUNT(heads)},
		.w = json_write_begin(&text, JSON_PRETTY)};
	struct msg_certificates_get filter = {0};
	enum rc rc;

	(void)start;
	(void)status;
	if (given->node != NULL) {
		TRY(nodes_find(session, given->node, NAMING_SHOWN, &node, err));
		filter.node = known_node_body(&node)->node;
	}
	if (given->state != 0)
		filter.state = span_text(states[given->state]);
	for (size_t i = 0; i < COUNT(heads); i++)
		table_add(&listing.table, "%s", heads[i]);
	json_write_array(&listing.w, NULL);
	rc = issued_each(session, &filter, add, &listing, err);
	json_write_close(&listing.w);
	if (rc == RC_OK)
		rc = session_config(session)->json ? render_json(&listing.w) : table_print(&listing.table);
	table_release(&listing.table);
	return rc;
}

int ca_list(const struct tenant_config *config, int argc, char **argv)
{
	struct list_options given = {0};

	return session_command(&program, config, argc, argv, &given, list);
}
