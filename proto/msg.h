/*
 * Messages as structs, and the one encoder and decoder for all of them (proto/schema.h).
 *
 * On the wire a message is one msgpack map with short string keys, in schema order, after "v" (1), "t" (its
 * name), and, where they are not 0, "id" (request id, echoed by the answer) and "ttl" (milliseconds that the
 * sender will wait).
 */
#ifndef LIMEBUS_PROTO_MSG_H
#define LIMEBUS_PROTO_MSG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/blob.h"
#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "proto/schema.h"

#define MSG_VERSION 1

/* Elements in their encoded form, one after the other. Made by list_append, read by list_next. */
struct list {
	struct span raw;
	size_t count;
};

/* clang-format off */
#define PROTO_TYPE_u64 uint64_t
#define PROTO_TYPE_flag bool
#define PROTO_TYPE_bin struct span
#define PROTO_TYPE_str struct span
#define PROTO_MEMBER(S, need, kind, field, min, max) PROTO_TYPE_##kind field;
#define PROTO_LIST_MEMBER(S, need, elem, field, min, max) struct list field;
#define PROTO_ELEM_STRUCT(name, LIST) struct elem_##name { LIST(PROTO_MEMBER, PROTO_LIST_MEMBER, elem_##name) };
#define PROTO_MSG_STRUCT(wire, name, LIST) struct msg_##name { LIST(PROTO_MEMBER, PROTO_LIST_MEMBER, msg_##name) };
/* clang-format on */

PROTO_ELEMENTS(PROTO_ELEM_STRUCT)
PROTO_MESSAGES(PROTO_MSG_STRUCT)

enum msg_type {
	MSG_TYPE_none,
#define PROTO_ENUM(wire, name, LIST) MSG_TYPE_##name,
	PROTO_MESSAGES(PROTO_ENUM)
#undef PROTO_ENUM
		MSG_TYPE_COUNT
};

enum elem_type {
#define PROTO_ELEM_ENUM(name, LIST) ELEM_TYPE_##name,
	PROTO_ELEMENTS(PROTO_ELEM_ENUM)
#undef PROTO_ELEM_ENUM
		ELEM_TYPE_COUNT
};

/* struct msg m = { .type = MSG_TYPE_challenge, .challenge = { .nonce = SPAN(nonce) } }; */
struct msg {
	enum msg_type type;
	uint64_t id;
	uint64_t ttl_ms;
	union {
#define PROTO_UNION(wire, name, LIST) struct msg_##name name;
		PROTO_MESSAGES(PROTO_UNION)
#undef PROTO_UNION
	};
};

/* "challenge"; "none" for a value that is no type. */
const char *msg_type_name(enum msg_type type);

/*
 * Append the message to out. Refuses what the decoder would refuse: a field over or under its bounds
 * (RC_LIMIT), text that is not text, a list whose raw bytes are not its count of elements (RC_MALFORMED). out
 * keeps its former content; on an error it is as it was. No span of the message may lie inside out.
 */
MUST_USE enum rc msg_encode(const struct msg *msg, struct blob *out);

/*
 * Read one message that fills `in`. Spans and lists in *out borrow from `in`, which must outlive it.
 * Unknown keys are skipped. Refused, all as RC_MALFORMED: duplicate or missing keys, wrong kinds, values out
 * of bounds, trailing bytes, text that is not text. RC_LIMIT: what an unknown key names is beyond
 * WIRE_DEPTH_MAX or WIRE_ITEMS_MAX. RC_UNSUPPORTED: another version or an unknown type. *out changes only on
 * success.
 */
MUST_USE enum rc msg_decode(struct span in, struct msg *out);

/* As msg_decode, and RC_MALFORMED if it is a message of another type than the one expected. */
MUST_USE enum rc msg_decode_as(struct span in, enum msg_type type, struct msg *out);

/* Append one element (a struct of that elem_type) to `raw`; the caller counts: (struct list){
 * blob_span(&raw), count }. */
MUST_USE enum rc elem_append(enum elem_type type, const void *elem, struct blob *raw);

/* Read the next element of a list into *out (a struct of that elem_type, borrowing) and move the list past
 * it. False at the end. Lists in a decoded message were checked whole; on any other bytes it ends at the
 * first error. */
bool elem_next(enum elem_type type, struct list *list, void *out);

/* ELEM_APPEND(finding, &f, &raw) and ELEM_NEXT(finding, &list, &f), with the compiler checking the struct. */
#define ELEM_APPEND(name, elem, raw)                                                                         \
	elem_append(ELEM_TYPE_##name, 1 ? (elem) : (const struct elem_##name *)0, (raw))
#define ELEM_NEXT(name, list, out) elem_next(ELEM_TYPE_##name, (list), 1 ? (out) : (struct elem_##name *)0)

#endif
