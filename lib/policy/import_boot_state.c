#include "lib/policy/import_boot_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/policy/boot_lines.h"

static const struct json_limits limits = {.bytes = 16u << 20, .depth = 8, .values = 200000};

#define CERTIFICATE_MAX_BYTES (64u << 10)

/* What is being made, and what people are told. */
struct import_state {
	struct boot_policy *policy;
	struct boot_lines warnings;
	bool secure;
};

static enum rc no_memory(const struct json *value, struct err *err, enum rc rc)
{
	return rc == RC_OK ? RC_OK : json_fail(value, err, rc, "%s", rc_words(rc));
}

/* "0x" and lower-case digits; leading zeros are kept, so that the number of bytes is known. */
static enum rc hex_import(const struct json *value, size_t max, struct blob *out, struct err *err)
{
	struct span text;
	size_t len;

	TRY(json_text(value, 2 + 2 * max, &text, err));
	len = text.len < 2 ? 0 : (text.len - 2) / 2;
	if (text.len < 4 || memcmp(text.at, "0x", 2) != 0 || text.len % 2 != 0)
		return json_fail(value, err, RC_MALFORMED, "expected 0x and an even number of hex digits");
	TRY(no_memory(value, err, blob_resize(out, len)));
	return hex_decode(span_of(text.at + 2, text.len - 2), out->at, len) == RC_OK
	               ? RC_OK
	               : json_fail(value, err, RC_MALFORMED, "expected lower-case hex digits");
}

static enum rc hash_import(
	const struct json *value, enum digest_alg alg, struct boot_item *item, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};

	TRY(hex_import(value, DIGEST_BYTES_MAX, &bytes, err));
	if (bytes.len != digest_size(alg))
		return json_fail(value, err, RC_MALFORMED, "a %s digest has %zu bytes, this one %zu",
			digest_name(alg), digest_size(alg), bytes.len);
	item->by = BOOT_BY_DIGEST;
	item->digest.has[alg] = true;
	memcpy(item->digest.value[alg], bytes.at, bytes.len);
	return RC_OK;
}

/* {"sha256": "0x…", …} */
static enum rc digest_import(const struct json *value, struct boot_item *item, struct err *err)
{
	struct json_walk walk = {0};

	TRY(json_expect(value, JSON_KIND_OBJECT, err));
	while (json_walk(value, &walk)) {
		enum digest_alg alg = digest_of_name(span_text(walk.key));

		if (alg == DIGEST_NONE)
			return json_fail(&walk.value, err, RC_MALFORMED, "unknown algorithm");
		TRY(hash_import(&walk.value, alg, item, err));
	}
	return boot_digests_any(&item->digest) ? RC_OK
	                                       : json_fail(value, err, RC_MALFORMED, "names no digest");
}

static enum rc add_digest(const struct json *value, bool optional, struct boot_list *list, struct err *err)
{
	DROP(boot_item_release) struct boot_item item = {0};

	TRY(digest_import(value, &item, err));
	item.optional = optional;
	return no_memory(value, err, boot_list_add(list, &item));
}

