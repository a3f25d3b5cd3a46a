/* Every entry, written as "name = value", is read again as the same entry. */
#include "lib/config/keyvalue.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct keyvalue *entry)
{
	char line[KEYVALUE_NAME_MAX_BYTES + KEYVALUE_VALUE_MAX_BYTES + 8];
	struct keyvalue_walk walk = {0};
	struct keyvalue again = {0};

	snprintf(line, sizeof line, "%s = %s\n", entry->name, entry->value);
	walk.left = span_text(line);
	HOLDS(keyvalue_next(&walk, &again, NULL) == RC_OK);
	HOLDS(strcmp(entry->name, again.name) == 0 && strcmp(entry->value, again.value) == 0);
	HOLDS(keyvalue_next(&walk, &again, NULL) == RC_NOT_FOUND);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct keyvalue_walk walk = {.left = span_of(at, len)};
	struct keyvalue entry = {0};
	unsigned line = 0;

	while (keyvalue_next(&walk, &entry, NULL) == RC_OK) {
		HOLDS(entry.line > line && entry.name[0] != '\0');
		line = entry.line;
		check_again(&entry);
	}
	return 0;
}
