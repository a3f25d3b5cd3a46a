/* What decodes can be written and printed, and reads back as the same message: its second form is its last.
 */
#include "proto/print.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(blob_release) struct blob once = {0};
	DROP(blob_release) struct blob again = {0};
	DROP(blob_release) struct blob text = {0};
	struct msg msg;

	if (msg_decode(span_of(at, len), &msg) != RC_OK)
		return 0;
	HOLDS(msg_print(&msg, 16, &text) == RC_OK);
	HOLDS(msg_encode(&msg, &once) == RC_OK);
	HOLDS(msg_decode_as(blob_span(&once), msg.type, &msg) == RC_OK);
	HOLDS(msg_encode(&msg, &again) == RC_OK);
	HOLDS(span_equal(blob_span(&once), blob_span(&again)));
	return 0;
}
