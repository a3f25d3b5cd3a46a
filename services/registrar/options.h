/* What limebus-registrar can be told. */
#ifndef LIMEBUS_REGISTRAR_OPTIONS_H
#define LIMEBUS_REGISTRAR_OPTIONS_H

#include "lib/config/program.h"
#include "lib/service/config.h"

struct registrar_config {
	struct service_config service;
	char *ek_roots;
	char *ek_allowed;
};

extern const struct program registrar_program;

#endif
