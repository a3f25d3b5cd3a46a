/* The real gateway as a process, revocation services that this program plays on a real bus, and HTTP clients.
 */
#ifndef LIMEBUS_TESTS_INTEGRATION_GATEWAY_RIG_H
#define LIMEBUS_TESTS_INTEGRATION_GATEWAY_RIG_H

#include "tests/fakes/fake_ca.h"

#include <sys/types.h>

#include "lib/base/clock.h"
#include "lib/bus/publisher.h"
#include "lib/bus/server.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/notice.h"

#define STATIONS        2
#define RIG_PATIENCE_MS 20000
#define RIG_SERIALS_MAX 64
#define RIG_HELD_MAX    64
#define RIG_LIFE_MS     600000

/* A revocation service. Both have one log and one CA. */
struct station {
	struct server *server; /* NULL: it is down */
	struct publisher *publisher;
	unsigned asked; /* ocsp_get */
	unsigned crls;  /* crl_get */
};

struct known {
	uint8_t serial[SERIAL_BYTES];
	enum ocsp_status status;
};

struct held {
	unsigned station;
	struct peer peer;
	uint64_t id;
	struct known what;
	enum digest_alg hash;
};

struct rig {
	struct scratch dir;
	struct loop *loop;
	struct bus *bus;
	struct identity one, two, plugin, stranger;
	struct sign_pair root;
	struct station stations[STATIONS];
	unsigned leader;
	bool is_silent; /* no heads */
	struct timer tick;
	struct notice_place place;
	struct blob log[RIG_SERIALS_MAX];
	pid_t pid;
	bool is_shared; /* several tests have one program: rig_stop leaves it */
	unsigned port;
	unsigned lines; /* of the program's log that say http.listen, from earlier runs */

	struct fake_ca ca;
	struct fake_ca other; /* a CA that nobody pinned */
	bool is_other;        /* ca_get is answered with that one's certificate */
	struct known known[RIG_SERIALS_MAX];
	size_t known_count;
	bool (*is_known)(struct span serial, struct known *out); /* NULL: what is in known counts */
	enum digest_alg
		lies_about; /* responses are for this hash, whatever was asked; DIGEST_NONE: they are not */
	bool is_forging;    /* responses are signed by the other CA */
	uint64_t life_ms;   /* of responses */
	bool holds;         /* ocsp_get is kept until the test answers */
	struct held held[RIG_HELD_MAX];
	size_t held_count;
	struct blob crls[2]; /* full, delta */
	uint64_t crl_numbers[2];
	size_t part_max; /* 0: 64 KiB */
};

#define RIG_UNTIL(rig, condition)                                                                            \
	do {                                                                                                 \
		uint64_t rig_end_ = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;                         \
		while (!(condition)) {                                                                       \
			if (clock_mono_ms(clock_system()) >= rig_end_) {                                     \
				rig_print_log(rig);                                                          \
				fail_msg("never came: %s", #condition);                                      \
			}                                                                                    \
			assert_ok(loop_turn((rig)->loop, 5, NULL));                                          \
		}                                                                                            \
	} while (0)

/* cmocka set-up and tear-down; nothing runs yet but the stations, and there is one certificate, 0. */
int rig_open(void **state);
int rig_close(void **state);

/* For the next test with the same program: nothing is known but a new certificate, 0. */
void rig_refresh(struct rig *rig);

/* lines: of configuration besides the usual ones. Waits until it listens, or until it is healthy. */
void rig_start(struct rig *rig, const char *lines);
void rig_wait_health(struct rig *rig, const char *state);
void rig_stop(struct rig *rig);
int rig_wait_end(struct rig *rig);
void rig_print_log(const struct rig *rig);
bool rig_logged(const struct rig *rig, const char *text);
void rig_pass_ms(struct rig *rig, uint64_t ms);

void rig_down(struct rig *rig, unsigned station);
void rig_make_roster(struct rig *rig, uint64_t number, struct blob *out);

/* Another certificate; its number. */
size_t rig_know(struct rig *rig, enum ocsp_status status);
/* Change it and publish a notice that names it, and a CRL. */
void rig_revoke(struct rig *rig, size_t number);
/* A notice for these certificates, by the one that leads; published, or only in the log. */
void rig_notice(struct rig *rig, const size_t *numbers, size_t count, bool is_published);
/* A list of this number with all that is revoked now; announced or not. */
void rig_crl(struct rig *rig, bool is_delta, uint64_t number, uint64_t life_ms);
void rig_announce(struct rig *rig, bool is_delta, uint64_t number);
/* Answer what was kept. */
void rig_answer_held(struct rig *rig);

/* ---- HTTP ---- */

int rig_dial(struct rig *rig);
void rig_say(int fd, struct span bytes);
/* One request on a connection of its own, and all that comes until the other side closes. */
void rig_http(struct rig *rig, struct span request, struct blob *out);
/* GET with Connection: close; its status. *out is all of the answer. */
unsigned rig_get(struct rig *rig, const char *path, struct blob *out);
struct span rig_body(const struct blob *answer);
bool rig_has(const struct blob *answer, const char *text);

/* Ask about a certificate by GET or POST. What the answer says; *error is set if it is none. */
enum ocsp_status rig_ask(struct rig *rig, size_t number, enum digest_alg hash, bool is_post, unsigned *error);
/* The request itself, and an answer read. */
void rig_request(struct rig *rig, size_t number, enum digest_alg hash, bool is_post, struct blob *out);
enum ocsp_status rig_read(struct rig *rig, const struct blob *answer, unsigned *error);

#endif
