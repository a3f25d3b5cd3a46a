#include "lib/policy/boot_item_json.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/pcr.h"

const struct boot_item_form boot_item_of_digest = {.digest = true, .any = true};
const struct boot_item_form boot_item_of_variable = {.digest = true, .signature = true};
const struct boot_item_form boot_item_of_application = {.digest = true, .signer = true, .any = true};
const struct boot_item_form boot_item_of_file = {.named = true, .digest = true, .any = true};
const struct boot_item_form boot_item_of_text = {.named = true, .digest = true};
const struct boot_item_form boot_item_of_part = {.named = true, .digest = true, .any = true, .kind = true};
const struct boot_item_form boot_item_of_event = {.digest = true, .any = true, .event = true};
const struct boot_item_form boot_item_of_exception = {.digest = true, .event = true, .reason = true};

/* Kinds of signatures that have a key of their own. */
static const enum signature_kind signature_keys[] = {SIGNATURE_X509, SIGNATURE_SHA256, SIGNATURE_SHA1,
	SIGNATURE_SHA224, SIGNATURE_SHA384, SIGNATURE_SHA512, SIGNATURE_RSA2048, SIGNATURE_RSA2048_SHA256,
	SIGNATURE_RSA2048_SHA1, SIGNATURE_X509_SHA256, SIGNATURE_X509_SHA384, SIGNATURE_X509_SHA512,
	SIGNATURE_PKCS7, SIGNATURE_SM3, SIGNATURE_X509_SM3};
_Static_assert(COUNT(signature_keys) == SIGNATURE_OTHER, "every kind but OTHER");

static enum rc keys_check(const struct json *value, const struct boot_item_form *form, struct err *err)
{
	const char *known[COUNT(signature_keys) + 16] = {0};
	size_t count = 0;

	known[count++] = "name";
	if (form->digest)
		known[count++] = "digest";
	if (form->any)
		known[count++] = "any";
	if (form->in_set)
		known[count++] = "required";
	if (form->signer)
		known[count++] = "signer";
	if (form->kind)
		known[count++] = "kind";
	if (form->reason)
		known[count++] = "reason";
	if (form->event) {
		known[count++] = "pcr";
		known[count++] = "type";
	}
	for (size_t i = 0; form->signature && i < COUNT(signature_keys); i++)
		known[count++] = signature_kind_name(signature_keys[i]);
	if (form->signature) {
		known[count++] = "guid";
		known[count++] = "data";
		known[count++] = "owner";
	}
	return json_only(value, known, err);
}

static enum rc pattern_parse(const struct json *value, struct boot_text *out, struct err *err)
{
	static const char *const known[] = {"glob", "regex", NULL};
	struct json member;
	struct span text;
	struct err why = {0};
	bool glob = json_has(value, "glob", &member);
	enum rc rc;

	TRY(json_only(value, known, err));
	if (!glob)
		TRY(json_get(value, "regex", &member, err));
	if (json_count(value) != 1)
		return json_fail(value, err, RC_MALFORMED, "expected one of \"glob\" and \"regex\"");
	TRY(json_text(&member, PATTERN_MAX, &text, err));
	rc = boot_text_set(out, glob ? BOOT_TEXT_GLOB : BOOT_TEXT_REGEX, text, &why);
	return rc == RC_OK ? RC_OK : json_fail(&member, err, rc, "%s", why.text);
}

static enum rc text_parse(const struct json *value, bool patterns, struct boot_text *out, struct err *err)
{
	struct span text;
	enum rc rc;

	if (patterns && json_kind(value) == JSON_KIND_OBJECT)
		return pattern_parse(value, out, err);
	TRY(json_text(value, BOOT_NAME_MAX, &text, err));
	rc = boot_text_set(out, BOOT_TEXT_EXACT, text, NULL);
	return rc == RC_OK ? RC_OK : json_fail(value, err, rc, "%s", rc_words(rc));
}

static enum rc digest_parse(const struct json *value, struct boot_digests *out, struct err *err)
{
	struct json_walk walk = {0};

	TRY(json_expect(value, JSON_KIND_OBJECT, err));
	while (json_walk(value, &walk)) {
		enum digest_alg alg = digest_of_name(span_text(walk.key));

		if (alg == DIGEST_NONE)
			return json_fail(&walk.value, err, RC_MALFORMED,
				"unknown algorithm; known are sha1, sha256, sha384, sha512, sm3_256");
		TRY(json_hex(&walk.value, out->value[alg], digest_size(alg), err));
		out->has[alg] = true;
	}
	return boot_digests_any(out) ? RC_OK : json_fail(value, err, RC_MALFORMED, "names no digest");
}

