/* Newcomers: who is let in, who is turned away, who makes room. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/http/inner.h"

#define ACCEPTS_A_RUN 32
#define BACKLOG       1024

/* ---- listening ---- */

static enum rc open_one(struct http *http, const char *text, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len = 0;
	const int yes = 1;
	int fd;

	TRY(socket_address_parse(text, &address, &len, err));
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_errno(err, "%s", text);
	http->listeners[http->listener_count++] = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
		(address.ss_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) != 0) ||
		bind(fd, (const struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0)
		return err_errno(err, "listening on %s", text);
	len = sizeof address;
	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return err_errno(err, "%s", text);
	socket_address_text(&address, http->endpoints[http->listener_count - 1]);
	return RC_OK;
}

enum rc listeners_open(struct http *http, struct err *err)
{
	const struct http_options *options = &http->options;

	if (options->listen_count == 0 || options->listen_count > HTTP_LISTEN_MAX)
		return err_set(err, RC_LIMIT, "%zu addresses to listen on; from 1 to %d are possible",
			options->listen_count, HTTP_LISTEN_MAX);
	for (size_t i = 0; i < options->listen_count; i++)
		TRY(open_one(http, options->listen[i], err));
	listeners_refresh(http);
	return http->is_listening ? RC_OK : err_errno(err, "waiting for connections");
}

static bool set_listening(struct http *http, bool yes)
{
	bool ok = true;

	for (size_t i = 0; i < http->listener_count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.fd = http->listeners[i]};

		ok = epoll_ctl(http->epoll, yes ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, http->listeners[i],
			     &event) == 0 &&
		     ok;
	}
	return ok;
}

void listeners_close(struct http *http)
{
	for (size_t i = 0; i < http->listener_count; i++)
		close(http->listeners[i]);
	http->listener_count = 0;
}

void listeners_refresh(struct http *http)
{
	bool wanted = http_now(http) >= http->listen_again_ms;

	if (wanted == http->is_listening || (!set_listening(http, wanted) && wanted))
		return;
	http->is_listening = wanted;
}

/* ---- letting in ---- */

/* In one packet, if the kernel takes it: nobody waits for one who is turned away. */
static void turn_away(struct http *http, int fd)
{
	static const char text[] =
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
		"Content-Type: text/plain\r\nContent-Length: 21\r\n\r\nToo many connections\n";

	http->counts.refused++;
	(void)!send(fd, text, sizeof text - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static unsigned count_of(const struct http *http, const uint8_t key[static SOCKET_ADDRESS_KEY_BYTES])
{
	unsigned count = 0;

	for (unsigned i = 0; i < http->counts.connections; i++)
		if (memcmp(http->all[i]->address, key, SOCKET_ADDRESS_KEY_BYTES) == 0)
			count++;
	return count;
}

/* The one that has been idle longest loses its place to the newcomers, once libmicrohttpd has closed it. */
static void evict(struct http *http)
{
	struct http_request *oldest = NULL;

	for (unsigned i = 0; i < http->counts.connections; i++) {
		struct http_request *request = http->all[i];

		if (request->phase == PHASE_IDLE && request->until_ms != 0 &&
			(oldest == NULL || request->since_ms < oldest->since_ms))
			oldest = request;
	}
	if (oldest == NULL)
		return;
	http->counts.evicted++;
	oldest->until_ms = 0;
	shutdown(oldest->fd, SHUT_RDWR);
}

static void let_in(struct http *http, int fd, const struct sockaddr_storage *address, socklen_t len)
{
	struct http_request *request = calloc(1, sizeof *request);
	const int yes = 1;

	if (request == NULL) {
		turn_away(http, fd);
		return;
	}
	/* Pipelined answers leave at once instead of waiting for each other's acknowledgement. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	*request = (struct http_request){.http = http, .fd = fd, .place = http->counts.connections};
	socket_address_key(address, request->address);
	request_enter(request, PHASE_IDLE, http->options.idle_ms);
	http->all[http->counts.connections++] = request;
	http->counts.accepted++;
	http->arriving = request;
	/* On a failure libmicrohttpd closes the socket, with or without telling about it. */
	if (MHD_add_connection(http->daemon, fd, (const struct sockaddr *)address, len) != MHD_YES &&
		http->arriving != NULL) {
		http->counts.connections--;
		free(request);
	}
	http->arriving = NULL;
}

static void pause_listening(struct http *http)
{
	http->listen_again_ms = http_now(http) + LISTEN_PAUSE_MS;
}

void listeners_accept(struct http *http, int fd)
{
	for (unsigned i = 0; i < ACCEPTS_A_RUN; i++) {
		struct sockaddr_storage address = {0};
		uint8_t key[SOCKET_ADDRESS_KEY_BYTES];
		socklen_t len = sizeof address;
		int peer;

		if (http->counts.connections == http->options.connections_max) {
			/* There is one, since the kernel said so; it waits there until there is room. */
			if (i == 0) {
				evict(http);
				pause_listening(http);
			}
			break;
		}
		peer = accept4(fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (peer < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
			pause_listening(http);
		if (peer < 0)
			break;
		socket_address_key(&address, key);
		if (count_of(http, key) >= http->options.address_max)
			turn_away(http, peer);
		else
			let_in(http, peer, &address, len);
	}
	listeners_refresh(http);
}
