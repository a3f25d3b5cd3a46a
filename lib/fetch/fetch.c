#include "lib/fetch/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

struct fetch {
	struct fetch_options options;
	CURL *curl;
};

/* What libcurl's callbacks work on. */
struct exchange {
	struct blob *got;
	bool is_too_long;
	char why[CURL_ERROR_SIZE];
};

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

bool fetch_url_holds(const char *url, bool plain)
{
	static const char *const here[] = {"http://127.0.0.1", "http://[::1]", "http://localhost"};

	if (strpbrk(url, " \t\r\n@") != NULL)
		return false;
	if (begins(url, "https://"))
		return url[8] != '\0';
	for (size_t i = 0; plain && i < COUNT(here); i++) {
		size_t len = strlen(here[i]);

		if (begins(url, here[i]) && (url[len] == '\0' || url[len] == ':' || url[len] == '/'))
			return true;
	}
	return false;
}

enum rc fetch_open(const struct fetch_options *options, struct fetch **out, struct err *err)
{
	DROP(fetch_close) struct fetch *fetch = calloc(1, sizeof *fetch);

	if (fetch == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, RC_NOMEM, "libcurl cannot be set up");
	fetch->options = *options;
	fetch->curl = curl_easy_init();
	if (fetch->curl == NULL)
		return err_set(err, RC_NOMEM, "libcurl cannot be set up");
	*out = TAKE(fetch);
	return RC_OK;
}

void fetch_close(struct fetch **fetch)
{
	struct fetch *old = *fetch;

	if (old == NULL)
		return;
	curl_easy_cleanup(old->curl);
	free(old);
	curl_global_cleanup();
	*fetch = NULL;
}

void fetch_answer_release(struct fetch_answer *answer)
{
	blob_release(&answer->body);
	*answer = (struct fetch_answer){0};
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *ctx)
{
	struct exchange *exchange = ctx;

	if (count > (FETCH_ANSWER_MAX - exchange->got->len) / size) {
		exchange->is_too_long = true;
		return 0;
	}
	return blob_append(exchange->got, span_of(bytes, size * count)) == RC_OK ? size * count : 0;
}

static void headers_release(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static enum rc add_header(struct curl_slist **list, const char *header, struct err *err)
{
	struct curl_slist *longer;

	if (strpbrk(header, "\r\n") != NULL)
		return err_set(err, RC_MALFORMED, "a header with a line break");
	longer = curl_slist_append(*list, header);
	if (longer == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	*list = longer;
	return RC_OK;
}

#define SET(name, value) (ok = ok && curl_easy_setopt(curl, CURLOPT_##name, value) == CURLE_OK)

static bool set_safety(CURL *curl, const struct fetch_options *options)
{
	bool ok = true;

	SET(PROTOCOLS_STR, options->plain ? "https,http" : "https");
	SET(SSL_VERIFYPEER, 1L);
	SET(SSL_VERIFYHOST, 2L);
	SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(FOLLOWLOCATION, 0L);
	SET(NETRC, (long)CURL_NETRC_IGNORED);
	SET(NOSIGNAL, 1L);
	SET(PROXY, options->proxy == NULL ? "" : options->proxy);
	SET(TIMEOUT_MS, (long)options->timeout_ms);
	SET(CONNECTTIMEOUT_MS, (long)options->timeout_ms);
	if (options->ca != NULL) {
		SET(CAINFO, options->ca);
		SET(CAPATH, NULL);
	}
	if (options->certificate != NULL)
		SET(SSLCERT, options->certificate);
	if (options->key != NULL)
		SET(SSLKEY, options->key);
	return ok;
}

static bool set_request(CURL *curl, const struct fetch_request *request, const struct curl_slist *headers,
	struct exchange *exchange)
{
	bool ok = true;

	SET(URL, request->url);
	SET(POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
	SET(POSTFIELDS, request->body.len == 0 ? "" : (const char *)request->body.at);
	SET(CUSTOMREQUEST, request->method);
	SET(HTTPHEADER, headers);
	SET(WRITEFUNCTION, on_answer);
	SET(WRITEDATA, exchange);
	SET(ERRORBUFFER, exchange->why);
	return ok;
}

static enum rc failed(const struct exchange *exchange, const char *url, CURLcode code, struct err *err)
{
	const char *why = exchange->why[0] != '\0' ? exchange->why : curl_easy_strerror(code);
	enum rc rc = RC_IO;

	if (exchange->is_too_long)
		return err_set(err, RC_LIMIT, "%s: an answer of more than %u bytes", url, FETCH_ANSWER_MAX);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		rc = RC_DENIED;
	else if (code == CURLE_OPERATION_TIMEDOUT)
		rc = RC_TIMEOUT;
	else if (code == CURLE_OUT_OF_MEMORY)
		rc = RC_NOMEM;
	return err_set(err, rc, "%s: %s", url, why);
}

static enum rc perform(struct fetch *fetch, const struct fetch_request *request, struct fetch_answer *answer,
	struct err *err)
{
	DROP(headers_release) struct curl_slist *headers = NULL;
	struct exchange exchange = {.got = &answer->body};
	curl_off_t after = 0;
	long status = 0;
	CURLcode code;

	for (size_t i = 0; request->headers[i] != NULL; i++)
		TRY(add_header(&headers, request->headers[i], err));
	/* Nobody is asked whether he wants the body. */
	TRY(add_header(&headers, "Expect:", err));
	curl_easy_reset(fetch->curl);
	if (!set_safety(fetch->curl, &fetch->options) ||
		!set_request(fetch->curl, request, headers, &exchange))
		return err_set(err, RC_UNSUPPORTED, "this libcurl lacks what is needed for a safe request");
	code = curl_easy_perform(fetch->curl);
	if (code != CURLE_OK)
		return failed(&exchange, request->url, code, err);
	curl_easy_getinfo(fetch->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(fetch->curl, CURLINFO_RETRY_AFTER, &after);
	answer->status = (unsigned)status;
	answer->retry_after_s = after > 0 ? (uint64_t)after : 0;
	return RC_OK;
}

enum rc fetch_do(
	struct fetch *fetch, const struct fetch_request *request, struct fetch_answer *out, struct err *err)
{
	DROP(fetch_answer_release) struct fetch_answer answer = {0};

	if (!fetch_url_holds(request->url, fetch->options.plain))
		return err_set(err, RC_MALFORMED, "%.200s: expected https://HOST…", request->url);
	TRY(perform(fetch, request, &answer, err));
	fetch_answer_release(out);
	*out = TAKE(answer);
	return RC_OK;
}
