#include <endian.h>

#include "lib/base/drop.h"
#include "lib/policy/digest_reader.h"
#include "lib/policy/ima_section.h"
#include "lib/policy/policy_inside.h"

/* The header: magic, version, id, then the lengths of the JSON's rest and of the table, which follow it. */
#define IMAGE_MAGIC       "limebus policy\n"
#define IMAGE_MAGIC_BYTES 16
#define IMAGE_VERSION     1

struct image_header {
	uint8_t magic[IMAGE_MAGIC_BYTES];
	uint8_t id[POLICY_ID_BYTES];
	uint32_t version;
	uint32_t zero;
	uint64_t rest;
	uint64_t table;
};

/* A header and the two parts behind it. Borrows. */
struct image {
	uint8_t id[POLICY_ID_BYTES];
	struct span rest;
	struct span table;
};

enum rc policy_rest_parse(struct span rest, struct json_doc *out, struct err *err)
{
	static const struct json_limits limits = {.bytes = POLICY_REST_MAX_BYTES,
		.depth = POLICY_REST_MAX_DEPTH,
		.values = POLICY_REST_MAX_VALUES};

	return json_parse(rest, &limits, out, err);
}

static enum rc maker_add(void *context, enum digest_kind kind, struct span name, uint32_t origin,
	const struct policy_digest *digest)
{
	return digest_maker_add(
		context, kind, name, origin, digest->hash, span_of(digest->bytes, digest->len));
}

static bool same_name(void *context, uint32_t a, uint32_t b)
{
	const struct span *json = context;

	return digest_names_same(*json, a, b);
}

/* Everything is parsed as it will be when the image is opened, so that what compiles can be opened. */
static enum rc rest_check(struct span rest, const struct digest_sink *sink, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(policy_release) struct policy policy = {0};
	struct json root, section;

	TRY(policy_rest_parse(rest, &doc, err));
	root = json_root(&doc);
	TRY(policy_parts_parse(&root, (struct span){0}, &policy, err));
	return json_has(&root, "ima", &section) ? ima_section_digests(&section, sink, err) : RC_OK;
}

static enum rc table_append(struct digest_maker *maker, struct span json, struct blob *out, struct err *err)
{
	uint32_t twin = 0;
	enum rc rc = digest_maker_finish(maker, same_name, &json, out, &twin);

	if (rc == RC_EXISTS)
		return digest_name_fail(json, twin, err, RC_MALFORMED, "this name stands there twice");
	return rc == RC_OK ? rc : err_set(err, rc, "the table of digests: %s", rc_words(rc));
}

static enum rc header_make(struct span json, struct blob *out, struct err *err)
{
	struct image_header header = {.magic = IMAGE_MAGIC, .version = htole32(IMAGE_VERSION)};

	if (digest_bytes(DIGEST_SHA256, json, header.id) != RC_OK)
		return err_set(err, RC_CRYPTO, "the policy's id could not be computed");
	if (blob_append(out, span_of(&header, sizeof header)) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a policy");
	return RC_OK;
}

static void lengths_set(struct blob *image, size_t rest)
{
	uint64_t lengths[2] = {htole64(rest), htole64(image->len - sizeof(struct image_header) - rest)};

	memcpy(image->at + offsetof(struct image_header, rest), lengths, sizeof lengths);
}

enum rc policy_compile(struct span json, struct blob *out, struct err *err)
{
	DROP(digest_maker_release) struct digest_maker maker = {0};
	DROP(blob_release) struct blob image = {0};
	struct digest_sink sink = {.context = &maker, .add = maker_add};
	size_t rest;

	if (json.len > POLICY_JSON_MAX_BYTES)
		return err_set(err, RC_LIMIT, "%zu bytes of JSON, at most %u are allowed in a policy",
			json.len, POLICY_JSON_MAX_BYTES);
	TRY(digest_maker_init(&maker, err));
	TRY(header_make(json, &image, err));
	TRY(digests_take(json, &sink, &image, err));
	rest = image.len - sizeof(struct image_header);
	TRY(rest_check(span_of(image.at + sizeof(struct image_header), rest), &sink, err));
	TRY(table_append(&maker, json, &image, err));
	lengths_set(&image, rest);
	if (out->len == 0) {
		blob_release(out);
		*out = TAKE(image);
		return RC_OK;
	}
	return blob_append(out, blob_span(&image)) == RC_OK
	               ? RC_OK
	               : err_set(err, RC_NOMEM, "no memory for a policy");
}

static enum rc image_read(struct span bytes, struct image *out, struct err *err)
{
	static const char refused[] = "not a compiled policy";
	struct image_header header;
	size_t left = bytes.len - sizeof header;

	if (bytes.len < sizeof header)
		return err_set(err, RC_MALFORMED, "%s", refused);
	memcpy(&header, bytes.at, sizeof header);
	if (memcmp(header.magic, IMAGE_MAGIC, IMAGE_MAGIC_BYTES) != 0)
		return err_set(err, RC_MALFORMED, "%s", refused);
	if (le32toh(header.version) != IMAGE_VERSION || header.zero != 0)
		return err_set(err, RC_UNSUPPORTED, "a policy that another version compiled");
	if (le64toh(header.rest) > left || le64toh(header.table) != left - le64toh(header.rest))
		return err_set(err, RC_MALFORMED, "%s", refused);
	memcpy(out->id, header.id, sizeof out->id);
	out->rest = span_of(bytes.at + sizeof header, le64toh(header.rest));
	out->table = span_of(out->rest.at + out->rest.len, le64toh(header.table));
	return RC_OK;
}

struct span policy_json_rest(struct span image)
{
	struct image parts = {0};

	return image_read(image, &parts, NULL) == RC_OK ? parts.rest : (struct span){0};
}

enum rc policy_open(struct span image, struct policy *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(policy_release) struct policy policy = {0};
	struct image parts = {0};
	struct json root;

	TRY(image_read(image, &parts, err));
	TRY(policy_rest_parse(parts.rest, &doc, err));
	root = json_root(&doc);
	TRY(policy_parts_parse(&root, parts.table, &policy, err));
	memcpy(policy.id, parts.id, sizeof policy.id);
	policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}

enum rc policy_parse(struct span json, struct policy *out, struct err *err)
{
	DROP(blob_release) struct blob image = {0};
	DROP(policy_release) struct policy policy = {0};

	TRY(policy_compile(json, &image, err));
	TRY(policy_open(blob_span(&image), &policy, err));
	policy.image = TAKE(image);
	policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}
