#include "services/registrar/registrar.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "services/registrar/inner.h"

static const struct server_row rows[] = {
	{MSG_TYPE_node_register, ROLES_ANYONE, enrol_on_register},
	{MSG_TYPE_activate, ROLES_ANYONE, enrol_on_activate},
	{MSG_TYPE_node_get, ROLES_VIEW | ROLES_SERVICE, ask_on_node_get},
	{MSG_TYPE_node_list, ROLES_VIEW | ROLES_SERVICE, ask_on_node_list},
	{MSG_TYPE_alias_put, ROLES_PROVISION, alias_on_put},
};

char *record_key(const char *kind, struct span name, char out[static RECORD_KEY_BYTES])
{
	snprintf(out, RECORD_KEY_BYTES, "%s/%.*s", kind, SPAN_FMT(name));
	return out;
}

uint64_t next_version(const struct registrar *registrar, uint64_t known)
{
	uint64_t now = service_now(registrar->service);

	return now > known ? now : known + 1;
}

enum rc open_node(const struct registrar *registrar, const uint8_t id[static NODE_ID_BYTES],
	struct span bytes, struct record_view *out, struct err *err)
{
	const struct directory_node *known = directory_find(&registrar->directory, id);
	char digits[HEX_BYTES(NODE_ID_BYTES)];
	char key[RECORD_KEY_BYTES];
	struct record_expect expect = {
		.type = "node",
		.key = record_key("node", span_text(hex_encode(span_of(id, NODE_ID_BYTES), digits)), key),
		.body = MSG_TYPE_node,
		.writers = ROLE_REGISTRAR,
		.version = known == NULL ? 0 : known->version,
	};
	struct record_view view;

	TRY(record_open(service_roster(registrar->service), bytes, expect, service_now(registrar->service),
		&view, err));
	if (memcmp(view.body.node.node.at, id, NODE_ID_BYTES) != 0)
		return err_set(err, RC_DENIED, "record node of %s: is about another node", digits);
	*out = view;
	return RC_OK;
}

/* Agents that enrol have fresh keys: everybody may connect, and send what the table lets unknown keys send.
 */
static enum admit admit_anyone(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	(void)ctx;
	(void)key;
	(void)token;
	return ADMIT_YES;
}

static void on_status(void *ctx, struct facts *facts)
{
	struct registrar *registrar = ctx;

	if (registrar->is_loaded)
		facts_add(facts, FACT_GOOD, "nodes", NULL,
			"%zu registered, %llu enrolments and %llu refusals since the start",
			registrar->directory.count, (unsigned long long)registrar->enrolled,
			(unsigned long long)registrar->refused);
	else
		facts_add(facts, FACT_BAD, "nodes", "mend the connection to Redis",
			"the registrations are not loaded");
}

static void on_store(void *ctx, const struct store_status *status)
{
	struct registrar *registrar = ctx;

	if (status->state == STORE_READY && (status->restarted || !registrar->is_loaded))
		load_begin(registrar);
	else if (status->state == STORE_READY)
		resign_begin(registrar);
}

/* Another registrar's keys may have become former ones. */
static void on_roster(void *ctx)
{
	struct registrar *registrar = ctx;

	if (registrar->is_loaded)
		resign_begin(registrar);
}

static enum rc open_inside(struct registrar *registrar, struct err *err)
{
	const struct registrar_config *config = registrar->config;
	struct service_options options = {
		.config = &config->service,
		.role = ROLE_REGISTRAR,
		.program = "limebus-registrar",
		.rows = rows,
		.row_count = COUNT(rows),
		.admit_peer = admit_anyone,
		.status = on_status,
		.roster_changed = on_roster,
		.store_changed = on_store,
		.ctx = registrar,
	};

	TRY(cert_roots_load(config->ek_roots, &registrar->roots, err));
	if (config->ek_allowed != NULL)
		TRY(allow_list_load(config->ek_allowed, &registrar->allowed, err));
	registrar->pending = calloc(1, sizeof *registrar->pending);
	if (registrar->pending == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	return service_open(&options, &registrar->service, err);
}

enum rc registrar_open(const struct registrar_config *config, struct registrar **out, struct err *err)
{
	DROP(registrar_close) struct registrar *registrar = calloc(1, sizeof *registrar);

	if (registrar == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	registrar->config = config;
	TRY(open_inside(registrar, err));
	*out = TAKE(registrar);
	return RC_OK;
}

void registrar_close(struct registrar **registrar)
{
	struct registrar *r = *registrar;

	if (r == NULL)
		return;
	r->is_closing = true;
	service_close(&r->service);
	resigns_release(&r->resigns);
	if (r->pending != NULL)
		pending_table_release(r->pending);
	free(r->pending);
	directory_release(&r->directory);
	directory_release(&r->loading);
	allow_list_release(&r->allowed);
	cert_roots_release(&r->roots);
	free(r);
	*registrar = NULL;
}

enum rc registrar_run(struct registrar *registrar, struct err *err)
{
	return service_run(registrar->service, err);
}
