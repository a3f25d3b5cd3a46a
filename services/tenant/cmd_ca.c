/* limebus ca: the group. */
#include "services/tenant/ca.h"
#include "services/tenant/commands.h"

#define CA_COMMANDS(X)                                                                                       \
	X("init", ca_init, "make the CA of a deployment: an offline root and what signs below it")           \
	X("list", ca_list, "the certificates that were issued, and what became of them")                     \
	X("show", ca_show, "one certificate, or the CA itself")                                              \
	X("revoke", ca_revoke, "end a certificate now")

COMMAND_GROUP(ca, CA_COMMANDS);

static const struct program ca_program = {
	.name = "limebus ca",
	.summary = "certificates that live and die with a node's attestation",
	.about =
		"The revocation service gives short-lived certificates to nodes while they are trusted, and ends them when they "
		"are not. Relying parties need nothing but the root's certificate and the CRL or OCSP address that stands in each "
		"certificate.",
	.commands = ca_texts,
	.exits = exit_texts,
};

int cmd_ca(const struct tenant_config *config, int argc, char **argv)
{
	return command_group(&ca_program, ca_commands, config, argc, argv);
}
