#include "proto/wire.h"
#include "tests/support/test.h"

#define BYTES(...) SPAN(((const uint8_t[]){__VA_ARGS__}))

static void each_form_gives_its_kind_and_number(void **state)
{
	static const struct {
		uint8_t bytes[9];
		size_t len;
		enum wire_kind kind;
		uint64_t number;
	} rows[] = {
		{{0x00}, 1, WIRE_UINT, 0},
		{{0x7f}, 1, WIRE_UINT, 127},
		{{0xcc, 0xff}, 2, WIRE_UINT, 255},
		{{0xcd, 0x01, 0x02}, 3, WIRE_UINT, 0x0102},
		{{0xce, 1, 2, 3, 4}, 5, WIRE_UINT, 0x01020304},
		{{0xcf, 1, 2, 3, 4, 5, 6, 7, 8}, 9, WIRE_UINT, 0x0102030405060708},
		{{0xcf, 255, 255, 255, 255, 255, 255, 255, 255}, 9, WIRE_UINT, UINT64_MAX},
		{{0xc0}, 1, WIRE_NIL, 0},
		{{0xc2}, 1, WIRE_BOOL, 0},
		{{0xc3}, 1, WIRE_BOOL, 1},
		{{0x80}, 1, WIRE_MAP, 0},
		{{0x90}, 1, WIRE_ARRAY, 0},
		{{0xa0}, 1, WIRE_STR, 0},
		{{0xc4, 0}, 2, WIRE_BIN, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct span in = span_of(rows[i].bytes, rows[i].len);
		struct wire_item item;

		assert_ok(wire_next(&in, &item));
		assert_int_equal(item.kind, rows[i].kind);
		assert_int_equal(item.number, rows[i].number);
		assert_int_equal(item.bytes.len, 0);
		assert_int_equal(in.len, 0);
	}
}

static void a_longer_form_of_a_small_number_is_the_same_number(void **state)
{
	const struct span forms[] = {
		BYTES(0x07),
		BYTES(0xcc, 7),
		BYTES(0xcd, 0, 7),
		BYTES(0xce, 0, 0, 0, 7),
		BYTES(0xcf, 0, 0, 0, 0, 0, 0, 0, 7),
		BYTES(0xd0, 7),
		BYTES(0xd1, 0, 7),
		BYTES(0xd2, 0, 0, 0, 7),
		BYTES(0xd3, 0, 0, 0, 0, 0, 0, 0, 7),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct span in = forms[i];
		struct wire_item item;

		assert_ok(wire_next(&in, &item));
		assert_int_equal(item.kind, WIRE_UINT);
		assert_int_equal(item.number, 7);
	}
}

static void a_negative_number_is_a_kind_of_its_own_without_a_value(void **state)
{
	const struct span forms[] = {
		BYTES(0xff),
		BYTES(0xe0),
		BYTES(0xd0, 0x80),
		BYTES(0xd1, 0xff, 0xff),
		BYTES(0xd2, 0x80, 0, 0, 0),
		BYTES(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct span in = forms[i];
		struct wire_item item;

		assert_ok(wire_next(&in, &item));
		assert_int_equal(item.kind, WIRE_NINT);
		assert_int_equal(item.number, 0);
	}
}

static void bytes_and_text_borrow_from_the_input(void **state)
{
	const struct span forms[] = {
		BYTES(0xa2, 'h', 'i', 0),
		BYTES(0xd9, 2, 'h', 'i', 0),
		BYTES(0xda, 0, 2, 'h', 'i', 0),
		BYTES(0xdb, 0, 0, 0, 2, 'h', 'i', 0),
		BYTES(0xc4, 2, 'h', 'i', 0),
		BYTES(0xc5, 0, 2, 'h', 'i', 0),
		BYTES(0xc6, 0, 0, 0, 2, 'h', 'i', 0),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct span in = forms[i];
		struct wire_item item;

		assert_ok(wire_next(&in, &item));
		assert_int_equal(item.kind, i < 4 ? WIRE_STR : WIRE_BIN);
		assert_true(span_is(item.bytes, "hi"));
		assert_ptr_equal(item.bytes.at, forms[i].at + forms[i].len - 3);
		assert_int_equal(in.len, 1);
	}
}

/* The input in an allocation of its own, so that a sanitizer sees a read beyond its end. */
static enum rc next_of(struct span bytes, struct wire_item *item)
{
	DROP(blob_release) struct blob copy = {0};
	struct span in;
	enum rc rc;

	assert_ok(blob_append(&copy, bytes));
	in = blob_span(&copy);
	rc = wire_next(&in, item);
	if (rc != RC_OK) {
		assert_ptr_equal(in.at, copy.at);
		assert_int_equal(in.len, copy.len);
	}
	return rc;
}

static void a_length_or_count_that_does_not_fit_is_refused(void **state)
{
	const struct span lies[] = {
		{NULL, 0},
		BYTES(0xa1),
		BYTES(0xbf, 'x'),
		BYTES(0xd9),
		BYTES(0xd9, 1),
		BYTES(0xda, 0, 2, 'x'),
		BYTES(0xdb, 0xff, 0xff, 0xff, 0xff, 'x'),
		BYTES(0xc4, 2, 'x'),
		BYTES(0xc5, 0xff, 0xff, 'x'),
		BYTES(0xc6, 0xff, 0xff, 0xff, 0xff),
		BYTES(0x91),
		BYTES(0x9f, 0, 0, 0),
		BYTES(0xdc, 0, 3, 0, 0),
		BYTES(0xdd, 0x10, 0, 0, 0),
		BYTES(0xdd, 0xff, 0xff, 0xff, 0xff, 0),
		BYTES(0x81, 0),
		BYTES(0x82, 0, 0, 0),
		BYTES(0xde, 0, 2, 0, 0, 0),
		BYTES(0xdf, 0x80, 0, 0, 0, 0, 0),
		BYTES(0xdf, 0xff, 0xff, 0xff, 0xff, 0, 0),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct wire_item item = {.number = 77};

		assert_rc(next_of(lies[i], &item), RC_MALFORMED);
		assert_int_equal(item.number, 77);
	}
}

static void a_number_cut_short_is_refused(void **state)
{
	static const uint8_t sizes[][2] = {{0xcc, 1}, {0xcd, 2}, {0xce, 4}, {0xcf, 8}, {0xd0, 1}, {0xd1, 2},
		{0xd2, 4}, {0xd3, 8}, {0xd9, 1}, {0xda, 2}, {0xdb, 4}, {0xc4, 1}, {0xc5, 2}, {0xc6, 4},
		{0xdc, 2}, {0xdd, 4}, {0xde, 2}, {0xdf, 4}};

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		uint8_t bytes[9] = {sizes[i][0]};
		struct wire_item item;

		for (size_t len = 1; len <= sizes[i][1]; len++)
			assert_rc(next_of(span_of(bytes, len), &item), RC_MALFORMED);
		assert_ok(next_of(span_of(bytes, 1u + sizes[i][1]), &item));
	}
}

static void floats_extensions_and_the_reserved_byte_are_refused(void **state)
{
	static const uint8_t bad[] = {0xc1, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		uint8_t bytes[32] = {bad[i]};
		struct wire_item item;

		assert_rc(next_of(SPAN(bytes), &item), RC_MALFORMED);
	}
}

/* `depth` arrays of one element around a zero. */
static struct span nested(uint8_t *bytes, size_t depth)
{
	memset(bytes, 0x91, depth);
	bytes[depth] = 0;
	return span_of(bytes, depth + 1);
}

static void a_skipped_value_may_nest_so_deep_and_not_deeper(void **state)
{
	uint8_t bytes[4096];
	struct span in = nested(bytes, WIRE_DEPTH_MAX);

	(void)state;
	assert_ok(wire_skip(&in));
	assert_int_equal(in.len, 0);
	in = nested(bytes, WIRE_DEPTH_MAX + 1);
	assert_rc(wire_skip(&in), RC_LIMIT);
	assert_int_equal(in.len, WIRE_DEPTH_MAX + 2);
	in = nested(bytes, sizeof bytes - 1);
	assert_rc(wire_skip(&in), RC_LIMIT);
}

static void a_skipped_value_may_have_so_many_items_and_not_more(void **state)
{
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	for (uint32_t more = 0; more < 2; more++) {
		uint32_t count = WIRE_ITEMS_MAX - 1 + more;
		const uint8_t head[] = {0xdd, (uint8_t)(count >> 24), (uint8_t)(count >> 16),
			(uint8_t)(count >> 8), (uint8_t)count};
		struct span in;

		assert_ok(blob_copy(&bytes, SPAN(head)));
		assert_ok(blob_resize(&bytes, sizeof head + count));
		in = blob_span(&bytes);
		assert_rc(wire_skip(&in), more == 0 ? RC_OK : RC_LIMIT);
	}
}

static void exactly_one_value_is_skipped(void **state)
{
	/* {"a": [1, {2: nil}], "b": bin(2)}, then 5 */
	const struct span whole = BYTES(0x82, 0xa1, 'a', 0x92, 1, 0x81, 2, 0xc0, 0xa1, 'b', 0xc4, 2, 0, 0, 5);
	struct span in = whole;

	(void)state;
	assert_ok(wire_skip(&in));
	assert_int_equal(in.len, 1);
	assert_int_equal(in.at[0], 5);
	for (size_t len = 0; len < whole.len - 1; len++) {
		in = span_of(whole.at, len);
		assert_int_not_equal(wire_skip(&in), RC_OK);
		assert_int_equal(in.len, len);
	}
}

static void text_is_strict_utf8_without_control_characters(void **state)
{
	static const struct {
		const char *bytes;
		bool is_text;
	} rows[] = {
		{"", true},
		{" ~", true},
		{"\x1f", false},
		{"\n", false},
		{"\x7f", false},
		{"\xc2\x80", false},
		{"\xc2\x9f", false},
		{"\xc2\xa0", true},
		{"\xdf\xbf", true},
		{"\xe0\xa0\x80", true},
		{"\xed\x9f\xbf", true},
		{"\xee\x80\x80", true},
		{"\xef\xbf\xbf", true},
		{"\xf0\x90\x80\x80", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\xe2\x80\xa7", true},
		{"\xe2\x80\xa8", false},
		{"\xe2\x80\xae", false},
		{"\xe2\x80\xaf", true},
		{"\xe2\x81\xa5", true},
		{"\xe2\x81\xa6", false},
		{"\xe2\x81\xa9", false},
		{"\xe2\x81\xaa", true},
		{"\x80", false},
		{"\xbf", false},
		{"\xc0\x80", false},
		{"\xc0\xaf", false},
		{"\xc1\xbf", false},
		{"\xc3", false},
		{"\xc3(", false},
		{"\xe0\x80\xaf", false},
		{"\xe0\x9f\xbf", false},
		{"\xe2\x82", false},
		{"\xe2\x82(", false},
		{"\xed\xa0\x80", false},
		{"\xed\xbf\xbf", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xf0\x9f\x8d", false},
		{"\xf4\x90\x80\x80", false},
		{"\xf8\x88\x80\x80\x80", false},
		{"\xfe", false},
		{"\xff", false},
		{"fine\xc3\xa9 then \xc3", false},
	};
	static const uint8_t nul[] = {'a', 0, 'b'};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (wire_is_text(span_text(rows[i].bytes)) != rows[i].is_text)
			fail_msg("row %zu", i);
	assert_false(wire_is_text(SPAN(nul)));
	assert_true(wire_is_text((struct span){0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_gives_its_kind_and_number),
		cmocka_unit_test(a_longer_form_of_a_small_number_is_the_same_number),
		cmocka_unit_test(a_negative_number_is_a_kind_of_its_own_without_a_value),
		cmocka_unit_test(bytes_and_text_borrow_from_the_input),
		cmocka_unit_test(a_length_or_count_that_does_not_fit_is_refused),
		cmocka_unit_test(a_number_cut_short_is_refused),
		cmocka_unit_test(floats_extensions_and_the_reserved_byte_are_refused),
		cmocka_unit_test(a_skipped_value_may_nest_so_deep_and_not_deeper),
		cmocka_unit_test(a_skipped_value_may_have_so_many_items_and_not_more),
		cmocka_unit_test(exactly_one_value_is_skipped),
		cmocka_unit_test(text_is_strict_utf8_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
