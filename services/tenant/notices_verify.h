/* `limebus notices verify`: copies of the notice log, without any service. */
#ifndef LIMEBUS_TENANT_NOTICES_VERIFY_H
#define LIMEBUS_TENANT_NOTICES_VERIFY_H

#include "services/tenant/command.h"

command_run notices_verify;

#endif
