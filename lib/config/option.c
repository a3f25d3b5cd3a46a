#include "lib/config/option.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/drop.h"
#include "lib/config/value.h"

/* How much of a refused value is shown. */
#define FOUND_MAX_BYTES 80

static void text_release(char **text)
{
	free(*text);
	*text = NULL;
}

void text_list_release(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->at[i]);
	free(list->at);
	*list = (struct text_list){0};
}

static void *field_of(const struct option *option, void *config)
{
	return (char *)config + option->offset;
}

static uint64_t max_of(const struct option *option)
{
	if (option->max != 0)
		return option->max;
	switch (option->kind) {
	case OPTION_KIND_TEXT:
	case OPTION_KIND_ENDPOINT: return OPTION_TEXT_MAX_BYTES;
	case OPTION_KIND_PATH: return OPTION_PATH_MAX_BYTES;
	case OPTION_KIND_LIST: return OPTION_LIST_MAX_ITEMS;
	case OPTION_KIND_U64:
	case OPTION_KIND_DURATION:
	case OPTION_KIND_SIZE:
	case OPTION_KIND_BOOL:
	case OPTION_KIND_WORD: break;
	}
	return UINT64_MAX;
}

static const char *kind_words(enum option_kind kind)
{
	switch (kind) {
	case OPTION_KIND_TEXT: return "a text";
	case OPTION_KIND_PATH: return "a path";
	case OPTION_KIND_ENDPOINT: return "tcp://HOST:PORT or ipc://PATH";
	case OPTION_KIND_U64: return "a number";
	case OPTION_KIND_DURATION: return "a duration (as in 500ms, 30s, 5m, 24h, 7d)";
	case OPTION_KIND_SIZE: return "a size in bytes (as in 4096, 64k, 16M)";
	case OPTION_KIND_BOOL: return "yes or no";
	case OPTION_KIND_WORD: return "one of";
	case OPTION_KIND_LIST: return "a list";
	}
	return "a value";
}

static char *bound_text(enum option_kind kind, uint64_t value, char out[VALUE_TEXT_BYTES])
{
	if (kind == OPTION_KIND_DURATION)
		return value_duration_text(value, out);
	if (kind == OPTION_KIND_SIZE)
		return value_size_text(value, out);
	snprintf(out, VALUE_TEXT_BYTES, "%" PRIu64, value);
	return out;
}

static void add(char *out, size_t out_len, const char *text)
{
	size_t at = strlen(out);

	snprintf(out + at, out_len - at, "%s", text);
}

static void add_range(const struct option *option, const char *what, char *out, size_t out_len)
{
	char low[VALUE_TEXT_BYTES];
	char high[VALUE_TEXT_BYTES];
	char text[96];

	if (option->min == 0 && max_of(option) == UINT64_MAX)
		return;
	bound_text(option->kind, option->min, low);
	bound_text(option->kind, max_of(option), high);
	if (max_of(option) == UINT64_MAX)
		snprintf(text, sizeof text, ", at least %s%s", low, what);
	else
		snprintf(text, sizeof text, " from %s to %s%s", low, high, what);
	add(out, out_len, text);
}

void option_expects(const struct option *option, char *out, size_t out_len)
{
	snprintf(out, out_len, "%s", kind_words(option->kind));
	switch (option->kind) {
	case OPTION_KIND_U64:
	case OPTION_KIND_DURATION:
	case OPTION_KIND_SIZE: add_range(option, "", out, out_len); break;
	case OPTION_KIND_LIST:
		if (option->repeats) {
			snprintf(out, out_len, "%s each time, and may be given again",
				kind_words(option->item));
			break;
		}
		add_range(option, " items, with commas between them, each ", out, out_len);
		add(out, out_len, kind_words(option->item));
		break;
	case OPTION_KIND_WORD:
		for (size_t i = 0; option->words[i] != NULL; i++) {
			add(out, out_len, i == 0 ? " " : ", ");
			add(out, out_len, option->words[i]);
		}
		break;
	case OPTION_KIND_TEXT:
	case OPTION_KIND_PATH:
	case OPTION_KIND_ENDPOINT:
	case OPTION_KIND_BOOL: break;
	}
}

static enum rc refuse(const struct option *option, enum rc rc, const char *found, struct err *err)
{
	char expected[256];

	option_expects(option, expected, sizeof expected);
	return err_set(
		err, rc, "%s: expected %s, found \"%.*s\"", option->name, expected, FOUND_MAX_BYTES, found);
}

/* Control characters never belong into a value, and would forge lines wherever it is printed. */
static bool is_clean(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			return false;
	return true;
}

static enum rc join(const char *head, const char *folder, const char *path, char **out)
{
	bool relative = path[0] != '/' && folder != NULL && folder[0] != '\0';

	if (asprintf(out, "%s%s%s%s", head, relative ? folder : "", relative ? "/" : "", path) < 0) {
		*out = NULL;
		return RC_NOMEM;
	}
	return RC_OK;
}

/* One text, path or endpoint as its own string. */
static enum rc text_of(enum option_kind kind, const char *text, const char *folder, char **out)
{
	DROP(text_release) char *value = NULL;

	if (text[0] == '\0' || !is_clean(text))
		return RC_MALFORMED;
	if (kind == OPTION_KIND_ENDPOINT && strncmp(text, "ipc://", 6) == 0)
		TRY(join("ipc://", folder, text + 6, &value));
	else
		TRY(join("", kind == OPTION_KIND_PATH ? folder : NULL, text, &value));
	if (kind == OPTION_KIND_ENDPOINT && !value_is_endpoint(value))
		return RC_MALFORMED;
	*out = TAKE(value);
	return RC_OK;
}

