#include "lib/policy/import_runtime.h"

#include <stdio.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/crypto/public_key.h"
#include "lib/policy/import_inside.h"

#define VERSION_MAX      1
#define NUMBER_MAX       (1ull << 53)
#define KEYRING_NAME_MAX 256
#define KEYS_TEXT_MAX    (4u << 20)
#define HEX_DIGITS_MIN   40
#define HEX_DIGITS_MAX   128
#define TIMESTAMP_MAX    64
#define FROM_OLD_FORMAT  "an allow-list of before runtime policies"

static const struct json_limits limits = {
	.bytes = IMPORT_RUNTIME_MAX_BYTES, .depth = 16, .values = 16u << 20};
static const struct json_limits keys_limits = {
	.bytes = KEYS_TEXT_MAX, .depth = 4, .values = 4 * IMA_KEYS_MAX};

/* A member that version 1 demands and the older format may lack: false if it is not there. */
static enum rc member(const struct json *object, const char *key, bool is_needed, bool *out_is,
	struct json *out, struct err *err)
{
	*out_is = json_has(object, key, out);
	return *out_is || !is_needed ? RC_OK : json_get(object, key, out, err);
}

/* Lower-case hex, as the format's schema demands, of a hash that is known by its length. */
static enum rc hex_import(struct import *import, enum digest_kind kind, const char *name,
	const struct json *value, struct err *err)
{
	uint8_t bytes[KERNEL_HASH_BYTES_MAX];
	enum kernel_hash hash;
	struct span text;
	enum rc rc;

	TRY(json_text(value, HEX_DIGITS_MAX, &text, err));
	hash = kernel_hash_of_size(text.len / 2);
	if (text.len < HEX_DIGITS_MIN || hash == KERNEL_HASH_COUNT)
		return json_fail(value, err, RC_MALFORMED,
			"expected lower-case hex of 20, 28, 32, 48 or 64 bytes, without the hash's name");
	TRY(json_hex(value, bytes, kernel_hash_size(hash), err));
	rc = import_digest(import, kind, span_text(name), hash, span_of(bytes, kernel_hash_size(hash)));
	return rc == RC_OK ? RC_OK : json_fail(value, err, rc, "%s", rc_words(rc));
}

/* {name: [hex, …], …} */
static enum rc digests_import(
	struct import *import, enum digest_kind kind, const struct json *object, struct err *err)
{
	struct json_walk walk = {0};

	TRY(json_expect(object, JSON_KIND_OBJECT, err));
	while (json_walk(object, &walk)) {
		size_t count = json_count(&walk.value);

		TRY(json_expect(&walk.value, JSON_KIND_ARRAY, err));
		if (count == 0 && kind == DIGEST_OF_FILE)
			return json_fail(&walk.value, err, RC_MALFORMED, "an empty list of digests");
		for (size_t i = 0; i < count; i++) {
			struct json item;

			TRY(json_item(&walk.value, i, &item, err));
			TRY(hex_import(import, kind, walk.key, &item, err));
		}
	}
	return RC_OK;
}

static enum rc excludes_import(struct import *import, const struct json *list, struct err *err)
{
	TRY(json_expect(list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(list); i++) {
		struct json item;
		struct span text;
		enum rc rc;

		TRY(json_item(list, i, &item, err));
		TRY(json_text(&item, PATTERN_MAX, &text, err));
		rc = import_exclude(import, text, err);
		if (rc != RC_OK)
			return err_wrap(err, rc, "excludes[%zu]: ", i);
	}
	return RC_OK;
}

/* A name as a glob that matches just it; "*" stays what it is in both languages. */
static enum rc glob_of_name(struct span name, struct blob *out)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.len > 1 && memchr("*?[\\", name.at[i], 4) != NULL)
			TRY(blob_append(out, span_text("\\")));
		TRY(blob_append(out, span_of(name.at + i, 1)));
	}
	return RC_OK;
}

static enum rc ignored_import(struct import *import, const struct json *list, struct err *err)
{
	TRY(json_expect(list, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(list); i++) {
		DROP(blob_release) struct blob glob = {0};
		struct json item;
		struct span name;
		enum rc rc;

		TRY(json_item(list, i, &item, err));
		TRY(json_text(&item, KEYRING_NAME_MAX, &name, err));
		if (glob_of_name(name, &glob) != RC_OK)
			return json_fail(&item, err, RC_NOMEM, "out of memory");
		rc = ima_builder_pattern(import->builder, IMA_IGNORED_KEYRINGS, blob_span(&glob), err);
		if (rc != RC_OK)
			return err_wrap(err, rc, "ima.ignored_keyrings[%zu]: ", i);
		if (span_is(name, "*"))
			TRY(import_warn(import->warnings,
				"\"ignored-keyrings\": [\"*\"]: keys that the kernel loads are not looked at; stricter: "
				"their digests in \"keyrings\", and no ignored keyring"));
	}
	return RC_OK;
}

static enum rc hash_import(struct import *import, const struct json *value, struct err *err)
{
	struct span name;
	enum digest_alg alg;

