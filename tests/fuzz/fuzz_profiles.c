/* What is read as a table of profiles is written as a table that is read as the same one. */
#include "lib/base/drop.h"
#include "lib/follow/kept.h"
#include "lib/follow/profiles.h"
#include "tests/fuzz/fuzz.h"

static void check(struct span bytes)
{
	DROP(profiles_close) struct profiles *profiles = NULL;
	DROP(profiles_close) struct profiles *again = NULL;
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};
	struct notice_place place;

	HOLDS(profiles_open(&profiles) == RC_OK && profiles_open(&again) == RC_OK);
	if (profiles_decode(bytes, profiles, &place) != RC_OK) {
		HOLDS(profiles_count(profiles) == 0);
		return;
	}
	HOLDS(profiles_encode(profiles, &place, &first) == RC_OK);
	HOLDS(profiles_decode(blob_span(&first), again, &place) == RC_OK);
	HOLDS(profiles_count(again) == profiles_count(profiles));
	HOLDS(profiles_encode(again, &place, &second) == RC_OK);
	HOLDS(span_equal(blob_span(&first), blob_span(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(blob_release) struct blob sealed = {0};

	check(span_of(at, len));
	HOLDS(kept_begin(&sealed, "limebus profiles v1\n") == RC_OK);
	HOLDS(blob_append(&sealed, span_of(at, len)) == RC_OK && kept_seal(&sealed) == RC_OK);
	check(blob_span(&sealed));
	return 0;
}
