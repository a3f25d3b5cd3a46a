/* Every field of every message and of every element at one below its least, its least, its most and one
 * above. */
#include "tests/support/sample.h"
#include "tests/support/test.h"

/* One bound: what the encoder and the decoder must say of a field with this extent. */
struct probe {
	uint64_t extent;
	bool allowed;
};

/* At most four, without those that there are none of (below 0, above UINT64_MAX) and a flag's third value. A
 * field that may be left out is left out when it is empty. */
static size_t probes_of(const struct field *field, struct probe out[4])
{
	size_t count = 0;

	if (field->min > 0)
		out[count++] = (struct probe){field->min - 1, !field->must && field->min == 1};
	out[count++] = (struct probe){field->min, true};
	out[count++] = (struct probe){field->max, true};
	if (field->max < UINT64_MAX && field->kind != FIELD_flag)
		out[count++] = (struct probe){field->max + 1, false};
	return count;
}

static void check(const struct msg *msg, const struct field *field, struct probe probe)
{
	DROP(blob_release) struct blob written = {0};
	DROP(blob_release) struct blob lax = {0};
	struct msg out;

	lax_msg(&lax, msg, NULL, 0);
	if (msg_encode(msg, &written) != (probe.allowed ? RC_OK : RC_LIMIT))
		fail_msg("%s.%s: written wrongly at %llu", msg_type_name(msg->type), field->name,
			(unsigned long long)probe.extent);
	if (msg_decode(blob_span(&lax), &out) != (probe.allowed ? RC_OK : RC_MALFORMED))
		fail_msg("%s.%s: read wrongly at %llu", msg_type_name(msg->type), field->name,
			(unsigned long long)probe.extent);
	if (!probe.allowed) {
		assert_int_equal(written.len, 0);
		return;
	}
	assert_spans_equal(blob_span(&written), blob_span(&lax));
	assert_true(sample_equal(&msg_shapes[msg->type], &out.ok, &msg->ok));
}

static void each_field_of_a_message_keeps_to_its_bounds(void **state)
{
	(void)state;
	for (enum msg_type type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++) {
		const struct shape *shape = &msg_shapes[type];

		for (size_t i = 0; i < shape->count; i++) {
			struct probe probes[4];
			size_t count = probes_of(&shape->fields[i], probes);

			for (size_t j = 0; j < count; j++) {
				DROP(sample_release) struct sample sample = {0};

				sample_make(&sample, type, SAMPLE_LEAST, i);
				sample_set(&sample, &shape->fields[i], probes[j].extent, &sample.msg.ok);
				check(&sample.msg, &shape->fields[i], probes[j]);
			}
		}
	}
}

/* A message with a list of such elements; out_list is that list's place in it. */
static enum msg_type holder_of(const struct shape *elem, const struct field **out_list)
{
	for (enum msg_type type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++) {
		for (size_t i = 0; i < msg_shapes[type].count; i++) {
			*out_list = &msg_shapes[type].fields[i];
			if ((*out_list)->elem == elem)
				return type;
		}
	}
	return MSG_TYPE_none;
}

/* What the decoder says of a message with this one element in its list. */
static enum rc decode_with(const struct shape *elem, struct span raw)
{
	const struct field *list = NULL;
	DROP(sample_release) struct sample sample = {0};
	DROP(blob_release) struct blob bytes = {0};
	enum msg_type type = holder_of(elem, &list);
	struct msg out;

	assert_int_not_equal(type, MSG_TYPE_none);
	sample_make(&sample, type, SAMPLE_LEAST, 1);
	*(struct list *)((uint8_t *)&sample.msg.ok + list->offset) = (struct list){raw, 1};
	lax_msg(&bytes, &sample.msg, NULL, 0);
	return msg_decode(blob_span(&bytes), &out);
}

