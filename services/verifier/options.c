#include "services/verifier/options.h"

#include "services/verifier/class.h"

static const struct option options[] = {
	SERVICE_OPTIONS(struct verifier_config, service, "verifier"),
	{OPTION_PATH(struct verifier_config, sealing_key), .name = "sealing-key", .fallback = "sealing.key",
		.help = "File with the key, one for all verifiers, that seals the shares V in Redis. Only its owner may read it."},
	{OPTION_LIST(struct verifier_config, classes, TEXT), .name = "class", .fallback = "",
		.help = "A class of nodes: NAME:interval=2s:lapse=30s:redeliver=24h:stale=10s. interval: time between two "
			"attestations. lapse: silence after which others are told. redeliver: silence after which the tenant must "
			"resume the node before it gets its share again. stale: age at which a verdict is too old. What is left out "
			"has the value shown. \"default\" is used unless a provisioning names another one."},
	{OPTION_DURATION(struct verifier_config, challenge_ms), .name = "challenge-timeout",
		.fallback = "10s", .min = 500, .max = 60000,
		.help = "How long a node has for its answer to a challenge."},
	{OPTION_DURATION(struct verifier_config, evidence_ms), .name = "keep-evidence", .fallback = "90d",
		.min = 60000, .max = 366ull * 24 * 3600 * 1000,
		.help = "How long the evidence of a failed attestation is kept in Redis."},
	{OPTION_DURATION(struct verifier_config, lease_ms), .name = "lease", .fallback = "6s", .min = 1000,
		.max = 60000,
		.help = "How long a verifier that died keeps others from taking over. It is renewed after a third of that."},
};

/* A class that cannot be read is found by --check already. */
static enum rc check(const void *config, struct err *err)
{
	struct classes classes;

	return classes_parse(&((const struct verifier_config *)config)->classes, &classes, err);
}

const struct program verifier_program = {
	.name = "limebus-verifier",
	.summary = "challenges nodes, judges their evidence, and keeps share V of each bootstrap key",
	.about =
		"The verifier of a limebus deployment. It challenges every enrolled node again and again, judges the quotes of "
		"their TPMs by the tenant's policies, and releases the share V of a node's bootstrap key to that node only while "
		"it passes. A node that fails is untrusted until the tenant resumes it; the signed verdict goes to the revocation "
		"service.\n\n"
		"All that it decides is in Redis before anybody hears of it. Make its keys and a configuration with \"limebus "
		"keys init\".",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/verifier.conf",
	.check = check,
};
