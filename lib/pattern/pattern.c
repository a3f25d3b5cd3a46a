#include "lib/pattern/pattern.h"

#include <stdlib.h>

#include "lib/base/blob.h"
#include "lib/base/drop.h"
#include "lib/pattern/glob.h"
#include "lib/pattern/regex.h"

#define SET_ROOM_MIN 8

_Static_assert(GLOB_MAX <= PATTERN_MAX, "a glob is a pattern");

/* Exactly one of the two is there. */
struct pattern {
	struct blob text;
	struct glob *glob;
	struct regex *regex;
};

static void pattern_release(struct pattern *pattern)
{
	blob_release(&pattern->text);
	glob_free(pattern->glob);
	regex_free(pattern->regex);
	memset(pattern, 0, sizeof *pattern);
}

void pattern_set_release(struct pattern_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		pattern_release(&set->at[i]);
	free(set->at);
	*set = (struct pattern_set){0};
}

static enum rc room_for_one(struct pattern_set *set)
{
	size_t room = set->room == 0 ? SET_ROOM_MIN : set->room * 2;
	struct pattern *at;

	if (set->count < set->room)
		return RC_OK;
	at = realloc(set->at, room * sizeof *at);
	if (at == NULL)
		return RC_NOMEM;
	set->at = at;
	set->room = room;
	return RC_OK;
}

enum rc pattern_set_add(struct pattern_set *set, enum pattern_kind kind, struct span text, struct err *err)
{
	DROP(pattern_release) struct pattern pattern = {0};

	if (set->count == PATTERN_SET_MAX)
		return err_set(err, RC_LIMIT, "more than %d patterns", PATTERN_SET_MAX);
	if (kind == PATTERN_GLOB)
		TRY(glob_parse(text, &pattern.glob, err));
	else
		TRY(regex_parse(kind, text, &pattern.regex, err));
	if (room_for_one(set) != RC_OK || blob_append(&pattern.text, text) != RC_OK)
		return err_set(err, RC_NOMEM, "no memory for a pattern");
	set->at[set->count++] = TAKE(pattern);
	return RC_OK;
}

enum rc pattern_set_match(const struct pattern_set *set, struct span name, bool *out)
{
	enum rc rc = RC_OK;

	*out = false;
	if (name.len > PATTERN_TEXT_MAX)
		return RC_OK;
	for (size_t i = 0; i < set->count && !*out; i++) {
		const struct pattern *pattern = &set->at[i];
		enum rc one = RC_OK;

		if (pattern->glob != NULL)
			*out = glob_match(pattern->glob, name);
		else
			one = regex_match(pattern->regex, name, out);
		if (one != RC_OK)
			rc = one;
	}
	return *out ? RC_OK : rc;
}

struct span pattern_set_text(const struct pattern_set *set, size_t index)
{
	return blob_span(&set->at[index].text);
}
