#include "lib/policy/ima_section.h"

#include <stdio.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"

#define REASON_MAX 1024

static enum rc wrap(const struct json *value, struct err *err, enum rc rc)
{
	return err_wrap(err, rc, "%s: ", value->path);
}

enum rc ima_section_texts(
	const struct json *section, const char *key, ima_section_text each, void *context, struct err *err)
{
	struct json list, item;
	struct span text;

	if (!json_has(section, key, &list))
		return RC_OK;
	TRY(json_expect(&list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&list); i++) {
		enum rc rc;

		TRY(json_item(&list, i, &item, err));
		TRY(json_text(&item, PATTERN_MAX, &text, err));
		rc = each(context, text, err);
		if (rc != RC_OK)
			return wrap(&item, err, rc);
	}
	return RC_OK;
}

static enum rc digest_of(const struct json *value, struct policy_digest *out, struct err *err)
{
	struct span text;
	enum rc rc;

	TRY(json_text(value, POLICY_DIGEST_TEXT_BYTES, &text, err));
	rc = policy_digest_parse(text, out);
	if (rc == RC_UNSUPPORTED)
		return json_fail(value, err, rc, "a hash that is not known here");
	return rc == RC_OK
	               ? rc
	               : json_fail(value, err, rc,
				 "expected \"<hex>\" or \"sha512:<hex>\", in lower case, of a digest's length");
}

static enum rc name_digests(
	const struct json_walk *walk, enum digest_kind kind, const struct digest_sink *sink, struct err *err)
{
	DROP(blob_release) struct blob room = {0};
	struct policy_digest digest = {0};
	struct span name;
	struct json item;

	TRY(json_expect(&walk->value, JSON_KIND_ARRAY, err));
	if (walk->key[0] == '\0' || policy_name_read(span_text(walk->key), &room, &name) != RC_OK)
		return json_fail(&walk->value, err, RC_MALFORMED, "not a name");
	if (json_count(&walk->value) == 0)
		return json_fail(&walk->value, err, RC_MALFORMED, "an empty list allows nothing");
	for (size_t i = 0; i < json_count(&walk->value); i++) {
		enum rc rc;

		TRY(json_item(&walk->value, i, &item, err));
		TRY(digest_of(&item, &digest, err));
		rc = sink->add(sink->context, kind, name, UINT32_MAX, &digest);
		if (rc != RC_OK)
			return json_fail(&item, err, rc, "%s", rc_words(rc));
	}
	return RC_OK;
}

static enum rc named_digests(const struct json *section, const char *key, enum digest_kind kind,
	const struct digest_sink *sink, struct err *err)
{
	struct json_walk walk = {0};
	struct json names;

	if (!json_has(section, key, &names))
		return RC_OK;
	TRY(json_expect(&names, JSON_KIND_OBJECT, err));
	while (json_walk(&names, &walk))
		TRY(name_digests(&walk, kind, sink, err));
	return RC_OK;
}

static enum rc optional_text(const struct json *object, const char *key, struct span *out, struct err *err)
{
	struct json value;

	*out = (struct span){0};
	return json_has(object, key, &value) ? json_text(&value, REASON_MAX, out, err) : RC_OK;
}

static enum rc accepted_read(
	const struct json *item, struct ima_accepted *out, struct policy_digest *digest, struct err *err)
{
	static const char *const known[] = {"file", "digest", "reason", "by", "time", NULL};
	struct json value;

	TRY(json_only(item, known, err));
	TRY(json_get(item, "file", &value, err));
	TRY(json_text(&value, 4 + 2 * DIGEST_TABLE_NAME_MAX, &out->file, err));
	if (out->file.len == 0)
		return json_fail(&value, err, RC_MALFORMED, "not a name");
	TRY(json_get(item, "digest", &value, err));
	TRY(digest_of(&value, digest, err));
	TRY(json_text(&value, POLICY_DIGEST_TEXT_BYTES, &out->digest, err));
	TRY(optional_text(item, "reason", &out->reason, err));
	TRY(optional_text(item, "by", &out->by, err));
	return optional_text(item, "time", &out->time, err);
}

