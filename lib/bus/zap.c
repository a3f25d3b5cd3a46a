#include "lib/bus/zap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/bus/socket.h"

#define ZAP_ENDPOINT   "inproc://zeromq.zap.01"
#define ZAP_BATCH      64
#define ZAP_SWEEP_MS   250
#define ZAP_FRAMES_MAX 12

/* The frames of a request, as a ROUTER receives it (RFC 27). */
enum zap_frame {
	FRAME_ROUTING,
	FRAME_EMPTY,
	FRAME_VERSION,
	FRAME_ID,
	FRAME_DOMAIN,
	FRAME_ADDRESS,
	FRAME_IDENTITY,
	FRAME_MECHANISM,
	FRAME_KEY,
	FRAME_COUNT
};

struct zap_frames {
	zmq_msg_t msgs[ZAP_FRAMES_MAX];
	size_t count;
};

static void zap_frames_release(struct zap_frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		zmq_msg_close(&frames->msgs[i]);
	frames->count = 0;
}

static struct span frame(struct zap_frames *frames, enum zap_frame which)
{
	if (which >= frames->count)
		return (struct span){0};
	return span_of(zmq_msg_data(&frames->msgs[which]), zmq_msg_size(&frames->msgs[which]));
}

/* False when there is no request. What is longer than any request is cut, and refused later for its length.
 */
