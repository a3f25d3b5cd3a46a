#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/policy/ima_builder_inside.h"
#include "lib/policy/ima_rules.h"

const char *const ima_patterns_keys[IMA_PATTERNS_COUNT] = {
	"excludes", "keylime-excludes", "violations-accepted", "ignored-keyrings"};
const char *const ima_accepted_keys[ACCEPTED_TEXTS] = {"file", "digest", "reason", "by", "time"};

/* What is in it stands on one line. */
static enum json_style one_line(struct json_write *w)
{
	enum json_style style = w->style;

	w->style = JSON_COMPACT;
	return style;
}

static void fail(struct json_write *w, enum rc rc)
{
	if (w->rc == RC_OK)
		w->rc = rc;
}

/* A key of json_write is NUL-terminated. */
static void name_write(struct json_write *w, struct span name, struct blob *room, struct blob *key)
{
	struct span text = {0};
	enum rc rc = policy_name_text(name, room, &text);

	if (rc == RC_OK)
		rc = blob_copy(key, text);
	if (rc == RC_OK)
		rc = blob_append(key, SPAN(""));
	if (rc == RC_OK)
		json_write_array(w, (const char *)key->at);
	else
		fail(w, rc);
}

/* Names of one kind, each with its digests on one line. */
static void names_write(
	const struct ima_builder *b, enum digest_kind kind, const char *key, struct json_write *w)
{
	DROP(blob_release) struct blob room = {0};
	DROP(blob_release) struct blob text = {0};
	char digest[POLICY_DIGEST_TEXT_BYTES];
	struct ima_builder_row last = {0};
	enum json_style style = w->style;

	if (b->counts[kind] == 0)
		return;
	json_write_object(w, key);
	for (size_t i = 0; i < b->count && w->rc == RC_OK; i++) {
		struct ima_builder_row row = ima_builder_row_at(b->arena.at + b->rows[i]);

		if (row.kind != kind)
			continue;
		if (last.name.len == 0 || ima_builder_names_order(&last, &row) != 0) {
			if (last.name.len > 0)
				json_write_close(w);
			w->style = style;
			name_write(w, row.name, &room, &text);
			one_line(w);
		}
		json_write_cstr(w, NULL, policy_digest_text(row.hash, row.digest, digest));
		last = row;
	}
	json_write_close(w);
	w->style = style;
	json_write_close(w);
}

static void patterns_write(const struct pattern_set *set, const char *key, struct json_write *w)
{
	if (set->count == 0)
		return;
	json_write_array(w, key);
	for (size_t i = 0; i < set->count; i++)
		json_write_text(w, NULL, pattern_set_text(set, i));
	json_write_close(w);
}

static void accepted_write(const struct ima_builder *b, struct json_write *w)
{
	if (b->accepted_count == 0)
		return;
	json_write_array(w, "accepted");
	for (size_t i = 0; i < b->accepted_count; i++) {
		json_write_object(w, NULL);
		for (size_t j = 0; j < ACCEPTED_TEXTS; j++)
			if (b->accepted[i].texts[j].len > 0)
				json_write_text(w, ima_accepted_keys[j], blob_span(&b->accepted[i].texts[j]));
		json_write_close(w);
	}
	json_write_close(w);
}

static void key_write(const struct ima_builder_key *key, struct json_write *w)
{
	DROP(blob_release) struct blob text = {0};
	uint8_t id[4] = {(uint8_t)(key->id >> 24), (uint8_t)(key->id >> 16), (uint8_t)(key->id >> 8),
		(uint8_t)key->id};
	enum rc rc = base64_encode(blob_span(&key->spki), &text);

	if (rc != RC_OK)
		fail(w, rc);
	json_write_object(w, NULL);
	json_write_cstr(w, "name", key->name);
	json_write_text(w, "key", blob_span(&text));
	if (key->has_id)
		json_write_hex(w, "id", SPAN(id));
	json_write_close(w);
}

static void keys_write(const struct ima_builder *b, struct json_write *w)
{
	if (b->key_count == 0)
		return;
	json_write_array(w, "keys");
	for (size_t i = 0; i < b->key_count; i++)
		key_write(&b->keys[i], w);
	json_write_close(w);
}

static void dm_write(const struct ima_builder *b, struct json_write *w)
{
	DROP(blob_release) struct blob name = {0};

	if (b->dm_count == 0)
		return;
	json_write_object(w, "device-mapper");
	for (size_t i = 0; i < b->dm_count && w->rc == RC_OK; i++) {
		const struct ima_builder_dm *dm = &b->dm[i];

		if (i == 0 || !span_equal(blob_span(&dm->name), blob_span(&b->dm[i - 1].name))) {
			enum rc rc = blob_copy(&name, blob_span(&dm->name));

			if (i > 0)
				json_write_close(w);
			if (rc != RC_OK || blob_append(&name, SPAN("")) != RC_OK) {
				fail(w, RC_NOMEM);
				return;
			}
			json_write_array(w, (const char *)name.at);
		}
		if (dm->target.len > 0)
			json_write_text(w, NULL, blob_span(&dm->target));
	}
	json_write_close(w);
	json_write_close(w);
}

void ima_builder_write(struct ima_builder *builder, struct json_write *w)
{
	enum rc rc = ima_builder_settle(builder);

	if (rc != RC_OK)
		fail(w, rc);
	json_write_object(w, "ima");
	ima_rules_write(&builder->rules, w);
	keys_write(builder, w);
	names_write(builder, DIGEST_OF_KEYRING, "keyrings", w);
	names_write(builder, DIGEST_OF_BUFFER, "buffers", w);
	dm_write(builder, w);
	for (size_t i = 0; i < IMA_PATTERNS_COUNT; i++)
		patterns_write(&builder->patterns[i], ima_patterns_keys[i], w);
	accepted_write(builder, w);
	names_write(builder, DIGEST_OF_FILE, "digests", w);
	json_write_close(w);
}
