/* The field tables made from proto/schema.h; for msg.c and print.c only. */
#ifndef LIMEBUS_PROTO_TABLE_H
#define LIMEBUS_PROTO_TABLE_H

#include "proto/msg.h"

enum field_kind { FIELD_u64, FIELD_flag, FIELD_bin, FIELD_str, FIELD_list };

/* One field of a struct. For a list, elem is the shape of its elements. */
struct field {
	const char *name;
	size_t offset;
	uint64_t min;
	uint64_t max;
	const struct shape *elem;
	enum field_kind kind;
	bool must;
};

/* One struct: the keys of its map. */
struct shape {
	const char *name;
	const struct field *fields;
	size_t count;
	size_t size;
};

/* More fields than this in one shape do not compile. */
#define FIELDS_MAX 32

extern const struct shape elem_shapes[ELEM_TYPE_COUNT];
extern const struct shape msg_shapes[MSG_TYPE_COUNT];

/* Where the field lies in a struct of its shape. */
static inline const void *field_at(const struct field *field, const void *structure)
{
	return (const uint8_t *)structure + field->offset;
}

#endif
