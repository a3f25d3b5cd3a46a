/* <state>/status.json: how the host is, and what was given up. Replaced as a whole each second. */
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "services/actions/inner.h"

#define STATUS_FILE "status.json"
#define STATUS_MAX  (4u << 20)

static void write_action(struct json_write *w, const struct action *action)
{
	json_write_object(w, NULL);
	json_write_cstr(w, "name", action->conf.name);
	json_write_cstr(w, action->conf.run != NULL ? "run" : "module",
		action->conf.run != NULL ? action->conf.run : action->conf.module);
	json_write_bool(w, "dry_run", action->conf.dry_run);
	json_write_u64(w, "waiting", action->queue.count - action->queue.running);
	json_write_u64(w, "running", action->queue.running);
	json_write_u64(w, "backlog", action->queue.kept);
	json_write_bool(w, "full", action->is_full);
	if (action->queue.first != NULL)
		json_write_u64(w, "first", action->queue.first->item->seq);
	json_write_u64(w, "done", action->done);
	json_write_u64(w, "failed", action->failed);
	json_write_u64(w, "given_up", action->given_up);
	json_write_cstr(w, "last_failure", action->last);
	json_write_cstr(w, "error", action->error);
	json_write_close(w);
}

static void write_given_up(struct json_write *w, const struct given_up *given_up)
{
	char time[CLOCK_TEXT_BYTES];

	json_write_object(w, NULL);
	json_write_cstr(w, "action", given_up->name);
	json_write_u64(w, "seq", given_up->seq);
	json_write_cstr(w, "kind", given_up->kind);
	json_write_cstr(w, "node", given_up->node);
	json_write_cstr(w, "time", clock_text(given_up->time, time));
	json_write_u64(w, "attempts", given_up->attempts);
	json_write_cstr(w, "why", given_up->why);
	json_write_close(w);
}

static enum rc render(const struct host *host, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_PRETTY);
	size_t listed = host->given_up_count < GIVEN_UP_MAX ? host->given_up_count : GIVEN_UP_MAX;
	char time[CLOCK_TEXT_BYTES];

	json_write_object(&w, NULL);
	json_write_cstr(&w, "time", clock_text(host_now(host), time));
	json_write_bool(&w, "dry_run", host->config->dry_run);
	json_write_u64(&w, "roster", roster_number(host->roster));
	follow_write_status(host->follow, &w);
	json_write_array(&w, "actions");
	for (size_t i = 0; i < CONF_ACTIONS_MAX; i++)
		if (host->actions[i].is_used)
			write_action(&w, &host->actions[i]);
	json_write_close(&w);
	json_write_array(&w, "given_up");
	for (size_t i = host->given_up_count - listed; i < host->given_up_count; i++)
		write_given_up(&w, &host->given_up[i % GIVEN_UP_MAX]);
	json_write_close(&w);
	json_write_close(&w);
	return json_write_end(&w);
}

void status_write(struct host *host)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_BYTES];
	char temporary[PATH_BYTES];
	bool is_written;
	int fd;

	if (render(host, &text) != RC_OK || path_in(host->config->state, STATUS_FILE, path, NULL) != RC_OK ||
		path_in(host->config->state, STATUS_FILE ".new", temporary, NULL) != RC_OK)
		return;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return;
	is_written = write(fd, text.at, text.len) == (ssize_t)text.len;
	close(fd);
	if (!is_written || rename(temporary, path) != 0)
		unlink(temporary);
}

int status_print(const struct actions_config *config)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_BYTES];
	struct err err = {0};

	if (path_in(config->state, STATUS_FILE, path, &err) != RC_OK ||
		file_read(path, STATUS_MAX, &text, &err) != RC_OK)
		return program_die(&actions_program, EX_UNAVAILABLE, &err);
	fwrite(text.at, 1, text.len, stdout);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
