#include "lib/store/reply.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/test.h"

/* All answers in these bytes, fed at once; *last is the last one. The result that ended it. */
static enum rc read_all(struct span bytes, size_t *count, struct reply **last)
{
	struct reply_reader *reader = NULL;
	enum rc rc;

	assert_ok(reply_reader_open(&reader));
	rc = reply_reader_feed(reader, bytes);
	*count = 0;
	while (rc == RC_OK) {
		struct reply *reply = NULL;

		rc = reply_reader_next(reader, &reply);
		if (reply == NULL)
			break;
		(*count)++;
		reply_release(last);
		*last = reply;
	}
	reply_reader_close(&reader);
	return rc;
}

static enum rc read_text(const char *text, size_t *count)
{
	DROP(reply_release) struct reply *last = NULL;

	return read_all(span_text(text), count, &last);
}

static void each_kind_is_read(void **state)
{
	static const struct {
		const char *text;
		enum reply_kind kind;
		int64_t integer;
		const char *bytes;
		size_t count;
	} table[] = {
		{"+OK\r\n", REPLY_STATUS, 0, "OK", 0},
		{"-ERR no\r\n", REPLY_ERROR, 0, "ERR no", 0},
		{":-9223372036854775808\r\n", REPLY_INTEGER, INT64_MIN, "", 0},
		{":9223372036854775807\r\n", REPLY_INTEGER, INT64_MAX, "", 0},
		{"$3\r\na\rb\r\n", REPLY_STRING, 0, "a\rb", 0},
		{"$0\r\n\r\n", REPLY_STRING, 0, "", 0},
		{"$-1\r\n", REPLY_NIL, 0, "", 0},
		{"*-1\r\n", REPLY_NIL, 0, "", 0},
		{"*0\r\n", REPLY_ARRAY, 0, "", 0},
		{"*2\r\n:1\r\n*1\r\n$1\r\nx\r\n", REPLY_ARRAY, 0, "", 2},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		DROP(reply_release) struct reply *reply = NULL;
		size_t count;

		assert_ok(read_all(span_text(table[i].text), &count, &reply));
		assert_int_equal(count, 1);
		assert_int_equal(reply->kind, table[i].kind);
		assert_int_equal(reply->integer, table[i].integer);
		assert_int_equal(reply->count, table[i].count);
		assert_true(span_is(reply->bytes, table[i].bytes));
	}
}

static void every_truncation_waits_for_more(void **state)
{
	static const char text[] = "*4\r\n$5\r\nhello\r\n:42\r\n*2\r\n+OK\r\n-ERR\r\n$-1\r\n";

	(void)state;
	for (size_t n = 0; n < sizeof text - 1; n++) {
		struct reply_reader *reader = NULL;
		struct reply *reply = NULL;

		assert_ok(reply_reader_open(&reader));
		assert_ok(reply_reader_feed(reader, span_of(text, n)));
		assert_ok(reply_reader_next(reader, &reply));
		assert_null(reply);
		assert_ok(reply_reader_feed(reader, span_of(text + n, sizeof text - 1 - n)));
		assert_ok(reply_reader_next(reader, &reply));
		assert_non_null(reply);
		assert_int_equal(reply->count, 4);
		assert_int_equal(reply->elements[2]->elements[1]->kind, REPLY_ERROR);
		reply_release(&reply);
		reply_reader_close(&reader);
	}
}

static void what_is_too_large_is_refused_by_its_header(void **state)
{
	static const char *const table[] = {
		"*2147483647\r\n",
		"*65536\r\n",
		"*2\r\n*65535\r\n",
		"$8388609\r\n",
		"$2147483647\r\n",
		"$9223372036854775807\r\n",
		"*1\r\n$8388609\r\n",
		"$8388609",
	};
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_rc(read_text(table[i], &count), RC_LIMIT);
		assert_int_equal(count, 0);
	}
	/* At the limits it only waits. */
	assert_ok(read_text("$8388608\r\n", &count));
	assert_ok(read_text("*65535\r\n", &count));
	assert_ok(read_text("*2\r\n*65534\r\n", &count));
}

