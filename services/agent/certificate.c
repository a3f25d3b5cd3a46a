/* When a certificate is asked for, and what becomes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/random.h"
#include "lib/tpm/key.h"
#include "services/agent/certificate_inside.h"

#define FIRST_MS        200
#define PAUSE_MIN_MS    500
#define PAUSE_MAX_MS    60000
#define TIMER_MAX_MS    3600000u
#define HOOK_TIMEOUT_MS 60000
#define HOOK_AGAIN_MS   1000

static uint32_t random_u32(void)
{
	uint32_t value = 0;

	/* Only spreads requests: without the kernel's bytes everything else has stopped already. */
	if (random_fill((uint8_t *)&value, sizeof value, NULL) != RC_OK)
		value = 0;
	return value;
}

static const char *folder_of(const struct certificate *certificate)
{
	return certificate->agent->config->certificates;
}

void certificate_discard(struct certificate *certificate)
{
	certificate_folder_remove_all(folder_of(certificate));
	certificate->dates = (struct certificate_dates){0};
	certificate_forget_handle(certificate);
	node_key_release(&certificate->key);
	blob_release(&certificate->csr);
	certificate->is_kept = false;
}

/* ---- when ---- */

static void begin(void *ctx);

static void arm(struct certificate *certificate, uint64_t wall_ms)
{
	uint64_t now = agent_now(certificate->agent);
	uint64_t left = wall_ms > now ? wall_ms - now : 0;

	certificate->due_wall = wall_ms;
	/* The wall clock may be set while we wait: it is looked at now and then. */
	if (loop_after(certificate->agent->loop, &certificate->due, left > TIMER_MAX_MS ? TIMER_MAX_MS : left,
		    begin, certificate) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void rest(struct certificate *certificate)
{
	struct agent *agent = certificate->agent;

	certificate->step = CERTIFICATE_REST;
	certificate->attempt++;
	loop_cancel(agent->loop, &certificate->quiet);
	loop_cancel(agent->loop, &certificate->due);
	certificate->due_wall = 0;
	tpm_job_free(&certificate->job);
	if (certificate->is_calling && agent->notices != NULL)
		follow_cancel(notices_follow(agent->notices), certificate->call);
	certificate->is_calling = false;
	blob_clear(&certificate->attest);
	blob_clear(&certificate->signature);
}

static bool has_certificate(const struct certificate *certificate)
{
	return certificate->dates.until != 0;
}

/* Half to the whole of a limit that doubles. */
static uint64_t pause_ms(struct certificate *certificate)
{
	uint64_t limit = PAUSE_MAX_MS;

	if (certificate->failures < 7)
		limit = (uint64_t)PAUSE_MIN_MS << certificate->failures;
	if (limit > PAUSE_MAX_MS)
		limit = PAUSE_MAX_MS;
	/* A short life leaves little time. */
	if (has_certificate(certificate) && limit > (certificate->dates.until - certificate->dates.from) / 20)
		limit = (certificate->dates.until - certificate->dates.from) / 20 + 1;
	certificate->failures++;
	return limit / 2 + random_u32() % (limit / 2 + 1);
}

void certificate_failed(struct certificate *certificate, enum rc rc, const struct err *err)
{
	static const char *const words[] = {
#define STEP_WORDS(name, function, words) words,
		CERTIFICATE_STEPS(STEP_WORDS)
#undef STEP_WORDS
	};
	uint64_t now = agent_now(certificate->agent);
	const char *step = certificate->step < COUNT(words) ? words[certificate->step] : "resting";
	bool is_urgent = has_certificate(certificate) && certificate->dates.until <= now + PAUSE_MAX_MS;

	certificate->why = *err;
	log_event(is_urgent ? LOG_ERROR : LOG_WARN, "certificate.failed",
		"step=\"%s\" why=\"%s\" text=\"%s\" failures=%u", step, rc_words(rc), err->text,
		certificate->failures + 1);
	if (is_urgent)
		log_event(LOG_ERROR, "certificate.ending", "left_ms=%llu",
			(unsigned long long)(certificate->dates.until > now ? certificate->dates.until - now
									    : 0));
	rest(certificate);
	arm(certificate, now + pause_ms(certificate));
}

/* ---- a certificate has come ---- */

static void on_hook(void *ctx, const struct runner_result *result)
{
	bool is_good = result->rc == RC_OK && result->status == 0 && !result->timed_out;

	(void)ctx;
	log_event(is_good ? LOG_INFO : LOG_ERROR, "certificate.hook",
		"status=%d signal=%d timed_out=%s text=\"%s\"", result->status, result->signal,
		result->timed_out ? "yes" : "no", result->text);
}

/* Again a little later if the last one still runs: it must see what is there now. */
static void run_hook(void *ctx)
{
	struct certificate *certificate = ctx;
	struct agent *agent = certificate->agent;
	struct job job = {.name = "hook", .timeout_ms = HOOK_TIMEOUT_MS};
	enum rc rc;

	if (agent->hooks == NULL)
		return;
	rc = jobs_start(agent->hooks, &job, on_hook, certificate);
	if (rc == RC_EXISTS)
		rc = loop_after(agent->loop, &certificate->hook, HOOK_AGAIN_MS, run_hook, certificate);
	if (rc != RC_OK)
		log_event(LOG_ERROR, "certificate.hook", "why=\"%s\"", rc_words(rc));
}

static void log_installed(const struct certificate *certificate)
{
	char serial[HEX_BYTES(SERIAL_MAX)];
	char until[CLOCK_TEXT_BYTES];
	char renew[CLOCK_TEXT_BYTES];

	log_event(LOG_INFO, "certificate.installed", "serial=%s key=%s not_after=%s renew=%s",
		hex_encode(span_of(certificate->dates.serial, certificate->dates.serial_len), serial),
		certificate->key.home == NODE_KEY_TPM ? "tpm" : "software",
		clock_text(certificate->dates.until, until), clock_text(certificate->due_wall, renew));
}

void certificate_installed(struct certificate *certificate)
{
	certificate->failures = 0;
	certificate->why = (struct err){0};
	rest(certificate);
	arm(certificate, certificate_renewal(&certificate->dates, random_u32()));
	log_installed(certificate);
	run_hook(certificate);
}

/* ---- attempts ---- */

static void begin(void *ctx)
{
	struct certificate *certificate = ctx;

	if (!certificate->is_attested || certificate->is_barred || certificate->step != CERTIFICATE_REST)
		return;
	if (certificate->due_wall > agent_now(certificate->agent)) {
		arm(certificate, certificate->due_wall);
		return;
	}
	certificate->due_wall = 0;
	certificate->step = CERTIFICATE_KEY;
	certificate_go_on(certificate);
}

/* Now, or when the one that is there is due. */
static void schedule(struct certificate *certificate, uint64_t soonest_ms)
{
	uint64_t wall = agent_now(certificate->agent) + soonest_ms;

	if (!certificate->is_attested || certificate->is_barred || certificate->step != CERTIFICATE_REST)
		return;
	if (has_certificate(certificate)) {
		uint64_t renew = certificate_renewal(&certificate->dates, random_u32());

		wall = renew > wall ? renew : wall;
	}
	arm(certificate, wall);
}

void certificate_on_attested(struct certificate *certificate)
{
	if (certificate == NULL || certificate->is_attested)
		return;
	certificate->is_attested = true;
	schedule(certificate, FIRST_MS);
}

void certificate_on_notice(struct certificate *certificate, enum notice_kind kind)
{
	if (certificate == NULL)
		return;
	if (kind == NOTICE_REVOKED || kind == NOTICE_REMOVED) {
		log_event(LOG_WARN, "certificate.removed", "because=%s", notice_kind_word(kind));
		rest(certificate);
		certificate_discard(certificate);
		certificate->is_barred = true;
		return;
	}
	if (kind != NOTICE_REINSTATED && kind != NOTICE_RESTORED && kind != NOTICE_PROVISIONED)
		return;
	/* Restored is who was silent, not who was revoked. */
	if (kind != NOTICE_RESTORED)
		certificate->is_barred = false;
	certificate->failures = 0;
	schedule(certificate, FIRST_MS);
}

void certificate_on_revoked(struct certificate *certificate, struct list serials)
{
	struct elem_serial serial;

	if (certificate == NULL || !has_certificate(certificate))
		return;
	while (ELEM_NEXT(serial, &serials, &serial)) {
		if (!span_equal(
			    serial.serial, span_of(certificate->dates.serial, certificate->dates.serial_len)))
			continue;
		log_event(LOG_WARN, "certificate.removed", "because=certificate-revoked");
		rest(certificate);
		certificate_discard(certificate);
		schedule(certificate, FIRST_MS);
		return;
	}
}

void certificate_status(const struct certificate *certificate, struct json_write *w)
{
	if (certificate == NULL)
		return;
	json_write_object(w, "certificate");
	json_write_cstr(w, "key",
		certificate->key.spki.len == 0          ? "none"
		: certificate->key.home == NODE_KEY_TPM ? "tpm"
							: "software");
	if (has_certificate(certificate)) {
		json_write_hex(
			w, "serial", span_of(certificate->dates.serial, certificate->dates.serial_len));
		json_write_u64(w, "not_before", certificate->dates.from);
		json_write_u64(w, "not_after", certificate->dates.until);
	}
	json_write_u64(w, "next", certificate->due_wall);
	json_write_u64(w, "failures", certificate->failures);
	if (certificate->why.rc != RC_OK)
		json_write_cstr(w, "why", certificate->why.text);
	json_write_close(w);
}

/* ---- opening ---- */

static enum rc load_key(struct certificate *certificate, struct err *err)
{
	enum rc rc = certificate_folder_key(folder_of(certificate), &certificate->key, err);

	if (rc == RC_OK && (unsigned)certificate->key.home == certificate->agent->config->certificate_key)
		return RC_OK;
	if (rc == RC_OK)
		rc = err_set(err, RC_STALE, "it is not where certificate-key wants it");
	if (rc != RC_NOT_FOUND)
		log_event(LOG_WARN, "certificate.key", "text=\"%s\" a new one will be made", err->text);
	*err = (struct err){0};
	certificate_discard(certificate);
	return RC_OK;
}

static enum rc load_certificate(struct certificate *certificate, struct err *err)
{
	enum rc rc;

	if (certificate->key.spki.len == 0)
		return RC_OK;
	rc = certificate_folder_leaf(
		folder_of(certificate), blob_span(&certificate->key.spki), &certificate->dates, err);
	if (rc == RC_OK)
		return RC_OK;
	if (rc != RC_NOT_FOUND)
		log_event(LOG_WARN, "certificate.removed", "because=\"%s\"", err->text);
	*err = (struct err){0};
	certificate_folder_remove(folder_of(certificate));
	return RC_OK;
}

static enum rc read_handle(struct certificate *certificate, struct err *err)
{
	const char *text = certificate->agent->config->certificate_handle;
	char *end = NULL;
	unsigned long value;

	if (text == NULL)
		return RC_OK;
	errno = 0;
	value = strtoul(text, &end, 16);
	if (errno != 0 || end == text || *end != '\0' || value < TPM_KEY_HANDLE_MIN ||
		value > TPM_KEY_HANDLE_MAX)
		return err_set(err, RC_MALFORMED,
			"certificate-handle: \"%s\": expected a persistent handle of the owner, as 0x81010004",
			text);
	certificate->handle = (uint32_t)value;
	return RC_OK;
}

enum rc certificate_open(struct agent *agent, struct certificate **out, struct err *err)
{
	DROP(certificate_close) struct certificate *certificate = NULL;

	if (agent->config->certificates == NULL)
		return RC_OK;
	certificate = calloc(1, sizeof *certificate);
	if (certificate == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	certificate->agent = agent;
	certificate->step = CERTIFICATE_REST;
	TRY(certificate_folder_check(folder_of(certificate), err));
	TRY(read_handle(certificate, err));
	TRY(load_key(certificate, err));
	TRY(load_certificate(certificate, err));
	*out = TAKE(certificate);
	return RC_OK;
}

void certificate_close(struct certificate **certificate)
{
	struct certificate *c = *certificate;

	if (c == NULL)
		return;
	loop_cancel(c->agent->loop, &c->quiet);
	loop_cancel(c->agent->loop, &c->due);
	loop_cancel(c->agent->loop, &c->hook);
	tpm_job_free(&c->job);
	node_key_release(&c->key);
	blob_release(&c->csr);
	blob_release(&c->ca);
	blob_release(&c->attest);
	blob_release(&c->signature);
	free(c);
	*certificate = NULL;
}
