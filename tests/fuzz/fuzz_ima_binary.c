/*
 * Entries of a binary list lie one behind the other and end where the rest begins; cutting the list anywhere
 * before the end of an entry leaves the entry partial, never broken and never another one.
 */
#include "lib/evidence/ima_list.h"
#include "tests/fuzz/fuzz.h"

static void check_cut(struct ima_list list, size_t len)
{
	struct ima_entry entry;
	enum ima_step step;

	list.left.len = len;
	step = ima_list_next(&list, &entry);
	HOLDS(step == (len == 0 ? IMA_STEP_END : IMA_STEP_PARTIAL));
	HOLDS((list.missing == 0) == (len == 0));
}

static void check_list(struct ima_list list)
{
	struct ima_list before = list;
	struct ima_entry entry;
	enum ima_step step;

	while ((step = ima_list_next(&list, &entry)) == IMA_STEP_ENTRY) {
		HOLDS(entry.bytes.at == before.left.at);
		HOLDS(entry.bytes.len + list.left.len == before.left.len);
		HOLDS(entry.data.at + entry.data.len == entry.bytes.at + entry.bytes.len);
		HOLDS(entry.bytes.len <= IMA_ENTRY_MAX && entry.data.len <= IMA_DATA_MAX);
		check_cut(before, entry.bytes.len - 1);
		check_cut(before, entry.bytes.len / 2);
		before = list;
	}
	HOLDS(list.left.at == before.left.at && list.left.len == before.left.len);
	HOLDS((step == IMA_STEP_END) == (list.left.len == 0));
	HOLDS((step == IMA_STEP_PARTIAL) == (list.missing != 0));
	HOLDS(step != IMA_STEP_PARTIAL || list.left.len + list.missing <= IMA_ENTRY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct ima_list list = {.left = span_of(at, len)};

	if (ima_format_guess(list.left, &list.format) == RC_OK && !list.format.is_ascii)
		check_list(list);
	list.format = (struct ima_format){.hash = DIGEST_SHA1};
	check_list(list);
	return 0;
}
