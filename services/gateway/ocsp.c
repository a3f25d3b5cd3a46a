/* RFC 6960 in the profile of RFC 5019: answers are signed ahead by the CA, asked for once by however many
 * want them, and kept until they are out of date or a notice names their certificate. */
#include <stdlib.h>

#include "lib/base/log.h"
#include "services/gateway/inner.h"
#include "services/gateway/ocsp_path.h"

#define OCSP_TYPE    "application/ocsp-response"
#define REQUEST_TYPE "application/ocsp-request"
#define NOTICE_FULL  64 /* so many certificates a notice can name: there may be more */
#define WAIT_LEFT_MS 50 /* asking again makes no sense within */
#define AHEAD_MAX_MS 300000u

struct waiter {
	struct waiter *next;
	struct http_request *request;
};

/* ---- answers that are none ---- */

static void say_error(struct http_request *request, enum ocsp_error error)
{
	uint8_t bytes[OCSP_ERROR_BYTES];

	ocsp_error(error, bytes);
	http_send(request, 200, OCSP_TYPE, SPAN(bytes));
}

/* ---- asking the bus ---- */

static void end(struct asking *asking)
{
	struct asking **at = &asking->gateway->asking;

	while (*at != asking)
		at = &(*at)->next;
	*at = asking->next;
	free(asking);
}

/* document: NULL, then the error. */
static void answer_all(struct asking *asking, struct document *document, enum ocsp_error error)
{
	uint64_t now = gateway_now(asking->gateway);
	struct waiter *waiter = asking->waiters;

	while (waiter != NULL) {
		struct waiter *next = waiter->next;

		if (document != NULL)
			http_give(waiter->request, document, now);
		else
			say_error(waiter->request, error);
		free(waiter);
		waiter = next;
	}
	asking->waiters = NULL;
}

static enum rc check(
	const struct asking *asking, struct span bytes, struct ocsp_response *out, struct err *err)
{
	struct gateway *gateway = asking->gateway;
	uint64_t now = gateway_now(gateway);
	enum rc rc = ocsp_response_read(bytes, out);

	if (rc != RC_OK)
		return err_set(err, rc, "not an OCSP response");
	if (out->error != 0)
		return err_set(err, RC_MALFORMED, "an OCSP error, %u", out->error);
	if (out->id.hash != (enum digest_alg)asking->key.hash ||
		!span_equal(out->id.serial, span_of(asking->key.serial, asking->key.len)) ||
		!ocsp_id_is_of(&out->id, &gateway->authority.issuer))
		return err_set(err, RC_DENIED, "about another certificate");
	if (now >= out->next_ms || out->this_ms > now + AHEAD_MAX_MS)
		return err_set(err, RC_STALE, "out of date, or not in force yet");
	return ocsp_verifier_check(gateway->authority.verifier, out, now, err);
}

static enum rc make(struct asking *asking, struct span bytes, struct document **out, struct err *err)
{
	DROP(blob_release) struct blob copy = {0};
	uint8_t hash[DIGEST_SHA256_BYTES];
	struct ocsp_response response;

	TRY(check(asking, bytes, &response, err));
	TRY(digest_bytes(DIGEST_SHA256, bytes, hash));
	TRY(blob_append(&copy, bytes));
	/* RFC 5019, 6.2. */
	return document_make(&(struct document_options){.type = OCSP_TYPE,
				     .cache = "public, no-transform, must-revalidate",
				     .tag = SPAN(hash),
				     .since = response.this_ms,
				     .until = response.next_ms},
		&copy, out, err);
}

static enum rc ask(struct asking *asking);

/* A response from before a notice must not be kept, nor given: it is asked for again. */
static bool asked_again(struct asking *asking)
{
	if (!asking->is_outdated || gateway_mono(asking->gateway) + WAIT_LEFT_MS >= asking->until_ms)
		return false;
	return ask(asking) == RC_OK;
}

static void on_reply(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct asking *asking = ctx;
	struct gateway *gateway = asking->gateway;
	struct document *document = NULL;
	struct err err = {0};

	(void)frame;
	if (asked_again(asking))
		return;
	if (asking->is_outdated)
		rc = RC_STALE;
	else if (rc == RC_OK && reply->type == MSG_TYPE_ocsp_info) {
		gateway->fetched++;
		rc = make(asking, reply->ocsp_info.response, &document, &err);
		if (rc != RC_OK) {
			gateway->refused++;
			log_event(LOG_WARN, "ocsp.refused", "why=\"%s\" text=\"%s\"", rc_words(rc), err.text);
		}
		/* Perhaps the CA has another certificate now. */
		if (rc == RC_DENIED)
			gateway->authority.next_ms = 0;
	} else if (rc == RC_OK)
		rc = RC_MALFORMED;
	/* RFC 5019, 2.2.3: unauthorized is what a responder says that has no record of the certificate. */
	answer_all(asking, document, rc == RC_NOT_FOUND ? OCSP_UNAUTHORIZED : OCSP_TRY_LATER);
	if (document != NULL)
		cache_put(gateway->cache, &asking->key, document);
	end(asking);
}

