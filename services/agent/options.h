/* What limebus-agent can be told. */
#ifndef LIMEBUS_AGENT_OPTIONS_H
#define LIMEBUS_AGENT_OPTIONS_H

#include "lib/config/program.h"

struct agent_config {
	char *state;
	char *payload;
	char *roster;
	char *root_key;
	char *tcti;
	char *owner_password;
	char *endorsement_password;
	unsigned ek; /* enum tpm_ek_kind */
	unsigned ak; /* enum tpm_ak_kind */
	bool replace_ak;
	char *hint;
	uint64_t payload_max;
	bool allow_start_scripts;
	uint64_t script_timeout_ms;
	char *actions;
	char *certificates;
	unsigned certificate_key; /* enum node_key_home */
	char *certificate_handle;
	char *certificate_hook;
	uint64_t watch_ms;
	char *boot_log;
	char *ima_list;
	char *ima_count;
	uint64_t ima_watch_ms;
	char *user;
	unsigned log_level;
	bool no_seccomp;
};

extern const struct program agent_program;

#endif
