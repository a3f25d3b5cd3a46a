#include "services/agent/options.h"

/* In the order of enum log_level. */
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};
/* In the order of enum tpm_ek_kind and enum tpm_ak_kind. */
static const char *const ek_words[] = {"auto", "rsa2048", "p256", "p384", NULL};
static const char *const ak_words[] = {"p256", "rsa2048", NULL};
/* In the order of enum node_key_home. */
static const char *const key_words[] = {"tpm", "software", NULL};

static const struct option options[] = {
	{OPTION_PATH(struct agent_config, state), .name = "state", .fallback = "/var/lib/limebus-agent",
		.help = "Folder for what must survive restarts: the attestation key's blob, the encrypted payload, the "
			"place in the notice log. Must belong to the agent's user, mode 0700."},
	{OPTION_PATH(struct agent_config, payload), .name = "payload", .fallback = "/run/limebus/payload",
		.help = "Folder on a tmpfs where opened payloads appear. Must belong to the agent's user, mode 0700. "
			"\"current\" in it points to the newest one."},
	{OPTION_PATH(struct agent_config, roster), .name = "roster", .fallback = "roster",
		.help = "The signed roster that the node starts with. Newer ones arrive by themselves and are kept in "
			"the state folder."},
	{OPTION_PATH(struct agent_config, root_key), .name = "root-key", .fallback = "root.pub",
		.help = "Public key of the deployment's root. All that the agent believes is signed by it or below it."},
	{OPTION_TEXT(struct agent_config, tcti), .name = "tcti", .fallback = "device:/dev/tpmrm0",
		.help = "The TPM: device:/dev/tpmrm0, swtpm:path=/ABSOLUTE/SOCKET or swtpm:host=NAME,port=NUMBER. The "
			"agent's user must be allowed to open it (group tss on Debian)."},
	{OPTION_PATH(struct agent_config, owner_password), .name = "owner-password", .fallback = "",
		.help = "File with the password of the TPM's owner hierarchy, if it has one. Only its owner may read it."},
	{OPTION_PATH(struct agent_config, endorsement_password), .name = "endorsement-password",
		.fallback = "",
		.help = "File with the password of the TPM's endorsement hierarchy, if it has one. Only its owner may read it."},
	{OPTION_WORD(struct agent_config, ek), .name = "ek", .fallback = "auto", .words = ek_words,
		.help = "Endorsement key. auto: the first of p256, p384, rsa2048 that the TPM has a certificate for. The "
			"node's id follows from it."},
	{OPTION_WORD(struct agent_config, ak), .name = "ak", .fallback = "p256", .words = ak_words,
		.help = "Kind of the attestation key, when one is made."},
	{OPTION_BOOL(struct agent_config, replace_ak), .name = "replace-ak", .fallback = "yes",
		.help = "Make a new attestation key if the TPM refuses the kept one as another TPM's. The node must then "
			"be provisioned again."},
	{OPTION_TEXT(struct agent_config, hint), .name = "hint", .fallback = "", .max = 64,
		.help = "What this machine calls itself, for people to read; trusted for nothing. Left out: its host name."},
	{OPTION_SIZE(struct agent_config, payload_max), .name = "payload-max", .fallback = "64M", .min = 1,
		.max = 256u << 20,
		.help = "Largest encrypted payload that is accepted, and largest content of an unpacked one."},
	{OPTION_BOOL(struct agent_config, allow_start_scripts), .name = "allow-start-scripts",
		.fallback = "no", .help = "Run the start script of a payload if the tenant asks for it."},
	{OPTION_DURATION(struct agent_config, script_timeout_ms), .name = "script-timeout", .fallback = "5m",
		.min = 1000, .max = 86400000, .help = "A start script that runs longer is ended."},
	{OPTION_PATH(struct agent_config, actions), .name = "actions", .fallback = "",
		.help = "Folder with programs that are run for each revocation notice, in the order of their names, with "
			"the notice as JSON on standard input."},
	{OPTION_PATH(struct agent_config, certificates), .name = "certificates", .fallback = "",
		.help = "Folder for this node's own X.509 certificate, which is asked for when the node is attested and renewed "
			"by itself: node.key, node.crt, chain.crt (node.crt and the intermediates), ca.crt (the root). Must belong "
			"to the agent's user, and nobody else may write to it. Left out: the node has no certificate."},
	{OPTION_WORD(struct agent_config, certificate_key), .name = "certificate-key", .fallback = "tpm",
		.words = key_words,
		.help = "Where the certificate's key lives. tpm: in the TPM, under its owner hierarchy; node.key is then a file "
			"\"TSS2 PRIVATE KEY\" that OpenSSL's provider tpm2 (package tpm2-openssl) loads. software: in node.key. Both "
			"are ECDSA P-256."},
	{OPTION_TEXT(struct agent_config, certificate_handle), .name = "certificate-handle", .fallback = "",
		.max = 10,
		.help = "Persistent handle in the TPM at which the key is kept besides, for programs that know no key files, such "
			"as strongSwan: 0x81010004. Left out: none."},
	{OPTION_PATH(struct agent_config, certificate_hook), .name = "certificate-hook", .fallback = "",
		.help = "Program that is run after each new certificate, to tell those that use it. It keeps the rights of the "
			"start, and finds the folder in LIMEBUS_CERTIFICATES."},
	{OPTION_DURATION(struct agent_config, watch_ms), .name = "watch", .fallback = "100ms", .min = 10,
		.max = 60000,
		.help = "Time between two looks at the TPM's PCR update counter. When it moves the verifier is told at "
			"once."},
	{OPTION_PATH(struct agent_config, boot_log), .name = "boot-log",
		.fallback = "/sys/kernel/security/tpm0/binary_bios_measurements",
		.help = "The firmware's event log. Opened once at the start, as the user that the agent is started as."},
	{OPTION_PATH(struct agent_config, ima_list), .name = "ima-list",
		.fallback = "/sys/kernel/security/ima/binary_runtime_measurements",
		.help = "The kernel's IMA list, in its binary form with SHA-1 template hashes. Opened once at the start."},
	{OPTION_PATH(struct agent_config, ima_count), .name = "ima-count",
		.fallback = "/sys/kernel/security/ima/runtime_measurements_count",
		.help = "The number of entries of the IMA list. Opened once at the start."},
	{OPTION_DURATION(struct agent_config, ima_watch_ms), .name = "ima-watch", .fallback = "25ms",
		.min = 5, .max = 60000,
		.help = "Time between two looks at ima-count. When it grows the verifier is told at once."},
	{OPTION_TEXT(struct agent_config, user), .name = "user", .fallback = "",
		.help = "Account to become after the start: NAME or UID:GID. Needed when started as root; \"root\" stays "
			"root without its capabilities. Actions, the certificate-hook and start scripts keep the rights of the start."},
	{OPTION_WORD(struct agent_config, log_level), .name = "log-level", .fallback = "info",
		.words = level_words, .help = "How much to log on standard error."},
	{OPTION_BOOL(struct agent_config, no_seccomp), .name = "no-seccomp", .fallback = "no",
		.help = "Go on if this kernel cannot filter system calls."},
};

const struct program agent_program = {
	.name = "limebus-agent",
	.summary = "proves what a node runs, and receives its secrets",
	.about =
		"The agent of a limebus node. It registers the node's TPM, answers the verifier's challenges with quotes, "
		"receives payloads that open only while the node passes, and acts on revocation notices. It listens on "
		"no port: it only connects.",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/agent.conf",
};
