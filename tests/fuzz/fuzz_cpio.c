/* Entries lie inside the archive, in order, and each makes the walk go on. */
#include "services/tenant/cpio.h"
#include "tests/fuzz/fuzz.h"

static bool lies_in(struct span part, struct span whole)
{
	return part.at >= whole.at && part.len <= whole.len &&
	       (size_t)(part.at - whole.at) <= whole.len - part.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct cpio cpio = {.bytes = span_of(at, len)};
	struct cpio_entry entry;
	bool ended = false;

	while (!ended) {
		size_t before = cpio.at;

		if (cpio_next(&cpio, &entry, &ended, NULL) != RC_OK) {
			HOLDS(cpio.at == before);
			return 0;
		}
		HOLDS(cpio.at > before && cpio.at <= len);
		HOLDS(lies_in(entry.name, cpio.bytes) && entry.name.len < CPIO_NAME_MAX);
		HOLDS(lies_in(entry.content, cpio.bytes));
	}
	return 0;
}
