/* HTTP on one side, the bus on the other. */
#ifndef LIMEBUS_GATEWAY_GATEWAY_H
#define LIMEBUS_GATEWAY_GATEWAY_H

#include "lib/base/err.h"
#include "services/gateway/options.h"

struct gateway;

/* Borrows the configuration. Keys are read and ports bound first, then privileges are given up, then the bus
 * is opened. */
MUST_USE enum rc gateway_open(const struct gateway_config *config, struct gateway **out, struct err *err);
void gateway_close(struct gateway **gateway);

/* Until it is told to stop. */
MUST_USE enum rc gateway_run(struct gateway *gateway, struct err *err);

#endif
