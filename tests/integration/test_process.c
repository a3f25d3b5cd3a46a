/* Programs are started, fed, bounded, timed and ended. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/sandbox/process.h"

/* Run a line of shell; input and time-out may be set in spec before. */
static void run_shell(struct process_spec *spec, const char *line, struct process_result *result)
{
	const char *arguments[] = {"-c", line, NULL};
	struct err err = {0};

	spec->path = "/bin/sh";
	spec->arguments = arguments;
	if (spec->timeout_ms == 0)
		spec->timeout_ms = 20000;
	if (process_run(spec, result, &err) != RC_OK)
		fail_msg("%s", err.text);
	spec->arguments = NULL;
}

static void output_and_errors_arrive_in_order(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {0};

	(void)state;
	run_shell(&spec, "echo one; echo two >&2; echo three", &result);
	assert_true(process_succeeded(&result));
	assert_true(span_is(blob_span(&result.output), "one\ntwo\nthree\n"));
}

static void input_arrives_whole_even_if_nobody_reads_it_for_a_while(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	DROP(blob_release) struct blob input = {0};
	struct process_spec spec = {0};

	(void)state;
	assert_ok(blob_resize(&input, 300000));
	spec.input = blob_span(&input);
	run_shell(&spec, "wc -c; cat /dev/stdin | wc -c", &result);
	assert_true(span_is(blob_span(&result.output), "300000\n300000\n") ||
		    span_is(blob_span(&result.output), "300000\n0\n"));
}

static void input_beyond_the_limit_is_refused(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.path = "/bin/true",
		.timeout_ms = 1000,
		.input = {(const uint8_t *)"", PROCESS_INPUT_MAX_BYTES + 1}};

	(void)state;
	assert_rc(process_run(&spec, &result, NULL), RC_LIMIT);
}

static void the_exit_status_is_told(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {0};

	(void)state;
	run_shell(&spec, "exit 7", &result);
	assert_int_equal(result.status, 7);
	assert_int_equal(result.signal, 0);
	assert_false(process_succeeded(&result));
}

static void the_signal_that_ended_it_is_told(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {0};

	(void)state;
	run_shell(&spec, "kill -TERM $$", &result);
	assert_int_equal(result.status, -1);
	assert_int_equal(result.signal, SIGTERM);
	assert_false(process_succeeded(&result));
}

static void what_takes_too_long_is_ended_with_its_children(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.timeout_ms = 300};
	uint64_t before = clock_mono_ms(clock_system());
	char number[16] = "";

	(void)state;
	run_shell(&spec, "sleep 60 & echo $!; wait", &result);
	assert_true(result.timed_out);
	assert_int_equal(result.signal, SIGKILL);
	assert_true(clock_mono_ms(clock_system()) - before < 10000);
	assert_in_range(result.output.len, 1, sizeof number - 1);
	memcpy(number, result.output.at, result.output.len);
	/* Killed is not yet waited for, so it may be there as a zombie; it must not sleep on. */
	{
		char path[64];
		DROP(blob_release) struct blob status = {0};

		snprintf(path, sizeof path, "/proc/%d/stat", atoi(number));
		if (file_read(path, 4096, &status, NULL) == RC_OK && status.len != 0) {
			assert_ok(blob_append(&status, SPAN("")));
			assert_null(strstr((const char *)status.at, ") S "));
		}
	}
}

static void children_left_behind_are_ended_too(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {0};
	uint64_t before = clock_mono_ms(clock_system());

	(void)state;
	run_shell(&spec, "sleep 60 & exit 0", &result);
	assert_true(process_succeeded(&result));
	assert_true(clock_mono_ms(clock_system()) - before < 10000);
}

static void output_beyond_the_limit_is_cut_and_does_not_stop_it(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.output_max = 1000};

	(void)state;
	run_shell(&spec, "head -c 500000 /dev/zero; exit 3", &result);
	assert_int_equal(result.output.len, 1000);
	assert_true(result.output_truncated);
	assert_int_equal(result.status, 3);
}

static void output_of_exactly_the_limit_is_whole(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.output_max = 1000};

	(void)state;
	run_shell(&spec, "head -c 1000 /dev/zero", &result);
	assert_int_equal(result.output.len, 1000);
	assert_false(result.output_truncated);
}

