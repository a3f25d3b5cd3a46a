#include "services/tenant/nodes.h"

#include <stdio.h>
#include <strings.h>

#include "services/tenant/pins.h"

#define ID_DIGITS_MIN 8

void known_node_release(struct known_node *node)
{
	blob_release(&node->record);
	*node = (struct known_node){0};
}

const char *known_node_name(const struct known_node *node)
{
	return node->alias[0] != '\0' ? node->alias : node->digits;
}

bool nodes_is_digits(const char *name)
{
	size_t len = strlen(name);

	return len >= ID_DIGITS_MIN && len <= (size_t)2 * NODE_ID_BYTES &&
	       strspn(name, "0123456789abcdefABCDEF") == len;
}

/* The record's own word about its node decides under which key it must have been signed. */
static enum rc open_record(struct session *session, struct span record, struct span alias, const char *digits,
	struct known_node *out, struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};
	char key[160];

	TRY(blob_copy(&node.record, record));
	snprintf(node.digits, sizeof node.digits, "%s", digits);
	snprintf(key, sizeof key, "node/%s", digits);
	TRY(record_open(session_roster(session), blob_span(&node.record),
		(struct record_expect){"node", key, MSG_TYPE_node, ROLE_REGISTRAR, 0}, session_now(session),
		&node.view, err));
	hex_encode(node.view.body.node.node, node.digits);
	if (strcmp(node.digits, digits) != 0)
		return err_set(err, RC_DENIED, "the record of node %.16s... is about node %.16s...", digits,
			node.digits);
	if (alias.len < sizeof node.alias && alias.len != 0)
		memcpy(node.alias, alias.at, alias.len);
	known_node_release(out);
	*out = TAKE(node);
	return RC_OK;
}

/* Which node a record is about, before anything about it is known: the key that it names. */
static enum rc digits_of(struct span record, char out[static HEX_BYTES(NODE_ID_BYTES)], struct err *err)
{
	struct signed_msg envelope;
	struct msg body;

	TRY(signed_open(record, MSG_TYPE_record, &envelope, err));
	if (msg_decode_as(envelope.msg.record.body, MSG_TYPE_node, &body) != RC_OK)
		return err_set(err, RC_MALFORMED, "the registrar's record is about no node");
	hex_encode(body.node.node, out);
	return RC_OK;
}

static enum rc ask(struct session *session, struct msg_node_get get, struct known_node *out, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	struct msg request = {.type = MSG_TYPE_node_get, .node_get = get};
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	TRY(session_ask(session, ROLE_REGISTRAR, &request, MSG_TYPE_node_info, &answer, err));
	TRY(digits_of(answer.msg.node_info.record, digits, err));
	return open_record(
		session, answer.msg.node_info.record, answer.msg.node_info.alias, digits, out, err);
}

enum rc nodes_get(struct session *session, const uint8_t id[static NODE_ID_BYTES], struct known_node *out,
	struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	TRY(ask(session, (struct msg_node_get){.node = span_of(id, NODE_ID_BYTES)}, &node, err));
	if (!span_equal(known_node_body(&node)->node, span_of(id, NODE_ID_BYTES)))
		return err_set(err, RC_DENIED, "the registrar answers with node %.16s..., asked for %.16s...",
			node.digits, hex_encode(span_of(id, NODE_ID_BYTES), digits));
	known_node_release(out);
	*out = TAKE(node);
	return RC_OK;
}

static enum rc check_alias(struct session *session, const char *name, enum naming naming,
	const struct known_node *node, struct err *err)
{
	const char *path = session_config(session)->aliases;
	uint8_t pinned[NODE_ID_BYTES];
	enum rc rc = pins_find(path, span_text(name), pinned, err);

	if (rc == RC_OK && memcmp(pinned, known_node_body(node)->node.at, NODE_ID_BYTES) != 0)
		return err_set(err, RC_DENIED,
			"the registrar says that \"%s\" is node %.16s..., but %s says otherwise; find out who is right "
			"and use the id",
			name, node->digits, path);
	if (rc == RC_NOT_FOUND && naming == NAMING_SHOWN)
		rc = RC_OK;
	if (rc == RC_NOT_FOUND)
		return err_set(err, RC_DENIED,
			"that \"%s\" is node %s is only the registrar's word; check it and use the id, or run: "
			"limebus node alias %s %s",
			name, node->digits, node->digits, name);
	return rc;
}

enum rc nodes_find(struct session *session, const char *name, enum naming naming, struct known_node *out,
	struct err *err)
{
	DROP(known_node_release) struct known_node node = {0};
	size_t len = strlen(name);

	if (len == 0 || len > (size_t)2 * NODE_ID_BYTES)
		return err_set(err, RC_MALFORMED,
			"\"%.80s\": expected an alias, a node id, or its first digits", name);
	if (len == (size_t)2 * NODE_ID_BYTES) {
		uint8_t id[NODE_ID_BYTES];

		if (hex_decode(span_text(name), id, sizeof id) == RC_OK)
			return nodes_get(session, id, out, err);
	}
	TRY(ask(session, (struct msg_node_get){.name = span_text(name)}, &node, err));
	if (nodes_is_digits(name)) {
		if (strncasecmp(node.digits, name, len) != 0)
			return err_set(err, RC_DENIED,
				"the registrar answers with node %.16s..., asked for %s", node.digits, name);
	} else {
		TRY(check_alias(session, name, naming, &node, err));
	}
	known_node_release(out);
	*out = TAKE(node);
	return RC_OK;
}

static enum rc each_of_page(struct session *session, struct list page, uint8_t last[static NODE_ID_BYTES],
	nodes_each_fn *each, void *ctx, struct err *err)
{
	struct elem_node_item item;

	while (ELEM_NEXT(node_item, &page, &item)) {
		DROP(known_node_release) struct known_node node = {0};
		char digits[HEX_BYTES(NODE_ID_BYTES)];

		TRY(digits_of(item.record, digits, err));
		TRY(open_record(session, item.record, item.alias, digits, &node, err));
		/* Rising, so that the listing ends. */
		if (memcmp(known_node_body(&node)->node.at, last, NODE_ID_BYTES) <= 0)
			return err_set(err, RC_MALFORMED, "the registrar lists node %.16s... out of order",
				node.digits);
		memcpy(last, known_node_body(&node)->node.at, NODE_ID_BYTES);
		TRY(each(ctx, &node, err));
	}
	return RC_OK;
}

enum rc nodes_each(struct session *session, nodes_each_fn *each, void *ctx, struct err *err)
{
	uint8_t last[NODE_ID_BYTES] = {0};
	bool is_first = true;
	bool more = true;

	while (more) {
		DROP(answer_release) struct answer answer = {0};
		struct msg request = {
			.type = MSG_TYPE_node_list, .node_list = {is_first ? (struct span){0} : SPAN(last)}};

		TRY(session_ask(session, ROLE_REGISTRAR, &request, MSG_TYPE_node_infos, &answer, err));
		TRY(each_of_page(session, answer.msg.node_infos.nodes, last, each, ctx, err));
		more = answer.msg.node_infos.more && answer.msg.node_infos.nodes.count != 0;
		is_first = false;
	}
	return RC_OK;
}
