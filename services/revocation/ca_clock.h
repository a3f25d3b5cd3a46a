/*
 * May what has expired by the wall clock be forgotten? A clock that jumped ahead and is put back must not
 * have taken revoked certificates out of the lists meanwhile. PURE: times come in.
 */
#ifndef LIMEBUS_REVOCATION_CA_CLOCK_H
#define LIMEBUS_REVOCATION_CA_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A wall clock that went so much otherwise than the monotonic one since the last look is not believed so
 * long.
 */
#define CA_JUMP_MS  60000
#define CA_DOUBT_MS 3600000

/* {0} has not looked yet. */
struct ca_clock {
	bool has_looked;
	uint64_t wall_ms;
	uint64_t mono_ms;
	uint64_t doubt_ms; /* monotonic: until then */
};

/* Look at both clocks, often. False: the wall clock jumped, ahead or back, in the last CA_DOUBT_MS. */
bool ca_clock_is_steady(struct ca_clock *clock, uint64_t wall_ms, uint64_t mono_ms);

#endif
