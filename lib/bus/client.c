#include "lib/bus/client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/bus/bus_inside.h"
#include "lib/bus/link.h"

#define QUEUE_DEFAULT   64u
#define CALLS_DEFAULT   64u
#define BATCH           64u
#define RETRY_MIN_MS    250u
#define DEADLINE_MAX_MS UINT64_C(86400000)
#define SLOT_BITS       16
#define SEQUENCE_BITS   32
#define NO_SLOT         UINT32_MAX

/* A call, or a free place for one (id 0). */
struct call {
	struct client *client;
	uint64_t id;
	uint64_t until_ms;
	uint64_t retry_ms;  /* the next pause */
	struct timer timer; /* the next repetition or the deadline, whichever is first */
	struct blob frame;
	client_reply *reply;
	void *ctx;
	uint32_t next_free;
};

struct client {
	struct bus *bus;
	struct link link;
	struct client_options options;
	struct call *calls;
	uint32_t calls_max;
	uint32_t first_free;
	uint64_t id_base; /* CALL_ID_BIT and 15 random bits: calls of another client or of before a restart
	                     differ */
	uint32_t sequence;
	struct blob scratch;
	struct bus_counts counts;
	bool *closed; /* set by client_close for the function that is calling somebody back */
};

/* ---- calls ---- */

/* id_base, then the sequence, then the place in the table. */
static uint64_t new_id(struct client *client, uint32_t slot)
{
	return client->id_base | (uint64_t)client->sequence++ << SLOT_BITS | slot;
}

static struct call *call_of(struct client *client, uint64_t id)
{
	uint64_t slot = id & ((UINT64_C(1) << SLOT_BITS) - 1);

	if ((id & CALL_ID_BIT) == 0 || slot >= client->calls_max || client->calls[slot].id != id)
		return NULL;
	return &client->calls[slot];
}

static void call_free(struct client *client, struct call *call)
{
	loop_cancel(client->bus->loop, &call->timer);
	blob_release(&call->frame);
	call->id = 0;
	call->next_free = client->first_free;
	client->first_free = (uint32_t)(call - client->calls);
}

/* The place is free again before the callback, which may call again or close the client. */
static void call_end(struct call *call, enum rc rc, const struct msg *reply, struct span frame)
{
	struct client *client = call->client;
	client_reply *callback = call->reply;
	void *ctx = call->ctx;

	call_free(client, call);
	callback(ctx, rc, reply, frame);
}

static enum rc send_frame(struct client *client, struct span frame)
{
	enum rc rc = RC_IO;

	if (client->link.is_up) {
		rc = socket_send(client->link.zmq, frame, false);
		loop_socket_touch(&client->link.socket);
	}
	if (rc == RC_OK)
		client->counts.out++;
	else
		client->counts.dropped[rc == RC_LIMIT ? DROP_FULL : DROP_UNROUTABLE]++;
	return rc;
}

static void call_due(void *ctx);

/* Arm the timer for the next repetition or the deadline. */
static void call_arm(struct call *call, uint64_t now_ms)
{
	uint64_t left_ms = call->until_ms - now_ms;
	uint64_t wait_ms = call->retry_ms < left_ms ? call->retry_ms : left_ms;

	call->retry_ms *= 2;
	/* The place is in the heap already, except for the first time, when client_call looks. */
	(void)!loop_after(call->client->bus->loop, &call->timer, wait_ms, call_due, call);
}

static void call_due(void *ctx)
{
	struct call *call = ctx;
	uint64_t now_ms = clock_mono_ms(loop_clock(call->client->bus->loop));

	if (now_ms >= call->until_ms) {
		call_end(call, RC_TIMEOUT, NULL, (struct span){0});
		return;
	}
	/* What cannot be sent now is sent when the link comes up, or with the next repetition. */
	if (call->client->link.is_up)
		(void)!send_frame(call->client, blob_span(&call->frame));
	call_arm(call, now_ms);
}

enum rc client_call(struct client *client, const struct msg *msg, uint64_t deadline_ms, uint64_t retry_ms,
	client_reply *reply, void *ctx, uint64_t *out_id)
{
	uint64_t now_ms = clock_mono_ms(loop_clock(client->bus->loop));
	struct msg request = *msg;
	struct call *call;

	if (client->first_free == NO_SLOT || deadline_ms == 0 || deadline_ms > DEADLINE_MAX_MS)
		return RC_LIMIT;
	call = &client->calls[client->first_free];
	request.id = new_id(client, client->first_free);
	request.ttl_ms = deadline_ms;
	blob_clear(&call->frame);
	TRY(msg_encode(&request, &call->frame));

	if (retry_ms == 0)
		retry_ms = deadline_ms / 4;
	call->retry_ms = retry_ms < RETRY_MIN_MS ? RETRY_MIN_MS : retry_ms;
	call->until_ms = now_ms + deadline_ms;
	call_arm(call, now_ms);
	if (!timer_is_running(&call->timer))
		return RC_NOMEM;
	client->first_free = call->next_free;
	call->id = request.id;
	call->reply = reply;
	call->ctx = ctx;
	if (client->link.is_up)
		(void)!send_frame(client, blob_span(&call->frame));
	if (out_id != NULL)
		*out_id = call->id;
	return RC_OK;
}

void client_cancel(struct client *client, uint64_t id)
{
	struct call *call = call_of(client, id);

	if (call != NULL)
		call_free(client, call);
}