enum rc ima_section_accepteds(
	const struct json *section, ima_section_accepted each, void *context, struct err *err)
{
	struct json list, item;

	if (!json_has(section, "accepted", &list))
		return RC_OK;
	TRY(json_expect(&list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&list); i++) {
		struct ima_accepted accepted = {0};
		struct policy_digest digest = {0};
		enum rc rc;

		TRY(json_item(&list, i, &item, err));
		TRY(accepted_read(&item, &accepted, &digest, err));
		rc = each(context, &accepted, &digest);
		if (rc != RC_OK)
			return json_fail(&item, err, rc, "%s", rc_words(rc));
	}
	return RC_OK;
}

static enum rc accepted_digest(
	void *context, const struct ima_accepted *accepted, const struct policy_digest *digest)
{
	const struct digest_sink *sink = context;
	DROP(blob_release) struct blob room = {0};
	struct span name;

	TRY(policy_name_read(accepted->file, &room, &name));
	return sink->add(sink->context, DIGEST_OF_FILE, name, UINT32_MAX, digest);
}

enum rc ima_section_names(const struct json *section, const struct digest_sink *sink, struct err *err)
{
	TRY(named_digests(section, "keyrings", DIGEST_OF_KEYRING, sink, err));
	return named_digests(section, "buffers", DIGEST_OF_BUFFER, sink, err);
}

enum rc ima_section_digests(const struct json *section, const struct digest_sink *sink, struct err *err)
{
	struct digest_sink copy = *sink;

	TRY(ima_section_accepteds(section, accepted_digest, &copy, err));
	return ima_section_names(section, sink, err);
}

static enum rc id_read(const struct json *item, uint32_t *out, bool *has, struct err *err)
{
	uint8_t bytes[4];
	struct json value;

	*has = json_has(item, "id", &value);
	if (!*has)
		return RC_OK;
	TRY(json_hex(&value, bytes, sizeof bytes, err));
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	return RC_OK;
}

static enum rc key_read(const struct json *item, ima_section_key each, void *context, struct err *err)
{
	static const char *const known[] = {"name", "key", "id", NULL};
	DROP(blob_release) struct blob spki = {0};
	char name[IMA_KEY_NAME_MAX + 1];
	struct json value;
	struct span text;
	uint32_t id = 0;
	bool has_id = false;
	enum rc rc;

	TRY(json_only(item, known, err));
	TRY(json_get(item, "name", &value, err));
	TRY(json_text(&value, IMA_KEY_NAME_MAX, &text, err));
	snprintf(name, sizeof name, "%.*s", SPAN_FMT(text));
	TRY(json_get(item, "key", &value, err));
	TRY(json_text(&value, BASE64_LEN(IMA_KEY_BYTES_MAX), &text, err));
	if (base64_decode(text, &spki) != RC_OK || spki.len == 0)
		return json_fail(&value, err, RC_MALFORMED, "expected the base64 of a SubjectPublicKeyInfo");
	TRY(id_read(item, &id, &has_id, err));
	rc = each(context, name, blob_span(&spki), has_id ? &id : NULL, err);
	return rc == RC_OK ? rc : wrap(item, err, rc);
}

enum rc ima_section_keys(const struct json *section, ima_section_key each, void *context, struct err *err)
{
	struct json list, item;

	if (!json_has(section, "keys", &list))
		return RC_OK;
	TRY(json_expect(&list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&list); i++) {
		TRY(json_item(&list, i, &item, err));
		TRY(key_read(&item, each, context, err));
	}
	return RC_OK;
}

enum rc ima_section_dms(const struct json *section, ima_section_dm each, void *context, struct err *err)
{
	struct json_walk walk = {0};
	struct json rules, item;

	if (!json_has(section, "device-mapper", &rules))
		return RC_OK;
	TRY(json_expect(&rules, JSON_KIND_OBJECT, err));
	while (json_walk(&rules, &walk)) {
		enum rc rc = RC_OK;
		struct span target = {0};

		TRY(json_expect(&walk.value, JSON_KIND_ARRAY, err));
		if (json_count(&walk.value) == 0)
			rc = each(context, span_text(walk.key), target, err);
		for (size_t i = 0; i < json_count(&walk.value) && rc == RC_OK; i++) {
			TRY(json_item(&walk.value, i, &item, err));
			TRY(json_text(&item, PATTERN_MAX, &target, err));
			if (target.len == 0)
				return json_fail(&item, err, RC_MALFORMED, "an empty glob matches nothing");
			rc = each(context, span_text(walk.key), target, err);
		}
		if (rc != RC_OK)
			return wrap(&walk.value, err, rc);
	}
	return RC_OK;
}
