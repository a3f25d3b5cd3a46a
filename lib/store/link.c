#include "lib/store/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES        16384u
#define READS_A_TURN      64u /* then the reactor has its turn; what is left wakes it again */
#define CALLS_ROOM_FIRST  64u
#define OUT_COMPACT_BYTES (1u << 20)
#define ARGUMENT_OVERHEAD 32u /* "$", a length and two line ends, at most */

_Static_assert((STORE_CALLS_MAX & (STORE_CALLS_MAX - 1)) == 0, "the ring is a power of two");

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

bool link_is_numeric(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

bool link_is_loopback(const char *host)
{
	struct in_addr four;
	struct in6_addr six;

	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static enum rc address_parse(const struct link_address *from, union address *to, socklen_t *len)
{
	if (from->path != NULL) {
		if (strlen(from->path) >= sizeof to->un.sun_path)
			return RC_LIMIT;
		to->un.sun_family = AF_UNIX;
		memcpy(to->un.sun_path, from->path, strlen(from->path) + 1);
		*len = sizeof to->un;
	} else if (inet_pton(AF_INET, from->host, &to->in.sin_addr) == 1) {
		to->in.sin_family = AF_INET;
		to->in.sin_port = htons(from->port);
		*len = sizeof to->in;
	} else if (inet_pton(AF_INET6, from->host, &to->in6.sin6_addr) == 1) {
		to->in6.sin6_family = AF_INET6;
		to->in6.sin6_port = htons(from->port);
		*len = sizeof to->in6;
	} else {
		return RC_MALFORMED;
	}
	return RC_OK;
}

enum rc link_begin(struct link *link, const struct link_address *address, struct err *err)
{
	const char *name = address->path != NULL ? address->path : address->host;
	union address to = {0};
	socklen_t len = 0;
	int one = 1;

	if (address_parse(address, &to, &len) != RC_OK)
		return err_set(err, RC_MALFORMED, "%s: not an address of Redis", name);
	if (reply_reader_open(&link->reader) != RC_OK)
		return err_set(err, RC_NOMEM, "redis: out of memory");
	link->fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd < 0) {
		reply_reader_close(&link->reader);
		return err_errno(err, "redis %s", name);
	}
	if (address->path == NULL)
		setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(link->fd, &to.any, len) != 0 && errno != EINPROGRESS) {
		err_errno(err, "redis %s", name);
		close(link->fd);
		link->fd = -1;
		reply_reader_close(&link->reader);
		return RC_IO;
	}
	return RC_OK;
}

void link_end(struct link *link)
{
	struct link_call *calls = link->calls;
	size_t room = link->room;
	size_t first = link->first;
	size_t count = link->count;

	if (link->fd >= 0)
		close(link->fd);
	reply_reader_close(&link->reader);
	blob_release(&link->out);
	*link = (struct link){.fd = -1};
	for (size_t i = 0; i < count; i++) {
		struct link_call *call = &calls[(first + i) & (room - 1)];

		call->done(call->ctx, NULL);
	}
	free(calls);
}

bool link_has_room(const struct link *link, size_t calls, size_t bytes)
{
	size_t waiting = link->out.len - link->out_at;

	return link->fd >= 0 && calls <= STORE_CALLS_MAX - link->count && bytes <= STORE_OUTPUT_MAX_BYTES &&
	       waiting <= STORE_OUTPUT_MAX_BYTES - bytes;
}

static enum rc calls_reserve(struct link *link)
{
	size_t room = link->room == 0 ? CALLS_ROOM_FIRST : link->room * 2;
	struct link_call *calls;

	if (link->count < link->room)
		return RC_OK;
	calls = calloc(room, sizeof *calls);
	if (calls == NULL)
		return RC_NOMEM;
	for (size_t i = 0; i < link->count; i++)
		calls[i] = link->calls[(link->first + i) & (link->room - 1)];
	free(link->calls);
	link->calls = calls;
	link->room = room;
	link->first = 0;
	return RC_OK;
}

/* Never fails: the room was made before. */
static void put(struct blob *out, const void *at, size_t len)
{
	if (len != 0)
		memcpy(out->at + out->len, at, len);
	out->len += len;
}

static void put_number(struct blob *out, char sign, size_t number)
{
	char text[ARGUMENT_OVERHEAD];
	int len = snprintf(text, sizeof text, "%c%zu\r\n", sign, number);

	put(out, text, (size_t)len);
}

