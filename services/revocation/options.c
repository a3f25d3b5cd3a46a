#include "services/revocation/options.h"

static const struct option options[] = {
	SERVICE_OPTIONS(struct revocation_config, service, "revocation"),
	{OPTION_PATH(struct revocation_config, log), .name = "notice-log", .fallback = "notices.log",
		.help = "File with all notices. It is only ever appended to; keep it: it is what shows that nothing was lost or "
			"rewritten."},
};

const struct program revocation_program = {
	.name = "limebus-revocation",
	.summary = "turns verdicts into signed, numbered, replayable revocation notices",
	.about =
		"The revocation service of a limebus deployment. It takes signed verdicts from verifiers and operators' signed "
		"requests, writes each into its notice log, signs and numbers it, and publishes it to everything that relies on a "
		"node's identity. Once a second it publishes a signed head, so that nobody can be kept in the dark quietly. A node "
		"that nobody has vouched for during its class's limit is reported as lapsed.\n\n"
		"Make its keys and a configuration with \"limebus keys init\".",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/revocation.conf",
};