	TRY(json_text(value, 16, &name, err));
	alg = digest_of_name(name);
	if (alg == DIGEST_NONE || alg == DIGEST_SM3)
		return json_fail(value, err, RC_MALFORMED, "expected sha1, sha256, sha384 or sha512");
	if (alg == DIGEST_SHA1)
		return RC_OK;
	return import_warn(import->warnings,
		"ima.log_hash_alg is %s: which hash the kernel writes into a list's template column is found out from the "
		"list itself",
		digest_name(alg));
}

static enum rc ima_import(struct import *import, const struct json *section, struct err *err)
{
	struct json value;

	TRY(json_expect(section, JSON_KIND_OBJECT, err));
	if (json_has(section, "dm_policy", &value) && json_kind(&value) != JSON_KIND_NULL)
		return json_fail(&value, err, RC_UNSUPPORTED,
			"expected null, the only thing that its format allows; rules for device-mapper stand in "
			"\"device-mapper\" of the section \"ima\"");
	if (json_has(section, "ignored_keyrings", &value))
		TRY(ignored_import(import, &value, err));
	return json_has(section, "log_hash_alg", &value) ? hash_import(import, &value, err) : RC_OK;
}

static enum rc key_import(
	struct import *import, const struct json *id, const struct json *key, size_t index, struct err *err)
{
	DROP(public_key_release) struct public_key *parsed = NULL;
	DROP(blob_release) struct blob spki = {0};
	char name[IMA_KEY_NAME_MAX + 1];
	struct err why = {0};
	uint64_t number;
	uint32_t bytes;
	struct span text;

	TRY(json_u64(id, 0, UINT32_MAX, &number, err));
	TRY(json_text(key, BASE64_LEN(IMA_KEY_BYTES_MAX), &text, err));
	if (base64_decode(text, &spki) != RC_OK)
		return json_fail(key, err, RC_MALFORMED, "not base64 of a public key in DER");
	if (public_key_of_der(blob_span(&spki), &parsed, &why) != RC_OK)
		return import_warn(import->warnings,
			"verification key %08x is left out, so what it signed is not good by that: %s",
			(unsigned)number, why.text);
	bytes = (uint32_t)number;
	snprintf(name, sizeof name, "keylime-%zu-%08x", index, (unsigned)bytes);
	import->about->keys++;
	return ima_builder_key(import->builder, name, blob_span(&spki), &bytes, err);
}

static enum rc key_lists_import(struct import *import, const struct json *root, struct err *err)
{
	struct json ids, keys, id, key;

	TRY(json_expect(root, JSON_KIND_OBJECT, err));
	TRY(json_get(root, "keyids", &ids, err));
	TRY(json_get(root, "pubkeys", &keys, err));
	TRY(json_expect(&ids, JSON_KIND_ARRAY, err));
	TRY(json_expect(&keys, JSON_KIND_ARRAY, err));
	if (json_count(&ids) != json_count(&keys))
		return json_fail(root, err, RC_MALFORMED, "%zu keyids for %zu pubkeys", json_count(&ids),
			json_count(&keys));
	for (size_t i = 0; i < json_count(&ids); i++) {
		TRY(json_item(&ids, i, &id, err));
		TRY(json_item(&keys, i, &key, err));
		TRY(key_import(import, &id, &key, i, err));
	}
	return RC_OK;
}

/* JSON inside a text. */
static enum rc keys_import(struct import *import, const struct json *value, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	struct span text;
	enum rc rc;

	TRY(json_text(value, KEYS_TEXT_MAX, &text, err));
	if (text.len == 0)
		return RC_OK;
	rc = json_parse(text, &keys_limits, &doc, err);
	if (rc == RC_OK) {
		root = json_root(&doc);
		rc = key_lists_import(import, &root, err);
	}
	return rc == RC_OK ? RC_OK : err_wrap(err, rc, "verification-keys: ");
}

static enum rc number_of(
	const struct json *object, const char *key, uint64_t max, uint64_t *out, struct err *err)
{
	struct json value;

	return json_has(object, key, &value) ? json_u64(&value, 0, max, out, err) : RC_OK;
}

/* Who made it, and when: for people. */
static enum rc about_import(struct import *import, const struct json *root, bool is_old, struct err *err)
{
	static const char *const makers[] = {
		"unknown", "an empty allow-list", "a compatible allow-list", "a legacy allow-list"};
	struct span timestamp = {0};
	struct json meta, value;
	uint64_t version = 0;
	uint64_t generator = 0;
	uint64_t release = 0;
	bool is_there;

