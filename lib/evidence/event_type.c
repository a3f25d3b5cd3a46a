#include "lib/evidence/event_type.h"

#include <stddef.h>
#include <stdio.h>

#include "lib/base/drop.h"

const char *event_type_name(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} names[] = {
#define EVENT_TYPE_ROW(name, number) {number, #name},
		EVENT_TYPES(EVENT_TYPE_ROW)
#undef EVENT_TYPE_ROW
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].type == type)
			return names[i].name;
	return NULL;
}

const char *event_type_text(uint32_t type, char out[static EVENT_TYPE_TEXT_BYTES])
{
	const char *name = event_type_name(type);

	if (name != NULL)
		return name;
	snprintf(out, EVENT_TYPE_TEXT_BYTES, "0x%08x", type);
	return out;
}