static void nonsense_is_malformed(void **state)
{
	static const char *const table[] = {
		"x",
		"\r\n",
		"%1\r\n+a\r\n+b\r\n",
		":\r\n",
		":1x\r\n",
		":9223372036854775808\r\n",
		"$-2\r\n",
		"$x\r\n",
		"$99999999999999999999999999\r\n",
		"$\r\n",
		"$1 \r\n",
		"*-2\r\n",
		"*x\r\n",
		"*4294967296\r\n",
		"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
	};
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		assert_rc(read_text(table[i], &count), RC_MALFORMED);
		assert_int_equal(count, 0);
	}
}

static void a_line_without_an_end_is_not_collected(void **state)
{
	static const char starts[] = "+-:$*";
	char text[REPLY_LINE_MAX_BYTES + 4];
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof starts - 1; i++) {
		memset(text, '-', sizeof text);
		text[0] = starts[i];
		text[sizeof text - 1] = '\0';
		assert_rc(read_text(text, &count), RC_LIMIT);
		text[REPLY_LINE_MAX_BYTES + 2] = '\0';
		assert_ok(read_text(text, &count));
	}
}

/* Many strings of the largest size, one after the other, are more than one answer may have. */
static void an_answer_has_a_limit_as_a_whole(void **state)
{
	struct reply_reader *reader = NULL;
	struct reply *reply = NULL;
	uint8_t *big = calloc(1, STORE_VALUE_MAX_BYTES);
	enum rc rc = RC_OK;
	unsigned strings = 0;

	(void)state;
	assert_non_null(big);
	assert_ok(reply_reader_open(&reader));
	assert_ok(reply_reader_feed(reader, span_text("*100\r\n")));
	while (rc == RC_OK && strings < 100) {
		assert_ok(reply_reader_feed(reader, span_text("$8388608\r\n")));
		assert_ok(reply_reader_feed(reader, span_of(big, STORE_VALUE_MAX_BYTES)));
		assert_ok(reply_reader_feed(reader, span_text("\r\n")));
		rc = reply_reader_next(reader, &reply);
		assert_null(reply);
		strings++;
	}
	assert_rc(rc, RC_LIMIT);
	assert_int_equal(strings, REPLY_MAX_BYTES / STORE_VALUE_MAX_BYTES + 1);
	reply_reader_close(&reader);
	free(big);
}

static void the_limit_of_one_answer_is_not_used_up_by_others(void **state)
{
	DROP(blob_release) struct blob text = {0};
	DROP(reply_release) struct reply *last = NULL;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < REPLY_ELEMENTS_MAX / 2; i++)
		assert_ok(blob_append(&text, span_text("*2\r\n:1\r\n:2\r\n")));
	assert_ok(read_all(blob_span(&text), &count, &last));
	assert_int_equal(count, REPLY_ELEMENTS_MAX / 2);
}

static void errors_are_told_by_their_first_word(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} table[] = {
		{"-WRONGTYPE x\r\n", RC_MALFORMED},
		{"-NOPERM x\r\n", RC_DENIED},
		{"-NOAUTH x\r\n", RC_DENIED},
		{"-WRONGPASS x\r\n", RC_DENIED},
		{"-OOM x\r\n", RC_LIMIT},
		{"-ERR x\r\n", RC_MALFORMED},
		{"-READONLY x\r\n", RC_IO},
		{"-LOADING x\r\n", RC_IO},
		{"-MISCONF x\r\n", RC_IO},
		{"-NOPERMx\r\n", RC_IO},
		{"-\r\n", RC_IO},
		{"+NOPERM x\r\n", RC_OK},
		{"$-1\r\n", RC_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		DROP(reply_release) struct reply *reply = NULL;
		size_t count;

		assert_ok(read_all(span_text(table[i].text), &count, &reply));
		assert_rc(reply_rc(reply), table[i].rc);
	}
	assert_rc(reply_rc(NULL), RC_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_read),
		cmocka_unit_test(every_truncation_waits_for_more),
		cmocka_unit_test(what_is_too_large_is_refused_by_its_header),
		cmocka_unit_test(nonsense_is_malformed),
		cmocka_unit_test(a_line_without_an_end_is_not_collected),
		cmocka_unit_test(an_answer_has_a_limit_as_a_whole),
		cmocka_unit_test(the_limit_of_one_answer_is_not_used_up_by_others),
		cmocka_unit_test(errors_are_told_by_their_first_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
