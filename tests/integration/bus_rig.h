/* One process that is server, honest client and attacker at once: a loop, a bus, keys with roles, and raw
 * ZeroMQ sockets of a context of their own, which do what lib/bus would never do. */
#ifndef LIMEBUS_TESTS_INTEGRATION_BUS_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_BUS_RIG_H

#include "tests/support/test.h"

#include "lib/bus/client.h"
#include "lib/bus/publisher.h"
#include "lib/bus/server.h"
#include "lib/bus/subscriber.h"

#define RIG_PATIENCE_MS 20000
#define RIG_SEEN_MAX    64

/* Runs as the system's clock does, and can be put forward. */
struct rig_clock {
	struct clock clock;
	uint64_t ahead_us;
};

struct rig {
	struct rig_clock clock;
	struct scratch dir;
	struct loop *loop;
	struct bus *bus;
	bool has_failed; /* the test left its sockets open */
	void *outside;   /* the attacker's ZeroMQ context */

	/* NODE, ADMIN and no role. All are let in unless let_in says otherwise. */
	struct curve_pair server_pair;
	struct curve_pair node;
	struct curve_pair admin;
	struct curve_pair stranger;
	enum admit let_in;
	uint64_t token; /* of the last admission */
	unsigned asked; /* admissions */
	bool node_is_revoked;

	/* The server takes status_get from NODE and ADMIN (answers ok), node_list from ADMIN only, ok from
	 * anyone. */
	struct server *server;
	char endpoint[SCRATCH_FILE_BYTES];
	unsigned handled;
	unsigned ignore; /* that many requests are not answered */
	unsigned copies; /* answers a request gets; at least 1 */
	struct peer last;
	uint64_t ids[RIG_SEEN_MAX];

	/* What an honest client heard. */
	unsigned ups;
	unsigned downs;
	enum rc why;
	unsigned replies;
	enum rc reply_rc;
	unsigned pushes;
};

/* Handle events until the condition holds; the test fails if that takes too long. */
#define RIG_UNTIL(rig, condition)                                                                            \
	do {                                                                                                 \
		uint64_t rig_end_ = rig_now_ms() + RIG_PATIENCE_MS;                                          \
		while (!(condition)) {                                                                       \
			(rig)->has_failed = rig_now_ms() >= rig_end_;                                        \
			if ((rig)->has_failed)                                                               \
				fail_msg("waited in vain for %s", #condition);                               \
			assert_ok(loop_turn((rig)->loop, 10, NULL));                                         \
		}                                                                                            \
	} while (0)
uint64_t rig_now_ms(void);

/* cmocka set-up and tear-down: *state is the rig. */
int rig_open(void **state);
int rig_close(void **state);

/* Put the clock forward. */
void rig_pass_ms(struct rig *rig, uint64_t ms);

/* The server, on a unix socket or ("tcp://127.0.0.1:*") elsewhere; rig->endpoint is where it is. */
void rig_serve(struct rig *rig, const char *endpoint);
const struct bus_counts *rig_counts(const struct rig *rig);

/* A client of lib/bus to rig->endpoint that reports to the rig. */
struct client *rig_client(struct rig *rig, const struct curve_pair *pair);

/* Call with a message of that type; rig->replies and reply_rc tell what came of it. */
void rig_call(struct rig *rig, struct client *client, enum msg_type type, uint64_t deadline_ms);

/* An encoded message of one of those types. */
void rig_frame(enum msg_type type, uint64_t id, struct blob *out);

/* A socket of libzmq with the keys to connect to the server; routing may be empty, pair NULL is plaintext. */
void *raw_socket(struct rig *rig, int type, const struct curve_pair *pair, struct span routing);

/* Its monitor; raw_event takes the next event without waiting, 0 if there is none. */
void *raw_monitor(struct rig *rig, void *socket);
unsigned raw_event(void *monitor);

/* Whether a frame came, without waiting; it is thrown away. */
bool raw_received(void *socket);

#endif
