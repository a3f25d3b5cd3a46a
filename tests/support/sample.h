/*
 * Messages made from the field tables, the same ones for the same seed; and a writer of msgpack that checks
 * nothing, for the messages that no encoder of ours would write.
 */
#ifndef LIMEBUS_TESTS_SUPPORT_SAMPLE_H
#define LIMEBUS_TESTS_SUPPORT_SAMPLE_H

#include "lib/base/blob.h"
#include "proto/table.h"

/* LEAST: required fields only, as small as they may be. FULL: every field, none of them empty. RANDOM: some
 * of the optional fields, of any small size. */
enum sample_size { SAMPLE_LEAST, SAMPLE_FULL, SAMPLE_RANDOM };

/* Room for one element of any shape. */
union any_elem {
#define SAMPLE_ANY(name, LIST) struct elem_##name name;
	PROTO_ELEMENTS(SAMPLE_ANY)
#undef SAMPLE_ANY
};

/* Bytes that the spans of a message point to; DROP(sample_release) struct sample s = {0}. */
#define SAMPLE_PARTS_MAX 64
struct sample {
	struct msg msg;
	struct blob parts[SAMPLE_PARTS_MAX];
	size_t count;
	uint64_t seed;
};
void sample_release(struct sample *sample);

/* Replace the message by another one of this type. */
void sample_make(struct sample *sample, enum msg_type type, enum sample_size size, uint64_t seed);

/* The message that tests/vectors/proto/<type>.bin holds; it depends on the type's own fields only. */
void sample_vector(struct sample *sample, enum msg_type type);

/* Fill a struct of that shape, whose spans then point to the sample's bytes. */
void sample_fill(struct sample *sample, const struct shape *shape, enum sample_size size, void *structure);

/* Give a field this extent: the value of a number, the length of bytes or text, the count of a list; bounds
 * are the caller's to break. */
void sample_set(struct sample *sample, const struct field *field, uint64_t extent, void *structure);

/* Every field the same: what spans point to is compared, lists by their bytes. */
bool sample_equal(const struct shape *shape, const void *a, const void *b);

/* The writer that checks nothing. Each appends to out and aborts for want of memory. */
void lax_uint(struct blob *out, uint64_t value);
void lax_text(struct blob *out, const char *text);
void lax_bytes(struct blob *out, uint8_t byte, struct span bytes);
void lax_map(struct blob *out, size_t pairs);
void lax_raw(struct blob *out, struct span bytes);

/* The fields that have an extent or are required, but for `without` (NULL: none), in the order of the schema.
 * `more` is added to the count of pairs, for what the caller appends. */
void lax_fields(
	struct blob *out, const struct shape *shape, const void *structure, const struct field *without);
void lax_elem(struct blob *out, const struct shape *shape, const void *elem, const struct field *without);
void lax_msg(struct blob *out, const struct msg *msg, const struct field *without, size_t more);

#endif
