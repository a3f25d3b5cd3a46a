#include "services/vault/vault.h"

static const struct option options[] = {
	FETCH_OPTIONS(
		struct vault_config, fetch, "Address of the Vault, such as https://vault.example:8200."),
	{OPTION_PATH(struct vault_config, token), .name = "token",
		.help = "File with the token of this action; only its owner may read it. It needs \"update\" on "
			"auth/token/revoke-accessor, sys/leases/revoke-prefix/*, PKI/revoke and identity/lookup/entity, as far as "
			"these are used, and nothing else."},
	{OPTION_TEXT(struct vault_config, name_space), .name = "namespace", .fallback = "",
		.help = "Namespace in the Vault."},
	{OPTION_PATH(struct vault_config, nodes), .name = "nodes", .fallback = "",
		.help = "Folder with a file for each node, named by its id, in lines \"accessor ACCESSOR\", \"leases PREFIX\" and "
			"\"certificate MOUNT SERIAL\": what it has in the Vault. Left out: nodes in LIMEBUS_ACTION_STATE."},
	{OPTION_TEXT(struct vault_config, pki), .name = "pki", .fallback = "",
		.help = "Mount of a PKI in the Vault in which the certificates that a notice names are revoked, too."},
	{OPTION_TEXT(struct vault_config, alias_mount), .name = "alias-mount", .fallback = "",
		.help = "Accessor of an authentication mount whose aliases are named by node ids: the entity with that alias is "
			"looked up and disabled, so that none of its tokens works any more. Whoever reinstates the node enables it "
			"again, after its old tokens are gone."},
};

static const char *const exits[][2] = {
	{"0", "What the node had is revoked, or was already, or the notice asks for nothing."},
	{"75", "The Vault was not reached, is sealed, or is busy: try again. What could be revoked is."},
	{"78", "The configuration or a node's file is wrong, or the token may not do this. What could be revoked is."},
	{NULL, NULL},
};

const struct program vault_program = {
	.name = "limebus-vault",
	.summary = "an action that ends what a node has in a Vault",
	.about =
		"Reads one notice from standard input. If it is revoked, suspended or node-removed, the node's tokens (by "
		"accessor), leases (by prefix) and certificates are revoked through Vault's HTTP interface; doing it again does "
		"no harm. On any other notice it does nothing: a node that is trusted again logs in anew. Run by "
		"limebus-actions; the file that LIMEBUS_ACTION_CONFIG names is its configuration.",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "",
	.file_shown = "the file that LIMEBUS_ACTION_CONFIG names",
	.exits = exits,
};