static enum rc digests_import(
	const struct json *array, bool optional, struct boot_list *list, struct err *err)
{
	TRY(json_expect(array, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(array); i++) {
		struct json value;

		TRY(json_item(array, i, &value, err));
		TRY(add_digest(&value, optional, list, err));
	}
	return RC_OK;
}

static enum rc firmware_import(const struct json *root, struct import_state *state, struct err *err)
{
	struct json array;

	TRY(json_get(root, "scrtm_and_bios", &array, err));
	TRY(json_expect(&array, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&array); i++) {
		struct boot_group *group = NULL;
		struct json entry;
		struct json value;

		TRY(json_item(&array, i, &entry, err));
		TRY(no_memory(&entry, err, boot_groups_add(&state->policy->firmware, &group)));
		group->lists[BOOT_CRTM].mode = BOOT_SEQUENCE;
		group->lists[BOOT_BLOBS].mode = BOOT_SEQUENCE;
		TRY(json_get(&entry, "scrtm", &value, err));
		TRY(add_digest(&value, false, &group->lists[BOOT_CRTM], err));
		TRY(json_get(&entry, "platform_firmware", &value, err));
		TRY(digests_import(&value, false, &group->lists[BOOT_BLOBS], err));
	}
	if (json_count(&array) == 0)
		boot_line(&state->warnings, "scrtm_and_bios is empty: no machine is accepted");
	return RC_OK;
}

/* The other order of bytes: tools before 5.2 of tpm2-tools wrote GUIDs as they are stored. */
static void swap_guid(const uint8_t guid[static GUID_BYTES], uint8_t out[static GUID_BYTES])
{
	static const uint8_t from[GUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (size_t i = 0; i < GUID_BYTES; i++)
		out[i] = guid[from[i]];
}

static enum rc signature_of(
	const struct json *entry, struct boot_item *item, uint8_t owner[static GUID_BYTES], struct err *err)
{
	DROP(blob_release) struct blob data = {0};
	struct json value;
	struct span text;

	TRY(json_get(entry, "SignatureOwner", &value, err));
	TRY(json_text(&value, GUID_TEXT_BYTES, &text, err));
	if (guid_parse(text, owner) != RC_OK)
		return json_fail(&value, err, RC_MALFORMED, "expected a GUID");
	TRY(json_get(entry, "SignatureData", &value, err));
	TRY(hex_import(&value, CERTIFICATE_MAX_BYTES, &data, err));
	item->by = BOOT_BY_SIGNATURE;
	item->signature = data.len == DIGEST_SHA256_BYTES ? SIGNATURE_SHA256 : SIGNATURE_X509;
	if (item->signature == SIGNATURE_SHA256) {
		memcpy(item->data, data.at, sizeof item->data);
		return RC_OK;
	}
	return no_memory(&value, err, digest_bytes(DIGEST_SHA256, blob_span(&data), item->data));
}

/* One that must be there goes by its content: a digest that is forbidden is forbidden by whomever. One that
 * is allowed has its owner, in either order of bytes. */
static enum rc signature_import(
	const struct json *entry, bool required, struct boot_list *list, struct err *err)
{
	struct boot_item item = {.optional = !required, .has_owner = !required};
	uint8_t owner[GUID_BYTES];
	struct boot_item swapped;

	TRY(json_expect(entry, JSON_KIND_OBJECT, err));
	TRY(signature_of(entry, &item, owner, err));
	if (!required)
		memcpy(item.owner, owner, GUID_BYTES);
	swapped = item;
	swap_guid(item.owner, swapped.owner);
	if (boot_list_find(list, &item, false) == NULL)
		TRY(no_memory(entry, err, boot_list_add(list, &item)));
	if (boot_list_find(list, &swapped, false) == NULL)
		TRY(no_memory(entry, err, boot_list_add(list, &swapped)));
	return RC_OK;
}

static enum rc keys_import(const struct json *array, bool required, struct boot_list *list, struct err *err)
{
	list->mode = BOOT_SET;
	list->others = required;
	TRY(json_expect(array, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(array); i++) {
		struct json entry;

		TRY(json_item(array, i, &entry, err));
		TRY(signature_import(&entry, required, list, err));
	}
	return RC_OK;
}

static enum rc variables_import(const struct json *root, struct import_state *state, struct err *err)
{
	static const struct {
		const char *key;
		const char *variable;
		bool required; /* at least these, else at most these */
		bool optional; /* the member may be absent */
	} rows[] = {{"pk", "PK", false, false}, {"kek", "KEK", false, false}, {"db", "db", false, false},
		{"dbx", "dbx", true, false}, {"vendor_db", "vendor_db", false, true}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct boot_list *list = NULL;
		struct json array;

		if (rows[i].optional && !json_has(root, rows[i].key, &array))
			continue;
		TRY(json_get(root, rows[i].key, &array, err));
		TRY(no_memory(root, err,
			boot_names_add(&state->policy->variables, span_text(rows[i].variable), &list)));
		TRY(keys_import(&array, rows[i].required, list, err));
		if (list->count > 0 || state->secure)
			continue;
		list->others = true;
		boot_line(&state->warnings,
			"%s is empty and Secure Boot off: Keylime then accepts any %s; an empty set "
			"({\"set\": []}) accepts only an empty one",
			rows[i].key, rows[i].variable);
	}
	return RC_OK;
}

/* One byte, 0 or 1. Names in PCR 14 are not hashed: with any digest another list could be called this. */
static enum rc trusted_import(const struct json *root, struct boot_list *list, struct err *err)
{
	list->mode = BOOT_SET;
	for (uint8_t value = 0; value <= 1; value++) {
		struct boot_item item = {.by = BOOT_BY_DIGEST, .optional = true};

		for (enum digest_alg alg = DIGEST_NONE + 1; alg < DIGEST_COUNT; alg++)
			item.digest.has[alg] =
				digest_bytes(alg, span_of(&value, 1), item.digest.value[alg]) == RC_OK;
		TRY(no_memory(root, err, boot_list_add(list, &item)));
	}
	return RC_OK;
}

static enum rc mok_import(const struct json *root, struct import_state *state, struct err *err)
{
	static const char *const rows[][2] = {{"mokdig", "MokList"}, {"mokxdig", "MokListX"}};
	struct boot_list *list = NULL;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct json array;

		TRY(json_get(root, rows[i][0], &array, err));
		TRY(no_memory(root, err, boot_names_add(&state->policy->mok, span_text(rows[i][1]), &list)));
		list->mode = BOOT_SET;
		TRY(digests_import(&array, true, list, err));
		list->others = list->count == 0 && !state->secure;
	}
	TRY(no_memory(root, err, boot_names_add(&state->policy->mok, span_text("MokListTrusted"), &list)));
	return trusted_import(root, list, err);
}

/* Where a '|' outside of groups and classes stands; the length if there is none. */
static size_t first_alternative(struct span regex)
{
	bool in_class = false;
	size_t depth = 0;

	for (size_t i = 0; i < regex.len; i++) {
		uint8_t c = regex.at[i];

		if (c == '\\')
			i++;
		else if (in_class)
			in_class = c != ']';
		else if (c == '[') {
			/* A ']' that comes first in a class, also behind '^', is itself. */
			i += i + 1 < regex.len && regex.at[i + 1] == '^';
			i += i + 1 < regex.len && regex.at[i + 1] == ']';
			in_class = true;
		} else if (c == '(')
			depth++;
		else if (c == ')')
			depth -= depth > 0;
		else if (c == '|' && depth == 0)
			return i;
	}
	return regex.len;
}

static enum rc cmdline_import(
	const struct json *kernel, struct import_state *state, struct boot_list *list, struct err *err)
{
	DROP(boot_item_release) struct boot_item item = {0};
	struct err why = {0};
	struct json value;
	struct span text;
	size_t len;
	enum rc rc;

	TRY(json_get(kernel, "kernel_cmdline", &value, err));
	TRY(json_text(&value, PATTERN_MAX, &text, err));
	/* Keylime puts "kernel_cmdline: " in front, so that alternatives behind a '|' match no event. */
	len = first_alternative(text);
	if (len < text.len)
		boot_line(&state->warnings,
			"kernel_cmdline: Keylime matches only what stands before the first '|'; put the "
			"alternatives into a group to allow all of them");
	rc = boot_text_set(&item.name, BOOT_TEXT_REGEX, span_of(text.at, len), &why);
	if (rc != RC_OK)
		return json_fail(&value, err, rc, "%s", why.text);
	list->mode = BOOT_SEQUENCE;
	return no_memory(&value, err, boot_list_add(list, &item));
}

static enum rc application_import(
	const struct json *kernel, const char *key, struct boot_list *list, struct err *err)
{
	DROP(boot_item_release) struct boot_item item = {0};
	struct json value;

	TRY(json_get(kernel, key, &value, err));
	TRY(hash_import(&value, DIGEST_SHA256, &item, err));
	TRY(no_memory(&value, err, boot_text_set(&item.name, BOOT_TEXT_EXACT, span_text(key), NULL)));
	return no_memory(&value, err, boot_list_add(list, &item));
}

/* key NULL: any content. */
static enum rc file_import(const struct json *kernel, const char *key, const char *regex, bool optional,
	struct boot_list *list, struct err *err)
{
	DROP(boot_item_release) struct boot_item item = {.optional = optional};
	struct json value;

	if (key != NULL) {
		TRY(json_get(kernel, key, &value, err));
		TRY(hash_import(&value, DIGEST_SHA256, &item, err));
	}
	TRY(boot_text_set(&item.name, BOOT_TEXT_REGEX, span_text(regex), err));
	return no_memory(kernel, err, boot_list_add(list, &item));
}

static enum rc files_import(const struct json *kernel, bool secure, struct boot_list *files, struct err *err)
{
	files->mode = BOOT_SET;
	TRY(file_import(kernel, NULL, ".*/loader/entries.*", true, files, err));
	TRY(file_import(kernel, NULL, ".*/grub.*", true, files, err));
	TRY(file_import(kernel, secure ? NULL : "vmlinuz_plain_sha256", ".*/vmlinuz.*", false, files, err));
	return file_import(kernel, "initrd_plain_sha256", ".*/(initrd|initramfs).*", false, files, err);
}

/* GRUB's own commands are all accepted: the kernel, its command line and the initrd are judged instead. */
static enum rc chain_import(
	const struct json *kernel, struct import_state *state, bool twice, struct err *err)
{
	struct boot_group *chain = NULL;
	struct boot_list *applications;

	TRY(json_expect(kernel, JSON_KIND_OBJECT, err));
	TRY(no_memory(kernel, err, boot_groups_add(&state->policy->chains, &chain)));
	applications = &chain->lists[BOOT_APPLICATIONS];
	applications->mode = BOOT_SEQUENCE;
	TRY(application_import(kernel, "shim_authcode_sha256", applications, err));
	TRY(application_import(kernel, "grub_authcode_sha256", applications, err));
	for (int i = 0; state->secure && i <= (int)twice; i++)
		TRY(application_import(kernel, "kernel_authcode_sha256", applications, err));
	TRY(files_import(kernel, state->secure, &chain->lists[BOOT_FILES], err));
	chain->lists[BOOT_COMMANDS] = (struct boot_list){.mode = BOOT_SET, .others = true};
	return cmdline_import(kernel, state, &chain->lists[BOOT_COMMAND_LINES], err);
}

static enum rc kernels_import(const struct json *root, struct import_state *state, struct err *err)
{
	struct json array;

	TRY(json_get(root, "kernels", &array, err));
	TRY(json_expect(&array, JSON_KIND_ARRAY, err));
	for (size_t i = 0; i < json_count(&array); i++) {
		struct json kernel;

		TRY(json_item(&array, i, &kernel, err));
		TRY(chain_import(&kernel, state, false, err));
		/* Firmware measures the kernel once more if GRUB starts it by way of shim. */
		if (state->secure)
			TRY(chain_import(&kernel, state, true, err));
	}
	return RC_OK;
}

static enum rc state_import(const struct json *root, struct import_state *state, struct err *err)
{
	struct boot_policy *policy = state->policy;
	struct json value;

	state->secure = true;
	if (json_has(root, "has_secureboot", &value))
		TRY(json_bool(&value, &state->secure, err));
	policy->secure_boot = state->secure ? BOOT_SECURE_ON : BOOT_SECURE_OFF;
	TRY(kernels_import(root, state, err));
	TRY(firmware_import(root, state, err));
	TRY(variables_import(root, state, err));
	TRY(mok_import(root, state, err));
	policy->authorities = (struct boot_list){.mode = BOOT_SET, .others = true};
	policy->sbat = (struct boot_list){.mode = BOOT_SET, .others = true};
	policy->drivers = (struct boot_list){.mode = BOOT_SET, .others = true};
	boot_line(&state->warnings,
		"the reference state says nothing of drivers and option ROMs, of the SBAT level, of GRUB's "
		"commands and configuration, and of who signed what ran: any are allowed; names of files are "
		"not in their digests, so that another initrd can be called a configuration; "
		"limebus policy create --boot-log makes a policy that judges them");
	return RC_OK;
}

enum rc import_boot_state(struct span json, struct boot_policy *out, struct blob *warnings, struct err *err)
{
	DROP(boot_policy_release) struct boot_policy policy = {.there = true};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct import_state state = {.policy = &policy, .warnings = {.out = warnings, .max = SIZE_MAX}};
	struct json root;

	TRY(json_parse(json, &limits, &doc, err));
	root = json_root(&doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	policy.anything = json_count(&root) == 0;
	if (policy.anything)
		boot_line(&state.warnings,
			"the reference state is empty: any boot is accepted, and the event log is not even "
			"compared with the PCRs");
	else
		TRY(state_import(&root, &state, err));
	if (boot_lines_end(&state.warnings) != RC_OK)
		return err_set(err, RC_NOMEM, "%s", rc_words(RC_NOMEM));
	boot_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}
