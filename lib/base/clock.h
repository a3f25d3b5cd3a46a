/* Time comes in from outside, so that tests turn it by hand. */
#ifndef LIMEBUS_BASE_CLOCK_H
#define LIMEBUS_BASE_CLOCK_H

#include <stdint.h>

/* Both readings are milliseconds, monotonic also in microseconds; wall time counts from the Unix epoch, UTC.
 */
struct clock {
	uint64_t (*wall_ms)(const struct clock *clock);
	uint64_t (*mono_us)(const struct clock *clock);
};

/* The system's own clock. */
const struct clock *clock_system(void);

static inline uint64_t clock_wall_ms(const struct clock *clock)
{
	return clock->wall_ms(clock);
}

static inline uint64_t clock_mono_us(const struct clock *clock)
{
	return clock->mono_us(clock);
}

static inline uint64_t clock_mono_ms(const struct clock *clock)
{
	return clock->mono_us(clock) / 1000;
}

/* For tests: DROP nothing, set the fields, pass &fake.clock. */
struct fake_clock {
	struct clock clock;
	uint64_t wall_ms;
	uint64_t mono_us;
};
void fake_clock_init(struct fake_clock *fake, uint64_t wall_ms);
void fake_clock_pass_ms(struct fake_clock *fake, uint64_t ms);

/* "2026-11-23T17:49:22.123Z" with its NUL in 25 bytes. Returns out. */
#define CLOCK_TEXT_BYTES 25
char *clock_text(uint64_t wall_ms, char out[CLOCK_TEXT_BYTES]);

#endif
