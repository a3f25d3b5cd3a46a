/* The revocation service: causes in, notices out (proto/PROTOCOL.md, 7), wired to the bus. */
#ifndef LIMEBUS_REVOCATION_REVOCATION_H
#define LIMEBUS_REVOCATION_REVOCATION_H

#include "lib/base/err.h"
#include "services/revocation/options.h"

struct revocation;

/* Borrows the configuration. Refuses a notice log that was altered. */
MUST_USE enum rc revocation_open(
	const struct revocation_config *config, struct revocation **out, struct err *err);
void revocation_close(struct revocation **revocation);

/* Until it is told to stop. */
MUST_USE enum rc revocation_run(struct revocation *revocation, struct err *err);

#endif
