#include "services/registrar/resign.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/store/commit.h"
#include "services/registrar/inner.h"

#define RESIGN_WINDOW 32

struct resign {
	struct resign *next;
	struct registrar *registrar;
	bool is_alias;
	char field[HEX_BYTES(NODE_ID_BYTES) + NAME_MAX_BYTES];
	uint64_t version; /* of the new record, and its bytes */
	struct blob record;
};

static void resign_free(struct resign *resign)
{
	blob_release(&resign->record);
	free(resign);
}

void resigns_release(struct resigns *resigns)
{
	while (resigns->first != NULL) {
		struct resign *resign = resigns->first;

		resigns->first = resign->next;
		resign_free(resign);
	}
	*resigns = (struct resigns){0};
}

/* Is its writer a registrar's former keys? */
static bool is_due(const struct registrar *registrar, const struct record_view *view)
{
	const struct roster_member *writer = roster_by_sign(service_roster(registrar->service), view->writer);

	return writer != NULL && roster_member_is_former(writer) &&
	       memcmp(view->writer, service_identity(registrar->service)->sign.public, SIGN_KEY_BYTES) != 0;
}

static void run(struct registrar *registrar);

static void put_back(struct resign *resign)
{
	resign->next = resign->registrar->resigns.first;
	resign->registrar->resigns.first = resign;
}

static void add(struct registrar *registrar, bool is_alias, struct span field)
{
	struct resign *resign = calloc(1, sizeof *resign);

	if (resign == NULL || field.len >= sizeof resign->field) {
		log_event(LOG_ERROR, "resign.failed", "field=%.*s", SPAN_FMT(field));
		free(resign);
		return;
	}
	resign->registrar = registrar;
	resign->is_alias = is_alias;
	memcpy(resign->field, field.at, field.len);
	put_back(resign);
}

/* The end of one. What failed for want of Redis is tried again when it is back. */
static void ended(struct resign *resign, enum rc rc)
{
	struct registrar *registrar = resign->registrar;
	uint8_t id[NODE_ID_BYTES];

	registrar->resigns.running--;
	if (registrar->is_closing) {
		resign_free(resign);
		return;
	}
	if (rc == RC_IO || rc == RC_TIMEOUT || rc == RC_LIMIT) {
		put_back(resign);
		return;
	}
	if (rc == RC_OK && !resign->is_alias && resign->record.len != 0 &&
		hex_decode(span_text(resign->field), id, sizeof id) == RC_OK)
		rc = directory_put(&registrar->directory, id, resign->version, blob_span(&resign->record));
	if (rc == RC_OK && resign->record.len != 0)
		registrar->resigns.done++;
	/* Changed or gone meanwhile, by somebody who signs with a present key. */
	else if (rc != RC_OK && rc != RC_EXISTS && rc != RC_NOT_FOUND && rc != RC_STALE)
		log_event(LOG_ERROR, "resign.failed", "field=%s why=\"%s\"", resign->field, rc_words(rc));
	resign_free(resign);
	run(registrar);
}

static void on_written(void *ctx, enum rc rc)
{
	ended(ctx, rc);
}

static enum rc open_either(struct resign *resign, struct span value, struct record_view *out, struct err *err)
{
	struct registrar *registrar = resign->registrar;
	char key[RECORD_KEY_BYTES];
	uint8_t id[NODE_ID_BYTES];

	if (resign->is_alias)
		return record_open(service_roster(registrar->service), value,
			(struct record_expect){"alias", record_key("alias", span_text(resign->field), key),
				MSG_TYPE_alias, ROLE_REGISTRAR, 0},
			service_now(registrar->service), out, err);
	TRY(hex_decode(span_text(resign->field), id, sizeof id));
	return open_node(registrar, id, value, out, err);
}

/* The same body, with our signature. RC_EXISTS: that is not needed. */
static enum rc write_again(struct resign *resign, struct span value, struct err *err)
{
	struct registrar *registrar = resign->registrar;
	const char *type = resign->is_alias ? "alias" : "node";
	const char *hash = resign->is_alias ? KEY_ALIAS : KEY_NODE;
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span field = span_text(resign->field);
	struct record_view view;
	char key[RECORD_KEY_BYTES];

