/* What the files of this folder share. */
#ifndef LIMEBUS_FOLLOW_INNER_H
#define LIMEBUS_FOLLOW_INNER_H

#include "lib/bus/subscriber.h"
#include "lib/follow/follow.h"
#include "lib/follow/leader.h"
#include "lib/follow/window.h"

#define PATH_MAX_BYTES 4200

/* Frames that wait to be checked: pages that were asked for, and some that were published. */
#define PAGES_AT_ONCE 4u
#define PUBLISHED_MAX 12u
#define INBOX_MAX     (PAGES_AT_ONCE + PUBLISHED_MAX)

#define SLICE         16u /* notices that are checked in one turn of the loop: some 2 ms */
#define FETCH_MS      5000
#define STALLS_MAX    3u   /* fetches in a row that bring nothing: another service is asked */
#define TURN_MS       400  /* a broken link: a quarter to the whole of it, then the next service */
#define TURN_MAX_MS   5000 /* when all of them were tried in vain */
#define SAVE_MS       100  /* while there is more to do the place is written so often */
#define SAVE_AGAIN_MS 2000 /* after a failure */
#define GIVE_AHEAD    256u /* so many are written down as given at once, if they are there */
#define ACK_MS        100
#define PROFILES_MS   2000  /* the table is written so often while it changes */
#define PROFILES_LAG  4096u /* and when its place is so far behind */

enum frame_kind { FRAME_SINGLE, FRAME_BATCH, FRAME_PAGE };

/* A frame that waits to be checked, or is being checked. */
struct waiting_frame {
	struct blob bytes;
	enum frame_kind kind;
	bool is_open;
	struct list rest; /* borrow from bytes */
	struct span head;
	uint64_t from; /* of a page: what was asked for */
	uint64_t to;
	size_t count; /* notices in it that were looked at */
	bool moved;   /* one of them was taken */
};

/* One outstanding notices_get. */
struct page {
	struct follow *follow;
	bool is_out;
	uint64_t from;
	uint64_t to;
};

struct follow {
	struct follow_options options;
	struct curve_pair pair;
	char place_path[PATH_MAX_BYTES]; /* empty: nothing is kept */
	char profiles_path[PATH_MAX_BYTES];
	char topic[64];
	bool is_open; /* the owner has us: its `changed` may be called */

	/* connect.c */
	struct client *client;
	struct subscriber *subscriber;
	char service[NAME_MAX_BYTES + 1];
	uint8_t key[CURVE_KEY_BYTES];
	char endpoint[ENDPOINT_MAX + 1];
	char publisher[ENDPOINT_MAX + 1];
	size_t turn;
	unsigned failures; /* turns since there was a valid head */
	struct timer turn_timer;
	struct timer blind_timer;
	struct leader *leader;

	/* receive.c */
	struct notice_place seen;
	uint64_t head; /* the highest that a valid head, or a notice that was checked, has named */
	bool has_head;
	bool is_blind;
	bool is_forked;
	bool is_placed; /* false: the first head tells where to begin */
	struct waiting_frame inbox[INBOX_MAX];
	size_t inbox_first;
	size_t inbox_count;
	unsigned published_count; /* frames in it that were published */
	struct timer slice_timer;

	/* fetch.c */
	struct page pages[PAGES_AT_ONCE];
	unsigned pages_out;
	uint64_t asked;
	uint64_t page_len;
	unsigned stalls; /* in a row */
	bool is_stalled; /* until the next head */
	bool is_anchoring;
	uint64_t anchor; /* FOLLOW_HEAD: where to begin */
	uint8_t anchor_hash[HASH_BYTES];

	/* give.c */
	struct window *window;
	struct place place; /* as it stands on the disk, but for what `is_dirty` says */
	struct place loaded;
	bool is_dirty;
	uint64_t save_from_ms; /* not before, while there is more to do */
	bool is_unsaved;       /* the last attempt failed */
	uint64_t saved;        /* everything up to this number is done, on the disk too */
	uint64_t given_max;    /* the highest that was given; place.given may be ahead of it */
	uint64_t acked;
	struct timer give_timer;
	struct timer ack_timer;

	/* profiles */
	struct profiles *profiles;
	struct notice_place profiles_place;
	bool profiles_changed;
	uint64_t profiles_ms;
};

struct loop *follow_loop(const struct follow *follow);
uint64_t follow_now_ms(const struct follow *follow); /* monotonic */
uint64_t follow_wall_ms(const struct follow *follow);
const struct roster *follow_roster(const struct follow *follow);
void follow_timer(struct follow *follow, struct timer *timer, uint64_t after_ms, void (*fire)(void *ctx));
void follow_changed(struct follow *follow);

/* ---- connect.c ---- */

/* Connect to the service whose turn it is, anew even if it is the same. */
void connect_now(struct follow *follow);
/* Leave this service: it withholds something, or is not there. */
void connect_next(struct follow *follow);
/* A valid head came, or: from now on one is waited for. */
void connect_heard(struct follow *follow);

/* ---- receive.c ---- */

void receive_published(void *ctx, struct span topic, const struct msg *msg, struct span frame);
/* Put a frame behind those that wait. False: there is no room, or no memory. */
bool receive_later(struct follow *follow, enum frame_kind kind, struct span frame, const struct page *page);
enum head_source { HEAD_ALONE, HEAD_IN_BATCH, HEAD_ANSWERED };
void receive_head(struct follow *follow, struct span frame, enum head_source source);
/* Nothing is taken any more. */
void receive_forked(struct follow *follow, const char *text);

/* ---- fetch.c ---- */

/* Ask for what was missed, as far as there is room for it. */
void fetch_more(struct follow *follow);
/* A connection stands: where is the end of the log? */
void fetch_first(struct follow *follow);
/* A page was checked. */
void fetch_checked(struct follow *follow, const struct waiting_frame *page);
void fetch_forget(struct follow *follow);
/* Fetch the notice that the first head names. */
void fetch_anchor(struct follow *follow, const struct msg_head *head);

/* ---- give.c ---- */

/* Load place and profiles, and where to go on from. */
MUST_USE enum rc give_open(struct follow *follow, struct err *err);
void give_close(struct follow *follow);
/* Take over a checked notice that is the next one. RC_LIMIT: there is no room. */
MUST_USE enum rc give_take(struct follow *follow, struct window_item *item);
/* Go on in the next turn. */
void give_soon(struct follow *follow);
void give_acknowledge(struct follow *follow);
/* Begin behind this notice. */
void give_begin(struct follow *follow, const struct notice_place *place, uint64_t pass);
/* Once a second: is it time to write the table of profiles? */
void give_keep_profiles(struct follow *follow);

#endif
