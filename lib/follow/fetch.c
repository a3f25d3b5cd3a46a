/* What was missed is asked for in pages, several at a time. */
#include "lib/base/log.h"
#include "lib/follow/inner.h"

void fetch_forget(struct follow *follow)
{
	follow->asked = follow->seen.seq;
}

/* Nothing came of it. The next head brings another attempt; another service may be more willing. */
static void stalled(struct follow *follow, const char *why)
{
	log_event(LOG_WARN, "notices.unfetched", "from=%llu why=\"%s\"",
		(unsigned long long)follow->seen.seq + 1, why);
	follow->is_stalled = true;
	if (++follow->stalls < STALLS_MAX)
		return;
	follow->stalls = 0;
	connect_next(follow);
}

static void on_page(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct page *page = ctx;
	struct follow *follow = page->follow;

	page->is_out = false;
	follow->pages_out--;
	if (rc != RC_OK || reply->type != MSG_TYPE_notices)
		stalled(follow, rc == RC_OK ? msg_type_name(reply->type) : rc_words(rc));
	else if (!receive_later(follow, FRAME_PAGE, frame, page))
		follow->is_stalled = true;
	if (follow->pages_out == 0 && follow->inbox_count == 0)
		fetch_more(follow);
}

static struct page *free_page(struct follow *follow)
{
	for (size_t i = 0; i < PAGES_AT_ONCE; i++)
		if (!follow->pages[i].is_out)
			return &follow->pages[i];
	return NULL;
}

static bool ask(struct follow *follow, uint64_t from, uint64_t to, client_reply *reply)
{
	struct msg msg = {.type = MSG_TYPE_notices_get, .notices_get = {.from = from, .to = to}};
	struct page *page = free_page(follow);

	if (page == NULL)
		return false;
	page->follow = follow;
	page->from = from;
	page->to = to;
	if (client_call(follow->client, &msg, FETCH_MS, 0, reply, page, NULL) != RC_OK)
		return false;
	page->is_out = true;
	follow->pages_out++;
	return true;
}

/* So far there is room for notices: the window begins behind what is done. */
static uint64_t limit(const struct follow *follow)
{
	uint64_t room = window_done(follow->window)->seq + FOLLOW_WINDOW;

	return room < follow->head ? room : follow->head;
}

void fetch_more(struct follow *follow)
{
	uint64_t end = limit(follow);

	if (follow->is_forked || follow->is_stalled || !follow->is_placed || follow->client == NULL)
		return;
	/* After pages that were cut short, or refused, all begins anew from what was taken. */
	if ((follow->pages_out == 0 && follow->inbox_count == 0) || follow->asked < follow->seen.seq)
		fetch_forget(follow);
	/* A full window is not followed notice by notice. */
	if (end != follow->head && end < follow->asked + PAGE_MAX)
		return;
	if (window_is_full(follow->window))
		return;
	while (follow->asked < end) {
		uint64_t to = end - follow->asked < follow->page_len ? end : follow->asked + follow->page_len;

		if (follow->pages_out + (follow->inbox_count - follow->published_count) >= PAGES_AT_ONCE ||
			!ask(follow, follow->asked + 1, to, on_page))
			return;
		follow->asked = to;
	}
}

/* The answer has a head: nobody waits for the next one to be published. */
void fetch_first(struct follow *follow)
{
	uint64_t from = follow->is_placed ? follow->seen.seq + 1 : UINT64_MAX;

	if (follow->is_forked || follow->pages_out != 0)
		return;
	if (!ask(follow, from, follow->is_placed ? follow->seen.seq + follow->page_len : from, on_page))
		log_event(LOG_DEBUG, "notices.unfetched", "not asked");
}

/* The server stops at some number of bytes: pages that were asked for behind this one then leave a gap. So
 * the next ones are as long as what came. */
void fetch_checked(struct follow *follow, const struct waiting_frame *page)
{
	if (!page->moved) {
		/* One that was asked for behind a page that came short brings nothing either. */
		if (page->from <= follow->seen.seq + 1 && page->to > follow->seen.seq &&
			follow->head > follow->seen.seq && !window_is_full(follow->window))
			stalled(follow, "nothing of what was asked for");
		return;
	}
	follow->stalls = 0;
	if (follow->seen.seq < page->to)
		follow->page_len = page->count;
	else if (page->count == follow->page_len)
		follow->page_len = follow->page_len * 2 < PAGE_MAX ? follow->page_len * 2 : PAGE_MAX;
}

/* ---- beginning at the present end ---- */

static void on_anchor(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct page *page = ctx;
	struct follow *follow = page->follow;
	struct notice_place place = {.seq = follow->anchor};
	struct elem_item item;
	struct notice_view view;
	struct err err = {0};
	struct list list;

	(void)frame;
	page->is_out = false;
	follow->pages_out--;
	follow->is_anchoring = false;
	if (rc != RC_OK || reply->type != MSG_TYPE_notices) {
		stalled(follow, rc == RC_OK ? msg_type_name(reply->type) : rc_words(rc));
		return;
	}
	list = reply->notices.notices;
	if (!ELEM_NEXT(item, &list, &item) || notice_hash(item.bytes, place.hash) != RC_OK ||
		memcmp(place.hash, follow->anchor_hash, HASH_BYTES) != 0 ||
		notice_open(follow_roster(follow), item.bytes, follow_wall_ms(follow), &view, &err) !=
			RC_OK) {
		stalled(follow, err.text[0] != '\0' ? err.text : "another notice than the head names");
		return;
	}
	place.time = view.signed_msg.msg.notice.time;
	give_begin(follow, &place, 0);
	fetch_more(follow);
	follow_changed(follow);
}

/* The notice itself tells its time, which the next one must not be before. */
void fetch_anchor(struct follow *follow, const struct msg_head *head)
{
	static const struct notice_place first = {0};

	if (follow->is_anchoring)
		return;
	if (head->seq == 0) {
		give_begin(follow, &first, 0);
		return;
	}
	follow->anchor = head->seq;
	memcpy(follow->anchor_hash, head->hash.at, HASH_BYTES);
	follow->is_anchoring = ask(follow, head->seq, head->seq, on_anchor);
}