	TRY(open_either(resign, value, &view, err));
	if (!is_due(registrar, &view))
		return RC_EXISTS;
	resign->version = next_version(registrar, view.version);
	blob_clear(&resign->record);
	TRY(record_make(&service_identity(registrar->service)->sign,
		(struct record_head){type, record_key(type, field, key), resign->version, 0}, &view.body,
		&resign->record, err));
	TRY(store_batch_hash_expect(&batch, hash, field, &value));
	TRY(store_batch_hash_set(&batch, hash, field, blob_span(&resign->record)));
	return store_commit(service_store(registrar->service), NULL, &batch, on_written, resign);
}

static void on_read(void *ctx, enum rc rc, struct span value)
{
	struct resign *resign = ctx;
	struct err err = {0};

	if (rc == RC_OK && !resign->registrar->is_closing) {
		rc = write_again(resign, value, &err);
		if (rc == RC_OK)
			return;
		if (err.text[0] != '\0')
			log_event(LOG_ERROR, "resign.failed", "why=\"%s\"", err.text);
	}
	ended(resign, rc);
}

static void run(struct registrar *registrar)
{
	struct resigns *resigns = &registrar->resigns;

	while (resigns->first != NULL && resigns->running < RESIGN_WINDOW) {
		struct resign *resign = resigns->first;

		if (store_hash_get(service_store(registrar->service), resign->is_alias ? KEY_ALIAS : KEY_NODE,
			    span_text(resign->field), RECORD_MAX + 1024, on_read, resign) != RC_OK)
			return;
		resigns->first = resign->next;
		resigns->running++;
	}
	if (resigns->first == NULL && resigns->running == 0 && resigns->done != resigns->told) {
		log_event(LOG_INFO, "resign.done", "records=%llu",
			(unsigned long long)(resigns->done - resigns->told));
		resigns->told = resigns->done;
	}
}

/* ---- the search ---- */

static bool each(struct registrar *registrar, bool is_alias, struct span field, struct span value)
{
	struct signed_msg envelope;
	struct record_view view = {0};

	if (signed_open(value, MSG_TYPE_record, &envelope, NULL) != RC_OK)
		return true;
	memcpy(view.writer, envelope.key, sizeof view.writer);
	if (is_due(registrar, &view))
		add(registrar, is_alias, field);
	return true;
}

static bool each_node(void *ctx, struct span field, struct span value)
{
	return each(ctx, false, field, value);
}

static bool each_alias(void *ctx, struct span field, struct span value)
{
	return each(ctx, true, field, value);
}

static void on_aliases(void *ctx, enum rc rc)
{
	struct registrar *registrar = ctx;

	registrar->resigns.is_scanning = false;
	if (registrar->is_closing)
		return;
	/* Without Redis: again when it is back. */
	if (rc != RC_OK)
		log_event(LOG_WARN, "resign.failed", "why=\"%s\"", rc_words(rc));
	run(registrar);
	if (registrar->resigns.scan_again && rc == RC_OK)
		resign_begin(registrar);
}

static void on_nodes(void *ctx, enum rc rc)
{
	struct registrar *registrar = ctx;

	if (rc == RC_OK && !registrar->is_closing)
		rc = store_hash_each(service_store(registrar->service), KEY_ALIAS, RECORD_MAX, each_alias,
			on_aliases, registrar);
	if (rc != RC_OK || registrar->is_closing)
		on_aliases(registrar, rc);
}

static bool has_former_keys(const struct registrar *registrar)
{
	size_t count = 0;
	const struct roster_member *members = roster_members(service_roster(registrar->service), &count);

	for (size_t i = 0; i < count; i++)
		if (members[i].role == (unsigned)ROLE_REGISTRAR && roster_member_is_former(&members[i]))
			return true;
	return false;
}

void resign_begin(struct registrar *registrar)
{
	struct resigns *resigns = &registrar->resigns;
	enum rc rc;

	if (!has_former_keys(registrar))
		return;
	resigns->scan_again = resigns->is_scanning;
	if (resigns->is_scanning)
		return;
	resigns->is_scanning = true;
	rc = store_hash_each(service_store(registrar->service), KEY_NODE, RECORD_MAX + 1024, each_node,
		on_nodes, registrar);
	if (rc != RC_OK)
		on_aliases(registrar, rc);
}
