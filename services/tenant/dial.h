/* Which service of the roster a question goes to. */
#ifndef LIMEBUS_TENANT_DIAL_H
#define LIMEBUS_TENANT_DIAL_H

#include "lib/trust/roster.h"

/* The n-th choice for this role, round and round over those that are valid now and have an endpoint; NULL if
 * there is none. */
const struct roster_member *dial(const struct roster *roster, enum role role, uint64_t wall_ms, size_t n);

/* How many there are to choose from. */
size_t dial_choices(const struct roster *roster, enum role role, uint64_t wall_ms);

#endif
