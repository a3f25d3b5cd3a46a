#include "services/tenant/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/drop.h"

const struct option tenant_options[] = {
	{OPTION_PATH(struct tenant_config, identity), .name = "identity", .fallback = "identity",
		.help = "Folder with your keys (curve.key, sign.key). Only you may be able to read them."},
	{OPTION_PATH(struct tenant_config, roster), .name = "roster", .fallback = "roster",
		.help = "The signed roster: who is who, and where the services are."},
	{OPTION_PATH(struct tenant_config, root_key), .name = "root-key", .fallback = "root.pub",
		.help = "Public key of the deployment's root, which signs rosters."},
	{OPTION_PATH(struct tenant_config, aliases), .name = "aliases", .fallback = "aliases",
		.help = "File with the aliases that you gave to nodes: an alias that the registrar resolves to another node is "
			"refused. Kept by \"limebus node alias\"."},
	{OPTION_PATH(struct tenant_config, ek_roots), .name = "ek-roots", .fallback = "ek-roots",
		.help = "Folder with the certificates of the TPM manufacturers' CAs that you trust (*.pem, *.crt, *.cer, *.der): "
			"a node's TPM is checked here before a secret is sent, whatever the registrar says."},
	{OPTION_PATH(struct tenant_config, ek_allowed), .name = "ek-allowed", .fallback = "",
		.help = "File with the ids of nodes whose TPM has no certificate and that you trust all the same, one a line."},
	{OPTION_LIST(struct tenant_config, policy_keys, PATH), .name = "policy-keys", .fallback = "",
		.repeats = true,
		.help = "Public keys or certificates (PEM), or folders with them, of those who may sign policy files. If there is "
			"any, a policy file is read only in an envelope (DSSE) that one of them signed."},
	{OPTION_BOOL(struct tenant_config, json), .name = "json", .fallback = "no",
		.help = "Print JSON instead of text for people."},
	{OPTION_DURATION(struct tenant_config, timeout_ms), .name = "timeout", .fallback = "30s", .min = 100,
		.max = 86400000, .help = "How long to wait for an answer."},
};
const size_t tenant_option_count = COUNT(tenant_options);

/* The first that is set, or, where `must_exist`, is there. */
static const struct {
	const char *variable; /* NULL: none, `below` is the path */
	const char *below;
	bool must_exist;
} places[] = {
	{"LIMEBUS_CONFIG", "", false},
	{NULL, "limebus.conf", true},
	{"XDG_CONFIG_HOME", "/limebus/limebus.conf", true},
	{"HOME", "/.config/limebus/limebus.conf", true},
	{NULL, "/etc/limebus/limebus.conf", true},
};

const char *tenant_config_file(char *out, size_t len)
{
	for (size_t i = 0; i < COUNT(places); i++) {
		const char *value = places[i].variable == NULL ? "" : getenv(places[i].variable);
		int n;

		if (value == NULL || (places[i].variable != NULL && value[0] == '\0'))
			continue;
		n = snprintf(out, len, "%s%s", value, places[i].below);
		if (n < 0 || (size_t)n >= len)
			return "";
		if (!places[i].must_exist || access(out, F_OK) == 0)
			return out;
	}
	return "";
}
