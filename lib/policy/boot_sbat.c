#include "lib/policy/boot_judge.h"

/*
 * A level is lines of "component,generation" (shim, SBAT.md); the first is "sbat,1,<date>". More commas are
 * ignored but for the date.
 */
struct level_line {
	struct span component;
	uint64_t generation;
	uint64_t date;
};

static bool number(struct span text, uint64_t *out)
{
	*out = 0;
	if (text.len == 0 || text.len > 12)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		*out = 10 * *out + (uint64_t)(text.at[i] - '0');
	}
	return true;
}

/* Cuts off up to the next `end`, which is left out; the rest if there is none. */
static struct span cut(struct span *left, char end)
{
	const uint8_t *at = left->len == 0 ? NULL : memchr(left->at, end, left->len);
	struct span head = span_of(left->at, at == NULL ? left->len : (size_t)(at - left->at));

	*left = at == NULL ? (struct span){0} : span_of(at + 1, left->len - head.len - 1);
	return head;
}

static bool line_parse(struct span text, struct level_line *out)
{
	struct span date;

	out->component = cut(&text, ',');
	out->date = 0;
	if (out->component.len == 0 || !number(cut(&text, ','), &out->generation))
		return false;
	date = cut(&text, ',');
	return date.len == 0 || number(date, &out->date);
}

static bool reaches(struct span level, const struct level_line *least)
{
	while (level.len > 0) {
		struct level_line line = {0};

		if (line_parse(cut(&level, '\n'), &line) && span_equal(line.component, least->component))
			return line.generation >= least->generation && line.date >= least->date;
	}
	return false;
}

bool boot_sbat_line_holds(struct span line)
{
	struct level_line parsed = {0};

	return line_parse(line, &parsed);
}

bool boot_sbat_reaches(const struct boot_list *minimum, struct span level)
{
	for (size_t i = 0; i < minimum->count; i++) {
		struct level_line least = {0};

		if (minimum->items[i].name.text == NULL ||
			!line_parse(span_text(minimum->items[i].name.text), &least) ||
			!reaches(level, &least))
			return false;
	}
	return true;
}
