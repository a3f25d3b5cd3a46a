#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/config/program.h"

struct config {
	char *identity;
	char *listen;
	char *alias;
	uint64_t clients;
	uint64_t interval_ms;
	uint64_t message_bytes;
	bool fetch;
	unsigned level;
	struct text_list folders;
	struct text_list excludes;
};

static const char *const levels[] = {"error", "warn", "info", NULL};

static const struct option options[] = {
	{OPTION_PATH(struct config, identity), .name = "identity", .fallback = "keys",
		.help = "Folder with keys."},
	{OPTION_ENDPOINT(struct config, listen), .name = "listen", .help = "Where clients connect."},
	{OPTION_TEXT(struct config, alias), .name = "alias", .fallback = "", .min = 2, .max = 5,
		.help = "A name."},
	{OPTION_U64(struct config, clients), .name = "clients", .fallback = "10", .min = 2, .max = 20,
		.help = "How many."},
	{OPTION_DURATION(struct config, interval_ms), .name = "interval", .fallback = "2s", .min = 100,
		.max = 60000, .help = "How often."},
	{OPTION_SIZE(struct config, message_bytes), .name = "message-bytes", .fallback = "64k", .min = 1024,
		.help = "How large."},
	{OPTION_BOOL(struct config, fetch), .name = "fetch", .fallback = "no", .help = "Whether."},
	{OPTION_WORD(struct config, level), .name = "level", .fallback = "info", .words = levels,
		.help = "How much."},
	{OPTION_LIST(struct config, folders, PATH), .name = "folders", .fallback = "", .min = 1, .max = 3,
		.help = "Where."},
	{OPTION_LIST(struct config, excludes, TEXT), .name = "exclude", .fallback = "x,y", .max = 3,
		.repeats = true, .help = "What not."},
};

static const struct program program = {
	.name = "limebus-test",
	.summary = "tries the option table",
	.about = "First paragraph.\n\nSecond paragraph.",
	.options = options,
	.count = COUNT(options),
	.file = "",
};

static void config_release(struct config *config)
{
	program_release(&program, config);
}

/* Load from this file text (NULL: no file) and up to four arguments. */
static enum rc load(const char *text, mode_t mode, char **arguments, struct config *config, struct err *err)
{
	DROP(scratch_release) struct scratch scratch = {""};
	struct program_start start = {0};
	char path[SCRATCH_FILE_BYTES];
	char *argv[8] = {"limebus-test"};
	int argc = 1;

	for (; arguments != NULL && *arguments != NULL; arguments++)
		argv[argc++] = *arguments;
	if (text != NULL) {
		scratch_open(&scratch);
		scratch_file(&scratch, "test.conf", path);
		assert_ok(file_create(path, span_text(text), mode, NULL));
		argv[argc++] = "--config";
		argv[argc++] = path;
	}
	return program_load(&program, argc, argv, config, &start, err);
}

static void a_file_sets_what_it_names_and_defaults_the_rest(void **state)
{
	DROP(config_release) struct config config = {0};
	struct err err = {0};

	(void)state;
	assert_ok(load("# a comment\n\n  listen = tcp://127.0.0.1:9000  \r\nclients=20\nlevel = warn\n"
		       "folders = /a, /b\nfetch = yes\nmessage-bytes = 1M",
		0600, NULL, &config, &err));
	assert_string_equal(config.listen, "tcp://127.0.0.1:9000");
	assert_int_equal(config.clients, 20);
	assert_int_equal(config.interval_ms, 2000);
	assert_int_equal(config.message_bytes, 1 << 20);
	assert_int_equal(config.level, 1);
	assert_true(config.fetch);
	assert_null(config.alias);
	assert_int_equal(config.folders.count, 2);
	assert_string_equal(config.folders.at[1], "/b");
}

static void relative_paths_start_at_the_folder_of_the_file(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	char path[SCRATCH_FILE_BYTES];
	char expected[SCRATCH_FILE_BYTES];
	char *argv[] = {"limebus-test", "--config", path};

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "test.conf", path);
	assert_ok(file_create(path, span_text("listen = ipc://sock\nfolders = a,/b"), 0600, NULL));
	assert_ok(program_load(&program, 3, argv, &config, &start, NULL));
	assert_string_equal(config.identity, scratch_file(&scratch, "keys", expected));
	assert_string_equal(config.folders.at[0], scratch_file(&scratch, "a", expected));
	assert_string_equal(config.folders.at[1], "/b");
	assert_string_equal(config.listen + 6, scratch_file(&scratch, "sock", expected));
	assert_string_equal(start.file, path);
}

