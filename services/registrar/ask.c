/* What operators and services ask about nodes, and the aliases that operators give. */
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/store/commit.h"
#include "services/registrar/inner.h"

/* ---- node_get: always as Redis has it now, since another registrar may have written ---- */

struct lookup {
	struct registrar *registrar;
	struct peer peer;
	uint64_t id;
	uint8_t node[NODE_ID_BYTES];
};

static void answer_node(
	struct registrar *registrar, const struct peer *peer, uint64_t id, const struct directory_node *node)
{
	struct msg answer = {.type = MSG_TYPE_node_info,
		.id = id,
		.node_info = {blob_span(&node->record), span_text(node->alias)}};

	if (server_send(service_server(registrar->service), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "ask.unsent", "peer is gone");
}

static void on_record(void *ctx, enum rc rc, struct span value)
{
	struct lookup *lookup = ctx;
	struct registrar *registrar = lookup->registrar;
	struct record_view view;
	struct err err = {0};

	if (rc == RC_NOT_FOUND)
		err_set(&err, rc, "no node with this id is registered");
	else if (rc != RC_OK)
		err_set(&err, rc, "Redis: %s", store_why(service_store(registrar->service)));
	if (rc == RC_OK)
		rc = open_node(registrar, lookup->node, value, &view, &err);
	if (rc == RC_OK)
		rc = directory_put(&registrar->directory, lookup->node, view.version, value);
	if (rc == RC_OK)
		answer_node(registrar, &lookup->peer, lookup->id,
			directory_find(&registrar->directory, lookup->node));
	else
		server_send_error(
			service_server(registrar->service), &lookup->peer, lookup->id, rc, err.text);
	free(lookup);
}

static enum rc find_id(struct registrar *registrar, const struct msg_node_get *get,
	uint8_t out[static NODE_ID_BYTES], struct err *err)
{
	struct directory_node *node;

	if (get->node.len != 0) {
		memcpy(out, get->node.at, NODE_ID_BYTES);
		return RC_OK;
	}
	if (get->name.len == 0)
		return err_set(err, RC_MALFORMED, "node_get: give an id or a name");
	TRY(directory_by_name(&registrar->directory, get->name, &node, err));
	memcpy(out, node->id, NODE_ID_BYTES);
	return RC_OK;
}

static enum rc begin_lookup(
	struct registrar *registrar, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	enum rc rc;

	if (lookup == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	lookup->registrar = registrar;
	lookup->peer = *peer;
	lookup->id = msg->id;
	rc = find_id(registrar, &msg->node_get, lookup->node, err);
	if (rc == RC_OK) {
		rc = store_hash_get(service_store(registrar->service), KEY_NODE,
			span_text(hex_encode(SPAN(lookup->node), digits)), RECORD_MAX + 1024, on_record,
			lookup);
		if (rc != RC_OK)
			err_set(err, rc, "Redis: %s", store_why(service_store(registrar->service)));
	}
	if (rc != RC_OK)
		free(lookup);
	return rc;
}

void ask_on_node_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct registrar *registrar = ctx;
	struct err err = {0};
	enum rc rc = begin_lookup(registrar, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		server_send_error(service_server(registrar->service), peer, msg->id, rc, err.text);
}

/* ---- node_list ---- */

/* An answer stays well below the largest message. */
#define LIST_BYTES_MAX (768u << 10)

void ask_on_node_list(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct registrar *registrar = ctx;
	const struct directory_node *page[PAGE_MAX];
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_node_infos, .id = msg->id};
	bool more = false;
	size_t count = directory_page(&registrar->directory, msg->node_list.after.at, PAGE_MAX, page, &more);
	size_t i;

	(void)frame;
	for (i = 0; i < count && raw.len < LIST_BYTES_MAX; i++) {
		struct elem_node_item item = {blob_span(&page[i]->record), span_text(page[i]->alias)};

		if (ELEM_APPEND(node_item, &item, &raw) != RC_OK)
			break;
	}
	answer.node_infos = (struct msg_node_infos){{blob_span(&raw), i}, more || i < count};
	if (server_send(service_server(registrar->service), peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "ask.unsent", "peer is gone");
}

/* ---- alias_put ---- */

struct naming {
	struct registrar *registrar;
	struct peer peer;
	uint64_t id;
	uint8_t node[NODE_ID_BYTES];
	char alias[NAME_MAX_BYTES + 1];
};

static void on_named(void *ctx, enum rc rc)
{
	struct naming *naming = ctx;
	struct registrar *registrar = naming->registrar;
	struct msg answer = {.type = MSG_TYPE_ok, .id = naming->id};
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	if (rc == RC_OK)
		rc = directory_set_alias(&registrar->directory, naming->node, span_text(naming->alias));
	if (rc != RC_OK)
		server_send_error(service_server(registrar->service), &naming->peer, naming->id, rc,
			rc == RC_EXISTS ? "somebody else gave this alias away at the same moment; try again"
					: rc_words(rc));
	else {
		log_event(LOG_INFO, "node.alias", "node=%s alias=\"%s\"",
			hex_encode(SPAN(naming->node), digits), naming->alias);
		service_event(registrar->service, "node.alias", naming->node, NULL, 0, naming->alias);
		if (server_send(service_server(registrar->service), &naming->peer, &answer) != RC_OK)
			log_event(LOG_DEBUG, "ask.unsent", "peer is gone");
	}
	free(naming);
}

static enum rc check_alias(struct registrar *registrar, const struct msg_alias *alias, struct err *err)
{
	struct directory_node *owner;
	uint8_t id[4];

	if (directory_find(&registrar->directory, alias->node.at) == NULL)
		return err_set(err, RC_NOT_FOUND, "no node with this id is registered");
	if (alias->alias.len == 0)
		return RC_OK;
	for (size_t i = 0; i < alias->alias.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			    alias->alias.at[i]) == NULL)
			return err_set(
				err, RC_MALFORMED, "an alias has letters, digits, '-', '_' and '.' only");
	/* What could be the beginning of an id would hide that node. */
	if (alias->alias.len >= 8 && hex_decode(span_of(alias->alias.at, 8), id, sizeof id) == RC_OK)
		return err_set(err, RC_MALFORMED, "an alias must not look like a node id");
	if (directory_by_name(&registrar->directory, alias->alias, &owner, NULL) == RC_OK &&
		memcmp(owner->id, alias->node.at, NODE_ID_BYTES) != 0)
		return err_set(err, RC_EXISTS,
			"another node has the alias \"%.*s\"; take it away first: limebus node alias %.*s ''",
			SPAN_FMT(alias->alias), SPAN_FMT(alias->alias));
	return RC_OK;
}

static enum rc write_alias(
	struct registrar *registrar, const struct msg *request, struct naming *naming, struct err *err)
{
	const struct directory_node *node = directory_find(&registrar->directory, naming->node);
	DROP(store_batch_release) struct store_batch batch = {0};
	DROP(blob_release) struct blob record = {0};
	char key[RECORD_KEY_BYTES];
	struct span alias = span_text(naming->alias);

