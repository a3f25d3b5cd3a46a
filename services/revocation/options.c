#include "services/revocation/options.h"

static const struct option options[] = {
	SERVICE_OPTIONS(struct revocation_config, service, "revocation"),
	{OPTION_PATH(struct revocation_config, log), .name = "notice-log", .fallback = "notices.log",
		.help = "File with all notices. It is only ever appended to; keep it: it is what shows that nothing was lost or "
			"rewritten."},
	{OPTION_PATH(struct revocation_config, ca), .name = "ca", .fallback = "",
		.help = "Folder of the CA, as \"limebus ca init\" makes it. All revocation services of a deployment use the same CA. "
			"Empty: there is none, and nodes get no certificates."},
	{OPTION_PATH(struct revocation_config, ca_passphrase), .name = "ca-passphrase", .fallback = "",
		.help = "File with the passphrase of the CA's key, the authorisation of one in a TPM, or the PIN of its token. Only its "
			"owner may read it."},
	{OPTION_PATH(struct revocation_config, ca_writable), .name = "ca-writable", .fallback = "",
		.help = "A folder that the module of a PKCS #11 token must write to. Empty: none."},
	{OPTION_PATH(struct revocation_config, issued_log), .name = "certificate-log",
		.fallback = "issued.log",
		.help = "File with all certificates that the CA has issued. Like the notice log it is only ever appended to."},
	{OPTION_DURATION(struct revocation_config, certificate_life_ms), .name = "certificate-life",
		.fallback = "1h", .min = 60000, .max = 2592000000,
		.help = "How long a node's certificate is good for; the node asks for the next one at two thirds of it. So long a "
			"revocation that somebody did not hear of can matter."},
	{OPTION_DURATION(struct revocation_config, certificate_life_max_ms), .name = "certificate-life-max",
		.fallback = "24h", .min = 60000, .max = 2592000000,
		.help = "The longest life that an operator may order for a certificate that comes with a payload."},
	{OPTION_U64(struct revocation_config, certificate_rate), .name = "certificate-rate", .fallback = "6",
		.min = 1, .max = 3600, .help = "Certificates that a node may get in an hour, and at once."},
	{OPTION_DURATION(struct revocation_config, crl_life_ms), .name = "crl-life", .fallback = "1h",
		.min = 300000, .max = 604800000,
		.help = "How long a list of revoked certificates is good for. A new one is made at half of it, and within a second or two "
			"of every revocation."},
	{OPTION_DURATION(struct revocation_config, ocsp_life_ms), .name = "ocsp-life", .fallback = "10m",
		.min = 60000, .max = 86400000, .help = "How long an OCSP response is good for."},
};

const struct program revocation_program = {
	.name = "limebus-revocation",
	.summary = "turns verdicts into signed, numbered, replayable revocation notices",
	.about =
		"The revocation service of a limebus deployment. It takes signed verdicts from verifiers and operators' signed "
		"requests, writes each into its notice log, signs and numbers it, and publishes it to everything that relies on a "
		"node's identity. Once a second it publishes a signed head, so that nobody can be kept in the dark quietly. A node "
		"that nobody has vouched for during its class's limit is reported as lapsed.\n\n"
		"With a CA (option ca) it also issues short-lived certificates to nodes while they are trusted, logs each, and makes the "
		"lists and answers that say which of them have ended.\n\n"
		"Make its keys and a configuration with \"limebus keys init\".",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/revocation.conf",
};