static void the_command_line_wins_over_the_file(void **state)
{
	DROP(config_release) struct config config = {0};
	char *arguments[] = {"--clients=3", "--interval", "100ms", "--fetch", NULL};

	(void)state;
	assert_ok(load("listen = tcp://h:1\nclients = 19\nfetch = no\n", 0600, arguments, &config, NULL));
	assert_int_equal(config.clients, 3);
	assert_int_equal(config.interval_ms, 100);
	assert_true(config.fetch);
}

/* What a person reads must say where, and what was wrong. */
static void mistakes_in_a_file_are_refused_with_their_line_and_reason(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} rows[] = {
		{"listen = tcp://h:1\nintervall = 2s",
			"test.conf:2: unknown name \"intervall\"; did you mean "
			"\"interval\"?"},
		{"listen = tcp://h:1\nzzzzzz = 2s", "test.conf:2: unknown name \"zzzzzz\""},
		{"clients = 3\n\nclients = 3", "test.conf:3: clients is given twice"},
		{"clients = 1", "test.conf:1: clients: expected a number from 2 to 20, found \"1\""},
		{"clients = 21", "found \"21\""},
		{"clients = two", "found \"two\""},
		{"clients =", "found \"\""},
		{"interval = 99ms", "from 100ms to 1m, found \"99ms\""},
		{"interval = 60001ms", "found \"60001ms\""},
		{"message-bytes = 1023", "at least 1k, found \"1023\""},
		{"fetch = maybe", "expected yes or no, found \"maybe\""},
		{"level = loud", "expected one of error, warn, info, found \"loud\""},
		{"alias = a", "of 2 to 5 characters, found 1"},
		{"alias = abcdef", "of 2 to 5 characters, found 6"},
		{"folders = a,,b", "expected a list from 1 to 3 items"},
		{"folders = a,b,c,d", "expected a list from 1 to 3 items"},
		{"listen = tcp://h", "expected tcp://HOST:PORT or ipc://PATH, found \"tcp://h\""},
		{"listen = \"tcp://h:1\"", "without quotes"},
		{"listen = tcp://h:1 # mine", "a comment needs a line of its own"},
		{"[bus]\nlisten = tcp://h:1", "line 1: sections are not used here"},
		{"listen tcp://h:1", "found no '='"},
		{" = x", "no name in front"},
		{"alias = a\x01z", "control character"},
		{"clients = 3", "listen is not set: expected tcp://HOST:PORT or ipc://PATH. Where clients "
				"connect."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(config_release) struct config config = {0};
		struct err err = {0};

		assert_int_not_equal(load(rows[i].text, 0600, NULL, &config, &err), RC_OK);
		if (strstr(err.text, rows[i].says) == NULL)
			fail_msg("expected \"%s\" in \"%s\"", rows[i].says, err.text);
	}
}

static void names_and_values_that_are_too_long_are_refused(void **state)
{
	DROP(blob_release) struct blob text = {0};
	DROP(config_release) struct config config = {0};
	struct err err = {0};

	(void)state;
	assert_ok(blob_resize(&text, 9000));
	memset(text.at, 'a', text.len);
	memcpy(text.at + 65, " = ", 3);
	text.at[text.len - 1] = '\0';
	assert_rc(load((const char *)text.at, 0600, NULL, &config, &err), RC_LIMIT);
	assert_non_null(strstr(err.text, "the name is longer"));
	memcpy(text.at, "alias=", 6);
	memset(text.at + 65, 'a', 3);
	assert_rc(load((const char *)text.at, 0600, NULL, &config, &err), RC_LIMIT);
	assert_non_null(strstr(err.text, "the value is longer"));
}

static void a_file_with_a_zero_byte_is_refused(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	char path[SCRATCH_FILE_BYTES];
	char *argv[] = {"limebus-test", "--config", path};

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "test.conf", path);
	assert_ok(file_create(path, SPAN("listen = tcp://h:1\0x"), 0600, NULL));
	assert_rc(program_load(&program, 3, argv, &config, &start, NULL), RC_MALFORMED);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	static const mode_t modes[] = {0620, 0602, 0666};

	(void)state;
	for (size_t i = 0; i < COUNT(modes); i++) {
		DROP(config_release) struct config config = {0};
		struct err err = {0};

		assert_rc(load("listen = tcp://h:1", modes[i], NULL, &config, &err), RC_DENIED);
		assert_non_null(strstr(err.text, "chmod go-w"));
	}
}

static void a_file_that_others_may_only_read_is_taken(void **state)
{
	DROP(config_release) struct config config = {0};

	(void)state;
	assert_ok(load("listen = tcp://h:1", 0644, NULL, &config, NULL));
}

