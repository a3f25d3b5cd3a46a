#include "proto/table.h"

#include <assert.h>

/* clang-format off */
#define NEED_must true
#define NEED_may false
#define FIELD_ROW(S, need, kind_, field, min_, max_) \
	{ .name = #field, .offset = offsetof(struct S, field), .min = (min_), .max = (max_), \
	  .kind = FIELD_##kind_, .must = NEED_##need },
#define LIST_ROW(S, need, elem_, field, min_, max_) \
	{ .name = #field, .offset = offsetof(struct S, field), .min = (min_), .max = (max_), \
	  .elem = &elem_shapes[ELEM_TYPE_##elem_], .kind = FIELD_list, .must = NEED_##need },

#define ELEM_FIELDS(name, LIST) static const struct field name##_fields[] = { LIST(FIELD_ROW, LIST_ROW, name) };
#define MSG_FIELDS(wire, name, LIST) ELEM_FIELDS(name, LIST)
PROTO_ELEMENTS(ELEM_FIELDS)
PROTO_MESSAGES(MSG_FIELDS)

#define FEW_ENOUGH(name, LIST) static_assert(COUNT(name##_fields) <= FIELDS_MAX, "raise FIELDS_MAX");
#define MSG_FEW_ENOUGH(wire, name, LIST) FEW_ENOUGH(name, LIST)
PROTO_ELEMENTS(FEW_ENOUGH)
PROTO_MESSAGES(MSG_FEW_ENOUGH)

#define SHAPE(text, name) { text, name##_fields, COUNT(name##_fields), sizeof(struct name) }
#define ELEM_SHAPE(name, LIST) [ELEM_TYPE_##name] = SHAPE(#name, name),
#define MSG_SHAPE(wire, name, LIST) [MSG_TYPE_##name] = SHAPE(wire, name),
/* clang-format on */

const struct shape elem_shapes[ELEM_TYPE_COUNT] = {PROTO_ELEMENTS(ELEM_SHAPE)};

const struct shape msg_shapes[MSG_TYPE_COUNT] = {
	[MSG_TYPE_none] = {"none", NULL, 0, 0}, PROTO_MESSAGES(MSG_SHAPE)};
