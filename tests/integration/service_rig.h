/* A real registrar, verifier or revocation service and a real Redis; everybody else is played by the test
 * over the real bus. */
#ifndef LIMEBUS_TESTS_INTEGRATION_SERVICE_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_SERVICE_RIG_H

#include "tests/support/redis_server.h"
#include "tests/support/test.h"

#include "lib/bus/client.h"
#include "lib/bus/subscriber.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/notice.h"
#include "lib/trust/record.h"
#include "lib/trust/roster.h"

#define RIG_PATIENCE_MS 15000
#define RIG_NOTICES_MAX 32

/* STRANGER has keys that the roster does not have. */
enum who { REGISTRAR, VERIFIER, REVOCATION, VIEWER, PROVISIONER, ADMIN, PLUGIN, STRANGER, WHO_COUNT };

struct rig {
	struct scratch dir;
	struct redis_server redis;
	struct identity who[WHO_COUNT];
	struct sign_pair root;
	struct roster_member members[STRANGER];
	struct roster *roster;
	enum who service; /* the one that is real */
	pid_t pid;
	struct loop *loop;
	struct bus *bus;
	struct client *client[WHO_COUNT]; /* NULL: not connected yet */

	/* The answer to the last question. */
	bool is_answered;
	enum rc answer_rc;
	struct blob answer;
	char text[TEXT_MAX + 1];

	/* What a subscriber of the test's own saw; notices were checked as a subscriber must. */
	struct subscriber *subscriber;
	struct notice_place place;
	unsigned notices;
	unsigned heads;
	enum notice_kind kinds[RIG_NOTICES_MAX];
};

#define RIG_UNTIL(rig, condition)                                                                            \
	do {                                                                                                 \
		uint64_t rig_end_ = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;                         \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= rig_end_) {                                     \
				rig_print_log(rig);                                                          \
				fail_msg("never came: %s", #condition);                                      \
			}                                                                                    \
			assert_ok(loop_turn((rig)->loop, 10, NULL));                                         \
		}                                                                                            \
	} while (0)

/* Keys, roster, Redis, configuration with these lines besides the common ones; the service is not started
 * yet. */
struct rig *rig_open(enum who service, const char *lines);
void rig_close(struct rig *rig);

void rig_start(struct rig *rig);
void rig_kill(struct rig *rig);
/* What the program ends with by itself. */
int rig_wait_end(struct rig *rig);
void rig_print_log(const struct rig *rig);
/* Does the program's log hold this text? */
bool rig_logged(const struct rig *rig, const char *text);
void rig_pass_ms(struct rig *rig, uint64_t ms);

/* A connection with these keys to the service's ROUTER. */
struct client *rig_dial(struct rig *rig, const struct hpke_pair *keys);

/* Ask with this client, or as this one, and wait for the answer for at most so long; its code. rig->answer is
 * its frame, rig->text an error's words. */
enum rc rig_ask_with(struct rig *rig, struct client *client, const struct msg *msg, uint64_t deadline_ms);
enum rc rig_ask(struct rig *rig, enum who who, const struct msg *msg);

/* Sign as this one. */
void rig_sign(struct rig *rig, enum who who, const struct msg *msg, struct blob *out);

/* Listen to the publisher with these keys. */
void rig_subscribe(struct rig *rig, const struct hpke_pair *keys);

#endif
