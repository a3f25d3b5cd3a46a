/* The message's own keys, written by hand: v, t, id, ttl. */
#include "tests/support/sample.h"
#include "tests/support/test.h"

#define V1   "\xa1v\x01"
#define T_OK "\xa1t\xa2ok"

static const struct {
	const char *bytes;
	enum rc rc;
} rows[] = {
	{"\x82" V1 T_OK, RC_OK},
	{"\x83" V1 T_OK "\xa2id\x07", RC_OK},
	{"\x84" V1 T_OK "\xa2id\x07\xa3ttl\x09", RC_OK},
	{"\x84" V1 T_OK "\xa3ttl\x09\xa2id\x07", RC_OK},
	{"\x84" V1 T_OK "\xa4text\xa1x\xa2id\x07", RC_OK},
	/* Other forms of the same: legal, if not the shortest. */
	{"\x82\xd9\x01v\xcc\x01\xd9\x01t\xd9\x02ok", RC_OK},
	{"\x82\xa1v\xd0\x01" T_OK, RC_OK},
	/* v and t come first, once, in this order. */
	{"\x82" T_OK V1, RC_MALFORMED},
	{"\x83\xa2id\x07" V1 T_OK, RC_MALFORMED},
	{"\x83" V1 "\xa2id\x07" T_OK, RC_MALFORMED},
	{"\x81" V1, RC_MALFORMED},
	{"\x81" T_OK, RC_MALFORMED},
	{"\x80", RC_MALFORMED},
	{"\x83" V1 V1 T_OK, RC_MALFORMED},
	{"\x83" V1 T_OK V1, RC_MALFORMED},
	{"\x83" V1 T_OK T_OK, RC_MALFORMED},
	/* Kinds and values. */
	{"\x82\xa1v\x02" T_OK, RC_UNSUPPORTED},
	{"\x82\xa1v\xc3" T_OK, RC_MALFORMED},
	{"\x82\xa1v\xff" T_OK, RC_MALFORMED},
	{"\x82\xa1v\xa1\x31" T_OK, RC_MALFORMED},
	{"\x82" V1 "\xa1t\xa4none", RC_UNSUPPORTED},
	{"\x82" V1 "\xa1t\xa0", RC_UNSUPPORTED},
	{"\x82" V1 "\xa1t\xa3oks", RC_UNSUPPORTED},
	{"\x82" V1 "\xa1t\xa1o", RC_UNSUPPORTED},
	{"\x82" V1 "\xa1t\x01", RC_MALFORMED},
	{"\x82" V1 "\xa1t\xc4\x02ok", RC_MALFORMED},
	{"\x83" V1 T_OK "\xa2id\xff", RC_MALFORMED},
	{"\x83" V1 T_OK "\xa2id\xc3", RC_MALFORMED},
	{"\x83" V1 T_OK "\xa2id\xa1\x37", RC_MALFORMED},
	{"\x84" V1 T_OK "\xa2id\x07\xa2id\x07", RC_MALFORMED},
	{"\x84" V1 T_OK "\xa3ttl\x07\xa3ttl\x08", RC_MALFORMED},
	/* Keys are text. */
	{"\x83" V1 T_OK "\x01\x01", RC_MALFORMED},
	{"\x83" V1 T_OK "\xc4\x01x\x01", RC_MALFORMED},
	{"\x83" V1 T_OK "\xc0\x01", RC_MALFORMED},
	/* Not a map, and counts that lie. */
	{"\x94" V1 T_OK, RC_MALFORMED},
	{"\xa2ok", RC_MALFORMED},
	{"\xc0", RC_MALFORMED},
	{"\x83" V1 T_OK, RC_MALFORMED},
	{"\x81" V1 T_OK, RC_MALFORMED},
	{"\xdd\x10\x01\x01\x01", RC_MALFORMED},
	{"\xdf\xff\xff\xff\xff" V1 T_OK, RC_MALFORMED},
	{"\xdf\x80\x01\x01\x02" V1 T_OK, RC_MALFORMED},
};

static void each_head_is_read_or_refused_as_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct msg out = {.id = 99};
		enum rc rc = msg_decode(span_text(rows[i].bytes), &out);

		if (rc != rows[i].rc)
			fail_msg("row %zu: \"%s\", expected \"%s\"", i, rc_words(rc), rc_words(rows[i].rc));
		assert_true(rc == RC_OK || out.id == 99);
	}
}

/* Rows of text cannot hold a zero. */
static void a_zero_where_none_is_written_is_refused(void **state)
{
	static const char id[] = "\x83" V1 T_OK "\xa2id\x00";
	static const char ttl[] = "\x83" V1 T_OK "\xa3ttl\x00";
	static const char twice[] = "\x84" V1 T_OK "\xa2id\x00\xa2id\x07";
	static const char version[] = "\x82\xa1v\x00" T_OK;
	static const char lie[] = "\xdd\x10\x00\x00\x00";
	struct msg out;

	(void)state;
	assert_rc(msg_decode(span_of(id, sizeof id - 1), &out), RC_MALFORMED);
	assert_rc(msg_decode(span_of(ttl, sizeof ttl - 1), &out), RC_MALFORMED);
	assert_rc(msg_decode(span_of(twice, sizeof twice - 1), &out), RC_MALFORMED);
	assert_rc(msg_decode(span_of(version, sizeof version - 1), &out), RC_UNSUPPORTED);
	assert_rc(msg_decode(span_of(lie, sizeof lie - 1), &out), RC_MALFORMED);
	assert_rc(msg_decode((struct span){0}, &out), RC_MALFORMED);
}

/* The decoder reads an optional field that is written though it is empty. */
static void an_optional_field_may_be_there_and_empty(void **state)
{
	static const char text[] = "\x83" V1 T_OK "\xa4text\xa0";
	static const char hash[] = "\x83" V1 "\xa1t\xaapolicy_get\xa4hash\xc4\x00";
	struct msg out;

	(void)state;
	assert_ok(msg_decode(span_of(text, sizeof text - 1), &out));
	assert_int_equal(out.ok.text.len, 0);
	assert_ok(msg_decode(span_of(hash, sizeof hash - 1), &out));
	assert_int_equal(out.policy_get.hash.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_head_is_read_or_refused_as_the_table_says),
		cmocka_unit_test(a_zero_where_none_is_written_is_refused),
		cmocka_unit_test(an_optional_field_may_be_there_and_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
