/* The options that programs with one server have in common: fields, and the rows for their tables. */
#ifndef LIMEBUS_FETCH_FETCH_CONFIG_H
#define LIMEBUS_FETCH_FETCH_CONFIG_H

#include "lib/config/option.h"
#include "lib/fetch/fetch.h"

struct fetch_config {
	char *url;
	char *ca;
	char *certificate;
	char *key;
	char *proxy;
	uint64_t timeout_ms;
	bool plain;
};

/* clang-format off */
#define FETCH_OPTIONS(C, F, what) \
	{ OPTION_TEXT(C, F.url), .name = "url", .help = what " https only, unless plain-http says otherwise." }, \
	{ OPTION_PATH(C, F.ca), .name = "ca", .fallback = "", \
	  .help = "File with the CAs, in PEM, that may have certified the server. Left out: those of the system. The " \
	          "server's certificate and name are always checked." }, \
	{ OPTION_PATH(C, F.certificate), .name = "certificate", .fallback = "", \
	  .help = "File with a certificate for this client, in PEM, if the server wants one." }, \
	{ OPTION_PATH(C, F.key), .name = "key", .fallback = "", .help = "File with its key." }, \
	{ OPTION_TEXT(C, F.proxy), .name = "proxy", .fallback = "", \
	  .help = "URL of a proxy. What the environment says of proxies is ignored." }, \
	{ OPTION_DURATION(C, F.timeout_ms), .name = "timeout", .fallback = "10s", .min = 10, .max = 600000, \
	  .help = "A request that takes longer has failed. Keep it below the timeout of the action." }, \
	{ OPTION_BOOL(C, F.plain), .name = "plain-http", .fallback = "no", \
	  .help = "Allow http:// to this machine itself, where a proxy of its own may do TLS." }
/* clang-format on */

static inline struct fetch_options fetch_options_of(const struct fetch_config *config)
{
	return (struct fetch_options){.ca = config->ca,
		.certificate = config->certificate,
		.key = config->key,
		.proxy = config->proxy,
		.plain = config->plain,
		.timeout_ms = config->timeout_ms};
}

#endif
