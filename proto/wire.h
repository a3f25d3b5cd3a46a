/*
 * Reading msgpack that somebody else wrote. One header is read at a time, strictly and without allocating: a
 * declared length or count that does not fit in what is left is refused before anything is done with it.
 * (msgpack-c's own unpacker allocates what a header declares: five bytes make it ask for 8 GiB. So it packs
 * here, and does not unpack.)
 */
#ifndef LIMEBUS_PROTO_WIRE_H
#define LIMEBUS_PROTO_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/rc.h"
#include "lib/base/span.h"

/* Nesting and items that a skipped value may have. */
#define WIRE_DEPTH_MAX 8
#define WIRE_ITEMS_MAX (64 * 1024)

enum wire_kind { WIRE_NIL, WIRE_BOOL, WIRE_UINT, WIRE_NINT, WIRE_BIN, WIRE_STR, WIRE_ARRAY, WIRE_MAP };

/* One item. bytes borrows from the input (BIN and STR); number is the value of a BOOL or UINT, or the count
 * of an ARRAY or of a MAP's pairs. A negative integer carries no value: no field has one. */
struct wire_item {
	enum wire_kind kind;
	uint64_t number;
	struct span bytes;
};

/* Read one header (and the bytes of a BIN or STR), and move *in past it. Refuses floats, extensions, the
 * reserved byte, anything that does not fit, counts larger than the bytes that are left. *in changes only on
 * success. */
MUST_USE enum rc wire_next(struct span *in, struct wire_item *out);

/* Move *in past one whole value with all that it contains, within WIRE_DEPTH_MAX and WIRE_ITEMS_MAX. */
MUST_USE enum rc wire_skip(struct span *in);

/* Strict UTF-8 (no surrogates, no overlong forms) without control characters, line separators and what turns
 * the direction of text about. */
bool wire_is_text(struct span bytes);

#endif
