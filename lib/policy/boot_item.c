#include "lib/policy/boot_item.h"

#include <stdlib.h>

#include "lib/base/drop.h"

#define LIST_ROOM_FIRST 8

char *boot_copy_text(struct span text)
{
	char *out = malloc(text.len + 1);

	if (out == NULL)
		return NULL;
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = '\0';
	return out;
}

bool boot_digests_any(const struct boot_digests *digests)
{
	for (size_t i = 0; i < DIGEST_COUNT; i++)
		if (digests->has[i])
			return true;
	return false;
}

enum boot_digests_relation boot_digests_compare(const struct boot_digests *a, const struct boot_digests *b)
{
	enum boot_digests_relation relation = BOOT_DIGESTS_APART;

	for (size_t i = 0; i < DIGEST_COUNT; i++) {
		if (!a->has[i] || !b->has[i])
			continue;
		if (memcmp(a->value[i], b->value[i], digest_size((enum digest_alg)i)) != 0)
			return BOOT_DIGESTS_DIFFER;
		relation = BOOT_DIGESTS_EQUAL;
	}
	return relation;
}

static void text_release(struct boot_text *text)
{
	free(text->text);
	pattern_set_release(&text->pattern);
	memset(text, 0, sizeof *text);
}

enum rc boot_text_set(struct boot_text *text, enum boot_text_form form, struct span bytes, struct err *err)
{
	DROP(text_release) struct boot_text made = {.form = form};

	if (bytes.len > BOOT_NAME_MAX)
		return err_set(err, RC_LIMIT, "a text of %zu bytes; at most %d are allowed", bytes.len,
			BOOT_NAME_MAX);
	if (form != BOOT_TEXT_NONE) {
		made.text = boot_copy_text(bytes);
		if (made.text == NULL)
			return err_set(err, RC_NOMEM, "%s", rc_words(RC_NOMEM));
	}
	if (form == BOOT_TEXT_GLOB)
		TRY(pattern_set_add(&made.pattern, PATTERN_GLOB, bytes, err));
	if (form == BOOT_TEXT_REGEX)
		TRY(pattern_set_add(&made.pattern, PATTERN_REGEX_FULL, bytes, err));
	text_release(text);
	*text = TAKE(made);
	return RC_OK;
}

bool boot_text_match(const struct boot_text *text, struct span name)
{
	bool matches = false;

	if (text->form == BOOT_TEXT_NONE)
		return true;
	if (text->form == BOOT_TEXT_EXACT)
		return span_is(name, text->text);
	return pattern_set_match(&text->pattern, name, &matches) == RC_OK && matches;
}

static bool text_same(const struct boot_text *a, const struct boot_text *b)
{
	if (a->form != b->form)
		return false;
	return a->form == BOOT_TEXT_NONE || strcmp(a->text, b->text) == 0;
}

void boot_item_release(struct boot_item *item)
{
	text_release(&item->name);
	free(item->reason);
	memset(item, 0, sizeof *item);
}

enum rc boot_item_copy(const struct boot_item *from, struct boot_item *out)
{
	DROP(boot_item_release) struct boot_item copy = *from;

	memset(&copy.name, 0, sizeof copy.name);
	copy.reason = NULL;
	TRY(boot_text_set(&copy.name, from->name.form, span_text(from->name.text), NULL));
	if (from->reason != NULL) {
		copy.reason = boot_copy_text(span_text(from->reason));
		if (copy.reason == NULL)
			return RC_NOMEM;
	}
	*out = TAKE(copy);
	return RC_OK;
}

static bool signature_same(const struct boot_item *a, const struct boot_item *b)
{
	if (a->signature != b->signature || memcmp(a->data, b->data, sizeof a->data) != 0)
		return false;
	if (a->signature == SIGNATURE_OTHER && memcmp(a->type_guid, b->type_guid, GUID_BYTES) != 0)
		return false;
	return a->has_owner == b->has_owner && (!a->has_owner || memcmp(a->owner, b->owner, GUID_BYTES) == 0);
}

static bool content_same(const struct boot_item *a, const struct boot_item *b)
{
	if (a->by != b->by)
		return false;
	if (a->by == BOOT_BY_DIGEST)
		return boot_digests_compare(&a->digest, &b->digest) == BOOT_DIGESTS_EQUAL;
	if (a->by == BOOT_BY_SIGNER)
		return memcmp(a->data, b->data, sizeof a->data) == 0;
	return a->by == BOOT_BY_NAME || signature_same(a, b);
}

bool boot_item_same(const struct boot_item *a, const struct boot_item *b, bool named)
{
	if (a->pcr != b->pcr || a->type != b->type || a->has_kind != b->has_kind || a->kind != b->kind)
		return false;
	return content_same(a, b) && (!named || text_same(&a->name, &b->name));
}

