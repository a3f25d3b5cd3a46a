/* The codec as a whole: what goes in comes out again, and what no encoder of ours writes is refused. The
 * bounds of the fields are in test_msg_bounds.c. */
#include "proto/wire.h"
#include "tests/support/sample.h"
#include "tests/support/test.h"

#define FOR_EACH_TYPE(type) for (enum msg_type type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++)

/* Every byte of *out before a call that must leave it alone. */
static void fill_untouched(struct msg *out)
{
	memset(out, 0x5a, sizeof *out);
}

static void assert_untouched(const struct msg *out)
{
	for (size_t i = 0; i < sizeof *out; i++)
		assert_int_equal(((const uint8_t *)out)[i], 0x5a);
}

/* The input in an allocation of its own, so that a sanitizer sees a read beyond its end. */
static void assert_decode_is(struct span bytes, enum rc expected)
{
	DROP(blob_release) struct blob copy = {0};
	struct msg out;

	assert_ok(blob_append(&copy, bytes));
	fill_untouched(&out);
	assert_rc(msg_decode(blob_span(&copy), &out), expected);
	if (expected != RC_OK)
		assert_untouched(&out);
}

static void encode(const struct msg *msg, struct blob *out)
{
	blob_clear(out);
	assert_ok(msg_encode(msg, out));
}

static void assert_round_trip(const struct msg *msg)
{
	DROP(blob_release) struct blob once = {0};
	DROP(blob_release) struct blob again = {0};
	struct msg out;

	encode(msg, &once);
	assert_ok(msg_decode(blob_span(&once), &out));
	assert_int_equal(out.type, msg->type);
	assert_int_equal(out.id, msg->id);
	assert_int_equal(out.ttl_ms, msg->ttl_ms);
	assert_true(sample_equal(&msg_shapes[msg->type], &out.ok, &msg->ok));
	encode(&out, &again);
	assert_spans_equal(blob_span(&again), blob_span(&once));
}

static void every_message_comes_out_as_it_went_in(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		DROP(sample_release) struct sample sample = {0};

		sample_make(&sample, type, SAMPLE_LEAST, type);
		assert_round_trip(&sample.msg);
		sample_make(&sample, type, SAMPLE_FULL, type);
		assert_round_trip(&sample.msg);
		for (uint64_t seed = 0; seed < 50; seed++) {
			sample_make(&sample, type, SAMPLE_RANDOM, seed << 8 | type);
			assert_round_trip(&sample.msg);
		}
	}
}

/* An encoder that shares nothing with ours: the two agree byte for byte. */
static void what_is_written_is_the_shortest_form_in_schema_order(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob ours = {0};
		DROP(blob_release) struct blob theirs = {0};

		sample_make(&sample, type, SAMPLE_RANDOM, 1000 + type);
		encode(&sample.msg, &ours);
		lax_msg(&theirs, &sample.msg, NULL, 0);
		assert_spans_equal(blob_span(&ours), blob_span(&theirs));
	}
}

static void every_truncation_of_every_message_is_refused(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob bytes = {0};

		sample_make(&sample, type, SAMPLE_FULL, type);
		encode(&sample.msg, &bytes);
		assert_decode_is(blob_span(&bytes), RC_OK);
		for (size_t len = 0; len < bytes.len; len++) {
			struct msg out;

			fill_untouched(&out);
			assert_int_not_equal(msg_decode(span_of(bytes.at, len), &out), RC_OK);
			if (len % 16 == 0)
				assert_untouched(&out);
		}
	}
}

static void a_byte_behind_the_message_is_refused(void **state)
{
	static const uint8_t more[] = {0x00, 0xc0, 0x80, 0xff};

	(void)state;
	FOR_EACH_TYPE(type)
	{
		DROP(sample_release) struct sample sample = {0};

		sample_make(&sample, type, SAMPLE_FULL, type);
		for (size_t i = 0; i < COUNT(more); i++) {
			DROP(blob_release) struct blob bytes = {0};

			encode(&sample.msg, &bytes);
			lax_raw(&bytes, span_of(&more[i], 1));
			assert_decode_is(blob_span(&bytes), RC_MALFORMED);
		}
	}
}