static bool receive(struct zap *zap, struct zap_frames *out)
{
	bool more = true;

	while (more && out->count < ZAP_FRAMES_MAX) {
		zmq_msg_t *msg = &out->msgs[out->count];

		zmq_msg_init(msg);
		if (zmq_msg_recv(msg, zap->zmq, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close(msg);
			return false;
		}
		out->count++;
		more = zmq_msg_more(msg) != 0;
	}
	if (more)
		socket_skip_rest(zap->zmq);
	return true;
}

/* ---- answers ---- */

static const char *status_text(const char *status)
{
	switch (status[0]) {
	case '2': return "OK";
	case '3': return "try again later";
	case '4': return "not admitted";
	default: return "malformed request";
	}
}

/* The metadata frame is empty. A client that is gone by now does not matter. */
static void answer(struct zap *zap, const struct zap_request *request, const char *status)
{
	char user_id[ZAP_USER_ID_BYTES + 1] = "";
	const struct span frames[] = {
		span_of(request->routing, request->routing_len),
		{0},
		span_text("1.0"),
		span_of(request->id, request->id_len),
		span_text(status),
		span_text(status_text(status)),
		{(const uint8_t *)user_id, status[0] == '2' ? ZAP_USER_ID_BYTES : 0},
		{0},
	};

	if (status[0] == '2') {
		hex_encode(span_of(request->key, sizeof request->key), user_id);
		memcpy(user_id + 2 * CURVE_KEY_BYTES, zap->mark, sizeof zap->mark);
	}
	for (size_t i = 0; i < COUNT(frames); i++)
		if (socket_send(zap->zmq, frames[i], i + 1 < COUNT(frames)) != RC_OK)
			break;
	loop_socket_touch(&zap->socket);
}

static void decide(struct zap *zap, const struct zap_request *request, bool yes)
{
	*(yes ? &zap->counts.admitted : &zap->counts.refused) += 1;
	answer(zap, request, yes ? "200" : "400");
}

/* ---- admissions that were put off ---- */

/* The token names its place in the low bits. */
static struct zap_pending *pending_of(struct zap *zap, uint64_t token)
{
	struct zap_pending *pending;

	if (zap->pending == NULL || token == 0)
		return NULL;
	pending = &zap->pending[token % BUS_PENDING_MAX];
	return pending->token == token ? pending : NULL;
}

static void forget(struct zap *zap, struct zap_pending *pending)
{
	pending->token = 0;
	if (--zap->counts.pending == 0)
		loop_cancel(zap->loop, &zap->sweep);
}

static void sweep(void *ctx)
{
	struct zap *zap = ctx;
	uint64_t now_ms = clock_mono_ms(loop_clock(zap->loop));

	for (size_t i = 0; i < BUS_PENDING_MAX && zap->counts.pending > 0; i++) {
		struct zap_pending *pending = &zap->pending[i];

		if (pending->token == 0 || pending->until_ms > now_ms)
			continue;
		zap->counts.late++;
		answer(zap, &pending->request, "300");
		forget(zap, pending);
	}
}

/* A free place with its token; NULL if all are taken. */
static struct zap_pending *put_off(struct zap *zap, const struct zap_request *request)
{
	struct zap_pending *pending = NULL;

	if (zap->counts.pending == BUS_PENDING_MAX)
		return NULL;
	do
		pending = &zap->pending[++zap->tokens % BUS_PENDING_MAX];
	while (pending->token != 0);
	if (!timer_is_running(&zap->sweep) &&
		loop_every(zap->loop, &zap->sweep, ZAP_SWEEP_MS, sweep, zap) != RC_OK)
		return NULL;
	pending->token = zap->tokens;
	pending->until_ms = clock_mono_ms(loop_clock(zap->loop)) + BUS_ADMIT_WITHIN_MS;
	pending->request = *request;
	zap->counts.pending++;
	return pending;
}

enum rc zap_answer(struct zap *zap, uint64_t token, bool yes)
{
	struct zap_pending *pending = pending_of(zap, token);

	if (pending == NULL)
		return RC_NOT_FOUND;
	decide(zap, &pending->request, yes);
	forget(zap, pending);
	return RC_OK;
}

/* The place is taken before the question is asked, so that the answer may come at once. */
static void judge(struct zap *zap, const struct zap_domain *domain, const struct zap_request *request)
{
	struct zap_pending *pending = put_off(zap, request);
	uint64_t token;

	if (pending == NULL) {
		zap->counts.overflow++;
		answer(zap, request, "300");
		return;
	}
	token = pending->token;
	switch (domain->admit(domain->ctx, request->key, token)) {
	case ADMIT_LATER: return;
	case ADMIT_YES: (void)!zap_answer(zap, token, true); return;
	case ADMIT_NO:
	default: (void)!zap_answer(zap, token, false); return;
	}
}

/* ---- requests ---- */

static const struct zap_domain *domain_of(const struct zap *zap, struct span name)
{
	for (size_t i = 0; i < zap->domain_count; i++)
		if (span_is(name, zap->domains[i].name))
			return &zap->domains[i];
	return NULL;
}

static bool keep(struct span bytes, uint8_t *out, size_t room, size_t *out_len)
{
	if (bytes.len > room)
		return false;
	if (bytes.len != 0)
		memcpy(out, bytes.at, bytes.len);
	*out_len = bytes.len;
	return true;
}

static void take(struct zap *zap, struct zap_frames *frames)
{
	const struct zap_domain *domain = domain_of(zap, frame(frames, FRAME_DOMAIN));
	struct zap_request request = {0};
	struct span key = frame(frames, FRAME_KEY);

	/* Without these two there is nobody to answer. */
	if (!keep(frame(frames, FRAME_ROUTING), request.routing, sizeof request.routing,
		    &request.routing_len) ||
		!keep(frame(frames, FRAME_ID), request.id, sizeof request.id, &request.id_len)) {
		zap->counts.malformed++;
		return;
	}
	if (frames->count != FRAME_COUNT || frame(frames, FRAME_EMPTY).len != 0 ||
		!span_is(frame(frames, FRAME_VERSION), "1.0") ||
		!span_is(frame(frames, FRAME_MECHANISM), "CURVE") || key.len != CURVE_KEY_BYTES ||
		domain == NULL) {
		zap->counts.malformed++;
		answer(zap, &request, "500");
		return;
	}
	memcpy(request.key, key.at, sizeof request.key);
	judge(zap, domain, &request);
}

static void readable(void *ctx)
{
	struct zap *zap = ctx;

	for (unsigned i = 0; i < ZAP_BATCH; i++) {
		DROP(zap_frames_release) struct zap_frames frames = {0};

		if (!receive(zap, &frames))
			return;
		take(zap, &frames);
	}
}

enum rc zap_open(struct loop *loop, void *context, struct zap *zap, struct err *err)
{
	const int none = 0;
	uint8_t mark[ZAP_MARK_BYTES];
	enum rc rc;

	if (getrandom(mark, sizeof mark, 0) != (ssize_t)sizeof mark)
		return err_errno(err, "random bytes");
	*zap = (struct zap){.loop = loop};
	hex_encode(SPAN(mark), zap->mark);
	zap->zmq = zmq_socket(context, ZMQ_ROUTER);
	if (zap->zmq == NULL || zmq_setsockopt(zap->zmq, ZMQ_LINGER, &none, sizeof none) != 0 ||
		zmq_bind(zap->zmq, ZAP_ENDPOINT) != 0) {
		rc = err_set(err, RC_IO, "ZAP handler: %s", zmq_strerror(zmq_errno()));
		socket_close(zap->zmq);
		return rc;
	}
	rc = loop_socket_add(loop, &zap->socket, zap->zmq, readable, zap, err);
	if (rc != RC_OK)
		socket_close(zap->zmq);
	return rc;
}

void zap_close(struct zap *zap)
{
	loop_cancel(zap->loop, &zap->sweep);
	loop_socket_remove(&zap->socket);
	socket_close(zap->zmq);
	free(zap->pending);
	wipe(zap->mark, sizeof zap->mark);
	*zap = (struct zap){0};
}

enum rc zap_domain_add(struct zap *zap, const char *name, bus_admit_fn *admit, void *ctx, struct err *err)
{
	struct zap_domain *domain = &zap->domains[zap->domain_count];
	size_t len = name == NULL ? 0 : strlen(name);

	if (len == 0 || len > BUS_DOMAIN_MAX)
		return err_set(
			err, RC_MALFORMED, "ZAP domain: needs a name of at most %d bytes", BUS_DOMAIN_MAX);
	if (domain_of(zap, span_text(name)) != NULL)
		return err_set(err, RC_EXISTS, "ZAP domain %s: taken", name);
	if (zap->domain_count == BUS_DOMAINS_MAX)
		return err_set(err, RC_LIMIT, "ZAP domain %s: more than %d", name, BUS_DOMAINS_MAX);
	if (zap->pending == NULL)
		zap->pending = calloc(BUS_PENDING_MAX, sizeof *zap->pending);
	if (zap->pending == NULL)
		return err_set(err, RC_NOMEM, "no memory for the ZAP handler");
	*domain = (struct zap_domain){.admit = admit, .ctx = ctx};
	memcpy(domain->name, name, len + 1);
	zap->domain_count++;
	return RC_OK;
}

void zap_domain_remove(struct zap *zap, const char *name)
{
	for (size_t i = 0; i < zap->domain_count; i++) {
		if (strcmp(zap->domains[i].name, name) != 0)
			continue;
		zap->domains[i] = zap->domains[--zap->domain_count];
		return;
	}
}

bool zap_user(const struct zap *zap, const char *user_id, uint8_t key[static CURVE_KEY_BYTES])
{
	if (user_id == NULL || strnlen(user_id, ZAP_USER_ID_BYTES + 1) != ZAP_USER_ID_BYTES)
		return false;
	if (memcmp(user_id + 2 * CURVE_KEY_BYTES, zap->mark, 2 * ZAP_MARK_BYTES) != 0)
		return false;
	return hex_decode(span_of(user_id, 2 * CURVE_KEY_BYTES), key, CURVE_KEY_BYTES) == RC_OK;
}
