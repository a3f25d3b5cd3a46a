/* Missed ranges, and floors. */
#include "lib/base/log.h"
#include "services/revocation/inner.h"

#define RANGE_BYTES_MAX (512u << 10)

static void send(struct revocation *revocation, const struct peer *peer, const struct msg *answer)
{
	if (server_send(service_server(revocation->service), peer, answer) != RC_OK)
		log_event(LOG_DEBUG, "serve.unsent", "peer is gone");
}

/* ---- notices_get ---- */

static enum rc read_range(struct revocation *revocation, uint64_t from, uint64_t to, struct blob *raw,
	size_t *count, struct err *err)
{
	DROP(blob_release) struct blob notice = {0};

	for (uint64_t seq = from; seq <= to && *count < PAGE_MAX && raw->len < RANGE_BYTES_MAX; seq++) {
		struct elem_item item;

		TRY(journal_read(revocation->log, seq, &notice, err));
		item.bytes = blob_span(&notice);
		TRY(ELEM_APPEND(item, &item, raw));
		(*count)++;
	}
	return RC_OK;
}

void serve_on_notices_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	uint64_t last = journal_end(revocation->log)->seq;
	uint64_t to = msg->notices_get.to != 0 && msg->notices_get.to < last ? msg->notices_get.to : last;
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob head = {0};
	struct msg answer = {.type = MSG_TYPE_notices, .id = msg->id};
	struct err err = {0};
	size_t count = 0;
	enum rc rc = issue_make_head(revocation, &head, &err);

	(void)frame;
	acks_touch(revocation, peer);
	if (rc == RC_OK)
		rc = read_range(revocation, msg->notices_get.from, to, &raw, &count, &err);
	if (rc != RC_OK) {
		server_send_error(service_server(revocation->service), peer, msg->id, rc,
			err.text[0] != '\0' ? err.text : rc_words(rc));
		return;
	}
	answer.notices = (struct msg_notices){{blob_span(&raw), count}, blob_span(&head)};
	send(revocation, peer, &answer);
}

/* ---- floor_get ---- */

struct floor_page {
	struct blob raw;
	size_t count;
	bool more;
};

static bool add_floor(void *ctx, struct watched *node)
{
	struct floor_page *page = ctx;
	struct elem_floor item = {
		.node = SPAN(node->id),
		.seq = node->decided_seq,
		.kind = node->decided == NOTICE_UNKNOWN ? (struct span){0}
	                                                : span_text(notice_kind_word(node->decided)),
		.verdict = node->verdict,
		.request_time = node->request_time,
		.number = node->number,
	};

	if (page->count == ALIVE_MAX) {
		page->more = true;
		return false;
	}
	if (ELEM_APPEND(floor, &item, &page->raw) == RC_OK)
		page->count++;
	return true;
}

void serve_on_floor_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct floor_page page = {0};
	struct msg answer = {.type = MSG_TYPE_floors, .id = msg->id};
	const uint8_t *after = msg->floor_get.after.len == 0 ? NULL : msg->floor_get.after.at;

	(void)frame;
	if (!lead_serves(revocation, peer, msg->id))
		return;
	watched_walk(&revocation->watched, after, add_floor, &page);
	answer.floors = (struct msg_floors){{blob_span(&page.raw), page.count}, page.more};
	send(revocation, peer, &answer);
	blob_release(&page.raw);
}