static enum rc guid_of(const struct json *value, uint8_t out[static GUID_BYTES], struct err *err)
{
	struct span text;

	TRY(json_text(value, GUID_TEXT_BYTES, &text, err));
	return guid_parse(text, out) == RC_OK
	               ? RC_OK
	               : json_fail(value, err, RC_MALFORMED,
				 "expected a GUID such as 8be4df61-93ca-11d2-aa0d-00e098032b8c");
}

/* How many signatures the item names: there must be at most one. */
static enum rc signature_parse(
	const struct json *value, struct boot_item *item, size_t *out_count, struct err *err)
{
	struct json member;

	for (size_t i = 0; i < COUNT(signature_keys); i++) {
		if (!json_has(value, signature_kind_name(signature_keys[i]), &member))
			continue;
		TRY(json_hex(&member, item->data, sizeof item->data, err));
		item->signature = signature_keys[i];
		item->by = BOOT_BY_SIGNATURE;
		++*out_count;
	}
	if (json_has(value, "guid", &member)) {
		TRY(guid_of(&member, item->type_guid, err));
		TRY(json_get(value, "data", &member, err));
		TRY(json_hex(&member, item->data, sizeof item->data, err));
		item->signature = SIGNATURE_OTHER;
		item->by = BOOT_BY_SIGNATURE;
		++*out_count;
	} else if (json_has(value, "data", &member)) {
		return json_fail(&member, err, RC_MALFORMED, "\"data\" belongs to a \"guid\"");
	}
	item->has_owner = json_has(value, "owner", &member);
	if (item->has_owner && item->by != BOOT_BY_SIGNATURE)
		return json_fail(&member, err, RC_MALFORMED, "\"owner\" belongs to a signature");
	return item->has_owner ? guid_of(&member, item->owner, err) : RC_OK;
}

/* Exactly one of digest, any, signer and a signature; a text that is matched may stand alone. */
static enum rc content_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_item *item, struct err *err)
{
	struct json member;
	size_t count = 0;
	bool any = false;

	if (json_has(value, "digest", &member)) {
		TRY(digest_parse(&member, &item->digest, err));
		item->by = BOOT_BY_DIGEST;
		count++;
	}
	if (form->any && json_has(value, "any", &member)) {
		TRY(json_bool(&member, &any, err));
		if (!any)
			return json_fail(&member, err, RC_MALFORMED, "expected true");
		count++;
	}
	if (form->signer && json_has(value, "signer", &member)) {
		TRY(json_hex(&member, item->data, sizeof item->data, err));
		item->by = BOOT_BY_SIGNER;
		count++;
	}
	if (form->signature)
		TRY(signature_parse(value, item, &count, err));
	if (count > 1)
		return json_fail(value, err, RC_MALFORMED, "an item is matched by one thing only");
	if (count == 0 && !form->reason && !(form->named && !form->any && item->name.form != BOOT_TEXT_NONE))
		return json_fail(value, err, RC_MALFORMED, "has nothing to match");
	return RC_OK;
}

static bool event_type_of_text(struct span text, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
#define EVENT_TYPE_ROW(name, number) {#name, number},
		EVENT_TYPES(EVENT_TYPE_ROW)
#undef EVENT_TYPE_ROW
	};

	for (size_t i = 0; i < COUNT(types); i++) {
		if (!span_is(text, types[i].name))
			continue;
		*out = types[i].type;
		return true;
	}
	return false;
}

/* "EV_IPL", or "0x80000099" for a type without a name. */
static enum rc type_parse(const struct json *value, uint32_t *out, struct err *err)
{
	uint8_t bytes[4];
	struct span text;

	TRY(json_text(value, 64, &text, err));
	if (event_type_of_text(text, out))
		return RC_OK;
	if (text.len != 10 || memcmp(text.at, "0x", 2) != 0 ||
		hex_decode(span_of(text.at + 2, 8), bytes, sizeof bytes) != RC_OK)
		return json_fail(
			value, err, RC_MALFORMED, "expected a type such as \"EV_IPL\" or \"0x80000003\"");
	*out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	return RC_OK;
}

static enum rc place_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_item *item, struct err *err)
{
	struct json member;
	uint64_t pcr = 0;
	struct span text;

	if (form->kind) {
		TRY(json_get(value, "kind", &member, err));
		TRY(json_text(&member, 64, &text, err));
		item->has_kind = true;
		item->kind = event_kind_of_name(text);
		if (item->kind == EVENT_KIND_COUNT)
			return json_fail(&member, err, RC_MALFORMED, "unknown kind of event");
	}
	if (!form->event)
		return RC_OK;
	TRY(json_get(value, "pcr", &member, err));
	TRY(json_u64(&member, 0, PCR_COUNT - 1, &pcr, err));
	item->pcr = (uint8_t)pcr;
	TRY(json_get(value, "type", &member, err));
	return type_parse(&member, &item->type, err);
}

