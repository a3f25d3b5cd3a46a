/* `limebus node`: its sub-commands. */
#ifndef LIMEBUS_TENANT_NODE_H
#define LIMEBUS_TENANT_NODE_H

#include "services/tenant/command.h"

command_run node_list;
command_run node_show;
command_run node_alias;
command_run node_explain;
command_run node_watch;
command_run node_suspend;
command_run node_resume;
command_run node_remove;
command_run node_policy;
command_run node_accept;
command_run node_describe;

#endif
