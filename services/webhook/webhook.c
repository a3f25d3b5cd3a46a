#include "services/webhook/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/hmac.h"

#define SECRET_MAX     4096
#define HEADER_BYTES   (SECRET_MAX + 64)
#define NOT_BEFORE_MAX 3600 /* seconds; a server that asks for more is asked again all the same */
#define PATH_BYTES     4200

enum rc webhook_sign(
	struct span secret, uint64_t seconds, struct span body, char out[static WEBHOOK_SIGNATURE_BYTES])
{
	uint8_t hmac[DIGEST_SHA256_BYTES];
	char hex[HEX_BYTES(DIGEST_SHA256_BYTES)];
	char stamp[24];
	struct span spans[2] = {{0}, body};

	snprintf(stamp, sizeof stamp, "%" PRIu64 ".", seconds);
	spans[0] = span_text(stamp);
	TRY(hmac_spans(DIGEST_SHA256, secret, spans, COUNT(spans), hmac));
	snprintf(out, WEBHOOK_SIGNATURE_BYTES, "t=%" PRIu64 ",v1=%s", seconds, hex_encode(SPAN(hmac), hex));
	return RC_OK;
}

int webhook_judge(unsigned status)
{
	if (status >= 200 && status < 300)
		return LIME_DONE;
	if (status == 408 || status == 425 || status == 429 || status >= 500)
		return LIME_RETRY;
	return LIME_GIVE_UP;
}

static enum rc read_line(const char *path, struct blob *out, struct err *err)
{
	TRY(file_read_secret(path, SECRET_MAX, out, err));
	while (out->len > 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r'))
		out->len--;
	return RC_OK;
}

/* ---- when the server wants us ---- */

static uint64_t now_s(void)
{
	return clock_wall_ms(clock_system()) / 1000;
}

static bool not_before_path(char out[static PATH_BYTES])
{
	const char *folder = getenv("LIMEBUS_ACTION_STATE");
	int len = folder == NULL ? -1 : snprintf(out, PATH_BYTES, "%s/not-before", folder);

	return len > 0 && len < PATH_BYTES;
}

static uint64_t not_before(void)
{
	char path[PATH_BYTES];
	DROP(blob_release) struct blob text = {0};
	uint64_t until;

	if (!not_before_path(path) || file_read(path, 32, &text, NULL) != RC_OK ||
		blob_append(&text, span_of("", 1)) != RC_OK)
		return 0;
	until = strtoull((const char *)text.at, NULL, 10);
	return until > now_s() + NOT_BEFORE_MAX ? 0 : until;
}

/* A file that cannot be written costs a request too many. */
static void note_not_before(uint64_t after_s)
{
	char path[PATH_BYTES];
	char text[32];

	if (after_s > NOT_BEFORE_MAX)
		after_s = NOT_BEFORE_MAX;
	snprintf(text, sizeof text, "%" PRIu64 "\n", now_s() + after_s);
	if (not_before_path(path) && file_replace(path, span_text(text), 0600, NULL) != RC_OK)
		fprintf(stderr, "%s cannot be written\n", path);
}

/* False: that is too long. */
static bool wait_s(uint64_t seconds, uint64_t patience_ms)
{
	struct timespec left = {.tv_sec = (time_t)seconds};

	if (seconds > patience_ms / 1000)
		return false;
	while (nanosleep(&left, &left) != 0)
		continue;
	return true;
}

/* ---- sending ---- */

static int refuse(const struct err *err, int status)
{
	fprintf(stderr, "%s\n", err->text);
	return status;
}

static enum rc post(struct fetch *fetch, const struct webhook_config *config, struct span secret,
	struct span authorization, const struct notice_read *notice, struct fetch_answer *answer,
	struct err *err)
{
	char signature[WEBHOOK_SIGNATURE_BYTES];
	char headers[3][HEADER_BYTES];
	struct fetch_request request = {.method = "POST",
		.url = config->fetch.url,
		.headers = {"Content-Type: application/json", "User-Agent: limebus-webhook", headers[0],
			headers[1]},
		.body = span_of(notice->notice.json, notice->notice.json_bytes)};

	if (webhook_sign(secret, now_s(), request.body, signature) != RC_OK)
		return err_set(err, RC_CRYPTO, "the notice cannot be signed");
	snprintf(headers[0], sizeof headers[0], "Limebus-Signature: %s", signature);
	snprintf(headers[1], sizeof headers[1], "Limebus-Notice: %" PRIu64, notice->notice.seq);
	if (authorization.len > 0) {
		snprintf(headers[2], sizeof headers[2], "Authorization: %.*s", SPAN_FMT(authorization));
		request.headers[4] = headers[2];
	}
	return fetch_do(fetch, &request, answer, err);
}

static int judge(const struct fetch_answer *answer, const struct webhook_config *config, bool *out_again)
{
	int status = webhook_judge(answer->status);

	fprintf(stderr, "%s answered with %u\n", config->fetch.url, answer->status);
	*out_again = false;
	if (status != LIME_RETRY || answer->retry_after_s == 0)
		return status;
	note_not_before(answer->retry_after_s);
	*out_again = wait_s(answer->retry_after_s, config->patience_ms);
	return status;
}

/* A certificate that does not hold may be mended over there; anything else that is refused here is ours. */
static int status_of(enum rc rc)
{
	return rc == RC_MALFORMED || rc == RC_UNSUPPORTED ? LIME_GIVE_UP : LIME_RETRY;
}

int webhook_send(const struct webhook_config *config, const struct notice_read *notice)
{
	DROP(blob_release) struct blob secret = {0};
	DROP(blob_release) struct blob authorization = {0};
	DROP(fetch_close) struct fetch *fetch = NULL;
	struct fetch_options options = fetch_options_of(&config->fetch);
	uint64_t until = not_before();
	uint64_t now = now_s();
	struct err err = {0};
	bool again = true;
	int status = LIME_RETRY;
	enum rc rc;

	if (read_line(config->secret, &secret, &err) != RC_OK ||
		(config->authorization != NULL &&
			read_line(config->authorization, &authorization, &err) != RC_OK))
		return refuse(&err, LIME_GIVE_UP);
	if (secret.len < WEBHOOK_SECRET_MIN) {
		err_set(&err, RC_LIMIT, "%s: a secret of less than %d characters", config->secret,
			WEBHOOK_SECRET_MIN);
		return refuse(&err, LIME_GIVE_UP);
	}
	if (until > now && !wait_s(until - now, config->patience_ms)) {
		err_set(&err, RC_TIMEOUT, "the server wants to be left alone for %" PRIu64 " s", until - now);
		return refuse(&err, LIME_RETRY);
	}
	if (fetch_open(&options, &fetch, &err) != RC_OK)
		return refuse(&err, LIME_RETRY);
	for (unsigned i = 0; i < 2 && again; i++) {
		DROP(fetch_answer_release) struct fetch_answer answer = {0};

		rc = post(
			fetch, config, blob_span(&secret), blob_span(&authorization), notice, &answer, &err);
		if (rc != RC_OK)
			return refuse(&err, status_of(rc));
		status = judge(&answer, config, &again);
	}
	return status;
}
