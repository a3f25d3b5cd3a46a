/* The ZAP handler (ZeroMQ RFC 27), spoken by hand. Inside lib/bus only: lib/bus/bus.h says what it promises.
 */
#ifndef LIMEBUS_BUS_ZAP_H
#define LIMEBUS_BUS_ZAP_H

#include "lib/base/span.h"
#include "lib/bus/bus.h"
#include "lib/bus/loop_socket.h"

/* User-Id: the key in lower-case hex, then the mark in hex. */
#define ZAP_MARK_BYTES    16
#define ZAP_USER_ID_BYTES (2 * (CURVE_KEY_BYTES + ZAP_MARK_BYTES))

#define ZAP_REQUEST_ID_MAX 32
#define ZAP_ROUTING_MAX    16

struct zap_domain {
	char name[BUS_DOMAIN_MAX + 1];
	bus_admit_fn *admit;
	void *ctx;
};

/* Where an answer goes. */
struct zap_request {
	uint8_t routing[ZAP_ROUTING_MAX];
	size_t routing_len;
	uint8_t id[ZAP_REQUEST_ID_MAX];
	size_t id_len;
	uint8_t key[CURVE_KEY_BYTES];
};

/* An admission that was put off; token 0 is a free place. */
struct zap_pending {
	uint64_t token;
	uint64_t until_ms;
	struct zap_request request;
};

struct zap {
	struct loop *loop;
	void *zmq;
	struct loop_socket socket;
	char mark[2 * ZAP_MARK_BYTES + 1];
	struct zap_domain domains[BUS_DOMAINS_MAX];
	size_t domain_count;
	struct zap_pending *pending; /* BUS_PENDING_MAX of them, made with the first domain */
	uint64_t tokens;
	struct timer sweep;
	struct bus_admissions counts;
};

/* Bind inproc://zeromq.zap.01 in this context. It must not move afterwards. */
MUST_USE enum rc zap_open(struct loop *loop, void *context, struct zap *zap, struct err *err);
void zap_close(struct zap *zap);

/* Domains are told apart by name: RC_EXISTS, RC_LIMIT, RC_MALFORMED if it is empty or too long. */
MUST_USE enum rc zap_domain_add(
	struct zap *zap, const char *name, bus_admit_fn *admit, void *ctx, struct err *err);
void zap_domain_remove(struct zap *zap, const char *name);

MUST_USE enum rc zap_answer(struct zap *zap, uint64_t token, bool yes);

/* The key in a User-Id of ours; false for NULL and everything else. */
bool zap_user(const struct zap *zap, const char *user_id, uint8_t key[static CURVE_KEY_BYTES]);

#endif
