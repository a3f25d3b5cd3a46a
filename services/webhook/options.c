#include "services/webhook/webhook.h"

static const struct option options[] = {
	FETCH_OPTIONS(struct webhook_config, fetch, "Where each notice is sent with POST."),
	{OPTION_PATH(struct webhook_config, secret), .name = "secret",
		.help = "File with the secret that both sides know, at least 16 characters; the end of its line does not count. "
			"Only its owner may read it."},
	{OPTION_PATH(struct webhook_config, authorization), .name = "authorization", .fallback = "",
		.help = "File with what the header Authorization says, such as \"Bearer TOKEN\". Only its owner may read it."},
	{OPTION_DURATION(struct webhook_config, patience_ms), .name = "patience", .fallback = "15s",
		.max = 600000,
		.help = "When the server says when to come again (Retry-After), and that is no longer than this, it is waited "
			"for here. Else this attempt has failed, and none is made before that time."},
};

static const char *const exits[][2] = {
	{"0", "The server has answered with 2xx."},
	{"75", "The server was not reached, or answered with 408, 425, 429 or 5xx: try again."},
	{"78", "The configuration is wrong, or the server refuses the notice: any other answer."},
	{NULL, NULL},
};

const struct program webhook_program = {
	.name = "limebus-webhook",
	.summary = "an action that sends notices to a URL, signed",
	.about =
		"Reads one notice from standard input and sends it, as it stands, with POST. Run by limebus-actions; the file "
		"that LIMEBUS_ACTION_CONFIG names is its configuration.\n\n"
		"Headers: Limebus-Notice, the number of the notice, by which a receiver tells a repetition; Limebus-Signature: "
		"t=SECONDS,v1=HEX, where HEX is HMAC-SHA256, with the common secret, of SECONDS, a full stop and the body. A "
		"receiver computes the same, compares in constant time, and refuses what is older than a few minutes.",
	.options = options,
	.count = sizeof options / sizeof options[0],
	.file = "",
	.file_shown = "the file that LIMEBUS_ACTION_CONFIG names",
	.exits = exits,
};
