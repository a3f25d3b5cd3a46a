/* What is read as a place is written as the same bytes; and whatever stands between a right title and a right
 * hash leads to a place whose numbers agree, or to none. */
#include "lib/base/drop.h"
#include "lib/follow/kept.h"
#include "lib/follow/place.h"
#include "tests/fuzz/fuzz.h"

static void check(struct span bytes)
{
	DROP(blob_release) struct blob again = {0};
	struct place place;

	if (place_decode(bytes, &place) != RC_OK)
		return;
	HOLDS(place_is_done(&place, place.done.seq) && !place_is_done(&place, place.done.seq + 1));
	HOLDS(!place_is_done(&place, place.done.seq + FOLLOW_WINDOW + 1) || place.done.seq == UINT64_MAX);
	HOLDS(place_encode(&place, &again) == RC_OK && span_equal(blob_span(&again), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(blob_release) struct blob sealed = {0};

	check(span_of(at, len));
	HOLDS(kept_begin(&sealed, "limebus place v1\n") == RC_OK);
	HOLDS(blob_append(&sealed, span_of(at, len)) == RC_OK && kept_seal(&sealed) == RC_OK);
	check(blob_span(&sealed));
	return 0;
}
