#include "services/tenant/dial.h"

/* The old keys of a member that was rotated stay rostered, but nobody listens under them. */
static const struct roster_member *nth_listening(
	const struct roster *roster, enum role role, uint64_t wall_ms, size_t n)
{
	const struct roster_member *member = roster_nth(roster, role, wall_ms, 0);

	for (size_t i = 0; member != NULL; member = roster_nth(roster, role, wall_ms, ++i)) {
		if (member->endpoint[0] == '\0')
			continue;
		if (n == 0)
			return member;
		n--;
	}
	return NULL;
}

size_t dial_choices(const struct roster *roster, enum role role, uint64_t wall_ms)
{
	size_t count = 0;

	while (nth_listening(roster, role, wall_ms, count) != NULL)
		count++;
	return count;
}

const struct roster_member *dial(const struct roster *roster, enum role role, uint64_t wall_ms, size_t n)
{
	size_t count = dial_choices(roster, role, wall_ms);

	return count == 0 ? NULL : nth_listening(roster, role, wall_ms, n % count);
}
