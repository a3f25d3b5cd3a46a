/* The process that runs programs for a service in its sandbox: whose rights, which lines, what is left. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/sandbox/runner.h"

#define LINES_MAX 64

/* As the runner sees it: the name of a job is a line of shell. */
struct world {
	struct scratch scratch;
	struct runner *runner;
	char lines[LINES_MAX][RUNNER_LINE_MAX + 1];
	size_t line_count;
	uint64_t lost;
	unsigned done;
	uint64_t done_ids[16];
	struct runner_result results[16];
};

enum { AS_WE_ARE, AS_NOBODY, REFUSED };

static enum rc prepare(void *ctx, const struct runner_job *job, struct runner_plan *plan, struct err *err)
{
	(void)ctx;
	if (job->what == REFUSED)
		return err_set(err, RC_DENIED, "not this one");
	plan->spec.path = "/bin/sh";
	plan->arguments[0] = "-c";
	plan->arguments[1] = job->name;
	plan->spec.arguments = plan->arguments;
	TRY(runner_variable(plan, err, "NUMBER=%llu", (unsigned long long)job->number));
	TRY(runner_variable(plan, err, "WORD=%s", job->word));
	if (job->what == AS_NOBODY) {
		plan->account = (struct account){.uid = 65534, .gid = 65534};
		plan->spec.account = &plan->account;
		plan->spec.no_new_privs = true;
	}
	return RC_OK;
}

static void on_line(void *ctx, uint64_t id, struct span text, uint64_t lost)
{
	struct world *world = ctx;

	(void)id;
	world->lost += lost;
	if (text.len != 0 && world->line_count < LINES_MAX)
		snprintf(world->lines[world->line_count++], sizeof world->lines[0], "%.*s", SPAN_FMT(text));
}

static void on_done(void *ctx, uint64_t id, const struct runner_result *result)
{
	struct world *world = ctx;

	assert_true(world->done < COUNT(world->results));
	world->done_ids[world->done] = id;
	world->results[world->done++] = *result;
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof *world);
	struct runner_options options = {.title = "test-runner",
		.at_once = 4,
		.ends_strays = true,
		.prepare = prepare,
		.line = on_line,
		.done = on_done,
		.ctx = world};

	assert_non_null(world);
	scratch_open(&world->scratch);
	assert_ok(runner_fork(&options, &world->runner, NULL));
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	runner_close(&world->runner);
	scratch_release(&world->scratch);
	free(world);
	return 0;
}

static uint64_t start(struct world *world, unsigned what, uint64_t timeout_ms, const char *line)
{
	struct runner_job job = {.what = what,
		.name = line,
		.number = 7,
		.word = "revoked",
		.input = span_text("input\n"),
		.timeout_ms = timeout_ms};
	uint64_t id = 0;

	assert_ok(runner_start(world->runner, &job, &id));
	return id;
}

static void wait_done(struct world *world, unsigned count)
{
	struct pollfd wait = {runner_fd(world->runner), POLLIN, 0};

	while (world->done < count) {
		assert_int_equal(poll(&wait, 1, 20000), 1);
		if (runner_step(world->runner) != RC_OK)
			break;
	}
	assert_int_equal(world->done, count);
}

static const struct runner_result *run(struct world *world, unsigned what, const char *line)
{
	start(world, what, 20000, line);
	wait_done(world, world->done + 1);
	return &world->results[world->done - 1];
}

static bool has_line(const struct world *world, const char *text)
{
	for (size_t i = 0; i < world->line_count; i++)
		if (strcmp(world->lines[i], text) == 0)
			return true;
	return false;
}

static void output_comes_in_lines_with_the_jobs_number_and_word(void **state)
{
	struct world *world = *state;
	const struct runner_result *result =
		run(world, AS_WE_ARE, "cat; echo $NUMBER $WORD; printf 'no end'; exit 3");

	assert_int_equal(result->status, 3);
	assert_string_equal(result->last, "no end");
	assert_int_equal(world->line_count, 3);
	assert_string_equal(world->lines[0], "input");
	assert_string_equal(world->lines[1], "7 revoked");
}

static void a_job_that_prepare_refuses_is_not_run(void **state)
{
	struct world *world = *state;
	const struct runner_result *result = run(world, REFUSED, "echo ran");

	assert_int_equal(result->rc, RC_DENIED);
	assert_string_equal(result->text, "not this one");
	assert_int_equal(world->line_count, 0);
}

