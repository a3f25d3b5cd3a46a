/* Frames that come, notices in them that are checked and taken, and heads. */
#include "lib/base/log.h"
#include "lib/follow/inner.h"

void receive_forked(struct follow *follow, const char *text)
{
	if (!follow->is_forked)
		log_event(LOG_ERROR, "notices.forked", "service=%s text=\"%s\"", follow->service, text);
	follow->is_forked = true;
	follow_changed(follow);
}

/* ---- one notice ---- */

/* The number of a notice that nobody has checked yet; 0: it is none. */
static uint64_t claimed_seq(struct span bytes)
{
	struct msg outer;
	struct msg body;

	if (msg_decode_as(bytes, MSG_TYPE_signed_body, &outer) != RC_OK ||
		msg_decode_as(outer.signed_body.body, MSG_TYPE_notice, &body) != RC_OK)
		return 0;
	return body.notice.seq;
}

static bool is_last_one(const struct follow *follow, struct span bytes)
{
	uint8_t hash[HASH_BYTES];

	return notice_hash(bytes, hash) == RC_OK && memcmp(hash, follow->seen.hash, HASH_BYTES) == 0;
}

/* A place that was read again must lead to where we had been. */
static bool leads_to_done(struct follow *follow)
{
	const struct notice_place *done = window_done(follow->window);

	if (follow->seen.seq != done->seq || memcmp(follow->seen.hash, done->hash, HASH_BYTES) == 0)
		return true;
	receive_forked(follow, "the log is another one than what was acted on before");
	return false;
}

static enum rc check(struct follow *follow, struct window_item *item, struct err *err)
{
	struct span bytes = blob_span(&item->bytes);
	enum rc rc;

	rc = notice_open(follow_roster(follow), bytes, follow_wall_ms(follow), &item->view, err);
	if (rc != RC_OK) {
		log_event(LOG_ERROR, "notice.refused", "service=%s text=\"%s\"", follow->service, err->text);
		return rc;
	}
	item->place = follow->seen;
	rc = notice_follow(&item->place, &item->view, bytes, err);
	if (rc == RC_DENIED)
		receive_forked(follow, err->text);
	return rc;
}

static void note_profile(struct follow *follow, const struct window_item *item)
{
	const struct msg *cause = &item->view.cause.signed_msg.msg;
	enum rc rc;

	if (follow->profiles == NULL || cause->type != MSG_TYPE_profile)
		return;
	rc = profiles_put(follow->profiles, &cause->profile);
	if (rc == RC_OK)
		follow->profiles_changed = true;
	else if (rc != RC_STALE)
		log_event(LOG_ERROR, "profile.lost", "seq=%llu why=\"%s\"",
			(unsigned long long)item->place.seq, rc_words(rc));
}

/* RC_OK: taken. RC_EXISTS: known. RC_NOT_FOUND: there is a gap before it. RC_LIMIT: no room now. Else:
 * refused. Signatures are looked at only if that decides something. */
static enum rc take(struct follow *follow, struct span bytes)
{
	DROP(blob_release) struct blob copy = {0};
	struct window_item item = {0};
	uint64_t seq = claimed_seq(bytes);
	struct err err = {0};
	enum rc rc;

	if (follow->is_forked || seq == 0)
		return RC_DENIED;
	if (seq < follow->seen.seq || (seq == follow->seen.seq && is_last_one(follow, bytes)))
		return RC_EXISTS;
	if (seq > follow->seen.seq + 1 && seq <= follow->head)
		return RC_NOT_FOUND;
	if (seq == follow->seen.seq + 1 && window_is_full(follow->window))
		return RC_LIMIT;
	TRY(blob_copy(&item.bytes, bytes));
	rc = check(follow, &item, &err);
	copy = item.bytes;      /* released here unless it is taken */
	if (rc == RC_NOT_FOUND) /* a notice that far along exists: that was checked */
		follow->head = seq;
	if (rc != RC_OK)
		return rc;
	follow->seen = item.place;
	if (follow->head < seq)
		follow->head = seq;
	note_profile(follow, &item);
	if (seq <= window_done(follow->window)->seq && !leads_to_done(follow))
		return RC_DENIED;
	copy = (struct blob){0};
	return give_take(follow, &item);
}

/* ---- heads ---- */

/* What a good head is compared with: whoever signs one about another log has forked it. */
static enum rc compare_head(struct follow *follow, const struct msg_head *head, struct err *err)
{
	if (head->seq < follow->seen.seq || head->seq < follow->head)
		return err_set(err, RC_STALE, "number %llu, but %llu was seen", (unsigned long long)head->seq,
			(unsigned long long)(follow->head > follow->seen.seq ? follow->head
									     : follow->seen.seq));
	if (follow->is_placed && head->seq == follow->seen.seq &&
		!span_equal(head->hash, SPAN(follow->seen.hash))) {
		err_set(err, RC_DENIED, "head: another notice %llu than the one that was seen",
			(unsigned long long)head->seq);
		receive_forked(follow, err->text);
		return RC_DENIED;
	}
	return RC_OK;
}

static void begin_at(struct follow *follow, const struct msg_head *head)
{
	if (follow->options.start == FOLLOW_HEAD)
		fetch_anchor(follow, head);
	else
		give_begin(follow, &follow->seen, head->seq);
}

/* Heads that are published say that we would hear of a revocation; the answer to a request only says how far
 * the log is. */
static void heard(struct follow *follow, const struct msg_head *head, enum head_source source)
{
	if (source == HEAD_ANSWERED && follow->has_head)
		return;
	if (follow->is_blind)
		log_event(LOG_INFO, "notices.seeing", "service=%s seq=%llu", follow->service,
			(unsigned long long)head->seq);
	follow->has_head = true;
	follow->is_blind = false;
	follow->failures = 0;
	connect_heard(follow);
}

