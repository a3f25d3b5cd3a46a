/* Reading what Redis has, after the start and after Redis came back: a record that is missing, altered or
 * older than one that was seen is told loudly. */
#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "services/registrar/inner.h"

static void report(struct registrar *registrar, const uint8_t *id, const char *text)
{
	char digits[HEX_BYTES(NODE_ID_BYTES)] = "";

	log_event(LOG_ERROR, "store.tampered", "node=%s why=\"%s\"",
		hex_encode(span_of(id, NODE_ID_BYTES), digits), text);
	service_event(registrar->service, "store.tampered", id, NULL, 0, text);
}

static bool each_node(void *ctx, struct span field, struct span value)
{
	struct registrar *registrar = ctx;
	uint8_t id[NODE_ID_BYTES];
	struct record_view view;
	struct err err = {0};

	if (hex_decode(field, id, sizeof id) != RC_OK) {
		log_event(LOG_ERROR, "store.tampered", "why=\"a field of " KEY_NODE " is no node id\"");
		return true;
	}
	if (open_node(registrar, id, value, &view, &err) != RC_OK)
		report(registrar, id, err.text);
	else if (directory_put(&registrar->loading, id, view.version, value) != RC_OK)
		log_event(LOG_ERROR, "directory.full", "a node could not be kept");
	return true;
}

static bool each_alias(void *ctx, struct span field, struct span value)
{
	struct registrar *registrar = ctx;
	char key[RECORD_KEY_BYTES];
	struct record_view view;
	struct err err = {0};
	enum rc rc = record_open(service_roster(registrar->service), value,
		(struct record_expect){
			"alias", record_key("alias", field, key), MSG_TYPE_alias, ROLE_REGISTRAR, 0},
		service_now(registrar->service), &view, &err);

	if (rc == RC_OK && !span_equal(view.body.alias.alias, field))
		rc = err_set(&err, RC_DENIED, "record alias: is about another alias");
	if (rc == RC_OK)
		rc = directory_set_alias(&registrar->loading, view.body.alias.node.at, field);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		log_event(LOG_ERROR, "store.tampered", "why=\"%s\"", err.text);
	return true;
}

/* Which nodes were known and are gone? */
static void compare_loaded(struct registrar *registrar)
{
	const struct directory_node *page[PAGE_MAX];
	const uint8_t *after = NULL;
	bool more = true;

	while (more) {
		size_t count = directory_page(&registrar->directory, after, PAGE_MAX, page, &more);

		for (size_t i = 0; i < count; i++)
			if (directory_find(&registrar->loading, page[i]->id) == NULL)
				report(registrar, page[i]->id, "the node's record is gone from Redis");
		if (count == 0)
			return;
		after = page[count - 1]->id;
	}
}

static void on_aliases(void *ctx, enum rc rc)
{
	struct registrar *registrar = ctx;

	if (rc != RC_OK) {
		log_event(
			LOG_ERROR, "load.failed", "why=\"%s\"", store_why(service_store(registrar->service)));
		return;
	}
	compare_loaded(registrar);
	directory_release(&registrar->directory);
	registrar->directory = TAKE(registrar->loading);
	registrar->is_loaded = true;
	log_event(LOG_INFO, "load.done", "nodes=%zu", registrar->directory.count);
	resign_begin(registrar);
}

static void on_nodes(void *ctx, enum rc rc)
{
	struct registrar *registrar = ctx;

	if (rc == RC_OK)
		rc = store_hash_each(service_store(registrar->service), KEY_ALIAS, RECORD_MAX, each_alias,
			on_aliases, registrar);
	if (rc != RC_OK)
		log_event(
			LOG_ERROR, "load.failed", "why=\"%s\"", store_why(service_store(registrar->service)));
}

void load_begin(struct registrar *registrar)
{
	enum rc rc;

	directory_release(&registrar->loading);
	rc = store_hash_each(service_store(registrar->service), KEY_NODE, RECORD_MAX + 1024, each_node,
		on_nodes, registrar);
	if (rc != RC_OK)
		log_event(
			LOG_ERROR, "load.failed", "why=\"%s\"", store_why(service_store(registrar->service)));
}
