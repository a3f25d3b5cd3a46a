#include "lib/policy/dsse.h"

#include <stdio.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/json/json.h"
#include "lib/json/json_write.h"

/* Signatures with certificates as key ids, and members that the specification does not name. */
static const struct json_limits limits = {.bytes = DSSE_TEXT_MAX, .depth = 8, .values = 1024};

void dsse_release(struct dsse *dsse)
{
	blob_release(&dsse->payload);
	for (size_t i = 0; i < dsse->count; i++)
		blob_release(&dsse->signatures[i].keyid);
	*dsse = (struct dsse){0};
}

bool dsse_is_envelope(struct span text)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root, ignored;

	if (json_parse(text, &limits, &doc, NULL) != RC_OK)
		return false;
	root = json_root(&doc);
	return json_kind(&root) == JSON_KIND_OBJECT &&
	       (json_has(&root, "payload", &ignored) || json_has(&root, "payloadType", &ignored) ||
		       json_has(&root, "signatures", &ignored));
}

/* Append what a text in base64 holds. */
static enum rc decode(const struct json *value, size_t max_bytes, struct blob *out, struct err *err)
{
	struct span text;
	enum rc rc;

	TRY(json_text(value, BASE64_LEN(max_bytes), &text, err));
	rc = base64_decode(text, out);
	if (rc != RC_OK)
		return json_fail(value, err, rc,
			rc == RC_MALFORMED ? "not base64 as RFC 4648 has it, with padding" : "%s",
			rc_words(rc));
	return out->len <= max_bytes ? RC_OK
	                             : json_fail(value, err, RC_LIMIT, "more than %zu bytes", max_bytes);
}

static enum rc signature_parse(const struct json *entry, struct dsse_signature *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	struct json value;
	struct span keyid;

	TRY(json_expect(entry, JSON_KIND_OBJECT, err));
	if (json_has(entry, "keyid", &value)) {
		TRY(json_text(&value, DSSE_KEYID_MAX, &keyid, err));
		if (blob_copy(&out->keyid, keyid) != RC_OK)
			return json_fail(&value, err, RC_NOMEM, "out of memory");
	}
	TRY(json_get(entry, "sig", &value, err));
	TRY(decode(&value, DSSE_SIGNATURE_MAX, &bytes, err));
	if (bytes.len == 0)
		return json_fail(&value, err, RC_MALFORMED, "an empty signature");
	memcpy(out->bytes, bytes.at, bytes.len);
	out->len = bytes.len;
	return RC_OK;
}

/* Whoever counts signatures must not count one twice. */
static bool repeats(const struct dsse *dsse, size_t last)
{
	const struct dsse_signature *new = &dsse->signatures[last];

	for (size_t i = 0; i < last; i++) {
		const struct dsse_signature *old = &dsse->signatures[i];

		if (new->keyid.len != 0 && span_equal(blob_span(&new->keyid), blob_span(&old->keyid)))
			return true;
		if (span_equal(span_of(new->bytes, new->len), span_of(old->bytes, old->len)))
			return true;
	}
	return false;
}

static enum rc signatures_parse(const struct json *list, struct dsse *out, struct err *err)
{
	TRY(json_expect(list, JSON_KIND_ARRAY, err));
	if (json_count(list) == 0)
		return json_fail(list, err, RC_MALFORMED, "nobody has signed");
	if (json_count(list) > DSSE_SIGNATURES_MAX)
		return json_fail(list, err, RC_LIMIT, "more than %d signatures", DSSE_SIGNATURES_MAX);
	for (size_t i = 0; i < json_count(list); i++) {
		struct json entry;

		TRY(json_item(list, i, &entry, err));
		out->count = i + 1; /* before what may fail: its key id is released with the rest */
		TRY(signature_parse(&entry, &out->signatures[i], err));
		if (repeats(out, i))
			return json_fail(
				&entry, err, RC_MALFORMED, "the same key or signature a second time");
	}
	return RC_OK;
}

enum rc dsse_parse(struct span text, struct dsse *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(dsse_release) struct dsse dsse = {0};
	struct json root, value;
	struct span type;

	TRY(json_parse(text, &limits, &doc, err));
	root = json_root(&doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	TRY(json_get(&root, "payloadType", &value, err));
	TRY(json_text(&value, DSSE_TYPE_MAX, &type, err));
	memcpy(dsse.type, type.at, type.len);
	TRY(json_get(&root, "signatures", &value, err));
	TRY(signatures_parse(&value, &dsse, err));
	TRY(json_get(&root, "payload", &value, err));
	TRY(decode(&value, DSSE_PAYLOAD_MAX, &dsse.payload, err));
	dsse_release(out);
	*out = TAKE(dsse);
	return RC_OK;
}

/* DSSE v1.0, protocol: PAE(type, body); lengths are of bytes, in decimal without zeros in front. */
enum rc dsse_digest(const char *type, struct span payload, uint8_t out[static DIGEST_SHA256_BYTES])
{
	char head[DSSE_TYPE_MAX + 64];
	int len = snprintf(head, sizeof head, "DSSEv1 %zu %s %zu ", strlen(type), type, payload.len);
	const struct span parts[] = {span_of(head, (size_t)len), payload};

	if (len < 0 || (size_t)len >= sizeof head)
		return RC_LIMIT;
	return digest_spans(DIGEST_SHA256, parts, COUNT(parts), out);
}

enum rc dsse_check(const struct dsse *dsse, const char *type, struct public_key *const *keys, size_t count,
	size_t *out_key, struct err *err)
{
	uint8_t digest[DIGEST_SHA256_BYTES];
	enum rc rc;

	if (strcmp(dsse->type, type) != 0)
		return err_set(err, RC_DENIED, "payloadType is \"%s\", expected \"%s\"", dsse->type, type);
	rc = dsse_digest(dsse->type, blob_span(&dsse->payload), digest);
	if (rc != RC_OK)
		return err_set(err, rc, "hashing the payload: %s", rc_words(rc));
	for (size_t s = 0; s < dsse->count; s++) {
		struct span signature = span_of(dsse->signatures[s].bytes, dsse->signatures[s].len);

		for (size_t k = 0; k < count; k++) {
			/* ECDSA is what the format's makers sign with; RSA keys take no part. */
			if (public_key_parts(keys[k]).kind == KEY_RSA ||
				public_key_verify_der(
					keys[k], DIGEST_SHA256, signature, SPAN(digest), NULL) != RC_OK)
				continue;
			if (out_key != NULL)
				*out_key = k;
			return RC_OK;
		}
	}
	return err_set(err, RC_DENIED, "none of its %zu signatures is by one of the %zu configured keys",
		dsse->count, count);
}

static enum rc write_base64(struct json_write *w, const char *key, struct span bytes)
{
	DROP(blob_release) struct blob text = {0};

	TRY(base64_encode(bytes, &text));
	json_write_text(w, key, blob_span(&text));
	return RC_OK;
}

enum rc dsse_write(const char *type, struct span payload, const struct dsse_signature *signatures,
	size_t count, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_PRETTY);

	json_write_object(&w, NULL);
	TRY(write_base64(&w, "payload", payload));
	json_write_cstr(&w, "payloadType", type);
	json_write_array(&w, "signatures");
	for (size_t i = 0; i < count; i++) {
		json_write_object(&w, NULL);
		json_write_text(&w, "keyid", blob_span(&signatures[i].keyid));
		TRY(write_base64(&w, "sig", span_of(signatures[i].bytes, signatures[i].len)));
		json_write_close(&w);
	}
	json_write_close(&w);
	json_write_close(&w);
	return json_write_end(&w);
}