static enum rc set_text(
	const struct option *option, char **field, const char *text, const char *folder, struct err *err)
{
	DROP(text_release) char *value = NULL;
	size_t len = strlen(text);

	if (text_of(option->kind, text, folder, &value) != RC_OK)
		return refuse(option, RC_MALFORMED, text, err);
	if (len < option->min || len > max_of(option))
		return err_set(err, RC_LIMIT,
			"%s: expected %s of %" PRIu64 " to %" PRIu64 " characters, found %zu", option->name,
			kind_words(option->kind), option->min, max_of(option), len);
	free(*field);
	*field = TAKE(value);
	return RC_OK;
}

/* The next item of a list, without the blanks around it. *at moves past its comma. */
static char *next_item(char **at)
{
	char *item = strsep(at, ",");
	char *end;

	item += strspn(item, " \t");
	end = item + strlen(item);
	while (end > item && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = '\0';
	return item;
}

static enum rc set_list(const struct option *option, struct text_list *field, const char *text,
	const char *folder, struct err *err)
{
	DROP(text_list_release) struct text_list list = {0};
	DROP(text_release) char *copy = strdup(text);
	char *at = copy;

	list.at = calloc(max_of(option), sizeof *list.at);
	if (copy == NULL || list.at == NULL)
		return err_set(err, RC_NOMEM, "%s: out of memory", option->name);
	while (at != NULL) {
		char *item = next_item(&at);

		if (list.count == max_of(option))
			return refuse(option, RC_LIMIT, text, err);
		if (strlen(item) > OPTION_TEXT_MAX_BYTES ||
			text_of(option->item, item, folder, &list.at[list.count]) != RC_OK)
			return refuse(option, RC_MALFORMED, text, err);
		list.count++;
	}
	if (list.count < option->min)
		return refuse(option, RC_LIMIT, text, err);
	text_list_release(field);
	*field = TAKE(list);
	return RC_OK;
}

enum rc option_add(
	const struct option *option, void *config, const char *text, const char *folder, struct err *err)
{
	struct text_list *field = field_of(option, config);
	char **grown;

	if (field->count >= max_of(option))
		return err_set(err, RC_LIMIT, "%s: is given more than %" PRIu64 " times", option->name,
			max_of(option));
	grown = reallocarray(field->at, field->count + 1, sizeof *grown);
	if (grown == NULL)
		return err_set(err, RC_NOMEM, "%s: out of memory", option->name);
	field->at = grown;
	if (strlen(text) > OPTION_PATH_MAX_BYTES ||
		text_of(option->item, text, folder, &grown[field->count]) != RC_OK)
		return err_set(err, RC_MALFORMED, "%s: expected %s, found \"%.*s\"", option->name,
			kind_words(option->item), FOUND_MAX_BYTES, text);
	field->count++;
	return RC_OK;
}

static enum rc set_number(const struct option *option, uint64_t *field, const char *text, struct err *err)
{
	uint64_t value = 0;
	enum rc rc = RC_MALFORMED;

	if (option->kind == OPTION_KIND_U64)
		rc = value_u64(text, &value);
	else if (option->kind == OPTION_KIND_DURATION)
		rc = value_duration(text, &value);
	else
		rc = value_size(text, &value);
	if (rc == RC_OK && (value < option->min || value > max_of(option)))
		rc = RC_LIMIT;
	if (rc != RC_OK)
		return refuse(option, rc, text, err);
	*field = value;
	return RC_OK;
}

static enum rc set_word(const struct option *option, unsigned *field, const char *text, struct err *err)
{
	for (unsigned i = 0; option->words[i] != NULL; i++) {
		if (strcmp(option->words[i], text) == 0) {
			*field = i;
			return RC_OK;
		}
	}
	return refuse(option, RC_MALFORMED, text, err);
}

enum rc option_set(
	const struct option *option, void *config, const char *text, const char *folder, struct err *err)
{
	void *field = field_of(option, config);

	switch (option->kind) {
	case OPTION_KIND_TEXT:
	case OPTION_KIND_PATH:
	case OPTION_KIND_ENDPOINT: return set_text(option, field, text, folder, err);
	case OPTION_KIND_U64:
	case OPTION_KIND_DURATION:
	case OPTION_KIND_SIZE: return set_number(option, field, text, err);
	case OPTION_KIND_LIST: return set_list(option, field, text, folder, err);
	case OPTION_KIND_WORD: return set_word(option, field, text, err);
	case OPTION_KIND_BOOL:
		if (value_bool(text, field) != RC_OK)
			return refuse(option, RC_MALFORMED, text, err);
		return RC_OK;
	}
	return err_set(err, RC_UNSUPPORTED, "%s: has no kind", option->name);
}

void option_clear(const struct option *option, void *config)
{
	void *field = field_of(option, config);

	switch (option->kind) {
	case OPTION_KIND_TEXT:
	case OPTION_KIND_PATH:
	case OPTION_KIND_ENDPOINT: text_release(field); break;
	case OPTION_KIND_U64:
	case OPTION_KIND_DURATION:
	case OPTION_KIND_SIZE: *(uint64_t *)field = 0; break;
	case OPTION_KIND_BOOL: *(bool *)field = false; break;
	case OPTION_KIND_WORD: *(unsigned *)field = 0; break;
	case OPTION_KIND_LIST: text_list_release(field); break;
	}
}
