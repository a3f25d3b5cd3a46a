#include "lib/base/err.h"

#include <errno.h>

#include "lib/base/drop.h"
#include "tests/support/test.h"

static void setting_writes_text_and_code(void **state)
{
	struct err err = {0};

	(void)state;
	assert_rc(err_set(&err, RC_LIMIT, "%s: %d bytes", "key", 7), RC_LIMIT);
	assert_int_equal(err.rc, RC_LIMIT);
	assert_string_equal(err.text, "key: 7 bytes");
}

static void nobody_needs_to_want_the_text(void **state)
{
	(void)state;
	errno = ENOENT;
	assert_rc(err_set(NULL, RC_TPM, "%s", "x"), RC_TPM);
	assert_rc(err_wrap(NULL, RC_TPM, "%s", "x"), RC_TPM);
	assert_rc(err_errno(NULL, "%s", "x"), RC_NOT_FOUND);
}

static void wrapping_puts_context_in_front(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, RC_NOT_FOUND, "no such file");
	assert_rc(err_wrap(&err, RC_IO, "reading %s: ", "roster"), RC_IO);
	assert_string_equal(err.text, "reading roster: no such file");
}

static void wrapping_nothing_names_the_code(void **state)
{
	struct err err = {0};

	(void)state;
	assert_rc(err_wrap(&err, RC_TIMEOUT, "registrar: "), RC_TIMEOUT);
	assert_string_equal(err.text, "registrar: timed out");
}

static void a_long_text_is_cut_and_ends(void **state)
{
	struct err err = {0};

	(void)state;
	err_set(&err, RC_IO, "%2000d", 1);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	err_wrap(&err, RC_IO, "%2000d", 2);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
	errno = EIO;
	assert_rc(err_errno(&err, "%2000d", 3), RC_IO);
	assert_int_equal(strlen(err.text), ERR_TEXT_BYTES - 1);
}

static void the_reason_of_the_system_becomes_a_code(void **state)
{
	static const struct {
		int code;
		enum rc rc;
	} table[] = {{ENOENT, RC_NOT_FOUND}, {EACCES, RC_DENIED}, {EPERM, RC_DENIED}, {ENOMEM, RC_NOMEM},
		{EEXIST, RC_EXISTS}, {EIO, RC_IO}, {ENOSPC, RC_IO}};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		errno = table[i].code;
		assert_rc(err_errno(&err, "here"), table[i].rc);
		assert_memory_equal(err.text, "here: ", 6);
		assert_string_equal(err.text + 6, strerror(table[i].code));
	}
}

static void every_code_has_words(void **state)
{
	(void)state;
	for (int rc = RC_OK; rc < RC_COUNT; rc++)
		assert_true(strlen(rc_words((enum rc)rc)) > 1);
	assert_non_null(rc_words(RC_COUNT));
	assert_non_null(rc_words((enum rc)4711));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(setting_writes_text_and_code),
		cmocka_unit_test(nobody_needs_to_want_the_text),
		cmocka_unit_test(wrapping_puts_context_in_front),
		cmocka_unit_test(wrapping_nothing_names_the_code),
		cmocka_unit_test(a_long_text_is_cut_and_ends),
		cmocka_unit_test(the_reason_of_the_system_becomes_a_code),
		cmocka_unit_test(every_code_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
