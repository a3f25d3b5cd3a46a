/* What limebus-verifier can be told. */
#ifndef LIMEBUS_VERIFIER_OPTIONS_H
#define LIMEBUS_VERIFIER_OPTIONS_H

#include "lib/config/program.h"
#include "lib/service/config.h"

struct verifier_config {
	struct service_config service;
	char *sealing_key;
	struct text_list classes;
	uint64_t challenge_ms;
	uint64_t evidence_ms;
	uint64_t lease_ms;
};

extern const struct program verifier_program;

#endif
