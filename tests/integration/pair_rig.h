/* Two real revocation services on one real Redis; verifiers, operators and subscribers are played by the
 * test. */
#ifndef LIMEBUS_TESTS_INTEGRATION_PAIR_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_PAIR_RIG_H

#include "tests/support/redis_server.h"
#include "tests/support/test.h"

#include "lib/bus/client.h"
#include "lib/bus/subscriber.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/notice.h"

#define PAIR_PATIENCE_MS  15000
#define PAIR_TAKE_OVER_MS 3000

/* The members of the roster; ONE and TWO are real. */
enum member { ONE, TWO, VERIFIER, VIEWER, PROVISIONER, ADMIN, PLUGIN, MEMBERS };

struct pair_heard {
	struct subscriber *subscriber;
	unsigned heads;
	unsigned frames;  /* that brought notices */
	unsigned batches; /* … several at once */
	uint64_t notices; /* the highest number */
	uint64_t head;    /* the last head's number … */
	uint64_t head_mono_ms;
	char leader[NAME_MAX_BYTES + 1];
};

struct pair {
	struct scratch dir;
	struct redis_server redis;
	struct identity who[MEMBERS];
	struct sign_pair root;
	struct roster_member members[MEMBERS];
	struct roster *roster;
	pid_t pid[2];
	struct loop *loop;
	struct bus *bus;
	struct client *client[2][MEMBERS];
	struct pair_heard heard[2];

	/* The answer to the last question. */
	bool is_answered;
	enum rc answer_rc;
	enum msg_type answer_type;
	struct blob answer;
	char text[TEXT_MAX + 1];
};

#define PAIR_UNTIL(pair, condition)                                                                          \
	do {                                                                                                 \
		uint64_t pair_end_ = clock_mono_ms(clock_system()) + PAIR_PATIENCE_MS;                       \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= pair_end_) {                                    \
				pair_print_logs(pair);                                                       \
				fail_msg("never came: %s", #condition);                                      \
			}                                                                                    \
			assert_ok(loop_turn((pair)->loop, 10, NULL));                                        \
		}                                                                                            \
	} while (0)

/* Keys, roster, Redis, configurations; nothing is started. */
struct pair *pair_open(void);
void pair_close(struct pair *pair);

void pair_start(struct pair *pair, enum member service);
void pair_kill(struct pair *pair, enum member service);
/* What the program ends with by itself. */
int pair_wait_end(struct pair *pair, enum member service);
void pair_pass_ms(struct pair *pair, uint64_t ms);

/* In the folder of the service: "notices.log", "log". */
char *pair_file(
	const struct pair *pair, enum member service, const char *name, char path[static SCRATCH_FILE_BYTES]);
bool pair_logged(const struct pair *pair, enum member service, const char *text);
void pair_print_logs(const struct pair *pair);

/* Ask this service as this member: the code of the answer; pair->answer is its frame. */
enum rc pair_ask(struct pair *pair, enum member service, enum member who, const struct msg *msg);
/* Listen to the service's publisher as the plugin. */
void pair_listen(struct pair *pair, enum member service);

/* A signed cause: this verifier's n-th verdict, which revokes. */
void pair_verdict(struct pair *pair, uint64_t number, struct blob *out);
enum rc pair_put(struct pair *pair, enum member service, const struct blob *cause);

/* Does it lead? Asks it, so it must not be frozen. */
bool pair_serves(struct pair *pair, enum member service);
/* Wait until one of the two leads; which. */
enum member pair_leader(struct pair *pair);
/* Wait until this service can serve notices up to `seq`, and check that its log holds and ends there. */
void pair_has(struct pair *pair, enum member service, uint64_t seq);

#endif
