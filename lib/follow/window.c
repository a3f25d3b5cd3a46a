#include "lib/follow/window.h"

#include <stdlib.h>

struct window {
	struct window_item items[FOLLOW_WINDOW];
	struct notice_place done;
	size_t first;
	size_t count;
	size_t bytes;
	size_t next; /* those in front of it, counted from the first, are given or done */
	unsigned waiting;
	unsigned outstanding;
};

enum rc window_open(const struct notice_place *done, struct window **out)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return RC_NOMEM;
	(*out)->done = *done;
	return RC_OK;
}

static void forget(struct window *window, struct window_item *item)
{
	window->bytes -= item->bytes.len;
	blob_release(&item->bytes);
}

void window_begin(struct window *window, const struct notice_place *done)
{
	for (size_t i = 0; i < window->count; i++)
		forget(window, &window->items[(window->first + i) % FOLLOW_WINDOW]);
	window->done = *done;
	window->first = 0;
	window->count = 0;
	window->next = 0;
	window->waiting = 0;
	window->outstanding = 0;
}

void window_close(struct window **window)
{
	static const struct notice_place none = {0};

	if (*window == NULL)
		return;
	window_begin(*window, &none);
	free(*window);
	*window = NULL;
}

bool window_is_full(const struct window *window)
{
	return window->count == FOLLOW_WINDOW || window->bytes >= FOLLOW_BYTES_MAX;
}

static struct window_item *nth(const struct window *window, size_t n)
{
	return (struct window_item *)&window->items[(window->first + n) % FOLLOW_WINDOW];
}

/* What is done at the front is of no interest any more. */
static void advance(struct window *window)
{
	while (window->count != 0 && nth(window, 0)->is_done) {
		window->done = nth(window, 0)->place;
		window->first = (window->first + 1) % FOLLOW_WINDOW;
		window->count--;
		if (window->next != 0)
			window->next--;
	}
}

void window_show(const struct window_item *item, struct follow_notice *out)
{
	const struct notice_view *view = &item->view;

	*out = (struct follow_notice){.seq = item->place.seq,
		.kind = view->kind,
		.body = &view->signed_msg.msg.notice,
		.cause = view->cause.kind == NOTICE_UNKNOWN ? NULL : &view->cause.signed_msg.msg,
		.bytes = blob_span(&item->bytes),
		.again = item->again};
}

enum rc window_add(struct window *window, struct window_item *item)
{
	struct window_item *at = nth(window, window->count);

	if (window_is_full(window))
		return RC_LIMIT;
	*at = TAKE(*item);
	at->is_given = false;
	window_show(at, &at->notice);
	window->bytes += at->bytes.len;
	window->count++;
	if (!at->is_done) {
		window->waiting++;
		return RC_OK;
	}
	forget(window, at);
	advance(window);
	return RC_OK;
}

struct window_item *window_at(const struct window *window, uint64_t seq)
{
	if (seq <= window->done.seq || seq - window->done.seq > window->count)
		return NULL;
	return nth(window, (size_t)(seq - window->done.seq - 1));
}

struct window_item *window_next(struct window *window)
{
	for (; window->next < window->count; window->next++) {
		struct window_item *item = nth(window, window->next);

		if (!item->is_given && !item->is_done)
			return item;
	}
	return NULL;
}

void window_give(struct window *window, struct window_item *item)
{
	item->is_given = true;
	window->outstanding++;
}

bool window_finish(struct window *window, uint64_t seq)
{
	struct window_item *item = window_at(window, seq);

	if (item == NULL || item->is_done)
		return false;
	item->is_done = true;
	window->waiting--;
	if (item->is_given)
		window->outstanding--;
	forget(window, item);
	advance(window);
	return true;
}

const struct notice_place *window_done(const struct window *window)
{
	return &window->done;
}

void window_place(const struct window *window, struct place *out)
{
	out->done = window->done;
	memset(out->marks, 0, sizeof out->marks);
	for (size_t i = 0; i < window->count; i++)
		if (nth(window, i)->is_done)
			out->marks[i / 8] |= (uint8_t)(1u << i % 8);
}

unsigned window_waiting(const struct window *window)
{
	return window->waiting;
}

unsigned window_outstanding(const struct window *window)
{
	return window->outstanding;
}