	TRY(member(root, "meta", !is_old, &is_there, &meta, err));
	if (is_there) {
		TRY(json_expect(&meta, JSON_KIND_OBJECT, err));
		TRY(member(&meta, "version", !is_old, &is_there, &value, err));
		/* The old format counts its own versions. */
		TRY(number_of(&meta, "version", is_old ? NUMBER_MAX : VERSION_MAX, &version, err));
		TRY(number_of(&meta, "generator", NUMBER_MAX, &generator, err));
		if (json_has(&meta, "timestamp", &value) && json_kind(&value) != JSON_KIND_NULL)
			TRY(json_text(&value, TIMESTAMP_MAX, &timestamp, err));
	}
	TRY(member(root, "release", !is_old, &is_there, &value, err));
	TRY(number_of(root, "release", NUMBER_MAX, &release, err));
	snprintf(import->about->comment, sizeof import->about->comment,
		"imported from %s: release %llu, version %llu, generator %s%s%.*s",
		is_old ? FROM_OLD_FORMAT : "a runtime policy of Keylime", (unsigned long long)release,
		(unsigned long long)version, generator < COUNT(makers) ? makers[generator] : makers[0],
		timestamp.len == 0 ? "" : ", ", SPAN_FMT(timestamp));
	return RC_OK;
}

static enum rc unknown_members(struct import *import, const struct json *root)
{
	static const char *const known[] = {"meta", "release", "digests", "hashes", "excludes", "keyrings",
		"ima", "ima-buf", "verification-keys"};
	struct json_walk walk = {0};

	while (json_walk(root, &walk)) {
		bool is_known = false;

		for (size_t i = 0; i < COUNT(known); i++)
			is_known = is_known || strcmp(walk.key, known[i]) == 0;
		if (!is_known)
			TRY(import_warn(
				import->warnings, "\"%.64s\" is not known and not taken over", walk.key));
	}
	return RC_OK;
}

static enum rc buffers_import(struct import *import, const struct json *object, struct err *err)
{
	return digests_import(import, DIGEST_OF_BUFFER, object, err);
}

static enum rc keyrings_import(struct import *import, const struct json *object, struct err *err)
{
	return digests_import(import, DIGEST_OF_KEYRING, object, err);
}

static enum rc files_import(struct import *import, const struct json *object, struct err *err)
{
	return digests_import(import, DIGEST_OF_FILE, object, err);
}

static enum rc import_all(struct import *import, const struct json *root, struct err *err)
{
	static const struct {
		const char *key;
		enum rc (*import)(struct import *import, const struct json *value, struct err *err);
	} rows[] = {
		{"excludes", excludes_import},
		{"keyrings", keyrings_import},
		{"ima", ima_import},
		{"ima-buf", buffers_import},
		{"verification-keys", keys_import},
	};
	struct json value;
	bool is_old, is_there;

	TRY(json_expect(root, JSON_KIND_OBJECT, err));
	is_old = !json_has(root, "digests", &value) && json_has(root, "hashes", &value);
	TRY(about_import(import, root, is_old, err));
	TRY(json_get(root, is_old ? "hashes" : "digests", &value, err));
	TRY(files_import(import, &value, err));
	for (size_t i = 0; i < COUNT(rows); i++) {
		TRY(member(root, rows[i].key, !is_old, &is_there, &value, err));
		if (is_there)
			TRY(rows[i].import(import, &value, err));
	}
	/* There a file without content is judged as any other. */
	ima_builder_rules(import->builder)->empty_files = false;
	TRY(unknown_members(import, root));
	return import_end(import);
}

enum rc import_runtime_policy(struct span json, struct ima_builder *builder, struct import_about *about,
	struct import_warnings *warnings, struct err *err)
{
	struct import import = {.builder = builder, .about = about, .warnings = warnings};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;

	TRY(json_parse(json, &limits, &doc, err));
	root = json_root(&doc);
	return import_all(&import, &root, err);
}
