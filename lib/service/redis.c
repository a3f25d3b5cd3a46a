#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/service/inner.h"
#include "lib/store/durability.h"

static void store_ready(void *ctx, unsigned what)
{
	struct service *service = ctx;

	if ((what & WATCH_READ) != 0)
		store_on_readable(service->store);
	if ((what & WATCH_WRITE) != 0)
		store_on_writable(service->store);
}

static void store_want(void *ctx, int fd, bool read, bool write)
{
	struct service *service = ctx;
	unsigned interest = (read ? WATCH_READ : 0) | (write ? WATCH_WRITE : 0);

	if (service->store_fd.added && (interest == 0 || service->store_fd.fd != fd))
		loop_unwatch(service->loop, &service->store_fd);
	if (interest == 0)
		return;
	if (service->store_fd.added) {
		if (loop_watch_for(service->loop, &service->store_fd, interest) != RC_OK)
			log_event(LOG_ERROR, "redis.watch", "the kernel refuses to wait for Redis");
		return;
	}
	if (loop_watch(service->loop, &service->store_fd, fd, interest, store_ready, service) != RC_OK)
		log_event(LOG_ERROR, "redis.watch", "the kernel refuses to wait for Redis");
}

static void tick_store(void *ctx)
{
	struct service *service = ctx;

	store_tick(service->store);
}

static void store_state(void *ctx, const struct store_status *status)
{
	struct service *service = ctx;
	const char *text = "";

	if (status->state == STORE_LOST)
		log_event(LOG_WARN, "redis.lost", "why=\"%s\"",
			status->text == NULL ? rc_words(status->why) : status->text);
	if (status->state == STORE_READY) {
		enum store_durability durability = store_durability(service->store, &text);

		log_event(LOG_INFO, "redis.ready", "generation=%llu restarted=%s",
			(unsigned long long)status->generation, status->restarted ? "yes" : "no");
		if (durability != STORE_DURABILITY_DURABLE)
			log_event(LOG_WARN, "redis.weak", "%s", text);
	}
	if (service->options.store_changed != NULL)
		service->options.store_changed(service->options.ctx, status);
}

/* The configuration's paths may be relative to where we were started. */
static enum rc absolute(const char *path, char out[static PATH_MAX], struct err *err)
{
	char here[PATH_MAX];

	if (getcwd(here, sizeof here) == NULL)
		return err_errno(err, "the working folder");
	if (snprintf(out, PATH_MAX, "%s%s%s", path[0] == '/' ? "" : here, path[0] == '/' ? "" : "/", path) >=
		PATH_MAX)
		return err_set(err, RC_LIMIT, "%s: path is too long", path);
	return RC_OK;
}

enum rc redis_begin(struct service *service, struct span password, struct err *err)
{
	const struct service_config *config = service->options.config;
	char path[PATH_MAX];
	struct store_watch watch = {service, store_want};
	struct store_options options = {
		.path = config->redis_socket,
		.host = config->redis_host,
		.off_host_is_protected = config->redis_tunnel,
		.port = (uint16_t)config->redis_port,
		.user = config->redis_user,
		.password = password,
		.replicas = (unsigned)config->redis_replicas,
		.clock = loop_clock(service->loop),
		.on_state = store_state,
		.ctx = service,
	};

	if ((config->redis_socket == NULL) == (config->redis_host == NULL))
		return err_set(err, RC_MALFORMED, "give either redis-socket, or redis-host and redis-port");
	if (config->redis_socket != NULL) {
		TRY(absolute(config->redis_socket, path, err));
		options.path = path;
	}
	TRY(store_open(&options, &service->store, err));
	store_watch(service->store, &watch);
	return loop_every(service->loop, &service->store_tick, STORE_TICK_MS, tick_store, service);
}

/* A password is one line; the end of the line is not part of it. */
enum rc redis_password_load(const char *path, struct blob *out, struct err *err)
{
	TRY(file_read_secret(path, STORE_PASSWORD_MAX_BYTES + 1, out, err));
	while (out->len != 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r'))
		out->len--;
	if (out->len == 0)
		return err_set(err, RC_MALFORMED, "%s: is empty, expected a password", path);
	return RC_OK;
}

void redis_end(struct service *service)
{
	if (service->loop != NULL)
		loop_cancel(service->loop, &service->store_tick);
	store_close(&service->store);
}
