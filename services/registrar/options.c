#include "services/registrar/options.h"

static const struct option options[] = {
	SERVICE_OPTIONS(struct registrar_config, service, "registrar"),
	{OPTION_PATH(struct registrar_config, ek_roots), .name = "ek-roots", .fallback = "ek-roots",
		.help = "Folder with the certificates of the TPM manufacturers' CAs that are trusted (*.pem, *.crt, *.cer, "
			"*.der). "
			"Self-signed ones are anchors, the others help to build chains."},
	{OPTION_PATH(struct registrar_config, ek_allowed), .name = "ek-allowed", .fallback = "",
		.help = "File with the ids of nodes whose TPM has no certificate and that are let in all the same, one a line."},
};

const struct program registrar_program = {
	.name = "limebus-registrar",
	.summary = "decides that an attestation key lives in the same genuine TPM as an endorsement key",
	.about =
		"The registrar of a limebus deployment. Agents register with it at each start: it checks the certificate "
		"of their "
		"TPM's endorsement key (EK) against the manufacturers' CAs, checks their attestation key (AK), and makes "
		"them prove "
		"that both are in one TPM. What it then writes into Redis is signed; verifiers and operators ask it "
		"\"what is node "
		"X's AK?\".\n\n"
		"Make its keys and a configuration with \"limebus keys init\".",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/registrar.conf",
};
