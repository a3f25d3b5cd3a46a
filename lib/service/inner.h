/* Private to lib/service: what its files share. */
#ifndef LIMEBUS_SERVICE_INNER_H
#define LIMEBUS_SERVICE_INNER_H

#include <time.h>

#include "lib/service/service.h"

struct service {
	struct service_options options;
	struct identity identity;
	struct curve_pair curve;
	struct roster *roster;
	struct timespec roster_seen; /* modification time of the file that was read last */
	uint64_t roster_stale; /* the number that the file still has although we know a newer one; 0: none */
	bool seen_is_lost;     /* the highest number could not be written down */
	char name[NAME_MAX_BYTES + 1];
	uint64_t started_ms;
	struct loop *loop;
	struct bus *bus;
	struct server *server;
	struct publisher *publisher;
	struct store *store;
	struct watch store_fd;
	struct timer store_tick;
	struct timer roster_tick;
	struct server_row rows[SERVICE_ROWS_MAX];
};

/* Handlers of the rows that the chassis has by itself; ctx is the service. */
server_handler status_on_get;
server_handler roster_on_put;

/*
 * Keys and roster from their files; are we in it, and what we are called. RC_STALE: the roster is older than
 * the highest number that roster.seen, beside it, says was in force here. roster_note_seen writes that
 * number, with the privileges that are left after the start, and goes on with a warning if it cannot.
 */
MUST_USE enum rc roster_begin(struct service *service, struct err *err);
void roster_note_seen(struct service *service);

/* What to tell about the roster, if something is wrong with its files. */
void roster_add_facts(struct service *service, struct facts *facts);

/* Look for a newer roster file from now on. */
MUST_USE enum rc roster_follow(struct service *service, struct err *err);

/* The password's file, read before privileges go. */
MUST_USE enum rc redis_password_load(const char *path, struct blob *out, struct err *err);

/* Connect to Redis and serve the connection in the loop. */
MUST_USE enum rc redis_begin(struct service *service, struct span password, struct err *err);
void redis_end(struct service *service);

#endif
