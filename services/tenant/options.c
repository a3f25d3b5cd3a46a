#include "services/tenant/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"

const struct option tenant_options[] = {
	{OPTION_PATH(struct tenant_config, identity), .name = "identity", .fallback = "identity",
		.help = "Folder with your keys (curve.key, sign.key). Only you may be able to read them."},
	{OPTION_PATH(struct tenant_config, roster), .name = "roster", .fallback = "roster",
		.help = "The signed roster: who is who, and where the services are."},
	{OPTION_PATH(struct tenant_config, root_key), .name = "root-key", .fallback = "root.pub",
		.help = "Public key of the deployment's root, which signs rosters."},
	{OPTION_BOOL(struct tenant_config, json), .name = "json", .fallback = "no",
		.help = "Print JSON instead of text for people."},
	{OPTION_DURATION(struct tenant_config, timeout_ms), .name = "timeout", .fallback = "30s", .min = 100,
		.max = 86400000, .help = "How long to wait for an answer."},
};
const size_t tenant_option_count = COUNT(tenant_options);

const char *tenant_config_file(char *out, size_t len)
{
	static const struct {
		const char *variable;
		const char *below;
	} places[] = {{"LIMEBUS_CONFIG", ""}, {"XDG_CONFIG_HOME", "/limebus/limebus.conf"},
		{"HOME", "/.config/limebus/limebus.conf"}};

	for (size_t i = 0; i < COUNT(places); i++) {
		const char *value = getenv(places[i].variable);
		int n;

		if (value == NULL || value[0] == '\0')
			continue;
		n = snprintf(out, len, "%s%s", value, places[i].below);
		return n > 0 && (size_t)n < len ? out : "";
	}
	return "";
}
