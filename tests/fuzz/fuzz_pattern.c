/* The first line is a pattern, the rest a name: matching ends, and a name matches itself as a glob. */
#include <string.h>

#include "lib/base/drop.h"
#include "lib/pattern/pattern.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	const uint8_t *end = len > 0 ? memchr(at, '\n', len) : NULL;
	struct span pattern = span_of(at, end != NULL ? (size_t)(end - at) : len);
	struct span name = end != NULL ? span_of(end + 1, len - pattern.len - 1) : (struct span){0};

	for (unsigned kind = PATTERN_GLOB; kind <= PATTERN_REGEX_FULL; kind++) {
		DROP(pattern_set_release) struct pattern_set set = {0};
		struct err err = {0};
		bool found = false;

		if (pattern_set_add(&set, (enum pattern_kind)kind, pattern, &err) != RC_OK) {
			HOLDS(err.text[0] != '\0' && set.count == 0);
			continue;
		}
		HOLDS(pattern_set_match(&set, name, &found) == RC_OK || !found);
		if (kind == PATTERN_GLOB && pattern.len > 0 && memchr(pattern.at, '[', pattern.len) == NULL &&
			memchr(pattern.at, '\\', pattern.len) == NULL) {
			HOLDS(pattern_set_match(&set, pattern, &found) == RC_OK);
			HOLDS(found);
		}
	}
	return 0;
}
