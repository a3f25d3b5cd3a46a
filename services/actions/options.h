/* What limebus-actions can be told. */
#ifndef LIMEBUS_ACTIONS_OPTIONS_H
#define LIMEBUS_ACTIONS_OPTIONS_H

#include "lib/config/program.h"

struct actions_config {
	char *actions;
	char *state;
	char *action_state;
	char *identity;
	char *roster;
	char *root_key;
	unsigned start; /* enum follow_start */
	uint64_t at_once;
	char *user;
	unsigned log_level;
	bool no_seccomp;
	bool dry_run;
	/* Instead of running as a service. */
	bool status;
	bool sample;
	char *try;
};

extern const struct program actions_program;

#endif
