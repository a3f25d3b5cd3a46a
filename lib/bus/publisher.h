/*
 * A socket that tells many (PUB): a topic frame and one message frame. Only keys that `admit` accepts may
 * connect. What a slow subscriber misses is lost to it, and it finds out by the numbers in the messages: so
 * nothing confidential, and nothing that must arrive, is sent by this way alone.
 */
#ifndef LIMEBUS_BUS_PUBLISHER_H
#define LIMEBUS_BUS_PUBLISHER_H

#include "lib/base/span.h"
#include "lib/bus/bus.h"
#include "lib/bus/curve.h"
#include "proto/msg.h"

#define TOPIC_MAX 96

struct publisher;

struct publisher_options {
	const char *endpoint; /* as in server_options */
	const char *domain;
	const struct curve_pair *pair;
	bus_admit_fn *admit;
	void *ctx;
	unsigned queue_max; /* messages that wait for one subscriber; 0: 1024 */
};

MUST_USE enum rc publisher_open(
	struct bus *bus, const struct publisher_options *options, struct publisher **out, struct err *err);
void publisher_close(struct publisher **publisher);

const char *publisher_endpoint(const struct publisher *publisher);

/* Never blocks. RC_LIMIT if the topic is longer than TOPIC_MAX or a field is out of bounds. */
MUST_USE enum rc publisher_send(struct publisher *publisher, const char *topic, const struct msg *msg);

/* As publisher_send, with a frame that is encoded (and perhaps signed) already. */
MUST_USE enum rc publisher_send_frame(struct publisher *publisher, const char *topic, struct span frame);

const struct bus_counts *publisher_counts(const struct publisher *publisher);

#endif