static enum rc ask(struct asking *asking)
{
	struct gateway *gateway = asking->gateway;
	uint64_t now = gateway_mono(gateway);
	struct msg msg = {.type = MSG_TYPE_ocsp_get,
		.ocsp_get = {.serial = span_of(asking->key.serial, asking->key.len),
			.hash = digest_tpm_id((enum digest_alg)asking->key.hash)}};

	TRY(follow_call(gateway->follow, &msg, asking->until_ms - now, on_reply, asking, NULL));
	/* Only now: what had come stays outdated if nothing newer will. */
	asking->is_outdated = false;
	return RC_OK;
}

static struct asking *find_asking(struct gateway *gateway, const struct cache_key *key)
{
	struct asking *asking = gateway->asking;

	while (asking != NULL && memcmp(&asking->key, key, sizeof *key) != 0)
		asking = asking->next;
	return asking;
}

static struct asking *begin(struct gateway *gateway, const struct cache_key *key)
{
	struct asking *asking = calloc(1, sizeof *asking);

	if (asking == NULL)
		return NULL;
	*asking = (struct asking){.next = gateway->asking,
		.gateway = gateway,
		.key = *key,
		.until_ms = gateway_mono(gateway) + gateway->config->wait_ms};
	gateway->asking = asking;
	if (ask(asking) == RC_OK)
		return asking;
	end(asking);
	return NULL;
}

static void fetch(struct gateway *gateway, struct http_request *request, const struct cache_key *key)
{
	struct asking *asking = find_asking(gateway, key);
	struct waiter *waiter = calloc(1, sizeof *waiter);

	if (asking == NULL && waiter != NULL)
		asking = begin(gateway, key);
	if (asking == NULL || waiter == NULL) {
		free(waiter);
		say_error(request, OCSP_TRY_LATER);
		return;
	}
	*waiter = (struct waiter){.next = asking->waiters, .request = request};
	asking->waiters = waiter;
}

/* ---- being asked ---- */

static void answer(struct gateway *gateway, struct http_request *request, struct span der)
{
	struct ocsp_request asked;
	struct document *document = NULL;
	struct cache_key key;

	if (ocsp_request_parse(der, &asked) != RC_OK) {
		say_error(request, OCSP_MALFORMED_REQUEST);
		return;
	}
	if (gateway_is_blind(gateway)) {
		say_error(request, OCSP_TRY_LATER);
		return;
	}
	/* Signed ahead means one certificate a response (RFC 5019, 2.1.1). */
	if (asked.count != 1 || asked.ids[0].serial.len == 0 ||
		!ocsp_id_is_of(&asked.ids[0], &gateway->authority.issuer)) {
		say_error(request, OCSP_UNAUTHORIZED);
		return;
	}
	key = cache_key_of(asked.ids[0].hash, asked.ids[0].serial);
	/* While notices are missing, nobody knows which entries still hold. */
	if (follow_status(gateway->follow).is_current)
		document = cache_get(gateway->cache, &key, gateway_now(gateway));
	if (document != NULL)
		http_give(request, document, gateway_now(gateway));
	else
		fetch(gateway, request, &key);
}

void ocsp_on_post(void *ctx, struct http_request *request)
{
	if (!http_has_type(request, REQUEST_TYPE))
		http_say(request, 415, "Expected a body of " REQUEST_TYPE);
	else
		answer(ctx, request, http_body(request));
}

void ocsp_on_get(void *ctx, struct http_request *request)
{
	DROP(blob_release) struct blob der = {0};

	/* A slash at the end of the CA's URL makes this path of a POST. */
	if (http_method(request) == HTTP_POST && http_rest(request).len == 0)
		ocsp_on_post(ctx, request);
	else if (http_method(request) == HTTP_POST)
		http_say(request, 404, "Not found");
	else if (ocsp_path_decode(http_rest(request), &der) != RC_OK)
		say_error(request, OCSP_MALFORMED_REQUEST);
	else
		answer(ctx, request, blob_span(&der));
}

/* ---- notices ---- */

static void changed(struct gateway *gateway, struct span serial)
{
	cache_drop(gateway->cache, serial);
	for (struct asking *asking = gateway->asking; asking != NULL; asking = asking->next)
		if (span_equal(serial, span_of(asking->key.serial, asking->key.len)))
			asking->is_outdated = true;
}

void ocsp_changed(struct gateway *gateway, const struct msg_notice *notice)
{
	struct list list = notice->certificates;
	struct elem_serial item;

	if (list.count >= NOTICE_FULL) {
		cache_clear(gateway->cache);
		for (struct asking *asking = gateway->asking; asking != NULL; asking = asking->next)
			asking->is_outdated = true;
		return;
	}
	while (ELEM_NEXT(serial, &list, &item))
		changed(gateway, item.serial);
}

void ocsp_release(struct gateway *gateway)
{
	while (gateway->asking != NULL) {
		struct asking *asking = gateway->asking;

		while (asking->waiters != NULL) {
			struct waiter *waiter = asking->waiters;

			asking->waiters = waiter->next;
			free(waiter);
		}
		end(asking);
	}
}
