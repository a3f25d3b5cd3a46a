#include "services/agent/actions.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/follow/notice_json.h"
#include "services/agent/inner.h"
#include "services/agent/notices.h"

struct actions {
	struct agent *agent;
	char *names[ACTIONS_MAX];
	size_t count;
	size_t next;
	unsigned attempts;
	struct blob input;
	uint64_t seq;
	char kind[33];
	bool again;
	struct timer pause;
};

static void clear(struct actions *actions)
{
	for (size_t i = 0; i < actions->count; i++)
		free(actions->names[i]);
	actions->count = 0;
	actions->next = 0;
	actions->attempts = 0;
}

/* Whether it may be run is checked where it is run. */
static bool is_candidate(int folder, const char *name)
{
	struct stat st;

	return name[0] != '.' && strlen(name) <= RUNNER_NAME_MAX && path_is_plain(span_text(name)) &&
	       fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & 0111) != 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Read anew for each notice: an action that is put there works from the next one on. */
static void list_folder(struct actions *actions)
{
	const char *path = actions->agent->config->actions;
	DIR *dir = path == NULL ? NULL : opendir(path);
	struct dirent *entry;

	if (dir == NULL) {
		if (path != NULL)
			log_event(LOG_ERROR, "actions.unreadable", "folder=%s", path);
		return;
	}
	while ((entry = readdir(dir)) != NULL && actions->count < ACTIONS_MAX) {
		if (!is_candidate(dirfd(dir), entry->d_name))
			continue;
		actions->names[actions->count] = strdup(entry->d_name);
		if (actions->names[actions->count] != NULL)
			actions->count++;
	}
	closedir(dir);
	qsort(actions->names, actions->count, sizeof actions->names[0], by_name);
}

/* ---- running ---- */

static void go_on(void *ctx);

static void on_result(void *ctx, const struct runner_result *result)
{
	struct actions *actions = ctx;
	const char *name = actions->names[actions->next];
	bool is_good = result->rc == RC_OK && result->status == 0 && !result->timed_out;
	uint64_t pause = (uint64_t)ACTION_PAUSE_MS << actions->attempts;

	log_event(is_good ? LOG_INFO : LOG_ERROR, "action.ended",
		"seq=%llu action=\"%s\" status=%d signal=%d timed_out=%s text=\"%s\" last=\"%s\"",
		(unsigned long long)actions->seq, name, result->status, result->signal,
		result->timed_out ? "yes" : "no", result->text, is_good ? "" : result->last);
	actions->attempts++;
	if (!is_good && actions->attempts < ACTION_ATTEMPTS_MAX) {
		actions->again = true;
		if (loop_after(actions->agent->loop, &actions->pause, pause, go_on, actions) == RC_OK)
			return;
	}
	if (!is_good)
		log_event(LOG_ERROR, "action.given_up", "seq=%llu action=\"%s\"",
			(unsigned long long)actions->seq, name);
	actions->next++;
	actions->attempts = 0;
	/* From the loop: a long list of names does not become a deep stack. */
	if (loop_after(actions->agent->loop, &actions->pause, 0, go_on, actions) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void go_on(void *ctx)
{
	struct actions *actions = ctx;
	struct runner_result broken = {.rc = RC_IO, .text = "the runner cannot be reached"};
	struct job job = {.number = actions->seq,
		.notice = actions->kind,
		.again = actions->again,
		.input = blob_span(&actions->input),
		.timeout_ms = ACTION_TIMEOUT_MS};

	if (actions->next >= actions->count) {
		clear(actions);
		notices_acted(actions->agent->notices);
		return;
	}
	job.name = actions->names[actions->next];
	broken.rc = jobs_start(actions->agent->action_jobs, &job, on_result, actions);
	if (broken.rc != RC_OK)
		on_result(actions, &broken);
}

void actions_begin(struct actions *actions, const struct msg_notice *notice,
	const struct msg_profile *profile, bool again)
{
	clear(actions);
	blob_clear(&actions->input);
	actions->again = again;
	if (notice_json(notice, profile, again, &actions->input) == RC_OK) {
		actions->seq = notice->seq;
		snprintf(actions->kind, sizeof actions->kind, "%.*s", SPAN_FMT(notice->kind));
		if (actions->agent->action_jobs != NULL)
			list_folder(actions);
	} else
		log_event(LOG_ERROR, "action.unprintable", "a notice could not be written as JSON");
	if (loop_after(actions->agent->loop, &actions->pause, 0, go_on, actions) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

enum rc actions_open(struct agent *agent, struct actions **out, struct err *err)
{
	struct actions *actions = calloc(1, sizeof *actions);

	if (actions == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	actions->agent = agent;
	*out = actions;
	return RC_OK;
}

void actions_close(struct actions **actions)
{
	struct actions *a = *actions;

	if (a == NULL)
		return;
	loop_cancel(a->agent->loop, &a->pause);
	clear(a);
	blob_release(&a->input);
	free(a);
	*actions = NULL;
}
