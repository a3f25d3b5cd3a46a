/* An item lies within what was read, a refusal moves nothing, and a value is skipped as a reader of headers
 * would. */
#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

/* As wire_skip, by counting what is still owed. */
static bool walk(struct span *in)
{
	uint64_t owed = 1;

	while (owed > 0) {
		struct span before = *in;
		struct wire_item item;

		if (wire_next(in, &item) != RC_OK) {
			HOLDS(in->at == before.at && in->len == before.len);
			return false;
		}
		HOLDS(in->at > before.at && in->at + in->len == before.at + before.len);
		HOLDS(item.bytes.len == 0 ||
			(item.bytes.at > before.at && item.bytes.at + item.bytes.len == in->at));
		owed--;
		if (item.kind == WIRE_ARRAY || item.kind == WIRE_MAP)
			owed += item.number * (item.kind == WIRE_MAP ? 2 : 1);
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct span whole = span_of(at, len);
	struct span skipped = whole;
	struct span walked = whole;
	enum rc rc = wire_skip(&skipped);

	HOLDS(rc == RC_OK || skipped.at == at);
	HOLDS(rc == RC_LIMIT || walk(&walked) == (rc == RC_OK));
	HOLDS(rc != RC_OK || walked.at == skipped.at);
	wire_is_text(whole);
	return 0;
}
