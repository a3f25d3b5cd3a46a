#include "lib/base/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t system_wall_ms(const struct clock *clock)
{
	struct timespec t;

	(void)clock;
	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t system_mono_us(const struct clock *clock)
{
	struct timespec t;

	(void)clock;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

const struct clock *clock_system(void)
{
	static const struct clock system_clock = {system_wall_ms, system_mono_us};

	return &system_clock;
}

static uint64_t fake_wall_ms(const struct clock *clock)
{
	return ((const struct fake_clock *)(const void *)clock)->wall_ms;
}

static uint64_t fake_mono_us(const struct clock *clock)
{
	return ((const struct fake_clock *)(const void *)clock)->mono_us;
}

void fake_clock_init(struct fake_clock *fake, uint64_t wall_ms)
{
	fake->clock = (struct clock){fake_wall_ms, fake_mono_us};
	fake->wall_ms = wall_ms;
	fake->mono_us = 1000000;
}

void fake_clock_pass_ms(struct fake_clock *fake, uint64_t ms)
{
	fake->wall_ms += ms;
	fake->mono_us += ms * 1000;
}

char *clock_text(uint64_t wall_ms, char out[CLOCK_TEXT_BYTES])
{
	/* Past the year 9999 the text would not fit; such times come only from hostile bytes. */
	const uint64_t last_ms = 253402300799999u;
	uint64_t ms = wall_ms < last_ms ? wall_ms : last_ms;
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	out[n++] = '.';
	out[n++] = (char)('0' + ms % 1000 / 100);
	out[n++] = (char)('0' + ms % 100 / 10);
	out[n++] = (char)('0' + ms % 10);
	out[n++] = 'Z';
	out[n] = '\0';
	return out;
}