void boot_list_release(struct boot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		boot_item_release(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof *list);
}

static enum rc make_room(struct boot_list *list)
{
	size_t room = list->room == 0 ? LIST_ROOM_FIRST : 2 * list->room;
	struct boot_item *items;

	if (list->count >= BOOT_ITEMS_MAX)
		return RC_LIMIT;
	if (list->count < list->room)
		return RC_OK;
	items = reallocarray(list->items, room, sizeof *items);
	if (items == NULL)
		return RC_NOMEM;
	list->items = items;
	list->room = room;
	return RC_OK;
}

enum rc boot_list_add(struct boot_list *list, struct boot_item *item)
{
	enum rc rc = make_room(list);

	if (rc != RC_OK) {
		boot_item_release(item);
		return rc;
	}
	list->items[list->count++] = TAKE(*item);
	return RC_OK;
}

struct boot_item *boot_list_find(const struct boot_list *list, const struct boot_item *item, bool named)
{
	for (size_t i = 0; i < list->count; i++)
		if (boot_item_same(&list->items[i], item, named))
			return &list->items[i];
	return NULL;
}

static bool all_found(const struct boot_list *a, const struct boot_list *b, bool named)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct boot_item *other = boot_list_find(b, &a->items[i], named);

		if (other == NULL || (a->mode == BOOT_SET && other->optional != a->items[i].optional))
			return false;
	}
	return true;
}

bool boot_list_same(const struct boot_list *a, const struct boot_list *b, bool named)
{
	if (a->mode != b->mode || a->others != b->others)
		return false;
	if (a->mode != BOOT_SEQUENCE)
		return all_found(a, b, named) && all_found(b, a, named);
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!boot_item_same(&a->items[i], &b->items[i], named))
			return false;
	return true;
}

static void add_digests(struct boot_digests *into, const struct boot_digests *from)
{
	for (size_t i = 0; i < DIGEST_COUNT; i++) {
		if (into->has[i] || !from->has[i])
			continue;
		into->has[i] = true;
		memcpy(into->value[i], from->value[i], sizeof into->value[i]);
	}
}

void boot_list_enrich(struct boot_list *into, const struct boot_list *from, bool named)
{
	for (size_t i = 0; i < from->count; i++) {
		struct boot_item *item = into->mode == BOOT_SEQUENCE
		                                 ? &into->items[i]
		                                 : boot_list_find(into, &from->items[i], named);

		if (item != NULL)
			add_digests(&item->digest, &from->items[i].digest);
	}
}

enum rc boot_list_copy(const struct boot_list *from, struct boot_list *out)
{
	DROP(boot_list_release) struct boot_list copy = {.mode = from->mode, .others = from->others};

	for (size_t i = 0; i < from->count; i++) {
		struct boot_item item = {0};

		TRY(boot_item_copy(&from->items[i], &item));
		TRY(boot_list_add(&copy, &item));
	}
	boot_list_release(out);
	*out = TAKE(copy);
	return RC_OK;
}

static bool demands(const struct boot_list *list, const struct boot_item *item)
{
	return list->mode == BOOT_SEQUENCE || (list->mode == BOOT_SET && !item->optional);
}

/* As a set that demands no more than the list did. */
static void loosen(struct boot_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		list->items[i].optional = !demands(list, &list->items[i]);
	list->mode = BOOT_SET;
}

static enum rc add_copy(struct boot_list *into, const struct boot_item *item)
{
	struct boot_item copy = {0};

	TRY(boot_item_copy(item, &copy));
	copy.optional = into->mode == BOOT_SET;
	return boot_list_add(into, &copy);
}

/* Both are of one mode, SET or ONE_OF, or from is to be read as a set. */
static enum rc unite(struct boot_list *into, const struct boot_list *from, bool named)
{
	for (size_t i = 0; into->mode == BOOT_SET && i < into->count; i++) {
		const struct boot_item *other = boot_list_find(from, &into->items[i], named);

		if (other == NULL || !demands(from, other))
			into->items[i].optional = true;
	}
	for (size_t i = 0; i < from->count; i++) {
		struct boot_item *item = boot_list_find(into, &from->items[i], named);

		if (item == NULL)
			TRY(add_copy(into, &from->items[i]));
		else
			add_digests(&item->digest, &from->items[i].digest);
	}
	into->others = into->others || from->others;
	return RC_OK;
}

enum rc boot_list_merge(struct boot_list *into, const struct boot_list *from, bool named)
{
	if (into->mode == BOOT_NOTHING && from->mode == BOOT_NOTHING)
		return RC_OK;
	if (boot_list_same(into, from, named)) {
		boot_list_enrich(into, from, named);
		return RC_OK;
	}
	if (into->mode != BOOT_ONE_OF || from->mode != BOOT_ONE_OF)
		loosen(into);
	return unite(into, from, named);
}
