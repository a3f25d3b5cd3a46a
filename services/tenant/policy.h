/* `limebus policy`: its sub-commands. */
#ifndef LIMEBUS_TENANT_POLICY_H
#define LIMEBUS_TENANT_POLICY_H

#include "services/tenant/command.h"

command_run policy_create;
command_run policy_list;
command_run policy_show;
command_run policy_compare;
command_run policy_test;
command_run policy_sign;
command_run policy_verify;

#endif
