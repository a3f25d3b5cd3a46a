#include "lib/json/json.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/json/json_scan.h"

/* Text of others in our errors: so much of it, printable. */
#define SNIPPET_BYTES 40

/*
 * jansson would open /dev/urandom for the seed of its hash tables when it meets the first object, which may
 * be inside a sandbox. Seeded here it opens nothing. A seed of zero, should the kernel fail, leaves it to
 * jansson.
 */
__attribute__((constructor)) static void seed_hash_tables(void)
{
	size_t seed = 0;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
		json_object_seed(seed);
}

static const json_t *node_of(const struct json *value)
{
	return value->node;
}

void json_doc_release(struct json_doc *doc)
{
	json_decref(doc->root);
	doc->root = NULL;
}

/* Bytes that are not printable ASCII become '?', so that an error line shows what it is. */
static char *snippet(const char *text, size_t len, char out[SNIPPET_BYTES + 4])
{
	size_t n = len < SNIPPET_BYTES ? len : SNIPPET_BYTES;

	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	memcpy(out + n, len > n ? "..." : "", len > n ? 4 : 1);
	return out;
}

enum rc json_parse(struct span text, const struct json_limits *limits, struct json_doc *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	char shown[SNIPPET_BYTES + 4];
	json_error_t why = {0};

	TRY(json_scan(text, limits, err));
	doc.root = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, &why);
	if (doc.root == NULL && json_error_code(&why) == json_error_out_of_memory)
		return err_set(err, RC_NOMEM, "no memory for %zu bytes of JSON", text.len);
	if (doc.root == NULL)
		return err_set(err, RC_MALFORMED, "not JSON: line %d, column %d: %s", why.line, why.column,
			snippet(why.text, strlen(why.text), shown));
	json_decref(out->root);
	*out = TAKE(doc);
	return RC_OK;
}

struct json json_root(const struct json_doc *doc)
{
	return (struct json){.node = doc->root};
}

enum json_kind json_kind(const struct json *value)
{
	switch (json_typeof(node_of(value))) {
	case JSON_OBJECT: return JSON_KIND_OBJECT;
	case JSON_ARRAY: return JSON_KIND_ARRAY;
	case JSON_STRING: return JSON_KIND_TEXT;
	case JSON_INTEGER:
	case JSON_REAL: return JSON_KIND_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE: return JSON_KIND_BOOL;
	case JSON_NULL: return JSON_KIND_NULL;
	default: return JSON_KIND_NULL;
	}
}

static const char *kind_words(enum json_kind kind)
{
	switch (kind) {
	case JSON_KIND_OBJECT: return "an object";
	case JSON_KIND_ARRAY: return "an array";
	case JSON_KIND_TEXT: return "text";
	case JSON_KIND_NUMBER: return "a number";
	case JSON_KIND_BOOL: return "true or false";
	case JSON_KIND_NULL: return "null";
	default: return "nothing";
	}
}

static enum rc refuse(const struct json *value, struct err *err, const char *expected)
{
	enum json_kind kind = json_kind(value);
	const char *text = json_string_value(node_of(value));
	char shown[SNIPPET_BYTES + 4];

	if (kind == JSON_KIND_TEXT)
		return json_fail(value, err, RC_MALFORMED, "expected %s, found text \"%s\"", expected,
			snippet(text, strlen(text), shown));
	if (json_is_integer(node_of(value)))
		return json_fail(value, err, RC_MALFORMED, "expected %s, found the number %lld", expected,
			(long long)json_integer_value(node_of(value)));
	return json_fail(value, err, RC_MALFORMED, "expected %s, found %s", expected, kind_words(kind));
}

enum rc json_expect(const struct json *value, enum json_kind kind, struct err *err)
{
	return json_kind(value) == kind ? RC_OK : refuse(value, err, kind_words(kind));
}

enum rc json_fail(const struct json *value, struct err *err, enum rc rc, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(err, rc, "%s: %s", value->path[0] != '\0' ? value->path : "(top)", text);
}

/* The child's path is its parent's and the key; the end of a path that is too long is cut. */
static struct json member(const struct json *object, const char *key, const json_t *node)
{
	struct json out = {.node = node};
	char shown[SNIPPET_BYTES + 4];

	snprintf(out.path, sizeof out.path, "%.*s%s%s", (int)(sizeof out.path - sizeof shown), object->path,
		object->path[0] != '\0' ? "." : "", snippet(key, strlen(key), shown));
	return out;
}