static void the_environment_is_made_anew(void **state)
{
	static const char *const environment[] = {"LIMEBUS_NODE=7f", NULL};
	static const char *const arguments[] = {NULL};
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.path = "/usr/bin/env",
		.arguments = arguments,
		.environment = environment,
		.timeout_ms = 10000};

	(void)state;
	setenv("SECRET_OF_THE_SERVICE", "x", 1);
	assert_ok(process_run(&spec, &result, NULL));
	assert_true(span_is(blob_span(&result.output),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\n"
		"LIMEBUS_NODE=7f\n"));
}

static void descriptors_are_not_handed_on(void **state)
{
	static const char *const arguments[] = {"/proc/self/fd", NULL};
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.path = "/bin/ls", .arguments = arguments, .timeout_ms = 10000};
	/* On purpose without O_CLOEXEC. */
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_true(fd > 2);
	assert_ok(process_run(&spec, &result, NULL));
	close(fd);
	/* 3 is the folder that ls itself has open. */
	assert_true(span_is(blob_span(&result.output), "0\n1\n2\n3\n"));
}

static void it_starts_in_the_folder_that_was_named(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.folder = "/usr"};

	(void)state;
	run_shell(&spec, "pwd; umask", &result);
	assert_true(span_is(blob_span(&result.output), "/usr\n0077\n"));
}

static void nothing_is_left_to_a_shell(void **state)
{
	static const char *const arguments[] = {"$(id); `id` && id | id > /dev/null", "", "*", NULL};
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.path = "/bin/echo", .arguments = arguments, .timeout_ms = 10000};

	(void)state;
	assert_ok(process_run(&spec, &result, NULL));
	assert_true(span_is(blob_span(&result.output), "$(id); `id` && id | id > /dev/null  *\n"));
}

static void programs_that_others_could_change_are_refused(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(process_result_release) struct process_result result = {0};
	char path[SCRATCH_FILE_BYTES];
	struct process_spec spec = {.path = path, .timeout_ms = 1000};

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "program", path);
	assert_rc(process_run(&spec, &result, NULL), RC_NOT_FOUND);
	assert_ok(file_create(path, span_text("#!/bin/sh\nexit 0\n"), 0700, NULL));
	assert_ok(process_run(&spec, &result, NULL));
	assert_int_equal(chmod(path, 0720), 0);
	assert_rc(process_run(&spec, &result, NULL), RC_DENIED);
	assert_int_equal(chmod(path, 0702), 0);
	assert_rc(process_run(&spec, &result, NULL), RC_DENIED);
	assert_int_equal(chmod(path, 0600), 0);
	assert_rc(process_run(&spec, &result, NULL), RC_DENIED);
	assert_int_equal(chmod(path, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 61234, 61234), 0);
		assert_rc(process_run(&spec, &result, NULL), RC_DENIED);
	}
	assert_rc(process_check("sh", NULL), RC_MALFORMED);
	assert_rc(process_check("/bin", NULL), RC_DENIED);
}

static void what_cannot_be_executed_is_told_at_once(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(process_close) struct process *process = NULL;
	char path[SCRATCH_FILE_BYTES];
	struct process_spec spec = {.path = path, .timeout_ms = 1000};
	struct err err = {0};

	(void)state;
	scratch_open(&scratch);
	scratch_file(&scratch, "program", path);
	assert_ok(file_create(path, span_text("#!/nonexistent/interpreter\n"), 0700, NULL));
	assert_rc(process_start(&spec, &process, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, "cannot be started"));
	assert_null(process);
}

static void a_program_without_a_time_out_is_refused(void **state)
{
	DROP(process_close) struct process *process = NULL;
	struct process_spec spec = {.path = "/bin/true"};

	(void)state;
	assert_rc(process_start(&spec, &process, NULL), RC_LIMIT);
}

static void a_reactor_waits_on_one_descriptor(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	DROP(process_close) struct process *process = NULL;
	static const char *const arguments[] = {"-c", "read line; echo $line", NULL};
	struct process_spec spec = {.path = "/bin/sh",
		.arguments = arguments,
		.input = span_text("hello\n"),
		.timeout_ms = 10000};
	bool done = false;

	(void)state;
	assert_ok(process_start(&spec, &process, NULL));
	while (!done) {
		struct pollfd ready = {.fd = process_fd(process), .events = POLLIN};

		assert_int_equal(poll(&ready, 1, 10000), 1);
		assert_ok(process_step(process, &done, &result, NULL));
	}
	assert_true(span_is(blob_span(&result.output), "hello\n"));
}

