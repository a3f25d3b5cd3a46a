#include "lib/http/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/http/inner.h"

#define SWEEP_MS 250
/* For the header, its parsed form, and the header of the answer. */
#define POOL_BYTES (2 * HTTP_URL_MAX_BYTES)

/* ---- libmicrohttpd ---- */

static void on_connection(
	void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct http *http = cls;
	struct http_request *request = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = http->arriving;
		http->arriving->mhd = mhd;
		return;
	}
	if (http->arriving == request)
		http->arriving = NULL;
	http->all[request->place] = http->all[--http->counts.connections];
	http->all[request->place]->place = request->place;
	free(request);
	http->listen_again_ms = 0;
}

/* Routes see URLs as they came: what a percent sign means is for those who know what they expect there. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

/* It says what clients did wrong, which they are told already. */
static void on_note(void *cls, const char *format, va_list arguments)
{
	(void)cls;
	(void)format;
	(void)arguments;
}

static void on_panic(void *cls, const char *file, unsigned line, const char *reason)
{
	struct http *http = cls;

	if (http->panic != NULL)
		http->panic(file, line, reason);
	abort();
}

static bool wait_for(struct http *http, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(http->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum rc start_daemon(struct http *http, struct err *err)
{
	const union MHD_DaemonInfo *info;

	MHD_set_panic_func(on_panic, http);
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
		NULL, NULL, request_handle, http, MHD_OPTION_EXTERNAL_LOGGER, on_note, http,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, request_ended,
		http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_CONNECTION_LIMIT,
		/* Never reached: we count ourselves. */
		http->options.connections_max + 1, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	info = http->daemon == NULL ? NULL : MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return err_set(err, RC_IO, "libmicrohttpd does not start");
	return wait_for(http, info->epoll_fd) ? RC_OK : err_errno(err, "libmicrohttpd");
}

/* ---- opening and closing ---- */

static void set_defaults(struct http_options *options)
{
	const struct http_options defaults = {.connections_max = 1000,
		.address_max = 64,
		.idle_ms = 10000,
		.read_ms = 10000,
		.write_ms = 10000};

	if (options->connections_max == 0)
		options->connections_max = defaults.connections_max;
	if (options->address_max == 0)
		options->address_max = defaults.address_max;
	if (options->idle_ms == 0)
		options->idle_ms = defaults.idle_ms;
	if (options->read_ms == 0)
		options->read_ms = defaults.read_ms;
	if (options->write_ms == 0)
		options->write_ms = defaults.write_ms;
}

static enum rc open_inside(struct http *http, struct err *err)
{
	if (http->options.route_count > HTTP_ROUTES_MAX)
		return err_set(err, RC_LIMIT, "%zu routes", http->options.route_count);
	for (size_t i = 0; i < http->options.route_count; i++)
		if (http->options.routes[i].body_max > HTTP_BODY_MAX)
			return err_set(err, RC_LIMIT, "%s: body_max", http->options.routes[i].path);
	http->all = calloc(http->options.connections_max, sizeof(struct http_request *));
	if (http->all == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	http->epoll = epoll_create1(EPOLL_CLOEXEC);
	http->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (http->epoll < 0 || http->answered < 0 || !wait_for(http, http->answered))
		return err_errno(err, "HTTP server");
	TRY(start_daemon(http, err));
	return listeners_open(http, err);
}

enum rc http_open(const struct http_options *options,
	void (*panic)(const char *file, unsigned line, const char *reason), struct http **out,
	struct err *err)
{
	DROP(http_close) struct http *http = calloc(1, sizeof *http);

	if (http == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	http->epoll = -1;
	http->answered = -1;
	http->options = *options;
	http->clock = options->clock;
	http->panic = panic;
	set_defaults(&http->options);
	TRY(open_inside(http, err));
	*out = TAKE(http);
	return RC_OK;
}

void http_close(struct http **http)
{
	struct http *h = *http;

	if (h == NULL)
		return;
	listeners_close(h);
	/* libmicrohttpd takes it for a mistake if it is stopped while a connection waits. */
	for (unsigned i = 0; h->daemon != NULL && i < h->counts.connections; i++) {
		if (h->all[i]->is_suspended)
			MHD_resume_connection(h->all[i]->mhd);
		h->all[i]->is_suspended = false;
	}
	if (h->daemon != NULL)
		MHD_stop_daemon(h->daemon);
	if (h->answered >= 0)
		close(h->answered);
	if (h->epoll >= 0)
		close(h->epoll);
	free(h->all);
	free(h);
	*http = NULL;
}

/* ---- running ---- */

static void sweep(struct http *http)
{
	uint64_t now = http_now(http);

	if (now - http->swept_ms < SWEEP_MS)
		return;
	http->swept_ms = now;
	for (unsigned i = 0; i < http->counts.connections; i++) {
		struct http_request *request = http->all[i];

		if (request->until_ms > now || request->until_ms == 0)
			continue;
		/* libmicrohttpd finds it closed, and closes it; once is enough. */
		if (request->phase != PHASE_IDLE)
			http->counts.late++;
		request->until_ms = 0;
		shutdown(request->fd, SHUT_RDWR);
	}
}

void http_run(struct http *http)
{
	struct epoll_event events[HTTP_LISTEN_MAX + 2];
	eventfd_t answers;
	int count;

	sweep(http);
	if (http->is_answered)
		(void)!eventfd_read(http->answered, &answers);
	http->is_answered = false;
	listeners_refresh(http);
	count = epoll_wait(http->epoll, events, (int)COUNT(events), 0);
	for (int i = 0; i < count; i++)
		for (size_t k = 0; k < http->listener_count; k++)
			if (events[i].data.fd == http->listeners[k])
				listeners_accept(http, events[i].data.fd);
	(void)MHD_run(http->daemon);
	listeners_refresh(http);
}

uint64_t http_wait_ms(const struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;
	uint64_t own = http->counts.connections == 0 ? UINT64_MAX : SWEEP_MS;

	if (!http->is_listening)
		own = LISTEN_PAUSE_MS;
	if (MHD_get_timeout(http->daemon, &wait) == MHD_YES && wait < own)
		return wait;
	return own;
}

int http_fd(const struct http *http)
{
	return http->epoll;
}

const char *http_endpoint(const struct http *http, size_t n)
{
	return n < http->listener_count ? http->endpoints[n] : "";
}

const struct http_counts *http_counts(const struct http *http)
{
	return &http->counts;
}