/* A flip may give another message, but never one that does not hold the bounds: it can be written again. */
static void no_flipped_bit_gives_what_cannot_be_written_again(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob bytes = {0};

		sample_make(&sample, type, SAMPLE_RANDOM, type);
		encode(&sample.msg, &bytes);
		for (size_t bit = 0; bit < bytes.len * 8; bit++) {
			struct msg out;

			bytes.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
			if (msg_decode(blob_span(&bytes), &out) == RC_OK)
				assert_round_trip(&out);
			bytes.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* What a field is replaced by: its key, then these bytes. */
static void append_pair(struct blob *out, const char *key, struct span value)
{
	lax_text(out, key);
	lax_raw(out, value);
}

static void a_required_field_that_is_missing_is_refused(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		const struct shape *shape = &msg_shapes[type];
		DROP(sample_release) struct sample sample = {0};

		sample_make(&sample, type, SAMPLE_FULL, type);
		for (size_t i = 0; i < shape->count; i++) {
			DROP(blob_release) struct blob bytes = {0};

			lax_msg(&bytes, &sample.msg, &shape->fields[i], 0);
			assert_decode_is(blob_span(&bytes), shape->fields[i].must ? RC_MALFORMED : RC_OK);
		}
	}
}

/* The extent of one field alone, as a pair of a map. */
static void append_field(struct blob *out, const struct field *field, const void *structure)
{
	const struct shape alone = {"", field, 1, 0};

	lax_fields(out, &alone, structure, NULL);
}

static void a_field_that_is_there_twice_is_refused(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		const struct shape *shape = &msg_shapes[type];
		DROP(sample_release) struct sample sample = {0};

		sample_make(&sample, type, SAMPLE_FULL, type);
		for (size_t i = 0; i < shape->count; i++) {
			DROP(blob_release) struct blob bytes = {0};

			lax_msg(&bytes, &sample.msg, NULL, 1);
			append_field(&bytes, &shape->fields[i], &sample.msg.ok);
			assert_decode_is(blob_span(&bytes), RC_MALFORMED);
		}
	}
}

static void fields_may_come_in_any_order(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		const struct shape *shape = &msg_shapes[type];
		DROP(sample_release) struct sample sample = {0};

		sample_make(&sample, type, SAMPLE_FULL, type);
		for (size_t i = 0; i < shape->count; i++) {
			DROP(blob_release) struct blob bytes = {0};

			lax_msg(&bytes, &sample.msg, &shape->fields[i], 1);
			append_field(&bytes, &shape->fields[i], &sample.msg.ok);
			assert_decode_is(blob_span(&bytes), RC_OK);
		}
	}
}

/* One value of each kind, with the kind of field that takes it (FIELD_list + 1: none does). */
static const struct {
	enum field_kind takes;
	bool nothing;
	uint8_t len;
	uint8_t bytes[9];
} values[] = {
	{FIELD_u64, false, 1, {0x01}},
	{FIELD_flag, false, 1, {0xc3}},
	{FIELD_bin, false, 3, {0xc4, 1, 'x'}},
	{FIELD_str, false, 2, {0xa1, 'x'}},
	{FIELD_list, false, 1, {0x90}},
	{0, true, 1, {0xc0}},
	{0, true, 1, {0x80}},
	{0, true, 1, {0xff}},
	{0, true, 2, {0xd0, 0x80}},
	{0, true, 5, {0xca}},
	{0, true, 9, {0xcb}},
	{0, true, 3, {0xd4}},
	{0, true, 1, {0xc1}},
};

static void a_value_of_another_kind_is_refused(void **state)
{
	(void)state;
	FOR_EACH_TYPE(type)
	{
		const struct shape *shape = &msg_shapes[type];
		DROP(sample_release) struct sample sample = {0};

		sample_make(&sample, type, SAMPLE_FULL, type);
		for (size_t i = 0; i < shape->count * COUNT(values); i++) {
			const struct field *field = &shape->fields[i / COUNT(values)];
			size_t value = i % COUNT(values);
			DROP(blob_release) struct blob bytes = {0};

			if (!values[value].nothing && values[value].takes == field->kind)
				continue;
			lax_msg(&bytes, &sample.msg, field, 1);
			append_pair(&bytes, field->name, span_of(values[value].bytes, values[value].len));
			assert_decode_is(blob_span(&bytes), RC_MALFORMED);
		}
	}
}

static void unknown_keys_are_skipped_whatever_they_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob bytes = {0};
		bool has_no_place = values[i].bytes[0] == 0xc1 || values[i].bytes[0] == 0xca ||
		                    values[i].bytes[0] == 0xcb || values[i].bytes[0] == 0xd4;

		sample_make(&sample, MSG_TYPE_verdict, SAMPLE_FULL, i);
		lax_msg(&bytes, &sample.msg, NULL, 1);
		append_pair(&bytes, "from_the_future", span_of(values[i].bytes, values[i].len));
		assert_decode_is(blob_span(&bytes), has_no_place ? RC_MALFORMED : RC_OK);
	}
}

static void what_an_unknown_key_names_may_not_nest_without_end(void **state)
{
	(void)state;
	for (size_t depth = WIRE_DEPTH_MAX; depth <= 100000; depth += depth == WIRE_DEPTH_MAX ? 1 : 50000) {
		struct msg ok = {.type = MSG_TYPE_ok};
		DROP(blob_release) struct blob bytes = {0};

		lax_msg(&bytes, &ok, NULL, 1);
		lax_text(&bytes, "deep");
		for (size_t i = 0; i < depth; i++)
			lax_raw(&bytes, span_text("\x91"));
		lax_uint(&bytes, 0);
		assert_decode_is(blob_span(&bytes), depth == WIRE_DEPTH_MAX ? RC_OK : RC_LIMIT);
	}
}

