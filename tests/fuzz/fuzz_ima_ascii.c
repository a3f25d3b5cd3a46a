/* What is rebuilt from a line of an ASCII list is what a binary list of the same entries would hold: read
 * again as such it gives the same fields. */
#include "lib/evidence/ima_list.h"
#include "tests/fuzz/fuzz.h"

static uint8_t room[IMA_ENTRY_MAX];

static void check_same(const struct ima_digest *a, const struct ima_digest *b)
{
	HOLDS(a->type == b->type && a->hash == b->hash && a->has_size == b->has_size);
	HOLDS(span_equal(a->name, b->name) && span_equal(a->value, b->value));
}

static void check_entry(const struct ima_entry *entry)
{
	struct ima_fields again;

	HOLDS(entry->data.len <= IMA_DATA_MAX && entry->hash.len == DIGEST_SHA1_BYTES);
	HOLDS(entry->data.at >= room && entry->data.at + entry->data.len <= room + sizeof room);
	ima_template_parse(entry->template, entry->data, entry->big_endian, &again);
	HOLDS(again.understood == entry->fields.understood);
	HOLDS(again.template == entry->fields.template);
	HOLDS(span_equal(again.name, entry->fields.name));
	HOLDS(span_equal(again.signature, entry->fields.signature));
	check_same(&again.digest, &entry->fields.digest);
	check_same(&again.modsig_of, &entry->fields.modsig_of);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct ima_list list = {.format = {.is_ascii = true, .hash = DIGEST_SHA1},
		.left = span_of(at, len),
		.room = room,
		.room_len = sizeof room};
	struct ima_list before = list;
	struct ima_entry entry;
	enum ima_step step;

	while ((step = ima_list_next(&list, &entry)) == IMA_STEP_ENTRY) {
		HOLDS(entry.bytes.at == before.left.at && entry.bytes.at[entry.bytes.len - 1] == '\n');
		HOLDS(entry.bytes.len + list.left.len == before.left.len);
		check_entry(&entry);
		before = list;
	}
	HOLDS(list.left.at == before.left.at && list.left.len == before.left.len);
	HOLDS((step == IMA_STEP_END) == (list.left.len == 0));
	HOLDS((step == IMA_STEP_PARTIAL) == (list.missing != 0));
	return 0;
}
