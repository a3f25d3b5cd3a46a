/*
 * The host of actions: a durable subscriber (lib/follow) that puts each notice into the queues of the actions
 * that it is for, and has a runner (lib/sandbox/runner.h) run them. A notice is done when every action has
 * acted on it or given it up; an action that lags far behind keeps its notices in a backlog of its own, so
 * that the others go on.
 */
#ifndef LIMEBUS_ACTIONS_HOST_H
#define LIMEBUS_ACTIONS_HOST_H

#include "lib/base/err.h"
#include "services/actions/options.h"

struct host;

MUST_USE enum rc host_open(const struct actions_config *config, struct host **out, struct err *err);
/* Accepts NULL inside. What runs is ended. */
void host_close(struct host **host);
/* Until SIGTERM or SIGINT. */
MUST_USE enum rc host_run(struct host *host, struct err *err);

/* What --check, --try and --module do; they return exit statuses. */
int host_check(const struct actions_config *config);
int status_print(const struct actions_config *config);
int host_try(const struct actions_config *config, const char *file);
int module_main(const char *path);

#endif