static void check_elem(enum elem_type type, const struct field *field, struct probe probe)
{
	const struct shape *shape = &elem_shapes[type];
	DROP(sample_release) struct sample sample = {.seed = type};
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob lax = {0};
	union any_elem elem;

	sample_fill(&sample, shape, SAMPLE_LEAST, &elem);
	sample_set(&sample, field, probe.extent, &elem);
	assert_ok(blob_append(&raw, span_text("before")));
	assert_rc(elem_append(type, &elem, &raw), probe.allowed ? RC_OK : RC_LIMIT);
	assert_memory_equal(raw.at, "before", 6);
	assert_true(probe.allowed || raw.len == 6);
	lax_elem(&lax, shape, &elem, NULL);
	assert_rc(decode_with(shape, blob_span(&lax)), probe.allowed ? RC_OK : RC_MALFORMED);
}

static void each_field_of_an_element_keeps_to_its_bounds(void **state)
{
	(void)state;
	for (enum elem_type type = 0; type < ELEM_TYPE_COUNT; type++) {
		const struct shape *shape = &elem_shapes[type];

		for (size_t i = 0; i < shape->count; i++) {
			struct probe probes[4];
			size_t count = probes_of(&shape->fields[i], probes);

			for (size_t j = 0; j < count; j++)
				check_elem(type, &shape->fields[i], probes[j]);
		}
	}
}

static void an_element_with_a_field_missing_or_twice_is_refused(void **state)
{
	(void)state;
	for (enum elem_type type = 0; type < ELEM_TYPE_COUNT; type++) {
		const struct shape *shape = &elem_shapes[type];

		for (size_t i = 0; i < shape->count; i++) {
			const struct field *field = &shape->fields[i];
			const struct shape alone = {"", field, 1, 0};
			DROP(sample_release) struct sample sample = {.seed = type};
			DROP(blob_release) struct blob missing = {0};
			DROP(blob_release) struct blob twice = {0};
			union any_elem elem;

			sample_fill(&sample, shape, SAMPLE_FULL, &elem);
			lax_elem(&missing, shape, &elem, field);
			assert_rc(
				decode_with(shape, blob_span(&missing)), field->must ? RC_MALFORMED : RC_OK);

			lax_map(&twice, shape->count + 1);
			lax_fields(&twice, shape, &elem, NULL);
			lax_fields(&twice, &alone, &elem, NULL);
			assert_rc(decode_with(shape, blob_span(&twice)), RC_MALFORMED);
		}
	}
}

static void an_element_that_is_no_map_is_refused(void **state)
{
	static const char *const bad[] = {"\x01", "\xc0", "\x90", "\xa0", "\xc2", "\xff"};

	(void)state;
	for (enum elem_type type = 0; type < ELEM_TYPE_COUNT; type++)
		for (size_t i = 0; i < COUNT(bad); i++)
			assert_rc(decode_with(&elem_shapes[type], span_text(bad[i])), RC_MALFORMED);
}

static void an_unknown_key_in_an_element_is_skipped(void **state)
{
	(void)state;
	for (enum elem_type type = 0; type < ELEM_TYPE_COUNT; type++) {
		const struct shape *shape = &elem_shapes[type];
		DROP(sample_release) struct sample sample = {.seed = type};
		DROP(blob_release) struct blob raw = {0};
		union any_elem elem;

		sample_fill(&sample, shape, SAMPLE_FULL, &elem);
		lax_map(&raw, shape->count + 1);
		lax_text(&raw, "from_the_future");
		lax_map(&raw, 0);
		lax_fields(&raw, shape, &elem, NULL);
		assert_rc(decode_with(shape, blob_span(&raw)), RC_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_of_a_message_keeps_to_its_bounds),
		cmocka_unit_test(each_field_of_an_element_keeps_to_its_bounds),
		cmocka_unit_test(an_element_with_a_field_missing_or_twice_is_refused),
		cmocka_unit_test(an_element_that_is_no_map_is_refused),
		cmocka_unit_test(an_unknown_key_in_an_element_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
