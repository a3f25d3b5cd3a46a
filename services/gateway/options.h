/* What limebus-gateway can be told. */
#ifndef LIMEBUS_GATEWAY_OPTIONS_H
#define LIMEBUS_GATEWAY_OPTIONS_H

#include "lib/config/program.h"

struct gateway_config {
	char *identity;
	char *roster;
	char *root_key;
	struct text_list listen;
	char *ca;
	char *user;
	unsigned log_level;
	uint64_t connections_max;
	uint64_t address_max;
	uint64_t cache_bytes;
	uint64_t wait_ms;
	bool no_seccomp;
};

extern const struct program gateway_program;

#endif
