/* All commands of `limebus`: one row each, one cmd_<name>.c each. */
#ifndef LIMEBUS_TENANT_COMMANDS_H
#define LIMEBUS_TENANT_COMMANDS_H

#include "services/tenant/command.h"

command_run cmd_keys;

/* X(name, function, help) */
#define LIMEBUS_COMMANDS(X) X("keys", cmd_keys, "make and change the keys of a deployment")

#endif
