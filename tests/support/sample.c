#include "tests/support/sample.h"

#include <stdlib.h>

/* splitmix64: the same numbers everywhere. */
static uint64_t next(struct sample *sample)
{
	uint64_t z = sample->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void must(enum rc rc)
{
	if (rc != RC_OK)
		abort();
}

void sample_release(struct sample *sample)
{
	while (sample->count > 0)
		blob_release(&sample->parts[--sample->count]);
}

static struct blob *new_part(struct sample *sample)
{
	if (sample->count == SAMPLE_PARTS_MAX)
		abort();
	return &sample->parts[sample->count++];
}

static struct span some_bytes(struct sample *sample, size_t len, bool text)
{
	/* Everything that text may be: one to four bytes a character, a quote, a backslash. */
	static const char alphabet[] = "abcdefgh-_./:\"\\ \xc3\xa9\xe2\x82\xac\xf0\x9f\x8d\x8b";
	struct blob *part = new_part(sample);

	if (len == 0)
		return (struct span){0};
	must(blob_resize(part, len));
	for (size_t i = 0; i < len; i++)
		part->at[i] = text ? (uint8_t)alphabet[next(sample) % 16] : (uint8_t)next(sample);
	if (text && len >= 9)
		memcpy(part->at, alphabet + 16, 9);
	return blob_span(part);
}

static void set_list(struct sample *sample, const struct field *field, size_t count, enum sample_size size,
	struct list *out)
{
	struct blob *raw = new_part(sample);
	union any_elem elem;

	for (size_t i = 0; i < count; i++) {
		struct sample one = {.seed = next(sample)};

		sample_fill(&one, field->elem, size, &elem);
		must(elem_append((enum elem_type)(field->elem - elem_shapes), &elem, raw));
		sample_release(&one);
	}
	*out = (struct list){blob_span(raw), count};
}

static void set(struct sample *sample, const struct field *field, uint64_t extent, enum sample_size size,
	void *structure)
{
	uint8_t *at = (uint8_t *)structure + field->offset;

	switch (field->kind) {
	case FIELD_u64: *(uint64_t *)at = extent; break;
	case FIELD_flag: *(bool *)at = extent != 0; break;
	case FIELD_bin:
	case FIELD_str:
		*(struct span *)at = some_bytes(sample, (size_t)extent, field->kind == FIELD_str);
		break;
	case FIELD_list: set_list(sample, field, (size_t)extent, size, (struct list *)at); break;
	}
}

void sample_set(struct sample *sample, const struct field *field, uint64_t extent, void *structure)
{
	set(sample, field, extent, SAMPLE_LEAST, structure);
}

/* Numbers of any magnitude below 2^63, which every reader of JSON takes; lengths and counts that stay small.
 */
static uint64_t some_extent(struct sample *sample, const struct field *field)
{
	uint64_t room = field->max - field->min;
	uint64_t extent = next(sample);

	if (field->kind == FIELD_u64)
		extent >>= 1 + next(sample) % 63;
	else
		extent %= field->kind == FIELD_list ? 4 : 40;
	return field->min + (room == UINT64_MAX ? extent : extent % (room + 1));
}

void sample_fill(struct sample *sample, const struct shape *shape, enum sample_size size, void *structure)
{
	memset(structure, 0, shape->size);
	for (size_t i = 0; i < shape->count; i++) {
		const struct field *field = &shape->fields[i];
		uint64_t extent = size == SAMPLE_LEAST ? field->min : some_extent(sample, field);

		if (!field->must &&
			(size == SAMPLE_LEAST || (size == SAMPLE_RANDOM && next(sample) % 2 == 0)))
			continue;
		if (size == SAMPLE_FULL && extent == 0)
			extent = 1;
		set(sample, field, extent, size, structure);
	}
}

void sample_make(struct sample *sample, enum msg_type type, enum sample_size size, uint64_t seed)
{
	sample_release(sample);
	memset(&sample->msg, 0, sizeof sample->msg);
	sample->seed = seed;
	sample->msg.type = type;
	if (size == SAMPLE_FULL || (size == SAMPLE_RANDOM && next(sample) % 2 == 0))
		sample->msg.id = next(sample);
	if (size == SAMPLE_FULL)
		sample->msg.ttl_ms = 1 + next(sample) % 10000;
	sample_fill(sample, &msg_shapes[type], size, &sample->msg.ok);
}

void sample_vector(struct sample *sample, enum msg_type type)
{
	uint64_t seed = 0;

	for (const char *c = msg_type_name(type); *c != '\0'; c++)
		seed = seed * 31 + (uint8_t)*c;
	sample_make(sample, type, SAMPLE_FULL, seed);
}

bool sample_equal(const struct shape *shape, const void *a, const void *b)
{
	for (const struct field *field = shape->fields; field < shape->fields + shape->count; field++) {
		const void *x = field_at(field, a);
		const void *y = field_at(field, b);
		bool equal = false;

		switch (field->kind) {
		case FIELD_u64: equal = *(const uint64_t *)x == *(const uint64_t *)y; break;
		case FIELD_flag: equal = *(const bool *)x == *(const bool *)y; break;
		case FIELD_bin:
		case FIELD_str: equal = span_equal(*(const struct span *)x, *(const struct span *)y); break;
		case FIELD_list:
			equal = ((const struct list *)x)->count == ((const struct list *)y)->count &&
			        span_equal(((const struct list *)x)->raw, ((const struct list *)y)->raw);
			break;
		}
		if (!equal)
			return false;
	}
	return true;
}
