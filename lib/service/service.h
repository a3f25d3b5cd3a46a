/*
 * What every service of the bus has: an identity in the roster, the reactor, a ROUTER socket with its table
 * of messages, a publisher of events, a connection to Redis, a sandbox, and the two conversations that all of
 * them hold (`status_get`, `roster_put`). What a service is *for* stands in its own folder.
 */
#ifndef LIMEBUS_SERVICE_SERVICE_H
#define LIMEBUS_SERVICE_SERVICE_H

#include "lib/bus/publisher.h"
#include "lib/bus/server.h"
#include "lib/service/config.h"
#include "lib/store/store.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/roster.h"

struct service;

/* A report for `status_get`: the service adds lines to what the chassis knows. */
struct facts;
enum fact_level { FACT_GOOD, FACT_WARN, FACT_BAD };
/* Name, text and mend are cut to their bounds; mend (what to do about it) may be NULL. A report that is full
 * keeps what it has. */
void facts_add(struct facts *facts, enum fact_level level, const char *name, const char *mend,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

#define SERVICE_ROWS_MAX 32

/* Borrowed while the service is open, like everything that ctx reaches. Callbacks may be NULL unless said
 * otherwise. */
struct service_options {
	const struct service_config *config;
	enum role role;
	const char *program;           /* "limebus-verifier", a literal */
	const struct server_row *rows; /* besides status_get and roster_put */
	size_t row_count;
	const char *const *writable; /* paths besides the configured ones that the sandbox must leave
	                                writable, NULL at the end */
	unsigned links_max;          /* clients and subscribers of its own */

	/* The roles of a key that the roster does not have: ROLE_NODE or ROLE_UNKNOWN. */
	unsigned (*node_role)(void *ctx, const uint8_t key[static CURVE_KEY_BYTES]);
	/* Admission of keys that the roster does not have; NULL: ADMIT_NO. */
	bus_admit_fn *admit_peer;       /* to the ROUTER */
	bus_admit_fn *admit_subscriber; /* to the publisher */
	void (*status)(void *ctx, struct facts *facts);
	void (*roster_changed)(void *ctx);
	void (*store_changed)(void *ctx, const struct store_status *status);
	void *ctx;
};

/*
 * In this order: keys and roster read, privileges given up, Redis and sockets opened. RC_DENIED: our key is
 * not in the roster with this role, or a key file that others can read; the text names it.
 */
MUST_USE enum rc service_open(const struct service_options *options, struct service **out, struct err *err);
void service_close(struct service **service);

/* Until SIGTERM, SIGINT or loop_stop. Logs the start and the end. */
MUST_USE enum rc service_run(struct service *service, struct err *err);

struct loop *service_loop(struct service *service);
struct bus *service_bus(struct service *service);
struct server *service_server(struct service *service);
struct store *service_store(struct service *service);
const struct identity *service_identity(const struct service *service);
const struct curve_pair *service_curve(const struct service *service);

/* The present roster; borrowed until the next turn of the loop (a newer one may replace it). */
const struct roster *service_roster(const struct service *service);

/* Our name in the roster. */
const char *service_name(const struct service *service);

/* Wall-clock ms. */
uint64_t service_now(const struct service *service);

/* Publish an `event` (for people who watch). node may be NULL; state and text too. Failures are logged, never
 * returned. */
void service_event(struct service *service, const char *kind, const uint8_t *node, const char *state,
	uint64_t number, const char *text);

/* Publish an encoded frame under a topic. */
void service_publish(struct service *service, const char *topic, struct span frame);

#endif
