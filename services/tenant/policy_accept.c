#include "services/tenant/policy_accept.h"

#include "lib/base/hex.h"
#include "lib/json/json_pull.h"
#include "lib/json/json_write.h"
#include "lib/policy/policy_digest.h"

#define KEY_MAX        256
#define TEXT_MAX_BYTES (64u << 10)

/* Where the entry goes: behind '[' of ima.accepted, or behind '{' of ima, which then gets such a list. */
struct place {
	size_t at;
	bool is_list;  /* it is there already */
	bool is_empty; /* nothing follows in it */
};

/* Is this entry the same exception? */
static enum rc look_at_entry(
	struct json_pull *pull, const struct ima_accepted *accepted, bool *same, struct err *err)
{
	bool file = false, digest = false, more = false;

	TRY(json_pull_open(pull, '{', err));
	for (size_t i = 0;; i++) {
		struct span key, text;
		bool is_file, is_digest;

		TRY(json_pull_more(pull, '}', i, &more, err));
		if (!more)
			break;
		TRY(json_pull_key(pull, KEY_MAX, &key, err));
		is_file = span_is(key, "file");
		is_digest = span_is(key, "digest");
		TRY(json_pull_text(pull, TEXT_MAX_BYTES, &text, err));
		file |= is_file && span_equal(text, accepted->file);
		digest |= is_digest && span_equal(text, accepted->digest);
	}
	*same = file && digest;
	return RC_OK;
}

static enum rc look_at_list(
	struct json_pull *pull, const struct ima_accepted *accepted, struct place *out, struct err *err)
{
	bool more = false, same = false;

	TRY(json_pull_open(pull, '[', err));
	*out = (struct place){pull->at, true, true};
	for (size_t i = 0;; i++) {
		TRY(json_pull_more(pull, ']', i, &more, err));
		if (!more)
			return RC_OK;
		out->is_empty = false;
		TRY(look_at_entry(pull, accepted, &same, err));
		if (same)
			return err_set(err, RC_EXISTS,
				"the policy accepts this file with this digest already; resume the node");
	}
}

static enum rc look_at_ima(
	struct json_pull *pull, const struct ima_accepted *accepted, struct place *out, struct err *err)
{
	struct place place;
	bool more = false;

	TRY(json_pull_open(pull, '{', err));
	place = (struct place){pull->at, false, true};
	for (size_t i = 0;; i++) {
		struct span key;

		TRY(json_pull_more(pull, '}', i, &more, err));
		if (!more)
			break;
		if (!place.is_list)
			place.is_empty = false;
		TRY(json_pull_key(pull, KEY_MAX, &key, err));
		if (span_is(key, "accepted"))
			TRY(look_at_list(pull, accepted, &place, err));
		else
			TRY(json_pull_skip(pull, err));
	}
	*out = place;
	return RC_OK;
}

static enum rc find_place(
	struct span json, const struct ima_accepted *accepted, struct place *out, struct err *err)
{
	DROP(json_pull_release) struct json_pull pull = {.text = json};
	bool more = false, found = false;

	TRY(json_pull_open(&pull, '{', err));
	for (size_t i = 0;; i++) {
		struct span key;

		TRY(json_pull_more(&pull, '}', i, &more, err));
		if (!more)
			break;
		TRY(json_pull_key(&pull, KEY_MAX, &key, err));
		if (span_is(key, "ima")) {
			TRY(look_at_ima(&pull, accepted, out, err));
			found = true;
		} else {
			TRY(json_pull_skip(&pull, err));
		}
	}
	return found ? RC_OK
	             : err_set(err, RC_MALFORMED,
			       "the policy does not look at the IMA list: it has no \"ima\"");
}

static enum rc write_entry(const struct ima_accepted *accepted, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_COMPACT);

	json_write_object(&w, NULL);
	json_write_text(&w, "file", accepted->file);
	json_write_text(&w, "digest", accepted->digest);
	json_write_text(&w, "reason", accepted->reason);
	json_write_text(&w, "by", accepted->by);
	json_write_text(&w, "time", accepted->time);
	json_write_close(&w);
	return json_write_end(&w);
}

enum rc policy_accept(
	struct span json, const struct ima_accepted *accepted, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct place place = {0};

	TRY(find_place(json, accepted, &place, err));
	TRY(blob_append(&text, span_of(json.at, place.at)));
	if (!place.is_list)
		TRY(blob_append(&text, span_text("\"accepted\": [")));
	TRY(write_entry(accepted, &text));
	TRY(blob_append(&text,
		span_text(place.is_list ? (place.is_empty ? "" : ",\n") : (place.is_empty ? "]" : "],\n"))));
	TRY(blob_append(&text, span_of(json.at + place.at, json.len - place.at)));
	return blob_append(out, blob_span(&text));
}

enum rc policy_accept_name(struct span shown, struct blob *out)
{
	for (size_t i = 0; i < shown.len; i++) {
		uint8_t byte = shown.at[i];

		if (byte == '\\' && i + 1 < shown.len && shown.at[i + 1] == '\\') {
			i++;
		} else if (byte == '\\') {
			if (i + 3 >= shown.len || shown.at[i + 1] != 'x')
				return RC_MALFORMED;
			TRY(hex_decode(span_of(shown.at + i + 2, 2), &byte, 1));
			i += 3;
		}
		TRY(blob_append(out, span_of(&byte, 1)));
	}
	return RC_OK;
}
