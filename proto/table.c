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

#define FIELDS(tag, LIST) static const struct field tag##_fields[] = { LIST(FIELD_ROW, LIST_ROW, tag) };
#define ELEM_FIELDS(name, LIST) FIELDS(elem_##name, LIST)
#define MSG_FIELDS(wire, name, LIST) FIELDS(msg_##name, LIST)
PROTO_ELEMENTS(ELEM_FIELDS)
PROTO_MESSAGES(MSG_FIELDS)

#define FEW_ENOUGH(tag) static_assert(COUNT(tag##_fields) <= FIELDS_MAX, "raise FIELDS_MAX");
#define ELEM_FEW_ENOUGH(name, LIST) FEW_ENOUGH(elem_##name)
#define MSG_FEW_ENOUGH(wire, name, LIST) FEW_ENOUGH(msg_##name)
PROTO_ELEMENTS(ELEM_FEW_ENOUGH)
PROTO_MESSAGES(MSG_FEW_ENOUGH)

#define SHAPE(text, tag) { text, tag##_fields, COUNT(tag##_fields), sizeof(struct tag) }
#define ELEM_SHAPE(name, LIST) [ELEM_TYPE_##name] = SHAPE(#name, elem_##name),
#define MSG_SHAPE(wire, name, LIST) [MSG_TYPE_##name] = SHAPE(wire, msg_##name),
/* clang-format on */

const struct shape elem_shapes[ELEM_TYPE_COUNT] = {PROTO_ELEMENTS(ELEM_SHAPE)};

const struct shape msg_shapes[MSG_TYPE_COUNT] = {
	[MSG_TYPE_none] = {"none", NULL, 0, 0}, PROTO_MESSAGES(MSG_SHAPE)};