void receive_head(struct follow *follow, struct span frame, enum head_source source)
{
	static const struct notice_place nothing = {0};
	const struct msg_head *head;
	struct signed_msg opened;
	struct err err = {0};
	enum rc rc;

	rc = notice_head_open(follow_roster(follow), frame, &nothing, follow_wall_ms(follow), &opened, &err);
	head = &opened.msg.head;
	if (rc == RC_OK)
		rc = compare_head(follow, head, &err);
	if (rc != RC_OK) {
		/* One that waited behind others may be older than what was seen meanwhile. */
		log_event(rc == RC_STALE && source != HEAD_ALONE ? LOG_DEBUG : LOG_WARN, "head.refused",
			"service=%s text=\"%s\"", follow->service, err.text);
		return;
	}
	follow->head = head->seq;
	heard(follow, head, source);
	if (source == HEAD_ALONE)
		follow->is_stalled = false;
	leader_is(follow->leader, head->leader);
	if (!follow->is_placed)
		begin_at(follow, head);
	fetch_more(follow);
	give_keep_profiles(follow);
	follow_changed(follow);
}

/* ---- the inbox ---- */

static void on_slice(void *ctx);

static void go_on_soon(struct follow *follow)
{
	if (!timer_is_running(&follow->slice_timer))
		follow_timer(follow, &follow->slice_timer, 0, on_slice);
}

bool receive_later(struct follow *follow, enum frame_kind kind, struct span frame, const struct page *page)
{
	struct waiting_frame *place = &follow->inbox[(follow->inbox_first + follow->inbox_count) % INBOX_MAX];

	if (follow->inbox_count == INBOX_MAX ||
		(kind != FRAME_PAGE && follow->published_count == PUBLISHED_MAX))
		return false;
	*place = (struct waiting_frame){.kind = kind};
	if (blob_copy(&place->bytes, frame) != RC_OK)
		return false;
	if (page != NULL) {
		place->from = page->from;
		place->to = page->to;
	}
	follow->inbox_count++;
	if (kind != FRAME_PAGE)
		follow->published_count++;
	go_on_soon(follow);
	return true;
}

static bool open_list(struct waiting_frame *frame)
{
	struct msg msg;

	if (msg_decode_as(blob_span(&frame->bytes), MSG_TYPE_notices, &msg) != RC_OK)
		return false;
	frame->rest = msg.notices.notices;
	frame->head = msg.notices.head;
	frame->is_open = true;
	return true;
}

/* At most `room` notices of this frame. True: it is through. */
static bool check_some(struct follow *follow, struct waiting_frame *frame, unsigned room)
{
	struct elem_item item;

	if (frame->kind == FRAME_SINGLE) {
		frame->moved = take(follow, blob_span(&frame->bytes)) == RC_OK;
		return true;
	}
	if (!frame->is_open && !open_list(frame))
		return true;
	for (; room > 0; room--) {
		enum rc rc;

		if (!ELEM_NEXT(item, &frame->rest, &item))
			return true;
		frame->count++;
		rc = take(follow, item.bytes);
		frame->moved = frame->moved || rc == RC_OK;
		if (rc != RC_OK && rc != RC_EXISTS)
			return true;
	}
	return false;
}

static void finish_frame(struct follow *follow, struct waiting_frame *at)
{
	struct waiting_frame frame = *at;

	*at = (struct waiting_frame){0};
	follow->inbox_first = (follow->inbox_first + 1) % INBOX_MAX;
	follow->inbox_count--;
	if (frame.kind == FRAME_PAGE)
		fetch_checked(follow, &frame);
	else
		follow->published_count--;
	if (frame.kind != FRAME_SINGLE && frame.is_open)
		receive_head(follow, frame.head, frame.kind == FRAME_PAGE ? HEAD_ANSWERED : HEAD_IN_BATCH);
	else
		fetch_more(follow);
	blob_release(&frame.bytes);
}

static void on_slice(void *ctx)
{
	struct follow *follow = ctx;
	struct waiting_frame *frame = &follow->inbox[follow->inbox_first];

	if (follow->inbox_count == 0)
		return;
	if (check_some(follow, frame, SLICE))
		finish_frame(follow, frame);
	if (follow->inbox_count != 0)
		go_on_soon(follow);
	follow_changed(follow);
}

/* ---- what is published ---- */

static enum frame_kind kind_of(const struct msg *msg)
{
	return msg->type == MSG_TYPE_notices ? FRAME_BATCH : FRAME_SINGLE;
}

/* A frame that comes while none waits is looked at right now. */
static void take_published(struct follow *follow, const struct msg *msg, struct span frame)
{
	bool is_first = follow->inbox_count == 0;

	if (!follow->is_placed && follow->options.start != FOLLOW_ALL) {
		if (msg->type == MSG_TYPE_notices)
			receive_head(follow, msg->notices.head, HEAD_IN_BATCH);
		return;
	}
	if (!receive_later(follow, kind_of(msg), frame, NULL) || !is_first)
		return;
	loop_cancel(follow_loop(follow), &follow->slice_timer);
	on_slice(follow);
}

void receive_published(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct follow *follow = ctx;

	if (span_is(topic, "head"))
		receive_head(follow, frame, HEAD_ALONE);
	else if (topic.len >= 7 && span_is(span_of(topic.at, 7), "notice."))
		take_published(follow, msg, frame);
	else if (follow->options.published != NULL)
		follow->options.published(follow->options.ctx, topic, msg, frame);
}