enum rc link_call(struct link *link, const struct span *args, size_t count, link_done *done, void *ctx,
	uint64_t deadline_ms)
{
	size_t bytes = ARGUMENT_OVERHEAD;

	if (link->fd < 0)
		return RC_IO;
	for (size_t i = 0; i < count; i++) {
		if (args[i].len > STORE_VALUE_MAX_BYTES)
			return RC_LIMIT;
		bytes += args[i].len + ARGUMENT_OVERHEAD;
	}
	if (!link_has_room(link, 1, bytes))
		return RC_LIMIT;
	TRY(calls_reserve(link));
	TRY(blob_reserve(&link->out, bytes));
	put_number(&link->out, '*', count);
	for (size_t i = 0; i < count; i++) {
		put_number(&link->out, '$', args[i].len);
		put(&link->out, args[i].at, args[i].len);
		put(&link->out, "\r\n", 2);
	}
	link->calls[(link->first + link->count++) & (link->room - 1)] =
		(struct link_call){done, ctx, deadline_ms};
	return RC_OK;
}

bool link_wants_write(const struct link *link)
{
	return link->fd >= 0 && (!link->connected || link->out_at < link->out.len);
}

/* What was written is wiped: the password was part of it. */
static void out_drop(struct link *link, size_t written)
{
	link->out_at += written;
	if (link->out_at == link->out.len) {
		blob_clear(&link->out);
		link->out_at = 0;
	} else if (link->out_at > OUT_COMPACT_BYTES && link->out_at > link->out.len / 2) {
		size_t rest = link->out.len - link->out_at;

		memmove(link->out.at, link->out.at + link->out_at, rest);
		wipe(link->out.at + rest, link->out.len - rest);
		link->out.len = rest;
		link->out_at = 0;
	}
}

static enum rc finish_connect(struct link *link, struct err *err)
{
	int code = 0;
	socklen_t len = sizeof code;

	if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0 || code != 0) {
		errno = code != 0 ? code : errno;
		err_errno(err, "redis: connect");
		return RC_IO;
	}
	link->connected = true;
	return RC_OK;
}

enum rc link_write(struct link *link, struct err *err)
{
	if (!link->connected)
		TRY(finish_connect(link, err));
	while (link->out_at < link->out.len) {
		ssize_t n = send(link->fd, link->out.at + link->out_at, link->out.len - link->out_at,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return RC_OK;
		if (n < 0) {
			err_errno(err, "redis: write");
			return RC_IO;
		}
		out_drop(link, (size_t)n);
	}
	return RC_OK;
}

/* Answers in the order of the calls. One that nobody asked for is nonsense, or the server's farewell. */
static enum rc dispatch(struct link *link, struct err *err)
{
	for (;;) {
		DROP(reply_release) struct reply *reply = NULL;
		struct link_call call;
		enum rc rc = reply_reader_next(link->reader, &reply);

		if (rc != RC_OK)
			return err_set(err, rc, "redis: its answer is %s", rc_words(rc));
		if (reply == NULL)
			return RC_OK;
		if (link->count == 0)
			return err_set(err, RC_MALFORMED, "redis: an answer that nobody asked for: %.*s",
				(int)(reply->bytes.len < 120 ? reply->bytes.len : 120),
				reply->bytes.len != 0 ? (const char *)reply->bytes.at : "");
		call = link->calls[link->first];
		link->first = (link->first + 1) & (link->room - 1);
		link->count--;
		call.done(call.ctx, reply);
		if (link->fault.rc != RC_OK) {
			*err = link->fault;
			return err->rc;
		}
	}
}

enum rc link_read(struct link *link, struct err *err)
{
	uint8_t bytes[READ_BYTES];

	for (unsigned i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(link->fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return RC_OK;
		if (n < 0) {
			err_errno(err, "redis: read");
			return RC_IO;
		}
		if (n == 0)
			return err_set(err, RC_IO, "redis: the server closed the connection");
		if (reply_reader_feed(link->reader, span_of(bytes, (size_t)n)) != RC_OK)
			return err_set(err, RC_NOMEM, "redis: out of memory");
		TRY(dispatch(link, err));
		if ((size_t)n < sizeof bytes)
			return RC_OK;
	}
	return RC_OK;
}
