/* limebus node watch. */
#include <stdio.h>

#include "lib/base/hex.h"
#include "services/tenant/dial.h"
#include "services/tenant/node.h"
#include "services/tenant/nodes.h"
#include "services/tenant/render.h"

static const struct program program = {
	.name = "limebus node watch",
	.summary = "show what happens to nodes, until Ctrl-C",
	.about =
		"One line an event, of one node or of all of them. Events are for people: act on notices (limebus notices), "
		"which are signed.\n\n"
		"Example: limebus node watch web1",
	.words = "[NODE]",
	.words_max = 1,
	.exits = exit_texts,
};

struct watching {
	struct session *session;
	struct span node; /* empty: all */
};

static void print_text(const struct msg_event *event)
{
	char when[CLOCK_TEXT_BYTES];
	char digits[HEX_BYTES(NODE_ID_BYTES)] = "";

	if (event->node.len != 0)
		hex_encode(event->node, digits);
	printf("%s  %.12s  %.*s", clock_text(event->time, when), digits, SPAN_FMT(event->kind));
	if (event->state.len != 0)
		printf("  %.*s", SPAN_FMT(event->state));
	if (event->text.len != 0)
		printf("  %.*s", SPAN_FMT(event->text));
	putchar('\n');
}

static void print_json(const struct msg_event *event)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);

	json_write_object(&w, NULL);
	json_write_text(&w, "kind", event->kind);
	json_write_u64(&w, "time", event->time);
	json_write_hex(&w, "node", event->node);
	json_write_text(&w, "state", event->state);
	json_write_u64(&w, "number", event->number);
	json_write_text(&w, "text", event->text);
	json_write_close(&w);
	(void)!render_json(&w);
}

static void on_event(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	const struct watching *watching = ctx;

	(void)topic;
	(void)frame;
	if (msg->type != MSG_TYPE_event ||
		(watching->node.len != 0 && !span_equal(msg->event.node, watching->node)))
		return;
	if (session_config(watching->session)->json)
		print_json(&msg->event);
	else
		print_text(&msg->event);
	fflush(stdout);
}

static void on_link(void *ctx, bool is_up, enum rc why)
{
	(void)ctx;
	fprintf(stderr, "%s: %s\n", program.name,
		is_up              ? "connected"
		: why == RC_DENIED ? "refused: our key is not in its roster"
				   : "not connected, trying again");
}

static enum rc watch_role(struct watching *watching, enum role role, struct err *err)
{
	const struct roster *roster = session_roster(watching->session);
	uint64_t now_ms = session_now(watching->session);
	struct follow follow = {.topic = "", .message = on_event, .link = on_link, .ctx = watching};

	for (size_t i = 0; i < dial_choices(roster, role, now_ms); i++)
		TRY(session_follow(watching->session, dial(roster, role, now_ms, i), &follow, err));
	return RC_OK;
}

static enum rc watch(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};
	struct watching watching = {session, {0}};

	(void)options;
	if (start->word_count != 0) {
		TRY(nodes_find(session, start->words[0], NAMING_SHOWN, &node, err));
		watching.node = known_node_body(&node)->node;
	}
	TRY(watch_role(&watching, ROLE_REGISTRAR, err));
	TRY(watch_role(&watching, ROLE_VERIFIER, err));
	while (!session_is_interrupted(session))
		if (session_wait(session, 1000, NULL, err) != RC_OK && !session_is_interrupted(session))
			return err->rc;
	*status = EXIT_DONE;
	return RC_OK;
}

int node_watch(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, watch);
}
