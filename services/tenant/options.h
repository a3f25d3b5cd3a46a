/* What every command of `limebus` may be told, in its configuration file or in front of the command. */
#ifndef LIMEBUS_TENANT_OPTIONS_H
#define LIMEBUS_TENANT_OPTIONS_H

#include "lib/config/program.h"

struct tenant_config {
	char *identity; /* folder with the operator's keys */
	char *roster;
	char *root_key;
	char *aliases;                /* which node this operator means by an alias */
	char *ek_roots;               /* folder */
	char *ek_allowed;             /* NULL: none */
	struct text_list policy_keys; /* files and folders; empty: policies need no signature */
	bool json;
	uint64_t timeout_ms;
};

extern const struct option tenant_options[];
extern const size_t tenant_option_count;

/* The configuration file that is used without --config: $LIMEBUS_CONFIG, else the first that is there of
 * limebus.conf in the present folder, limebus/limebus.conf below $XDG_CONFIG_HOME and ~/.config, and
 * /etc/limebus/limebus.conf. "" if there is none. out has len bytes. */
const char *tenant_config_file(char *out, size_t len);

#endif
