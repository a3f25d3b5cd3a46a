/* msgpack-c's unpacker, which limebus itself never lets near a peer's bytes, reads what the encoder writes.
 */
#include <msgpack.h>

#include "tests/support/sample.h"
#include "tests/support/test.h"

static bool is_key(const msgpack_object *key, const char *name)
{
	return key->type == MSGPACK_OBJECT_STR && span_is(span_of(key->via.str.ptr, key->via.str.size), name);
}

static const msgpack_object *find(const msgpack_object *map, const char *name)
{
	for (uint32_t i = 0; i < map->via.map.size; i++)
		if (is_key(&map->via.map.ptr[i].key, name))
			return &map->via.map.ptr[i].val;
	return NULL;
}

static void assert_same(const msgpack_object *value, const struct field *field, const void *at)
{
	switch (field->kind) {
	case FIELD_u64:
		assert_int_equal(value->type, MSGPACK_OBJECT_POSITIVE_INTEGER);
		assert_int_equal(value->via.u64, *(const uint64_t *)at);
		break;
	case FIELD_flag:
		assert_int_equal(value->type, MSGPACK_OBJECT_BOOLEAN);
		assert_int_equal(value->via.boolean, *(const bool *)at);
		break;
	case FIELD_bin:
		assert_int_equal(value->type, MSGPACK_OBJECT_BIN);
		assert_spans_equal(
			span_of(value->via.bin.ptr, value->via.bin.size), *(const struct span *)at);
		break;
	case FIELD_str:
		assert_int_equal(value->type, MSGPACK_OBJECT_STR);
		assert_spans_equal(
			span_of(value->via.str.ptr, value->via.str.size), *(const struct span *)at);
		break;
	case FIELD_list:
		assert_int_equal(value->type, MSGPACK_OBJECT_ARRAY);
		assert_int_equal(value->via.array.size, ((const struct list *)at)->count);
		break;
	}
}

static void msgpack_c_reads_every_field_of_every_message(void **state)
{
	(void)state;
	for (enum msg_type type = MSG_TYPE_none + 1; type < MSG_TYPE_COUNT; type++) {
		const struct shape *shape = &msg_shapes[type];
		DROP(sample_release) struct sample sample = {0};
		DROP(blob_release) struct blob bytes = {0};
		msgpack_unpacked unpacked;
		size_t used = 0;

		sample_make(&sample, type, SAMPLE_FULL, type);
		assert_ok(msg_encode(&sample.msg, &bytes));
		msgpack_unpacked_init(&unpacked);
		assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)bytes.at, bytes.len, &used),
			MSGPACK_UNPACK_SUCCESS);
		assert_int_equal(used, bytes.len);
		assert_int_equal(unpacked.data.type, MSGPACK_OBJECT_MAP);
		assert_int_equal(unpacked.data.via.map.size, 4 + shape->count);
		assert_true(is_key(&unpacked.data.via.map.ptr[0].key, "v"));
		assert_true(is_key(&unpacked.data.via.map.ptr[1].key, "t"));
		assert_int_equal(find(&unpacked.data, "id")->via.u64, sample.msg.id);
		assert_int_equal(find(&unpacked.data, "ttl")->via.u64, sample.msg.ttl_ms);
		for (size_t i = 0; i < shape->count; i++) {
			const msgpack_object *value = find(&unpacked.data, shape->fields[i].name);

			assert_non_null(value);
			assert_same(value, &shape->fields[i], field_at(&shape->fields[i], &sample.msg.ok));
		}
		msgpack_unpacked_destroy(&unpacked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(msgpack_c_reads_every_field_of_every_message)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
