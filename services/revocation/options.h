/* What limebus-revocation can be told. */
#ifndef LIMEBUS_REVOCATION_OPTIONS_H
#define LIMEBUS_REVOCATION_OPTIONS_H

#include "lib/config/program.h"
#include "lib/service/config.h"

struct revocation_config {
	struct service_config service;
	char *log;
	char *ca;
	char *ca_passphrase;
	char *ca_writable;
	char *issued_log;
	uint64_t certificate_life_ms;
	uint64_t certificate_life_max_ms;
	uint64_t certificate_rate;
	uint64_t crl_life_ms;
	uint64_t ocsp_life_ms;
};

extern const struct program revocation_program;

#endif