bool json_has(const struct json *object, const char *key, struct json *out)
{
	const json_t *node = json_object_get(node_of(object), key);

	if (node == NULL)
		return false;
	*out = member(object, key, node);
	return true;
}

enum rc json_get(const struct json *object, const char *key, struct json *out, struct err *err)
{
	TRY(json_expect(object, JSON_KIND_OBJECT, err));
	if (json_has(object, key, out))
		return RC_OK;
	return json_fail(object, err, RC_NOT_FOUND, "\"%s\" is missing", key);
}

static bool is_known(const char *key, const char *const *known)
{
	for (; *known != NULL; known++)
		if (strcmp(key, *known) == 0)
			return true;
	return false;
}

enum rc json_only(const struct json *object, const char *const *known, struct err *err)
{
	struct json_walk walk = {0};
	char list[ERR_TEXT_BYTES / 2] = "";
	size_t at = 0;

	TRY(json_expect(object, JSON_KIND_OBJECT, err));
	while (json_walk(object, &walk)) {
		if (is_known(walk.key, known))
			continue;
		for (size_t i = 0; known[i] != NULL && at < sizeof list; i++)
			at += (size_t)snprintf(
				list + at, sizeof list - at, "%s%s", i > 0 ? ", " : "", known[i]);
		return json_fail(&walk.value, err, RC_MALFORMED, "unknown key; known here: %s", list);
	}
	return RC_OK;
}

size_t json_count(const struct json *value)
{
	if (json_is_object(node_of(value)))
		return json_object_size(node_of(value));
	return json_array_size(node_of(value));
}

enum rc json_item(const struct json *array, size_t index, struct json *out, struct err *err)
{
	struct json item = {0};

	TRY(json_expect(array, JSON_KIND_ARRAY, err));
	item.node = json_array_get(node_of(array), index);
	if (item.node == NULL)
		return json_fail(array, err, RC_NOT_FOUND, "has no item %zu", index);
	snprintf(item.path, sizeof item.path, "%.*s[%zu]", (int)(sizeof item.path - 24), array->path, index);
	*out = item;
	return RC_OK;
}

bool json_walk(const struct json *object, struct json_walk *walk)
{
	/* jansson asks for a mutable object, because an iterator could also replace values. */
	json_t *node = (json_t *)(uintptr_t)object->node;

	walk->at = walk->at == NULL ? json_object_iter(node) : json_object_iter_next(node, walk->at);
	if (walk->at == NULL)
		return false;
	walk->key = json_object_iter_key(walk->at);
	walk->value = member(object, walk->key, json_object_iter_value(walk->at));
	return true;
}

enum rc json_text(const struct json *value, size_t max_bytes, struct span *out, struct err *err)
{
	const json_t *node = node_of(value);

	if (!json_is_string(node))
		return refuse(value, err, "text");
	if (json_string_length(node) > max_bytes)
		return json_fail(value, err, RC_LIMIT, "%zu bytes of text, at most %zu are allowed",
			json_string_length(node), max_bytes);
	*out = span_of(json_string_value(node), json_string_length(node));
	return RC_OK;
}

enum rc json_bool(const struct json *value, bool *out, struct err *err)
{
	if (!json_is_boolean(node_of(value)))
		return refuse(value, err, "true or false");
	*out = json_is_true(node_of(value));
	return RC_OK;
}

enum rc json_u64(const struct json *value, uint64_t min, uint64_t max, uint64_t *out, struct err *err)
{
	json_int_t number = json_integer_value(node_of(value));
	char expected[80];

	snprintf(expected, sizeof expected, "a whole number from %llu to %llu", (unsigned long long)min,
		(unsigned long long)max);
	if (!json_is_integer(node_of(value)) || number < 0 || (uint64_t)number < min ||
		(uint64_t)number > max)
		return refuse(value, err, expected);
	*out = (uint64_t)number;
	return RC_OK;
}

static bool is_lower_hex(const char *text)
{
	return text[strspn(text, "0123456789abcdef")] == '\0';
}

enum rc json_hex(const struct json *value, uint8_t *out, size_t len, struct err *err)
{
	const char *text = json_string_value(node_of(value));
	char expected[64];

	snprintf(expected, sizeof expected, "lower-case hex of %zu bytes", len);
	if (text == NULL || !is_lower_hex(text) || hex_decode(span_text(text), out, len) != RC_OK)
		return refuse(value, err, expected);
	return RC_OK;
}
