/* One action by hand, and all of them looked at. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/action/notice_read.h"
#include "services/actions/inner.h"

static enum rc read_notice(const char *file, struct notice_read *out, struct err *err)
{
	int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	enum rc rc;

	if (fd < 0)
		return err_errno(err, "%s", file);
	rc = notice_read_fd(fd, out, err);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc == RC_OK ? rc : err_wrap(err, rc, "%s: ", file);
}

static void print_output(void *ctx, struct span bytes)
{
	(void)ctx;
	fwrite(bytes.at, 1, bytes.len, stdout);
}

static enum rc run(const struct actions_config *config, const struct conf *conf,
	const struct notice_read *read, struct process_result *result, struct err *err)
{
	static struct runner_plan plan;
	struct runner_job job = {.name = conf->name,
		.number = read->notice.seq,
		.word = read->notice.kind,
		.again = read->notice.again != 0};

	plan.spec.timeout_ms = conf->timeout_ms;
	plan.spec.input = span_of(read->notice.json, read->notice.json_bytes);
	plan.spec.output = print_output;
	TRY(run_find_myself(err));
	TRY(run_prepare((void *)config, &job, &plan, err));
	fprintf(stderr, "running %s as user %u in %s\n", plan.path, (unsigned)plan.account.uid, plan.folder);
	return process_run(&plan.spec, result, err);
}

static int report(const struct process_result *result)
{
	fflush(stdout);
	if (result->timed_out) {
		fprintf(stderr, "ended by its time-out: a failed attempt\n");
		return EX_TEMPFAIL;
	}
	if (result->signal != 0) {
		fprintf(stderr, "ended by signal %d: a failed attempt\n", result->signal);
		return EX_TEMPFAIL;
	}
	fprintf(stderr, "status %d: %s\n", result->status,
		result->status == 0           ? "done"
		: result->status == EX_CONFIG ? "it would be given up"
					      : "a failed attempt");
	return result->status;
}

int host_try(const struct actions_config *config, const char *file)
{
	DROP(notice_read_release) struct notice_read read = {0};
	DROP(conf_release) struct conf conf = {0};
	DROP(process_result_release) struct process_result result = {0};
	struct conf_subject subject = {0};
	struct err err = {0};

	if (conf_load(config->actions, config->try, &conf, &err) != RC_OK)
		return program_die(&actions_program, EX_CONFIG, &err);
	if (read_notice(file, &read, &err) != RC_OK)
		return program_die(&actions_program, EX_DATAERR, &err);
	subject.kind = notice_kind_parse(span_text(read.notice.kind));
	if (subject.kind == NOTICE_UNKNOWN || !conf.kind[subject.kind] ||
		read.notice.severity < conf.severity_min)
		fprintf(stderr, "note: the filters of %s would pass this notice over\n", conf.name);
	if (run(config, &conf, &read, &result, &err) != RC_OK)
		return program_die(&actions_program, EX_UNAVAILABLE, &err);
	return report(&result);
}

/* ---- --check ---- */

static void print_list(const char *what, const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		printf("%s%s", i == 0 ? what : ", ", list->at[i]);
}

static void describe(const struct conf *conf)
{
	printf("%s: ", conf->name);
	print_list("", &conf->kinds);
	if (conf->kinds.count == 0)
		printf("every kind");
	if (conf->severity_min > 0)
		printf(" of severity %llu or more", (unsigned long long)conf->severity_min);
	print_list(" of nodes ", &conf->nodes);
	print_list(" with a tag of ", &conf->tags);
	printf(": %s %s%s%s%s, within %llu ms, ", conf->dry_run ? "only logs that it would run" : "runs",
		conf->run != NULL ? conf->run : conf->module, conf->run != NULL ? "" : " as a module",
		conf->user == NULL ? "" : " as ", conf->user == NULL ? "" : conf->user,
		(unsigned long long)conf->timeout_ms);
	if (conf->retries == CONF_FOREVER)
		printf("tries for ever");
	else
		printf("tries %llu times", (unsigned long long)conf->retries + 1);
	printf(", %llu at once%s\n", (unsigned long long)conf->concurrency,
		conf->latest ? ", the latest of each node alone" : "");
}

static bool check_one(const struct actions_config *config, const char *name)
{
	DROP(conf_release) struct conf conf = {0};
	struct err err = {0};

	if (conf_load(config->actions, name, &conf, &err) != RC_OK ||
		run_check(config, &conf, &err) != RC_OK) {
		printf("%s: REFUSED: %s\n", name, err.text);
		return false;
	}
	describe(&conf);
	return true;
}

int host_check(const struct actions_config *config)
{
	static struct folder_names names;
	struct err err = {0};
	bool is_good = true;

	if (process_check_path(config->actions, &err) != RC_OK ||
		folder_names(config->actions, &names, &err) != RC_OK)
		return program_die(&actions_program, EX_CONFIG, &err);
	if (names.count > config->at_once) {
		err_set(&err, RC_LIMIT, "%zu actions, but at-once is %llu", names.count,
			(unsigned long long)config->at_once);
		return program_die(&actions_program, EX_CONFIG, &err);
	}
	for (size_t i = 0; i < names.count; i++)
		is_good = check_one(config, names.at[i]) && is_good;
	printf("%s: %zu action%s, %s\n", config->actions, names.count, names.count == 1 ? "" : "s",
		is_good ? "ok" : "not all of them good");
	return is_good ? EX_OK : EX_CONFIG;
}
