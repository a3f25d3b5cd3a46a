/* What limebus-revocation can be told. */
#ifndef LIMEBUS_REVOCATION_OPTIONS_H
#define LIMEBUS_REVOCATION_OPTIONS_H

#include "lib/config/program.h"
#include "lib/service/config.h"

struct revocation_config {
	struct service_config service;
	char *log;
};

extern const struct program revocation_program;

#endif
