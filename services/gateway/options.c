#include "services/gateway/options.h"

#include "lib/http/http.h"

/* In the order of enum log_level. */
static const char *const level_words[] = {"error", "warn", "info", "debug", NULL};

static const struct option options[] = {
	{OPTION_PATH(struct gateway_config, identity), .name = "identity", .fallback = "identity",
		.help = "Folder with the gateway's keys (curve.key, sign.key). Only its owner may read them. It is a plugin in "
			"the roster, and holds no other key."},
	{OPTION_PATH(struct gateway_config, roster), .name = "roster", .fallback = "roster",
		.help = "The signed roster. A newer one that is put here is noticed within a second."},
	{OPTION_PATH(struct gateway_config, root_key), .name = "root-key", .fallback = "root.pub",
		.help = "Public key of the deployment's root, which signs rosters."},
	{OPTION_LIST(struct gateway_config, listen, TEXT), .name = "listen", .fallback = "127.0.0.1:8080",
		.min = 1, .max = HTTP_LISTEN_MAX, .repeats = true,
		.help = "Where to speak HTTP: ADDRESS:PORT, numbers only, IPv6 in brackets. Several may be given. The URLs that "
			"the CA writes into certificates must lead here. Bound before privileges are given up, so port 80 is "
			"possible."},
	{OPTION_PATH(struct gateway_config, ca), .name = "ca", .fallback = "ca.pem",
		.help = "The CA's certificate, or the root above it, in PEM; several may stand in the file. What the bus brings "
			"is served only if it leads back to one of them."},
	{OPTION_TEXT(struct gateway_config, user), .name = "user", .fallback = "",
		.help = "Account to become after the start: NAME or UID:GID. Needed when started as root."},
	{OPTION_WORD(struct gateway_config, log_level), .name = "log-level", .fallback = "info",
		.words = level_words, .help = "How much to log on standard error."},
	{OPTION_U64(struct gateway_config, connections_max), .name = "connections-max", .fallback = "1000",
		.min = 1, .max = 65536,
		.help = "HTTP connections at once. When there are more, the one that has been idle longest is closed."},
	{OPTION_U64(struct gateway_config, address_max), .name = "address-connections-max", .fallback = "64",
		.min = 1, .max = 65536,
		.help = "HTTP connections at once of one IPv4 address, or of one IPv6 network of 64 bits. More are turned away "
			"with 503. Raise it behind a proxy."},
	{OPTION_SIZE(struct gateway_config, cache_bytes), .name = "cache", .fallback = "64M", .min = 1u << 16,
		.max = UINT64_C(1) << 36, .help = "Memory for OCSP responses that were asked for."},
	{OPTION_DURATION(struct gateway_config, wait_ms), .name = "wait", .fallback = "5s", .min = 100,
		.max = 60000,
		.help = "So long an OCSP client waits for the revocation service before it is told to try later."},
	{OPTION_BOOL(struct gateway_config, no_seccomp), .name = "no-seccomp", .fallback = "no",
		.help = "Go on if this kernel cannot filter system calls."},
};

const struct program gateway_program = {
	.name = "limebus-gateway",
	.summary = "serves the CA's certificate, CRLs and OCSP over HTTP",
	.about =
		"The gateway between a limebus deployment and programs that know X.509 only. It is the one process that speaks "
		"HTTP; it holds no key of the CA. It follows the notice log, fetches CRLs and OCSP responses, which are signed "
		"by the CA, over the bus, checks them, and gives them away until they are out of date or a notice says that "
		"they do not hold any more.\n\n"
		"GET /ca.crt (DER), /ca.pem (with the chain), /ca.crl, /ca-delta.crl; POST /ocsp and GET /ocsp/BASE64 "
		"(RFC 6960, RFC 5019); GET /healthz (JSON; 503 while something is wrong).\n\n"
		"A gateway that cannot hear of revocations answers OCSP with \"try later\".",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "/etc/limebus/gateway.conf",
};
