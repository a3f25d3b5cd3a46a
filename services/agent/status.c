/* <state>/status.json: how the agent is, for who looks on the node itself. Replaced as a whole, without
 * waiting for the disk: it tells of now, and is worth nothing after a crash. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/json/json_write.h"
#include "services/agent/inner.h"

#define STATUS_EVERY_MS 1000

static enum rc render(struct agent *agent, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_PRETTY);

	json_write_object(&w, NULL);
	json_write_u64(&w, "time", agent_now(agent));
	if (agent->has_node)
		json_write_hex(&w, "node", SPAN(agent->node));
	json_write_hex(&w, "nk", SPAN(agent->nk.public));
	json_write_u64(&w, "roster", roster_number(agent->roster));
	json_write_cstr(&w, "state", enrol_state_words(agent->join.state));
	json_write_bool(
		&w, "registrar", agent->join.registrar != NULL && client_is_up(agent->join.registrar));
	json_write_bool(&w, "verifier", agent->join.verifier != NULL && client_is_up(agent->join.verifier));
	json_write_u64(&w, "enrolments", agent->join.enrolments);
	json_write_u64(&w, "quotes", agent->quotes);
	json_write_u64(&w, "held", agent->held.number);
	json_write_u64(&w, "opened", agent_opened(agent));
	if (agent->notices != NULL)
		notices_status(agent->notices, &w);
	certificate_status(agent->certificate, &w);
	json_write_close(&w);
	return json_write_end(&w);
}

static void write_file(const char *path, const char *temporary, struct span text)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	bool written;

	if (fd < 0)
		return;
	written = write(fd, text.at, text.len) == (ssize_t)text.len;
	close(fd);
	if (!written || rename(temporary, path) != 0)
		unlink(temporary);
}

void status_write(struct agent *agent)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_BYTES];
	char temporary[PATH_BYTES];

	if (render(agent, &text) != RC_OK ||
		path_in(agent->config->state, "status.json", path, NULL) != RC_OK ||
		path_in(agent->config->state, "status.json.new", temporary, NULL) != RC_OK)
		return;
	write_file(path, temporary, blob_span(&text));
}

static void tick(void *ctx)
{
	status_write(ctx);
}

enum rc status_begin(struct agent *agent, struct err *err)
{
	if (loop_every(agent->loop, &agent->status_tick, STATUS_EVERY_MS, tick, agent) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	status_write(agent);
	return RC_OK;
}
