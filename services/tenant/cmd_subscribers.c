/* limebus subscribers. */
#include <stdio.h>

#include "lib/base/hex.h"
#include "services/tenant/commands.h"
#include "services/tenant/render.h"
#include "services/tenant/session.h"

/* Somebody who is behind and has said nothing for so long is asked after. */
#define QUIET_MS 30000

static const struct program program = {
	.name = "limebus subscribers",
	.summary = "who acts on notices, and who is behind",
	.about =
		"Everybody who acknowledges notices: nodes, action hosts, gateways, plugins of your own. BEHIND is how many "
		"notices each has not acted on yet. Ends with 1 if one is behind and has not been heard of for 30 s.\n\n"
		"Example: limebus subscribers",
	.exits = exit_texts,
};

struct listing {
	uint64_t now_ms;
	uint64_t end; /* of the log */
	bool is_late;
	struct table table;
	struct json_write w;
};

static bool is_late(const struct listing *listing, const struct elem_subscriber *one)
{
	return one->acted < listing->end && listing->now_ms > one->heard + QUIET_MS;
}

static void add(struct listing *listing, const struct elem_subscriber *one)
{
	uint64_t behind = one->acted < listing->end ? listing->end - one->acted : 0;
	char digits[HEX_BYTES(NODE_ID_BYTES)] = "";
	char age[RENDER_AGE_BYTES];

	if (one->node.len == NODE_ID_BYTES)
		hex_encode(one->node, digits);
	table_add(&listing->table, "%.*s%.16s", SPAN_FMT(one->name), one->name.len == 0 ? digits : "");
	table_add(&listing->table, "%s", role_word((unsigned)one->role));
	table_add(&listing->table, "%s", one->connected ? "yes" : "no");
	table_add(&listing->table, "%llu", (unsigned long long)one->acted);
	table_add(&listing->table, "%llu", (unsigned long long)behind);
	table_add(&listing->table, "%s", render_age(one->heard, listing->now_ms, age));
	json_write_object(&listing->w, NULL);
	json_write_text(&listing->w, "name", one->name);
	json_write_hex(&listing->w, "node", one->node);
	json_write_cstr(&listing->w, "role", role_word((unsigned)one->role));
	json_write_bool(&listing->w, "connected", one->connected);
	json_write_u64(&listing->w, "acted", one->acted);
	json_write_u64(&listing->w, "behind", behind);
	json_write_u64(&listing->w, "heard", one->heard);
	json_write_close(&listing->w);
	listing->is_late = listing->is_late || is_late(listing, one);
}

static enum rc add_pages(struct session *session, struct listing *listing, struct err *err)
{
	struct msg request = {.type = MSG_TYPE_subscribers_get};

	for (;;) {
		DROP(answer_release) struct answer answer = {0};
		const struct msg_subscribers *page = &answer.msg.subscribers;
		struct elem_subscriber one;
		struct list rest;

		TRY(session_ask(session, ROLE_REVOCATION, &request, MSG_TYPE_subscribers, &answer, err));
		listing->end = page->seq;
		rest = page->subscribers;
		while (ELEM_NEXT(subscriber, &rest, &one))
			add(listing, &one);
		if (page->next <= request.subscribers_get.after)
			return RC_OK;
		request.subscribers_get.after = page->next;
	}
}

static enum rc look(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	static const char *const heads[] = {"NAME", "ROLE", "CONNECTED", "ACTED", "BEHIND", "HEARD"};
	DROP(blob_release) struct blob text = {0};
	struct listing listing = {.now_ms = session_now(session),
		.table = {.columns = COUNT(heads)},
		.w = json_write_begin(&text, JSON_PRETTY)};
	enum rc rc;

	(void)options;
	(void)start;
	for (size_t i = 0; i < COUNT(heads); i++)
		table_add(&listing.table, "%s", heads[i]);
	json_write_object(&listing.w, NULL);
	json_write_array(&listing.w, "subscribers");
	rc = add_pages(session, &listing, err);
	json_write_close(&listing.w);
	json_write_u64(&listing.w, "notices", listing.end);
	json_write_close(&listing.w);
	if (rc == RC_OK)
		rc = session_config(session)->json ? render_json(&listing.w) : table_print(&listing.table);
	table_release(&listing.table);
	if (listing.is_late)
		*status = EXIT_NO;
	return rc;
}

int cmd_subscribers(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, look);
}
