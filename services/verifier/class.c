#include "services/verifier/class.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/config/value.h"

static const struct class usual = {"default", 2000, 30000, 24ull * 3600 * 1000, 10000};

/* X(word, field, least, most), in milliseconds. */
#define CLASS_FIELDS(X)                                                                                      \
	X("interval", interval_ms, 50, 24ull * 3600 * 1000)                                                  \
	X("lapse", lapse_ms, 1000, 30ull * 24 * 3600 * 1000)                                                 \
	X("redeliver", redeliver_ms, 1000, 366ull * 24 * 3600 * 1000)                                        \
	X("stale", stale_ms, 1000, 30ull * 24 * 3600 * 1000)

static const struct field {
	const char *word;
	size_t offset;
	uint64_t least, most;
} fields[] = {
#define CLASS_ROW(word, name, least, most) {word, offsetof(struct class, name), least, most},
	CLASS_FIELDS(CLASS_ROW)
#undef CLASS_ROW
};

const struct class *class_find(const struct classes *classes, struct span name)
{
	for (size_t i = 0; i < classes->count; i++)
		if (span_is(name, classes->at[i].name))
			return &classes->at[i];
	return NULL;
}

static bool is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return len > 0 && len < CLASS_NAME_BYTES && name[len] == '\0';
}

static enum rc set_field(const char *part, const char *line, struct class *out, struct err *err)
{
	const char *equals = strchr(part, '=');
	uint64_t ms = 0;

	for (size_t i = 0; equals != NULL && i < COUNT(fields); i++) {
		char least[VALUE_TEXT_BYTES], most[VALUE_TEXT_BYTES];

		if (!span_is(span_of(part, (size_t)(equals - part)), fields[i].word))
			continue;
		if (value_duration(equals + 1, &ms) != RC_OK || ms < fields[i].least || ms > fields[i].most)
			return err_set(err, RC_MALFORMED,
				"class \"%s\": expected %s=DURATION from %s to %s, found \"%s\"", line,
				fields[i].word, value_duration_text(fields[i].least, least),
				value_duration_text(fields[i].most, most), part);
		memcpy((char *)out + fields[i].offset, &ms, sizeof ms);
		return RC_OK;
	}
	return err_set(err, RC_MALFORMED,
		"class \"%s\": expected interval=, lapse=, redeliver= or stale=, found \"%s\"", line, part);
}

static enum rc parse_line(const char *line, char *copy, struct class *out, struct err *err)
{
	char *rest = NULL;
	char *part = strtok_r(copy, ":", &rest);

	*out = usual;
	if (part == NULL || !is_name(part))
		return err_set(err, RC_MALFORMED,
			"class \"%s\": expected NAME:interval=2s:lapse=30s:redeliver=24h:stale=10s, NAME of 1 to %d "
			"letters, digits, '-', '_' and '.'",
			line, CLASS_NAME_BYTES - 1);
	snprintf(out->name, sizeof out->name, "%s", part);
	for (part = strtok_r(NULL, ":", &rest); part != NULL; part = strtok_r(NULL, ":", &rest))
		TRY(set_field(part, line, out, err));
	if (out->lapse_ms < 2 * out->interval_ms)
		return err_set(
			err, RC_MALFORMED, "class \"%s\": lapse must be at least twice the interval", line);
	return RC_OK;
}

static enum rc add_line(struct classes *classes, const char *line, struct err *err)
{
	struct class parsed = {0};
	char *copy = strdup(line);
	enum rc rc;

	if (copy == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	rc = parse_line(line, copy, &parsed, err);
	free(copy);
	if (rc != RC_OK)
		return rc;
	if (strcmp(parsed.name, usual.name) == 0) {
		classes->at[0] = parsed;
		return RC_OK;
	}
	if (class_find(classes, span_text(parsed.name)) != NULL)
		return err_set(err, RC_MALFORMED, "class \"%s\" is there twice", parsed.name);
	if (classes->count == CLASSES_MAX)
		return err_set(err, RC_LIMIT, "more than %d classes", CLASSES_MAX);
	classes->at[classes->count++] = parsed;
	return RC_OK;
}

enum rc classes_parse(const struct text_list *lines, struct classes *out, struct err *err)
{
	struct classes classes = {.count = 1, .at = {usual}};

	for (size_t i = 0; i < lines->count; i++)
		TRY(add_line(&classes, lines->at[i], err));
	*out = classes;
	return RC_OK;
}
