/* A subscription to one publisher (SUB). Reconnects as lib/bus/client.h does, and says when the publisher is
 * silent. */
#ifndef LIMEBUS_BUS_SUBSCRIBER_H
#define LIMEBUS_BUS_SUBSCRIBER_H

#include "lib/base/span.h"
#include "lib/bus/bus.h"
#include "lib/bus/curve.h"
#include "proto/msg.h"

struct subscriber;

#define TOPICS_MAX 8

struct subscriber_options {
	const char *endpoint;
	const uint8_t *server_key;     /* CURVE_KEY_BYTES, copied */
	const struct curve_pair *pair; /* copied */
	const char *const *topics;     /* prefixes, copied; "" is everything */
	size_t topic_count;            /* 1 to TOPICS_MAX */
	size_t message_max;            /* bytes; 0: BUS_MESSAGE_MAX_BYTES */
	unsigned queue_max;            /* 0: 1024 */
	uint64_t silence_ms;           /* no message for so long is silence; 0: never reported */

	/* msg borrows from frame (signatures cover the frame as it stands); all three are gone when it
	 * returns. */
	void (*message)(void *ctx, struct span topic, const struct msg *msg, struct span frame);
	/* true: silence_ms passed without a message, counted from the start too; false: the first message
	 * after that. */
	void (*silent)(void *ctx, bool is_silent);        /* may be NULL */
	void (*link)(void *ctx, bool is_up, enum rc why); /* as in client_options; may be NULL */
	void *ctx;
};

/* Returns at once; the connection is made in the background. */
MUST_USE enum rc subscriber_open(
	struct bus *bus, const struct subscriber_options *options, struct subscriber **out, struct err *err);
void subscriber_close(struct subscriber **subscriber);

/* Leave the present publisher for another one. Both are copied. */
MUST_USE enum rc subscriber_redirect(struct subscriber *subscriber, const char *endpoint,
	const uint8_t server_key[static CURVE_KEY_BYTES], struct err *err);

bool subscriber_is_up(const struct subscriber *subscriber);
const struct bus_counts *subscriber_counts(const struct subscriber *subscriber);

#endif
