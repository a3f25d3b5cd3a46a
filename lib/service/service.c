#include "lib/service/service.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/sandbox/sandbox.h"
#include "lib/service/inner.h"

#define SERVICE_WRITABLE_MAX 12

struct loop *service_loop(struct service *service)
{
	return service->loop;
}

struct bus *service_bus(struct service *service)
{
	return service->bus;
}

struct server *service_server(struct service *service)
{
	return service->server;
}

struct store *service_store(struct service *service)
{
	return service->store;
}

const struct identity *service_identity(const struct service *service)
{
	return &service->identity;
}

const struct curve_pair *service_curve(const struct service *service)
{
	return &service->curve;
}

const struct roster *service_roster(const struct service *service)
{
	return service->roster;
}

const char *service_name(const struct service *service)
{
	return service->name;
}

uint64_t service_now(const struct service *service)
{
	return clock_wall_ms(loop_clock(service->loop));
}

void service_publish(struct service *service, const char *topic, struct span frame)
{
	enum rc rc = publisher_send_frame(service->publisher, topic, frame);

	if (rc != RC_OK)
		log_event(LOG_WARN, "publish.failed", "topic=%s why=\"%s\"", topic, rc_words(rc));
}

void service_event(struct service *service, const char *kind, const uint8_t *node, const char *state,
	uint64_t number, const char *text)
{
	struct msg msg = {
		.type = MSG_TYPE_event,
		.event = {.kind = span_text(kind),
			.time = service_now(service),
			.node = span_of(node, node == NULL ? 0 : NODE_ID_BYTES),
			.state = span_text(state),
			.number = number,
			.text = span_text(text)},
	};
	enum rc rc;

	if (msg.event.text.len > TEXT_MAX)
		msg.event.text.len = TEXT_MAX;
	rc = publisher_send(service->publisher, "event", &msg);
	if (rc != RC_OK)
		log_event(LOG_WARN, "publish.failed", "event=%s why=\"%s\"", kind, rc_words(rc));
}

static unsigned role_of(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	struct service *service = ctx;
	unsigned role = roster_role(service->roster, key, service_now(service));

	if (role == ROLE_UNKNOWN && service->options.node_role != NULL &&
		roster_by_curve(service->roster, key) == NULL)
		role = service->options.node_role(service->options.ctx, key);
	return role;
}

static enum admit admit_by(struct service *service, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token,
	bus_admit_fn *others)
{
	if (roster_role(service->roster, key, service_now(service)) != ROLE_UNKNOWN)
		return ADMIT_YES;
	/* A rostered key whose dates are over is nobody's node either. */
	if (others == NULL || roster_by_curve(service->roster, key) != NULL)
		return ADMIT_NO;
	return others(service->options.ctx, key, token);
}

static enum admit admit_peer(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	struct service *service = ctx;

	return admit_by(service, key, token, service->options.admit_peer);
}

static enum admit admit_subscriber(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	struct service *service = ctx;

	return admit_by(service, key, token, service->options.admit_subscriber);
}

