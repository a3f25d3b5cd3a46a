/* `limebus ca`: its sub-commands. */
#ifndef LIMEBUS_TENANT_CA_H
#define LIMEBUS_TENANT_CA_H

#include "services/tenant/command.h"

command_run ca_init;
command_run ca_list;
command_run ca_show;
command_run ca_revoke;

#endif