static void text_that_is_not_text_is_neither_written_nor_read(void **state)
{
	static const char *const bad[] = {"a\nb", "\x1b[31m", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xc2\x85"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct msg msg = {.type = MSG_TYPE_ok, .ok.text = span_text(bad[i])};
		DROP(blob_release) struct blob bytes = {0};
		DROP(blob_release) struct blob out = {0};

		assert_ok(blob_copy(&out, span_text("before")));
		assert_rc(msg_encode(&msg, &out), RC_MALFORMED);
		assert_true(span_is(blob_span(&out), "before"));
		lax_msg(&bytes, &msg, NULL, 0);
		assert_decode_is(blob_span(&bytes), RC_MALFORMED);
	}
}

static void an_encoder_appends(void **state)
{
	struct msg msg = {.type = MSG_TYPE_ok};
	DROP(blob_release) struct blob out = {0};
	struct msg back;

	(void)state;
	assert_ok(blob_append(&out, span_text("before")));
	assert_ok(msg_encode(&msg, &out));
	assert_memory_equal(out.at, "before", 6);
	assert_ok(msg_decode(span_of(out.at + 6, out.len - 6), &back));
}

static void what_is_no_type_is_not_written(void **state)
{
	struct msg msg = {.type = MSG_TYPE_none};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_rc(msg_encode(&msg, &out), RC_UNSUPPORTED);
	msg.type = MSG_TYPE_COUNT;
	assert_rc(msg_encode(&msg, &out), RC_UNSUPPORTED);
	assert_int_equal(out.len, 0);
	assert_string_equal(msg_type_name(MSG_TYPE_COUNT), "none");
	assert_string_equal(msg_type_name((enum msg_type) - 1), "none");
}

static void only_the_expected_type_is_read(void **state)
{
	struct msg msg = {.type = MSG_TYPE_ok};
	DROP(blob_release) struct blob bytes = {0};
	struct msg out;

	(void)state;
	encode(&msg, &bytes);
	assert_ok(msg_decode_as(blob_span(&bytes), MSG_TYPE_ok, &out));
	fill_untouched(&out);
	assert_rc(msg_decode_as(blob_span(&bytes), MSG_TYPE_error, &out), RC_MALFORMED);
	assert_untouched(&out);
}

static void a_list_that_is_not_its_count_of_elements_is_not_written(void **state)
{
	static const uint8_t nonce[NONCE_BYTES] = {1};
	const struct elem_bank bank = {.alg = 0x0b, .mask = 1};
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob out = {0};
	struct msg msg = {.type = MSG_TYPE_challenge, .challenge.nonce = SPAN(nonce)};

	(void)state;
	assert_ok(ELEM_APPEND(bank, &bank, &raw));
	assert_ok(ELEM_APPEND(bank, &bank, &raw));
	for (size_t count = 0; count < 4; count++) {
		msg.challenge.banks = (struct list){blob_span(&raw), count};
		assert_rc(msg_encode(&msg, &out), count == 2 ? RC_OK : RC_MALFORMED);
	}
}

static void elements_are_read_one_by_one_until_the_end(void **state)
{
	DROP(blob_release) struct blob raw = {0};
	struct list list;
	struct elem_bank bank;

	(void)state;
	for (uint64_t i = 1; i <= 3; i++)
		assert_ok(ELEM_APPEND(bank, (&(struct elem_bank){.alg = i, .mask = i * 2}), &raw));
	list = (struct list){blob_span(&raw), 3};
	for (uint64_t i = 1; i <= 3; i++) {
		assert_true(ELEM_NEXT(bank, &list, &bank));
		assert_int_equal(bank.alg, i);
		assert_int_equal(bank.mask, i * 2);
	}
	assert_false(ELEM_NEXT(bank, &list, &bank));
	list = (struct list){span_of(raw.at, raw.len - 1), 3};
	assert_true(ELEM_NEXT(bank, &list, &bank));
	assert_true(ELEM_NEXT(bank, &list, &bank));
	assert_false(ELEM_NEXT(bank, &list, &bank));
	assert_int_equal(list.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_comes_out_as_it_went_in),
		cmocka_unit_test(what_is_written_is_the_shortest_form_in_schema_order),
		cmocka_unit_test(every_truncation_of_every_message_is_refused),
		cmocka_unit_test(a_byte_behind_the_message_is_refused),
		cmocka_unit_test(no_flipped_bit_gives_what_cannot_be_written_again),
		cmocka_unit_test(a_required_field_that_is_missing_is_refused),
		cmocka_unit_test(a_field_that_is_there_twice_is_refused),
		cmocka_unit_test(fields_may_come_in_any_order),
		cmocka_unit_test(a_value_of_another_kind_is_refused),
		cmocka_unit_test(unknown_keys_are_skipped_whatever_they_name),
		cmocka_unit_test(what_an_unknown_key_names_may_not_nest_without_end),
		cmocka_unit_test(text_that_is_not_text_is_neither_written_nor_read),
		cmocka_unit_test(an_encoder_appends),
		cmocka_unit_test(what_is_no_type_is_not_written),
		cmocka_unit_test(only_the_expected_type_is_read),
		cmocka_unit_test(a_list_that_is_not_its_count_of_elements_is_not_written),
		cmocka_unit_test(elements_are_read_one_by_one_until_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
