#include "lib/policy/digest_reader.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/json/json_pull.h"

/* So much of a name is shown in errors. */
#define SHOWN_BYTES 120

/* What is a name in the text is at most this long: "hex:" and two digits a byte. */
#define NAME_TEXT_MAX   (4 + 2 * DIGEST_TABLE_NAME_MAX)
#define DIGEST_TEXT_MAX (16 + 2 * KERNEL_HASH_BYTES_MAX)

/* copied: so much of the text is in rest, or stands for what is. */
struct reader {
	struct json_pull pull;
	struct blob name;
	struct blob bytes;
	const struct digest_sink *sink;
	struct blob *rest;
	size_t copied;
};

static void reader_release(struct reader *reader)
{
	json_pull_release(&reader->pull);
	blob_release(&reader->name);
	blob_release(&reader->bytes);
}

static const char *shown(struct span name, char out[static SHOWN_BYTES + 1])
{
	size_t len = name.len < SHOWN_BYTES ? name.len : SHOWN_BYTES;

	for (size_t i = 0; i < len; i++)
		out[i] = name.at[i] >= ' ' && name.at[i] <= '~' ? (char)name.at[i] : '?';
	out[len] = '\0';
	return out;
}

static enum rc refuse(const struct reader *reader, struct span name, size_t at, enum rc rc, const char *words,
	struct err *err)
{
	char text[SHOWN_BYTES + 1];

	json_pull_fail(&reader->pull, at, err, rc, "%s", words);
	return err_wrap(err, rc, "ima.digests.%s: ", shown(name, text));
}

static const char *digest_words(enum rc rc)
{
	switch ((int)rc) {
	case RC_UNSUPPORTED: return "a hash that is not known here";
	case RC_MALFORMED:
		return "expected \"<hex>\" or \"sha512:<hex>\", in lower case, of a digest's length";
	case RC_LIMIT: return "more digests than fit in a policy";
	default: return rc_words(rc);
	}
}

static enum rc digest_read(
	struct reader *reader, struct span name, struct span bytes, uint32_t origin, struct err *err)
{
	struct policy_digest digest = {0};
	struct span text;
	size_t at;
	enum rc rc;

	json_pull_peek(&reader->pull);
	at = reader->pull.at;
	rc = json_pull_text(&reader->pull, DIGEST_TEXT_MAX, &text, err);
	if (rc != RC_OK)
		return refuse(reader, name, at, rc, digest_words(RC_MALFORMED), err);
	rc = policy_digest_parse(text, &digest);
	if (rc == RC_OK)
		rc = reader->sink->add(reader->sink->context, DIGEST_OF_FILE, bytes, origin, &digest);
	return rc == RC_OK ? rc : refuse(reader, name, at, rc, digest_words(rc), err);
}

/* The name is the reader's until its next text: copied if it lies there. */
static enum rc name_keep(struct reader *reader, struct span *name)
{
	const struct json_pull *pull = &reader->pull;

	if (name->at != pull->scratch.at)
		return RC_OK;
	TRY(blob_copy(&reader->name, *name));
	*name = blob_span(&reader->name);
	return RC_OK;
}

/* One member: a name and its digests. */
static enum rc member_read(struct reader *reader, struct err *err)
{
	struct json_pull *pull = &reader->pull;
	struct span name, bytes;
	size_t at, count;
	bool more = false;
	enum rc rc;

	json_pull_peek(pull);
	at = pull->at;
	rc = json_pull_key(pull, NAME_TEXT_MAX, &name, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "ima.digests: ");
	rc = name_keep(reader, &name);
	if (rc == RC_OK)
		rc = name.len == 0 ? RC_MALFORMED : policy_name_read(name, &reader->bytes, &bytes);
	if (rc != RC_OK)
		return refuse(reader, name, at, rc, "not a name", err);
	rc = json_pull_open(pull, '[', err);
	for (count = 0; rc == RC_OK; count++) {
		rc = json_pull_more(pull, ']', count, &more, err);
		if (rc != RC_OK || !more)
			break;
		TRY(digest_read(reader, name, bytes, (uint32_t)at, err));
	}
	if (rc != RC_OK)
		return refuse(reader, name, pull->at, rc, "expected a list of digests", err);
	return count > 0 ? RC_OK
	                 : refuse(reader, name, at, RC_MALFORMED, "an empty list allows nothing", err);
}

