#include "lib/json/json_utf8.h"

size_t json_utf8_length(struct span text)
{
	uint8_t first = text.at[0];
	uint8_t low = 0x80;
	uint8_t high = 0xbf;
	size_t len = first < 0x80   ? 1
	             : first < 0xc2 ? 0
	             : first < 0xe0 ? 2
	             : first < 0xf0 ? 3
	             : first < 0xf5 ? 4
	                            : 0;

	if (len > text.len)
		return 0;
	/* No overlong forms, no surrogates, nothing above U+10FFFF. */
	if (first == 0xe0)
		low = 0xa0;
	if (first == 0xed)
		high = 0x9f;
	if (first == 0xf0)
		low = 0x90;
	if (first == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < len; i++) {
		if (text.at[i] < low || text.at[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

bool json_utf8_holds(struct span text)
{
	while (text.len > 0) {
		size_t used = text.at[0] == 0 ? 0 : json_utf8_length(text);

		if (used == 0)
			return false;
		text = span_of(text.at + used, text.len - used);
	}
	return true;
}