/* The folder of a path, or NULL where there is none to be found. */
static char *folder_of(const char *path)
{
	const char *slash = path == NULL ? NULL : strrchr(path, '/');

	if (slash == NULL)
		return NULL;
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* ipc:// sockets are made in their folder, the roster is replaced in its own. */
static enum rc enter_sandbox(struct service *service, struct err *err)
{
	static const char ipc[] = "ipc://";
	const struct service_config *config = service->options.config;
	const char *const places[] = {config->roster, config->listen, config->publish};
	const char *writable[SERVICE_WRITABLE_MAX + 1] = {0};
	char *made[COUNT(places)] = {0};
	struct sandbox needs = {
		.user = config->user,
		.network = true,
		.listens = true,
		.writable = writable,
		.lenient = config->no_seccomp,
	};
	struct sandbox_report report = {0};
	size_t count = 0;
	enum rc rc;

	for (size_t i = 0; i < COUNT(places); i++) {
		const char *path = places[i];

		if (i > 0 && strncmp(path, ipc, sizeof ipc - 1) != 0)
			continue;
		made[i] = folder_of(i > 0 ? path + sizeof ipc - 1 : path);
		if (made[i] != NULL)
			writable[count++] = made[i];
	}
	for (size_t i = 0; service->options.writable != NULL && service->options.writable[i] != NULL; i++) {
		if (count < SERVICE_WRITABLE_MAX)
			writable[count++] = service->options.writable[i];
	}
	rc = sandbox_enter(&needs, &report, err);
	if (rc == RC_OK)
		log_event(LOG_INFO, "sandbox.entered", "uid=%u gid=%u seccomp=%s landlock=%s", report.uid,
			report.gid, report.seccomp ? "yes" : "no", report.landlock ? "yes" : "no");
	for (size_t i = 0; i < COUNT(places); i++)
		free(made[i]);
	return rc;
}

static enum rc open_sockets(struct service *service, struct err *err)
{
	const struct service_options *options = &service->options;
	struct server_options server = {
		.endpoint = options->config->listen,
		.domain = "peers",
		.pair = &service->curve,
		.rows = service->rows,
		.row_count = options->row_count + 2,
		.admit = admit_peer,
		.role_of = role_of,
		.ctx = service,
	};
	struct publisher_options publisher = {
		.endpoint = options->config->publish,
		.domain = "subscribers",
		.pair = &service->curve,
		.admit = admit_subscriber,
		.ctx = service,
	};

	TRY(server_open(service->bus, &server, &service->server, err));
	return publisher_open(service->bus, &publisher, &service->publisher, err);
}

/* All rows come here with the chassis as their context; the service's own handlers get the service's. */
static void forward(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct service *service = ctx;
	const struct service_options *options = &service->options;

	for (size_t i = 0; i < options->row_count; i++) {
		if (options->rows[i].type == msg->type) {
			options->rows[i].handle(options->ctx, peer, msg, frame);
			return;
		}
	}
}

static enum rc make_rows(struct service *service, struct err *err)
{
	const struct service_options *options = &service->options;
	struct server_row *row = service->rows;

	if (options->row_count > SERVICE_ROWS_MAX - 2)
		return err_set(err, RC_LIMIT, "%s has more messages than SERVICE_ROWS_MAX", options->program);
	*row++ = (struct server_row){MSG_TYPE_status_get, ROLES_VIEW | ROLES_SERVICE, status_on_get};
	*row++ = (struct server_row){MSG_TYPE_roster_put, ROLE_ADMIN, roster_on_put};
	for (size_t i = 0; i < options->row_count; i++)
		*row++ = (struct server_row){options->rows[i].type, options->rows[i].roles, forward};
	return RC_OK;
}

static enum rc open_inside(struct service *service, struct err *err)
{
	const struct service_options *options = &service->options;
	DROP(blob_release) struct blob password = {0};

	TRY(make_rows(service, err));
	TRY(roster_begin(service, err));
	TRY(redis_password_load(options->config->redis_password, &password, err));
	TRY(enter_sandbox(service, err));
	roster_note_seen(service);
	TRY(loop_open(clock_system(), &service->loop, err));
	TRY(loop_catch_signals(service->loop, err));
	TRY(bus_open(service->loop,
		&(struct bus_options){
			.peers_max = (unsigned)options->config->peers_max, .links_max = options->links_max},
		&service->bus, err));
	TRY(redis_begin(service, blob_span(&password), err));
	TRY(open_sockets(service, err));
	service->started_ms = clock_mono_ms(loop_clock(service->loop));
	return roster_follow(service, err);
}

enum rc service_open(const struct service_options *options, struct service **out, struct err *err)
{
	DROP(service_close) struct service *service = calloc(1, sizeof *service);

	if (service == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	service->options = *options;
	log_open(options->program, (enum log_level)options->config->log_level);
	TRY(open_inside(service, err));
	*out = TAKE(service);
	return RC_OK;
}

void service_close(struct service **service)
{
	struct service *s = *service;

	if (s == NULL)
		return;
	if (s->loop != NULL)
		loop_cancel(s->loop, &s->roster_tick);
	redis_end(s);
	if (s->publisher != NULL)
		publisher_close(&s->publisher);
	if (s->server != NULL)
		server_close(&s->server);
	if (s->bus != NULL)
		bus_close(&s->bus);
	if (s->loop != NULL)
		loop_close(&s->loop);
	roster_release(&s->roster);
	identity_release(&s->identity);
	curve_pair_release(&s->curve);
	free(s);
	*service = NULL;
}

enum rc service_run(struct service *service, struct err *err)
{
	enum rc rc;

	log_event(LOG_INFO, "started", "name=%s listen=%s publish=%s roster=%llu", service->name,
		server_endpoint(service->server), publisher_endpoint(service->publisher),
		(unsigned long long)roster_number(service->roster));
	rc = loop_run(service->loop, err);
	log_event(LOG_INFO, "stopped", "name=%s", service->name);
	return rc;
}