static void jobs_run_side_by_side_and_no_more_than_at_once(void **state)
{
	struct world *world = *state;
	struct runner_job one_more = {.name = "true", .timeout_ms = 1000};
	uint64_t slow[3];
	uint64_t id = 0;

	for (size_t i = 0; i < COUNT(slow); i++)
		slow[i] = start(world, AS_WE_ARE, 60000, "sleep 60");
	run(world, AS_WE_ARE, "echo quick");
	assert_true(has_line(world, "quick"));
	start(world, AS_WE_ARE, 60000, "sleep 60");
	assert_rc(runner_start(world->runner, &one_more, &id), RC_LIMIT);
	runner_end(world->runner, slow[1]);
	wait_done(world, 2);
	assert_int_equal(world->done_ids[1], slow[1]);
	assert_int_equal(world->results[1].signal, SIGKILL);
}

static void a_flood_of_lines_is_bounded_and_counted(void **state)
{
	struct world *world = *state;

	run(world, AS_WE_ARE, "i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done");
	assert_true(world->line_count <= 3 * RUNNER_LINES_SECOND);
	assert_int_equal(world->line_count + world->lost, 500);
}

static void nothing_of_ours_is_inherited(void **state)
{
	struct world *world = *state;
	int secret = open("/etc/hostname", 0);

	setenv("SECRET", "hush", 1);
	run(world, AS_WE_ARE,
		"for f in /proc/self/fd/*; do [ -e $f ] && echo fd ${f##*/}; done; env; echo in $PWD");
	assert_true(secret > 2);
	close(secret);
	unsetenv("SECRET");
	for (size_t i = 0; i < world->line_count; i++) {
		assert_null(strstr(world->lines[i], "SECRET"));
		if (strncmp(world->lines[i], "fd ", 3) == 0)
			assert_true(atoi(world->lines[i] + 3) <= 2);
	}
	assert_true(has_line(world, "in /"));
}

static void another_account_has_none_of_our_rights(void **state)
{
	struct world *world = *state;

	if (geteuid() != 0)
		skip();
	run(world, AS_NOBODY, "id -u; id -G; grep -E '^(CapEff|CapPrm|CapAmb|NoNewPrivs)' /proc/self/status");
	assert_true(has_line(world, "65534"));
	assert_true(has_line(world, "CapEff:\t0000000000000000"));
	assert_true(has_line(world, "CapPrm:\t0000000000000000"));
	assert_true(has_line(world, "NoNewPrivs:\t1"));
	run(world, AS_NOBODY, "echo open >/dev/stderr; cat /dev/stdin >/dev/stdout; exit 0");
	assert_true(has_line(world, "open"));
	assert_true(has_line(world, "input"));
}

/* kill(pid, 0) also finds the dead that nobody has waited for. */
static bool is_alive(int pid)
{
	char path[64];
	char name[64];
	char is = 'X';
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%*d %63s %c", name, &is) != 2)
		is = 'X';
	fclose(file);
	return is != 'X' && is != 'Z';
}

static void wait_dead(int pid)
{
	for (unsigned i = 0; i < 500 && is_alive(pid); i++)
		usleep(10000);
	assert_false(is_alive(pid));
}

static const char with_grandchildren[] = "sleep 300 & echo $!; setsid sh -c 'echo $$; exec sleep 300' & "
					 "(setsid sh -c 'echo $$; sleep 300 & wait' &) ; wait";

static void time_out_ends_also_what_left_the_group(void **state)
{
	struct world *world = *state;

	start(world, AS_WE_ARE, 500, with_grandchildren);
	wait_done(world, 1);
	assert_true(world->results[0].timed_out);
	assert_int_equal(world->line_count, 3);
	for (size_t i = 0; i < 3; i++)
		wait_dead(atoi(world->lines[i]));
}

static void the_end_of_the_service_ends_everything(void **state)
{
	struct world *world = *state;
	struct pollfd wait = {runner_fd(world->runner), POLLIN, 0};

	start(world, AS_WE_ARE, 60000, with_grandchildren);
	while (world->line_count < 3) {
		assert_int_equal(poll(&wait, 1, 20000), 1);
		assert_ok(runner_step(world->runner));
	}
	runner_close(&world->runner);
	for (size_t i = 0; i < 3; i++)
		wait_dead(atoi(world->lines[i]));
}

static void a_runner_that_is_killed_ends_all_jobs_as_failed(void **state)
{
	struct world *world = *state;

	start(world, AS_WE_ARE, 60000, "sleep 60");
	start(world, AS_WE_ARE, 60000, "kill -9 $PPID; sleep 60");
	wait_done(world, 2);
	assert_int_equal(world->results[0].rc, RC_IO);
	assert_int_equal(world->results[1].rc, RC_IO);
	assert_int_equal(runner_running(world->runner), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			output_comes_in_lines_with_the_jobs_number_and_word, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_job_that_prepare_refuses_is_not_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			jobs_run_side_by_side_and_no_more_than_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_flood_of_lines_is_bounded_and_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_of_ours_is_inherited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_account_has_none_of_our_rights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_out_ends_also_what_left_the_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_of_the_service_ends_everything, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_runner_that_is_killed_ends_all_jobs_as_failed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