static enum rc copy_to(struct reader *reader, size_t at)
{
	struct span text = reader->pull.text;
	enum rc rc = blob_append(reader->rest, span_of(text.at + reader->copied, at - reader->copied));

	reader->copied = at;
	return rc;
}

static enum rc digests_read(struct reader *reader, struct err *err)
{
	struct json_pull *pull = &reader->pull;
	bool more = false;

	if (copy_to(reader, pull->at) != RC_OK || blob_append(reader->rest, span_text("{}")) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a policy");
	TRY(json_pull_open(pull, '{', err));
	for (size_t i = 0;; i++) {
		enum rc rc = json_pull_more(pull, '}', i, &more, err);

		if (rc != RC_OK)
			return err_wrap(err, rc, "ima.digests: ");
		if (!more)
			break;
		TRY(member_read(reader, err));
	}
	reader->copied = pull->at;
	return RC_OK;
}

/* Call `enter` at each member `wanted` that is an object, and pass over the others. */
static enum rc members_walk(struct reader *reader, const char *wanted,
	enum rc (*enter)(struct reader *reader, struct err *err), struct err *err)
{
	struct json_pull *pull = &reader->pull;
	bool more = false;
	struct span key;

	TRY(json_pull_open(pull, '{', err));
	for (size_t i = 0;; i++) {
		bool found;

		TRY(json_pull_more(pull, '}', i, &more, err));
		if (!more)
			return RC_OK;
		TRY(json_pull_key(pull, pull->text.len, &key, err));
		found = span_is(key, wanted);
		if (json_pull_peek(pull) == '{' && found)
			TRY(enter(reader, err));
		else
			TRY(json_pull_skip(pull, err));
	}
}

static enum rc section_read(struct reader *reader, struct err *err)
{
	return members_walk(reader, "digests", digests_read, err);
}

enum rc digests_take(struct span json, const struct digest_sink *sink, struct blob *rest, struct err *err)
{
	DROP(reader_release) struct reader reader = {.pull = {.text = json}, .sink = sink, .rest = rest};

	/* What is no object, the parser of the rest refuses. */
	if (json_pull_peek(&reader.pull) == '{') {
		enum rc rc = members_walk(&reader, "ima", section_read, err);

		/* As long as nothing was taken out, the parser of the rest says better what is wrong. */
		if (rc != RC_OK && reader.copied > 0)
			return rc;
	}
	if (copy_to(&reader, json.len) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a policy");
	return RC_OK;
}

bool digest_names_same(struct span json, uint32_t a, uint32_t b)
{
	DROP(json_pull_release) struct json_pull left = {.text = json, .at = a};
	DROP(json_pull_release) struct json_pull right = {.text = json, .at = b};
	struct span names[2];

	return json_pull_text(&left, NAME_TEXT_MAX, &names[0], NULL) == RC_OK &&
	       json_pull_text(&right, NAME_TEXT_MAX, &names[1], NULL) == RC_OK &&
	       span_equal(names[0], names[1]);
}

enum rc digest_name_fail(struct span json, uint32_t origin, struct err *err, enum rc rc, const char *words)
{
	DROP(reader_release) struct reader reader = {.pull = {.text = json, .at = origin}};
	struct span name = {0};

	if (json_pull_text(&reader.pull, NAME_TEXT_MAX, &name, NULL) != RC_OK)
		name = (struct span){0};
	return refuse(&reader, name, origin, rc, words, err);
}