static void a_file_of_somebody_else_is_refused(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	char path[SCRATCH_FILE_BYTES];
	char *argv[] = {"limebus-test", "--config", path};

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_open(&scratch);
	scratch_file(&scratch, "test.conf", path);
	assert_ok(file_create(path, span_text("listen = tcp://h:1"), 0600, NULL));
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_rc(program_load(&program, 3, argv, &config, &start, NULL), RC_DENIED);
	assert_int_equal(start.fault, EX_CONFIG);
}

static void mistakes_on_the_command_line_are_refused(void **state)
{
	static const struct {
		char *arguments[5];
		const char *says;
	} rows[] = {
		{{"--listne=tcp://h:1"}, "--listne: unknown option; did you mean \"--listen\"?"},
		{{"--listen=tcp://h:1", "--listen=tcp://h:2"}, "--listen: is given twice"},
		{{"--listen"}, "--listen: expected a value behind it"},
		{{"--listen=tcp://h:1", "--clients=99"}, "--clients: expected a number from 2 to 20"},
		{{"--listen=tcp://h:1", "--fetch=perhaps"}, "--fetch: expected yes or no"},
		{{"-x"}, "options start with \"--\""},
		{{"stray"}, "\"stray\": unexpected"},
		{{"--help=yes"}, "--help: unknown option"},
		{{"--clients=3"}, "--listen is not set"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(config_release) struct config config = {0};
		struct err err = {0};

		assert_int_not_equal(load(NULL, 0, (char **)rows[i].arguments, &config, &err), RC_OK);
		if (strstr(err.text, rows[i].says) == NULL)
			fail_msg("expected \"%s\" in \"%s\"", rows[i].says, err.text);
	}
}

static void a_missing_configuration_file_is_named(void **state)
{
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	struct err err = {0};
	char *argv[] = {"limebus-test", "--config", "/nonexistent/test.conf"};

	(void)state;
	assert_rc(program_load(&program, 3, argv, &config, &start, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, "/nonexistent/test.conf"));
	assert_int_equal(start.fault, EX_CONFIG);
}

static void help_works_without_any_configuration(void **state)
{
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	char *argv[] = {"limebus-test", "--help"};

	(void)state;
	assert_ok(program_load(&program, 2, argv, &config, &start, NULL));
	assert_int_equal(start.ask, PROGRAM_HELP);
}

static void a_sub_command_keeps_its_own_arguments(void **state)
{
	static const char *const commands[][2] = {{"node", "shows nodes"}, {NULL, NULL}};
	struct program outer = program;
	DROP(blob_release) struct blob help = {0};
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	char *argv[] = {"limebus", "--listen=tcp://h:1", "node", "--clients", "banana"};

	(void)state;
	outer.commands = commands;
	assert_ok(program_load(&outer, 5, argv, &config, &start, NULL));
	assert_int_equal(start.rest, 2);
	assert_ok(program_help(&outer, &help));
	assert_ok(blob_append(&help, SPAN("")));
	assert_non_null(strstr((const char *)help.at, "node         shows nodes"));
	assert_int_equal(config.clients, 10);
}

static void words_are_counted(void **state)
{
	struct program worded = program;
	char *argv[] = {"limebus-test", "one", "--listen=tcp://h:1", "--", "--two", "three"};

	(void)state;
	worded.words = "ONE TWO";
	worded.words_min = worded.words_max = 2;
	for (int argc = 1; argc <= 6; argc++) {
		DROP(config_release) struct config config = {0};
		struct program_start start = {0};

		assert_int_equal(
			program_load(&worded, argc, argv, &config, &start, NULL) == RC_OK, argc == 5);
		if (argc == 5)
			assert_string_equal(start.words[1], "--two");
	}
}

static enum rc refuse_always(const void *config, struct err *err)
{
	assert_int_equal(((const struct config *)config)->clients, 10);
	return err_set(err, RC_DENIED, "these two do not go together");
}

static void rules_across_options_are_checked_last(void **state)
{
	struct program ruled = program;
	DROP(config_release) struct config config = {0};
	struct program_start start = {0};
	char *argv[] = {"limebus-test", "--listen=tcp://h:1"};

	(void)state;
	ruled.check = refuse_always;
	assert_rc(program_load(&ruled, 2, argv, &config, &start, NULL), RC_DENIED);
}

static void the_sample_is_complete_but_for_what_must_be_given(void **state)
{
	DROP(blob_release) struct blob text = {0};
	DROP(config_release) struct config config = {0};
	struct err err = {0};

	(void)state;
	assert_ok(program_sample(&program, &text));
	assert_ok(blob_append(&text, SPAN("")));
	for (size_t i = 0; i < COUNT(options); i++)
		assert_non_null(strstr((const char *)text.at, options[i].name));
	assert_rc(load((const char *)text.at, 0600, NULL, &config, &err), RC_MALFORMED);
	assert_non_null(strstr(err.text, "listen: expected"));
}

static void a_sample_with_its_gaps_filled_loads(void **state)
{
	DROP(blob_release) struct blob text = {0};
	DROP(config_release) struct config config = {0};
	char *gap;

	(void)state;
	assert_ok(program_sample(&program, &text));
	assert_ok(blob_append(&text, SPAN("")));
	gap = strstr((char *)text.at, "\nlisten =\n");
	assert_non_null(gap);
	*gap = '\0';
	text.len = (size_t)((uint8_t *)gap - text.at);
	assert_ok(blob_append(&text, SPAN("\nlisten = tcp://h:1\n")));
	assert_ok(load((const char *)text.at, 0600, NULL, &config, NULL));
}

static void help_and_man_page_name_every_option(void **state)
{
	DROP(blob_release) struct blob help = {0};
	DROP(blob_release) struct blob man = {0};

	(void)state;
	assert_ok(program_help(&program, &help));
	assert_ok(blob_append(&help, SPAN("")));
	assert_ok(program_man(&program, &man));
	assert_ok(blob_append(&man, SPAN("")));
	for (size_t i = 0; i < COUNT(options); i++)
		assert_non_null(strstr((const char *)help.at, options[i].name));
	assert_non_null(strstr((const char *)help.at, "Expected: a number from 2 to 20. Default: 10"));
	assert_non_null(strstr((const char *)man.at, "\\-\\-message\\-bytes"));
	assert_non_null(strstr((const char *)man.at, ".SH EXIT STATUS"));
}

static void what_may_be_given_again_adds_an_item_each_time(void **state)
{
	DROP(config_release) struct config plain = {0};
	DROP(config_release) struct config config = {0};
	DROP(config_release) struct config full = {0};
	char *given[] = {"--exclude", "/var/log/**", "--exclude=a, b", "--listen=tcp://h:1", NULL};
	char *many[] = {
		"--exclude=1", "--exclude=2", "--exclude=3", "--exclude=4", "--listen=tcp://h:1", NULL};
	char *bare[] = {"--listen=tcp://h:1", NULL};
	char *empty[] = {"--exclude=", "--listen=tcp://h:1", NULL};
	struct err err = {0};

	(void)state;
	assert_ok(load(NULL, 0, bare, &plain, &err));
	assert_int_equal(plain.excludes.count, 2);
	assert_ok(load(NULL, 0, given, &config, &err));
	assert_int_equal(config.excludes.count, 2);
	assert_string_equal(config.excludes.at[0], "/var/log/**");
	assert_string_equal(config.excludes.at[1], "a, b");
	assert_int_equal(load(NULL, 0, many, &full, &err), RC_LIMIT);
	assert_non_null(strstr(err.text, "--exclude"));
	config_release(&full);
	assert_int_equal(load(NULL, 0, empty, &full, &err), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_sets_what_it_names_and_defaults_the_rest),
		cmocka_unit_test(relative_paths_start_at_the_folder_of_the_file),
		cmocka_unit_test(the_command_line_wins_over_the_file),
		cmocka_unit_test(mistakes_in_a_file_are_refused_with_their_line_and_reason),
		cmocka_unit_test(names_and_values_that_are_too_long_are_refused),
		cmocka_unit_test(a_file_with_a_zero_byte_is_refused),
		cmocka_unit_test(a_file_that_others_may_write_is_refused),
		cmocka_unit_test(a_file_that_others_may_only_read_is_taken),
		cmocka_unit_test(a_file_of_somebody_else_is_refused),
		cmocka_unit_test(mistakes_on_the_command_line_are_refused),
		cmocka_unit_test(a_missing_configuration_file_is_named),
		cmocka_unit_test(help_works_without_any_configuration),
		cmocka_unit_test(what_may_be_given_again_adds_an_item_each_time),
		cmocka_unit_test(a_sub_command_keeps_its_own_arguments),
		cmocka_unit_test(words_are_counted),
		cmocka_unit_test(rules_across_options_are_checked_last),
		cmocka_unit_test(the_sample_is_complete_but_for_what_must_be_given),
		cmocka_unit_test(a_sample_with_its_gaps_filled_loads),
		cmocka_unit_test(help_and_man_page_name_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
