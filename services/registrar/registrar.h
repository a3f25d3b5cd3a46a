/* The registrar: conversations of enrolment and of asking (proto/PROTOCOL.md, 4 and 8), wired to the bus and
 * to Redis. */
#ifndef LIMEBUS_REGISTRAR_REGISTRAR_H
#define LIMEBUS_REGISTRAR_REGISTRAR_H

#include "lib/base/err.h"
#include "services/registrar/options.h"

struct registrar;

/* Borrows the configuration. */
MUST_USE enum rc registrar_open(
	const struct registrar_config *config, struct registrar **out, struct err *err);
void registrar_close(struct registrar **registrar);

/* Until it is told to stop. */
MUST_USE enum rc registrar_run(struct registrar *registrar, struct err *err);

#endif
