/* Notices that were checked and are not all done: a ring from the first that is not done to the last that was
 * seen. PURE. */
#ifndef LIMEBUS_FOLLOW_WINDOW_H
#define LIMEBUS_FOLLOW_WINDOW_H

#include "lib/follow/place.h"

struct window_item {
	struct blob bytes;           /* the signed notice; empty once it is done */
	struct notice_view view;     /* borrows from bytes */
	struct notice_place place;   /* after it */
	struct follow_notice notice; /* what the owner sees of it; filled in by window_add */
	bool again;
	bool is_given;
	bool is_done;
};

struct window;

/* `done`: the notice in front of the first one. */
MUST_USE enum rc window_open(const struct notice_place *done, struct window **out);
/* Accepts NULL inside. */
void window_close(struct window **window);

/* Drop all, and begin behind another notice. */
void window_begin(struct window *window, const struct notice_place *done);

bool window_is_full(const struct window *window);

/* Put the next notice at the end; its number is the one after the last. Takes what item owns. RC_LIMIT: no
 * room. */
MUST_USE enum rc window_add(struct window *window, struct window_item *item);

/* What the owner sees of an item; borrows from it. */
void window_show(const struct window_item *item, struct follow_notice *out);

/* The notice with this number; NULL: it is not here. */
struct window_item *window_at(const struct window *window, uint64_t seq);

/* The first one that is neither given nor done; NULL: there is none. */
struct window_item *window_next(struct window *window);

/* Mark as given. */
void window_give(struct window *window, struct window_item *item);

/* Mark as done; what is done at the front leaves. False: no such notice, or it was done before. */
bool window_finish(struct window *window, uint64_t seq);

/* Everything up to this notice is done. */
const struct notice_place *window_done(const struct window *window);

/* Fill in `done` and the marks. */
void window_place(const struct window *window, struct place *out);

unsigned window_waiting(const struct window *window);     /* not done */
unsigned window_outstanding(const struct window *window); /* given and not done */

#endif
