/* What every command of `limebus` may be told, in its configuration file or in front of the command. */
#ifndef LIMEBUS_TENANT_OPTIONS_H
#define LIMEBUS_TENANT_OPTIONS_H

#include "lib/config/program.h"

struct tenant_config {
	char *identity; /* folder with the operator's keys */
	char *roster;
	char *root_key;
	bool json;
	uint64_t timeout_ms;
};

extern const struct option tenant_options[];
extern const size_t tenant_option_count;

/* The configuration file that is used without --config: $LIMEBUS_CONFIG, else limebus/limebus.conf below
 * $XDG_CONFIG_HOME or ~/.config. "" if none of these is set. out has len bytes. */
const char *tenant_config_file(char *out, size_t len);

#endif