	if (node->alias[0] != '\0' && !span_is(alias, node->alias))
		TRY(store_batch_hash_delete(&batch, KEY_ALIAS, span_text(node->alias)));
	if (alias.len != 0) {
		TRY(record_make(&service_identity(registrar->service)->sign,
			(struct record_head){
				"alias", record_key("alias", alias, key), next_version(registrar, 0), 0},
			request, &record, err));
		if (!span_is(alias, node->alias))
			TRY(store_batch_hash_expect(&batch, KEY_ALIAS, alias, NULL));
		TRY(store_batch_hash_set(&batch, KEY_ALIAS, alias, blob_span(&record)));
	}
	return store_commit(service_store(registrar->service), NULL, &batch, on_named, naming);
}

static enum rc begin_naming(
	struct registrar *registrar, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct naming *naming;
	struct signed_msg request;
	const struct msg_alias *alias = &request.msg.alias;
	enum rc rc;

	TRY(roster_signed(service_roster(registrar->service), msg->alias_put.request, MSG_TYPE_alias,
		ROLES_PROVISION, service_now(registrar->service), &request, err));
	TRY(check_alias(registrar, alias, err));
	naming = calloc(1, sizeof *naming);
	if (naming == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	naming->registrar = registrar;
	naming->peer = *peer;
	naming->id = msg->id;
	memcpy(naming->node, alias->node.at, NODE_ID_BYTES);
	if (alias->alias.len != 0)
		memcpy(naming->alias, alias->alias.at, alias->alias.len);
	rc = write_alias(registrar, &request.msg, naming, err);
	if (rc != RC_OK)
		free(naming);
	return rc;
}

void alias_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct registrar *registrar = ctx;
	struct err err = {0};
	enum rc rc = begin_naming(registrar, peer, msg, &err);

	(void)frame;
	if (rc != RC_OK)
		server_send_error(service_server(registrar->service), peer, msg->id, rc,
			err.text[0] != '\0' ? err.text : rc_words(rc));
}
