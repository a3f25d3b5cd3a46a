/* What a group of notices brought, to everybody who listens: one by one, or several in a frame. */
#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "services/revocation/inner.h"

static const char prefix[] = "notice.";

static void send_one(struct revocation *revocation)
{
	const struct outgoing *outgoing = &revocation->outgoing;
	struct list list = {blob_span(&outgoing->items), outgoing->count};
	char topic[sizeof prefix + 2 * NODE_ID_BYTES];
	struct elem_item item;

	memcpy(topic, prefix, sizeof prefix - 1);
	hex_encode(SPAN(outgoing->node), topic + sizeof prefix - 1);
	if (ELEM_NEXT(item, &list, &item))
		service_publish(revocation->service, topic, item.bytes);
}

static void send_many(struct revocation *revocation)
{
	const struct outgoing *outgoing = &revocation->outgoing;
	DROP(blob_release) struct blob head = {0};
	DROP(blob_release) struct blob frame = {0};
	struct msg msg = {.type = MSG_TYPE_notices};
	struct err err = {0};
	enum rc rc = issue_make_head(revocation, &head, &err);

	msg.notices = (struct msg_notices){{blob_span(&outgoing->items), outgoing->count}, blob_span(&head)};
	if (rc == RC_OK)
		rc = msg_encode(&msg, &frame);
	/* Who waits for them hears of the next head, and fetches them. */
	if (rc != RC_OK)
		log_event(LOG_WARN, "notices.unpublished", "notices=%zu why=\"%s\"", outgoing->count,
			err.text[0] != '\0' ? err.text : rc_words(rc));
	else
		service_publish(revocation->service, prefix, blob_span(&frame));
}

void publish_flush(struct revocation *revocation)
{
	struct outgoing *outgoing = &revocation->outgoing;

	if (outgoing->count == 1)
		send_one(revocation);
	else if (outgoing->count > 1)
		send_many(revocation);
	blob_clear(&outgoing->items);
	outgoing->count = 0;
}

void publish_add(struct revocation *revocation, const struct msg_notice *notice, struct span signed_notice)
{
	struct outgoing *outgoing = &revocation->outgoing;
	struct elem_item item = {signed_notice};

	if (outgoing->count == PAGE_MAX ||
		(outgoing->count != 0 && outgoing->items.len + signed_notice.len > BATCH_BYTES_MAX))
		publish_flush(revocation);
	if (outgoing->count == 0)
		memcpy(outgoing->node, notice->node.at, NODE_ID_BYTES);
	if (ELEM_APPEND(item, &item, &outgoing->items) == RC_OK)
		outgoing->count++;
	else
		log_event(LOG_ERROR, "memory", "a notice could not be published");
}
