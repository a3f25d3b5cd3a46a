#include "services/revocation/ca_clock.h"

bool ca_clock_is_steady(struct ca_clock *clock, uint64_t wall_ms, uint64_t mono_ms)
{
	uint64_t expected = clock->wall_ms + (mono_ms - clock->mono_ms);
	uint64_t apart = wall_ms > expected ? wall_ms - expected : expected - wall_ms;

	if (clock->has_looked && apart > CA_JUMP_MS)
		clock->doubt_ms = mono_ms + CA_DOUBT_MS;
	clock->has_looked = true;
	clock->wall_ms = wall_ms;
	clock->mono_ms = mono_ms;
	return mono_ms >= clock->doubt_ms;
}