static enum rc reason_parse(const struct json *value, struct boot_item *item, struct err *err)
{
	struct json member;
	struct span text;

	TRY(json_get(value, "reason", &member, err));
	TRY(json_text(&member, BOOT_REASON_MAX, &text, err));
	if (text.len == 0)
		return json_fail(&member, err, RC_MALFORMED, "an exception needs a reason");
	item->reason = boot_copy_text(text);
	return item->reason != NULL ? RC_OK : json_fail(&member, err, RC_NOMEM, "%s", rc_words(RC_NOMEM));
}

static enum rc object_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_item *item, struct err *err)
{
	struct json member;
	bool required = true;

	TRY(json_expect(value, JSON_KIND_OBJECT, err));
	TRY(keys_check(value, form, err));
	if (json_has(value, "name", &member))
		TRY(text_parse(&member, form->named, &item->name, err));
	TRY(content_parse(value, form, item, err));
	TRY(place_parse(value, form, item, err));
	if (form->reason)
		TRY(reason_parse(value, item, err));
	if (form->in_set && json_has(value, "required", &member))
		TRY(json_bool(&member, &required, err));
	item->optional = !required;
	return RC_OK;
}

enum rc boot_item_parse(
	const struct json *value, const struct boot_item_form *form, struct boot_item *out, struct err *err)
{
	DROP(boot_item_release) struct boot_item item = {0};
	struct json member;
	bool alone = form->named && !form->any && form->digest && !form->kind;

	if (alone && (json_kind(value) == JSON_KIND_TEXT || json_has(value, "glob", &member) ||
			     json_has(value, "regex", &member)))
		TRY(text_parse(value, true, &item.name, err));
	else
		TRY(object_parse(value, form, &item, err));
	*out = TAKE(item);
	return RC_OK;
}

static void text_write(const struct boot_text *text, const char *key, struct json_write *w)
{
	if (text->form == BOOT_TEXT_NONE)
		return;
	if (text->form == BOOT_TEXT_EXACT) {
		json_write_cstr(w, key, text->text);
		return;
	}
	json_write_object(w, key);
	json_write_cstr(w, text->form == BOOT_TEXT_GLOB ? "glob" : "regex", text->text);
	json_write_close(w);
}

static void digest_write(const struct boot_digests *digest, struct json_write *w)
{
	json_write_object(w, "digest");
	for (size_t i = 0; i < DIGEST_COUNT; i++)
		if (digest->has[i])
			json_write_hex(w, digest_name((enum digest_alg)i),
				span_of(digest->value[i], digest_size((enum digest_alg)i)));
	json_write_close(w);
}

static void signature_write(const struct boot_item *item, struct json_write *w)
{
	char guid[GUID_TEXT_BYTES];

	if (item->signature == SIGNATURE_OTHER) {
		json_write_cstr(w, "guid", guid_text(item->type_guid, guid));
		json_write_hex(w, "data", SPAN(item->data));
	} else {
		json_write_hex(w, signature_kind_name(item->signature), SPAN(item->data));
	}
	if (item->has_owner)
		json_write_cstr(w, "owner", guid_text(item->owner, guid));
}

static void content_write(
	const struct boot_item *item, const struct boot_item_form *form, struct json_write *w)
{
	switch (item->by) {
	case BOOT_BY_NAME:
		if (form->any)
			json_write_bool(w, "any", true);
		break;
	case BOOT_BY_DIGEST: digest_write(&item->digest, w); break;
	case BOOT_BY_SIGNER: json_write_hex(w, "signer", SPAN(item->data)); break;
	case BOOT_BY_SIGNATURE: signature_write(item, w); break;
	}
}

void boot_item_write(
	const struct boot_item *item, const struct boot_item_form *form, bool in_set, struct json_write *w)
{
	char type[EVENT_TYPE_TEXT_BYTES];

	if (form->named && !form->any && item->by == BOOT_BY_NAME && !(in_set && item->optional)) {
		text_write(&item->name, NULL, w);
		return;
	}
	json_write_object(w, NULL);
	if (form->event) {
		json_write_u64(w, "pcr", item->pcr);
		json_write_cstr(w, "type", event_type_text(item->type, type));
	}
	if (form->kind)
		json_write_cstr(w, "kind", event_kind_name(item->kind));
	text_write(&item->name, "name", w);
	content_write(item, form, w);
	if (item->reason != NULL)
		json_write_cstr(w, "reason", item->reason);
	if (in_set && item->optional)
		json_write_bool(w, "required", false);
	json_write_close(w);
}