static void closing_ends_what_still_runs(void **state)
{
	static const char *const arguments[] = {"60", NULL};
	struct process *process = NULL;
	struct process_spec spec = {.path = "/bin/sleep", .arguments = arguments, .timeout_ms = 60000};
	uint64_t before = clock_mono_ms(clock_system());

	(void)state;
	assert_ok(process_start(&spec, &process, NULL));
	process_close(&process);
	assert_null(process);
	assert_true(clock_mono_ms(clock_system()) - before < 10000);
}

/* A folder that another account could change, with a program of ours in it. */
static void make_loose(const struct scratch *scratch, char path[SCRATCH_FILE_BYTES], const char *text)
{
	char folder[SCRATCH_FILE_BYTES];

	assert_int_equal(mkdir(scratch_file(scratch, "loose", folder), 0777), 0);
	assert_int_equal(chmod(folder, 0777), 0);
	assert_ok(file_create(scratch_file(scratch, "loose/program", path), span_text(text), 0755, NULL));
}

static void what_others_could_swap_is_run_by_its_descriptor_or_refused(void **state)
{
	DROP(scratch_release) struct scratch scratch = {0};
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.timeout_ms = 10000};
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	(void)state;
	scratch_open(&scratch);
	make_loose(&scratch, path, "#!/bin/sh\necho \"$0\"; rm -- \"$(readlink -f \"$0\")\"\n");
	spec.path = path;
	spec.safe_folders = true;
	assert_rc(process_run(&spec, &result, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "loose: mode is 777"));
	spec.safe_folders = false;
	assert_ok(process_run(&spec, &result, &err));
	assert_true(process_succeeded(&result));
	assert_memory_equal(result.output.at, "/dev/fd/", 8);
	assert_int_equal(access(path, F_OK), -1);
}

static void a_safe_path_is_run_by_its_name(void **state)
{
	DROP(scratch_release) struct scratch scratch = {0};
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.timeout_ms = 10000, .safe_folders = true};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	scratch_open(&scratch);
	spec.path = scratch_file(&scratch, "program", path);
	assert_ok(file_create(path, span_text("#!/bin/sh\nprintf %s \"$0\"\n"), 0755, NULL));
	assert_ok(process_run(&spec, &result, NULL));
	assert_true(span_is(blob_span(&result.output), path));
}

static void an_account_is_taken_on_by_root_alone(void **state)
{
	DROP(process_result_release) struct process_result result = {0};
	const struct account nobody = {.uid = 65534, .gid = 65534};
	const char *arguments[] = {"-u", NULL};
	struct process_spec spec = {
		.path = "/usr/bin/id", .arguments = arguments, .account = &nobody, .timeout_ms = 10000};

	(void)state;
	if (geteuid() != 0) {
		assert_rc(process_run(&spec, &result, NULL), RC_DENIED);
		return;
	}
	assert_ok(process_run(&spec, &result, NULL));
	assert_true(span_is(blob_span(&result.output), "65534\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_could_swap_is_run_by_its_descriptor_or_refused),
		cmocka_unit_test(a_safe_path_is_run_by_its_name),
		cmocka_unit_test(an_account_is_taken_on_by_root_alone),
		cmocka_unit_test(output_and_errors_arrive_in_order),
		cmocka_unit_test(input_arrives_whole_even_if_nobody_reads_it_for_a_while),
		cmocka_unit_test(input_beyond_the_limit_is_refused),
		cmocka_unit_test(the_exit_status_is_told),
		cmocka_unit_test(the_signal_that_ended_it_is_told),
		cmocka_unit_test(what_takes_too_long_is_ended_with_its_children),
		cmocka_unit_test(children_left_behind_are_ended_too),
		cmocka_unit_test(output_beyond_the_limit_is_cut_and_does_not_stop_it),
		cmocka_unit_test(output_of_exactly_the_limit_is_whole),
		cmocka_unit_test(the_environment_is_made_anew),
		cmocka_unit_test(descriptors_are_not_handed_on),
		cmocka_unit_test(it_starts_in_the_folder_that_was_named),
		cmocka_unit_test(nothing_is_left_to_a_shell),
		cmocka_unit_test(programs_that_others_could_change_are_refused),
		cmocka_unit_test(what_cannot_be_executed_is_told_at_once),
		cmocka_unit_test(a_program_without_a_time_out_is_refused),
		cmocka_unit_test(a_reactor_waits_on_one_descriptor),
		cmocka_unit_test(closing_ends_what_still_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