enum rc client_send(struct client *client, const struct msg *msg)
{
	blob_clear(&client->scratch);
	TRY(msg_encode(msg, &client->scratch));
	return send_frame(client, blob_span(&client->scratch));
}

/* ---- receiving ---- */

/* An `error` ends a call with its code; one whose code is none of ours with RC_UNSUPPORTED. */
static enum rc rc_of(const struct msg *reply)
{
	if (reply->type != MSG_TYPE_error)
		return RC_OK;
	if (reply->error.code == RC_OK || reply->error.code >= RC_COUNT)
		return RC_UNSUPPORTED;
	return (enum rc)reply->error.code;
}

static void take(struct client *client, struct span frame)
{
	struct msg msg = {0};
	struct call *call;

	if (msg_decode(frame, &msg) != RC_OK) {
		client->counts.dropped[DROP_MALFORMED]++;
		return;
	}
	call = call_of(client, msg.id);
	if (call != NULL) {
		client->counts.in++;
		call_end(call, rc_of(&msg), &msg, frame);
		return;
	}
	if ((msg.id & CALL_ID_BIT) != 0 || client->options.message == NULL) {
		client->counts.dropped[DROP_UNEXPECTED]++;
		return;
	}
	client->counts.in++;
	client->options.message(client->options.ctx, &msg, frame);
}

/* False when there is no message, or no client any more. */
static bool receive(struct client *client)
{
	bool closed = false;
	bool received;
	zmq_msg_t body;

	zmq_msg_init(&body);
	received = zmq_msg_recv(&body, client->link.zmq, ZMQ_DONTWAIT) >= 0;
	if (received && zmq_msg_more(&body)) {
		socket_skip_rest(client->link.zmq);
		client->counts.dropped[DROP_FRAMES]++;
	} else if (received) {
		client->closed = &closed;
		take(client, span_of(zmq_msg_data(&body), zmq_msg_size(&body)));
		if (!closed)
			client->closed = NULL;
	}
	zmq_msg_close(&body);
	return received && !closed;
}

/* A handler may have redirected the client: what the new socket gets is for the next turn. */
static void readable(void *ctx)
{
	struct client *client = ctx;
	const void *zmq = client->link.zmq;

	for (unsigned i = 0; i < BATCH; i++)
		if (!receive(client) || client->link.zmq != zmq)
			return;
}

/* ---- the link ---- */

static void changed(void *ctx, bool is_up, enum rc why)
{
	struct client *client = ctx;

	for (uint32_t i = 0; is_up && i < client->calls_max; i++)
		if (client->calls[i].id != 0)
			(void)!send_frame(client, blob_span(&client->calls[i].frame));
	if (client->options.link != NULL)
		client->options.link(client->options.ctx, is_up, why);
}

static enum rc calls_open(struct client *client, unsigned calls_max, struct err *err)
{
	uint16_t random;

	client->calls_max = calls_max == 0 ? CALLS_DEFAULT : calls_max;
	if (client->calls_max > CLIENT_CALLS_MAX)
		return err_set(err, RC_LIMIT, "more than %u calls at once", CLIENT_CALLS_MAX);
	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		return err_errno(err, "random bytes");
	client->id_base = CALL_ID_BIT | (uint64_t)(random & 0x7fff) << (SLOT_BITS + SEQUENCE_BITS);
	client->calls = calloc(client->calls_max, sizeof *client->calls);
	if (client->calls == NULL)
		return err_set(err, RC_NOMEM, "no memory for %u calls", client->calls_max);
	for (uint32_t i = 0; i < client->calls_max; i++) {
		client->calls[i].client = client;
		client->calls[i].next_free = i + 1 < client->calls_max ? i + 1 : NO_SLOT;
	}
	return RC_OK;
}

enum rc client_open(
	struct bus *bus, const struct client_options *options, struct client **out, struct err *err)
{
	DROP(client_close) struct client *client = calloc(1, sizeof *client);
	const struct link_options link = {
		.type = ZMQ_DEALER,
		.endpoint = options->endpoint,
		.server_key = options->server_key,
		.pair = options->pair,
		.message_max = options->message_max == 0 ? BUS_MESSAGE_MAX_BYTES : options->message_max,
		.queue_max = options->queue_max == 0 ? QUEUE_DEFAULT : options->queue_max,
		.readable = readable,
		.changed = changed,
		.ctx = client,
	};

	if (client == NULL)
		return err_set(err, RC_NOMEM, "no memory for a client");
	client->bus = bus;
	client->options = *options;
	TRY(calls_open(client, options->calls_max, err));
	TRY(link_open(bus, &link, &client->link, err));
	*out = TAKE(client);
	return RC_OK;
}

void client_close(struct client **client)
{
	struct client *self = *client;

	if (self == NULL)
		return;
	if (self->closed != NULL)
		*self->closed = true;
	link_close(&self->link);
	for (uint32_t i = 0; self->calls != NULL && i < self->calls_max; i++) {
		loop_cancel(self->bus->loop, &self->calls[i].timer);
		blob_release(&self->calls[i].frame);
	}
	free(self->calls);
	blob_release(&self->scratch);
	free(self);
	*client = NULL;
}

enum rc client_redirect(struct client *client, const char *endpoint,
	const uint8_t server_key[static CURVE_KEY_BYTES], struct err *err)
{
	return link_redirect(&client->link, endpoint, server_key, err);
}

bool client_is_up(const struct client *client)
{
	return client->link.is_up;
}

const struct bus_counts *client_counts(const struct client *client)
{
	return &client->counts;
}
