/* A follower, and revocation services that this program plays on a real bus: honest ones, and such that lie.
 */
#ifndef LIMEBUS_TESTS_INTEGRATION_FOLLOW_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_FOLLOW_RIG_H

#include "tests/support/test.h"

#include "lib/bus/publisher.h"
#include "lib/bus/server.h"
#include "lib/follow/follow.h"
#include "lib/trust/keyfile.h"

#define STATIONS    3
#define LOG_MAX     8192
#define GIVEN_MAX   8192
#define RIG_WAIT_MS 15000

/* Members of the roster besides the stations. */
enum who { VERIFIER = STATIONS, PROVISIONER, PLUGIN, STRANGER, WHO_COUNT };

/* One revocation service. All of them serve the rig's log, up to `end`. */
struct station {
	struct server *server; /* NULL: it is down */
	struct publisher *publisher;
	bool is_headless;
	bool is_mean; /* has heads, but no notices for who asks */
	size_t end;   /* it knows so many; SIZE_MAX: all */
	size_t page;  /* notices in an answer; 0: 256 */
	unsigned asked;
	uint64_t acked;
	const char *moved; /* what an ocsp_get is answered with; NULL: it leads */
	unsigned calls;
};

struct rig {
	struct clock clock;
	uint64_t ahead_us;
	struct scratch dir;
	struct loop *loop;
	struct bus *bus;
	struct identity who[WHO_COUNT];
	struct sign_pair root;
	struct curve_pair pair; /* of the follower */
	struct roster *roster;
	struct station stations[STATIONS];
	unsigned station_count; /* in the roster */
	const char *leader;     /* what heads say */
	struct timer tick;
	struct blob log[LOG_MAX];
	size_t log_count;

	/* The follower, and what it did. */
	struct follow_options options;
	struct follow *follow;
	bool holds_back; /* the test calls follow_done */
	uint64_t seen[GIVEN_MAX];
	size_t seen_count;
	uint64_t given[GIVEN_MAX];
	bool again[GIVEN_MAX];
	size_t given_count;
	unsigned replies;
	enum rc reply_rc;
	enum msg_type reply_type;
};

#define RIG_UNTIL(rig, condition)                                                                            \
	do {                                                                                                 \
		uint64_t rig_end_ = clock_mono_ms(clock_system()) + RIG_WAIT_MS;                             \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= rig_end_)                                       \
				fail_msg("never came: %s", #condition);                                      \
			assert_ok(loop_turn((rig)->loop, 10, NULL));                                         \
		}                                                                                            \
	} while (0)

/* cmocka set-up and tear-down: *state is the rig, with one station and no follower yet. */
int rig_open(void **state);
int rig_close(void **state);

void rig_stations(struct rig *rig, unsigned count); /* the roster has so many */
void rig_up(struct rig *rig, unsigned station);
void rig_down(struct rig *rig, unsigned station);

/* Start the follower with rig->options; stop it as a program that ends, or as one that is killed. */
void rig_follow(struct rig *rig);
void rig_end(struct rig *rig);
void rig_kill(struct rig *rig);
/* The station that it is connected to. */
unsigned rig_at(const struct rig *rig);
void rig_pass_ms(struct rig *rig, uint64_t ms);

/* Make a signed notice that follows `previous` (NULL: none) under this number. */
void rig_make(struct rig *rig, const char *kind, uint64_t seq, const struct blob *previous, struct span cause,
	unsigned signer, struct blob *out);
/* Put a notice at the end of the log; `lapsed` needs no cause. */
void rig_append(struct rig *rig, const char *kind, struct span cause);
void rig_append_many(struct rig *rig, size_t count);
/* A signed profile of the node that all notices are about. */
void rig_profile(struct rig *rig, const char *tag, uint64_t time, unsigned signer, struct blob *out);

/* Publish by a station: the last notice, notices of the log as one frame, any frame, its head. */
void rig_publish_last(struct rig *rig, unsigned station);
void rig_publish_batch(struct rig *rig, unsigned station, const size_t *at, size_t count);
void rig_publish(struct rig *rig, unsigned station, const struct blob *frame);
void rig_publish_head(struct rig *rig, unsigned station);
void rig_make_head(struct rig *rig, unsigned station, uint64_t seq, const uint8_t *hash, struct blob *out);

extern const uint8_t rig_node[NODE_ID_BYTES];

#endif
