/* The agent of a node: everything wired to the bus, the TPM's thread and the disk. */
#ifndef LIMEBUS_AGENT_AGENT_H
#define LIMEBUS_AGENT_AGENT_H

#include "lib/base/err.h"
#include "services/agent/options.h"

struct agent;

/* Borrows the configuration. Runners are forked first, then privileges are given up, then threads and sockets
 * are made. */
MUST_USE enum rc agent_open(const struct agent_config *config, struct agent **out, struct err *err);
void agent_close(struct agent **agent);

/* Until it is told to stop. */
MUST_USE enum rc agent_run(struct agent *agent, struct err *err);

#endif
