/* All commands of `limebus`: one row each, one cmd_<name>.c each. */
#ifndef LIMEBUS_TENANT_COMMANDS_H
#define LIMEBUS_TENANT_COMMANDS_H

#include "services/tenant/command.h"

command_run cmd_keys;
command_run cmd_node;
command_run cmd_policy;
command_run cmd_provision;
command_run cmd_notices;
command_run cmd_ca;
command_run cmd_subscribers;
command_run cmd_status;
command_run cmd_doctor;
command_run cmd_roster;

/* X(name, function, help) */
#define LIMEBUS_COMMANDS(X)                                                                                  \
	X("keys", cmd_keys, "make and change the keys of a deployment")                                      \
	X("node", cmd_node, "show, explain and steer nodes")                                                 \
	X("policy", cmd_policy, "make, show and compare policies")                                           \
	X("provision", cmd_provision, "give a node a secret that only it can open, while it passes")         \
	X("notices", cmd_notices, "show the revocation notices")                                             \
	X("ca", cmd_ca, "certificates that live and die with a node's attestation")                          \
	X("subscribers", cmd_subscribers, "who acts on notices, and who is behind")                          \
	X("status", cmd_status, "all services in short")                                                     \
	X("doctor", cmd_doctor, "look for what is wrong, and say how to mend it")                            \
	X("roster", cmd_roster, "send a new roster to the services")

#endif
