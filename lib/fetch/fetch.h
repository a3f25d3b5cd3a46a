/*
 * HTTPS requests of programs that act for limebus elsewhere. The server's certificate and name are always
 * checked; redirects are never followed; the environment decides nothing (no proxy, no .netrc, no cookies);
 * the answer is bounded; everything has a time-out. The only folder that includes curl/curl.h.
 */
#ifndef LIMEBUS_FETCH_FETCH_H
#define LIMEBUS_FETCH_FETCH_H

#include <stdbool.h>

#include "lib/base/blob.h"
#include "lib/base/err.h"

#define FETCH_HEADERS_MAX 16
#define FETCH_ANSWER_MAX  (1u << 20)

/* Texts are borrowed until fetch_close. NULL: none. */
struct fetch_options {
	const char *ca;          /* PEM file; NULL: the CAs of the system */
	const char *certificate; /* of this client, PEM file; and its key */
	const char *key;
	const char *proxy;
	bool plain;          /* allow http:// to the loopback addresses and "localhost" */
	uint64_t timeout_ms; /* of one request, with the connection; at least 1 */
};

struct fetch;
MUST_USE enum rc fetch_open(const struct fetch_options *options, struct fetch **out, struct err *err);
/* Accepts NULL inside. */
void fetch_close(struct fetch **fetch);

struct fetch_request {
	const char *method; /* "POST" */
	const char *url;
	const char *headers[FETCH_HEADERS_MAX + 1]; /* "Name: value", ended by NULL; no line breaks */
	struct span body;
};

/* Release with fetch_answer_release. */
struct fetch_answer {
	unsigned status;
	uint64_t retry_after_s; /* what the header Retry-After says; 0: nothing */
	struct blob body;       /* not trusted */
};
void fetch_answer_release(struct fetch_answer *answer);

/*
 * One request, waiting for its answer; any status is an answer. RC_MALFORMED: no https URL, or a header with
 * a line break. RC_DENIED: the server's certificate does not hold. RC_TIMEOUT, RC_IO: it was not reached, or
 * broke off. RC_LIMIT: the answer is longer than FETCH_ANSWER_MAX.
 */
MUST_USE enum rc fetch_do(
	struct fetch *fetch, const struct fetch_request *request, struct fetch_answer *out, struct err *err);

/* Is it https://, or, if plain, http:// to this machine? */
bool fetch_url_holds(const char *url, bool plain);

#endif
