#include "tests/support/test.h"

#include "lib/base/file.h"
#include "lib/follow/profiles.h"

static struct profiles *profiles;

static int open_profiles(void **state)
{
	(void)state;
	assert_ok(profiles_open(&profiles));
	return 0;
}

static int close_profiles(void **state)
{
	(void)state;
	profiles_close(&profiles);
	profiles_close(&profiles);
	return 0;
}

static enum rc put(uint8_t node, const char *tag, uint64_t time)
{
	const uint8_t id[NODE_ID_BYTES] = {node};
	const struct elem_tag item = {span_text(tag)};
	DROP(blob_release) struct blob tags = {0};
	struct msg_profile profile = {.node = SPAN(id), .time = time};

	assert_ok(ELEM_APPEND(tag, &item, &tags));
	profile.tags = (struct list){blob_span(&tags), 1};
	return profiles_put(profiles, &profile);
}

static bool has(const struct profiles *where, uint8_t node, const char *tag)
{
	const uint8_t id[NODE_ID_BYTES] = {node};
	struct msg_profile profile;

	return profiles_get(where, id, &profile) && profile_has_tag(&profile, span_text(tag));
}

static void the_latest_time_counts(void **state)
{
	(void)state;
	assert_false(has(profiles, 1, "web"));
	assert_ok(put(1, "web", 100));
	assert_ok(put(2, "db", 50));
	assert_true(has(profiles, 1, "web"));
	assert_true(has(profiles, 2, "db"));
	assert_rc(put(1, "old", 99), RC_STALE);
	assert_true(has(profiles, 1, "web"));
	assert_ok(put(1, "same", 100)); /* the later notice */
	assert_true(has(profiles, 1, "same"));
	assert_false(has(profiles, 1, "web"));
	assert_ok(put(1, "new", 101));
	assert_true(has(profiles, 1, "new"));
	assert_int_equal(profiles_count(profiles), 2);
}

static void what_is_no_profile_is_refused(void **state)
{
	static const uint8_t id[NODE_ID_BYTES] = {1};
	const struct msg_profile short_id = {.node = span_text("short"), .time = 1};
	const struct msg_profile no_time = {.node = SPAN(id)};
	const struct msg_profile no_tags = {.node = SPAN(id), .time = 1, .tags = {span_text("nonsense"), 1}};

	(void)state;
	assert_rc(profiles_put(profiles, &short_id), RC_MALFORMED);
	assert_int_not_equal(profiles_put(profiles, &no_time), RC_OK);
	assert_int_not_equal(profiles_put(profiles, &no_tags), RC_OK);
	assert_int_equal(profiles_count(profiles), 0);
}

static void the_table_is_read_as_it_was_written(void **state)
{
	const struct notice_place place = {.seq = 9, .time = 8, .hash = {7}};
	DROP(profiles_close) struct profiles *read = NULL;
	DROP(blob_release) struct blob bytes = {0};
	struct notice_place at = {0};

	(void)state;
	for (unsigned node = 0; node < 256; node++)
		assert_ok(put((uint8_t)node, node % 2 == 0 ? "even" : "odd", node + 1));
	assert_ok(profiles_encode(profiles, &place, &bytes));
	assert_ok(profiles_open(&read));
	assert_ok(profiles_decode(blob_span(&bytes), read, &at));
	assert_memory_equal(&at, &place, sizeof at);
	assert_int_equal(profiles_count(read), 256);
	assert_true(has(read, 254, "even") && has(read, 255, "odd"));
}

static void every_flipped_bit_and_every_truncation_is_refused(void **state)
{
	const struct notice_place place = {.seq = 9};
	DROP(profiles_close) struct profiles *read = NULL;
	DROP(blob_release) struct blob bytes = {0};
	struct notice_place at = {0};

	(void)state;
	assert_ok(put(1, "web", 1));
	assert_ok(put(2, "db", 1));
	assert_ok(profiles_encode(profiles, &place, &bytes));
	assert_ok(profiles_open(&read));
	for (size_t i = 0; i < bytes.len; i++) {
		assert_rc(profiles_decode(span_of(bytes.at, i), read, &at), RC_MALFORMED);
		bytes.at[i] ^= (uint8_t)(1u << i % 8);
		assert_rc(profiles_decode(blob_span(&bytes), read, &at), RC_MALFORMED);
		bytes.at[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(profiles_count(read), 0);
	assert_int_equal(at.seq, 0);
}

static void a_file_is_for_its_owner_alone(void **state)
{
	DROP(profiles_close) struct profiles *read = NULL;
	struct notice_place place = {.seq = 3};
	char path[SCRATCH_FILE_BYTES];
	struct scratch scratch;
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "profiles", path);
	assert_ok(profiles_open(&read));
	assert_rc(profiles_load(path, read, &place, NULL), RC_NOT_FOUND);
	assert_ok(put(1, "web", 1));
	assert_ok(profiles_save(profiles, &place, path, NULL));
	place.seq = 0;
	assert_ok(profiles_load(path, read, &place, NULL));
	assert_int_equal(place.seq, 3);
	assert_true(has(read, 1, "web"));
	assert_ok(file_read(path, 4096, &bytes, NULL));
	assert_ok(file_replace(path, blob_span(&bytes), 0640, NULL));
	assert_rc(profiles_load(path, read, &place, NULL), RC_DENIED);
	scratch_release(&scratch);
}

static void addresses_have_words(void **state)
{
	static const uint8_t four[] = {10, 0, 0, 7};
	static const uint8_t six[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};
	char text[ADDRESS_TEXT_BYTES];

	(void)state;
	assert_true(address_text(SPAN(four), text));
	assert_string_equal(text, "10.0.0.7");
	assert_true(address_text(SPAN(six), text));
	assert_string_equal(text, "2001:db8::7");
	assert_false(address_text(span_of(six, 5), text));
	assert_false(address_text(span_of(six, 15), text));
	assert_false(address_text(span_of(six, 0), text));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_profiles, close_profiles)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_latest_time_counts),
		CASE(what_is_no_profile_is_refused),
		CASE(the_table_is_read_as_it_was_written),
		CASE(every_flipped_bit_and_every_truncation_is_refused),
		CASE(a_file_is_for_its_owner_alone),
		cmocka_unit_test(addresses_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
