#include "lib/base/log.h"
#include "services/gateway/inner.h"

/* So long a new list may take to follow a notice. */
#define FOLLOWS_WITHIN_MS 2000
/* Between two questions for a newer one, from the middle of a list's life on. */
#define POLL_MS 10000
/* A list that is dated further ahead was made by a clock that is wrong, ours or theirs. */
#define AHEAD_MAX_MS 300000u

static const char *name_of(const struct crl_copy *copy)
{
	return copy->is_delta ? "delta" : "full";
}

void crl_copy_release(struct crl_copy *copy)
{
	document_release(&copy->document);
	blob_release(&copy->got);
}

void crl_copy_forget(struct crl_copy *copy)
{
	document_release(&copy->document);
	copy->number = 0;
	copy->next_ms = 0;
}

/* ---- taking one ---- */

static enum rc check(const struct crl_copy *copy, const struct crl *crl, struct err *err)
{
	struct gateway *gateway = copy->gateway;
	uint64_t now = gateway_now(gateway);

	if (crl->number != copy->got_number || (crl->base != 0) != copy->is_delta)
		return err_set(err, RC_MALFORMED, "it is list %llu to base %llu, announced was %llu",
			(unsigned long long)crl->number, (unsigned long long)crl->base,
			(unsigned long long)copy->got_number);
	if (now >= crl->next_ms || crl->this_ms > now + AHEAD_MAX_MS)
		return err_set(err, RC_STALE, "list %llu is out of date, or not in force yet",
			(unsigned long long)crl->number);
	return crl_verify(crl, blob_span(&gateway->authority.certificate), err);
}

static enum rc take(struct crl_copy *copy, struct err *err)
{
	struct document *document = NULL;
	uint8_t hash[DIGEST_SHA256_BYTES];
	struct crl crl;
	enum rc rc = crl_read(blob_span(&copy->got), &crl);

	if (rc != RC_OK)
		return err_set(err, rc, "not a certificate revocation list");
	TRY(check(copy, &crl, err));
	TRY(digest_bytes(DIGEST_SHA256, blob_span(&copy->got), hash));
	TRY(document_make(&(struct document_options){.type = "application/pkix-crl",
				  .cache = "public",
				  .tag = SPAN(hash),
				  .since = crl.this_ms,
				  .until = crl.next_ms},
		&copy->got, &document, err));
	document_release(&copy->document);
	copy->document = document;
	copy->number = copy->got_number;
	copy->since = crl.this_ms;
	copy->until = crl.next_ms;
	copy->stale_ms = 0;
	log_event(LOG_INFO, "crl.taken", "kind=%s number=%llu entries=%zu bytes=%zu", name_of(copy),
		(unsigned long long)copy->number, crl.count, document_bytes(document).len);
	return RC_OK;
}

/* ---- fetching ---- */

/* RC_EXISTS: the service has none newer than ours. */
static void finish(struct crl_copy *copy, enum rc rc, const char *text)
{
	struct gateway *gateway = copy->gateway;
	uint64_t now = gateway_mono(gateway);
	bool is_behind = copy->wanted > copy->number;
	bool is_fault = rc != RC_OK && rc != RC_EXISTS;

	copy->is_asking = false;
	copy->wanted = 0;
	blob_release(&copy->got);
	/* A CA may go without delta lists. */
	if (is_fault && rc != copy->told && !(copy->is_delta && rc == RC_NOT_FOUND))
		log_event(LOG_WARN, "crl.refused", "kind=%s why=\"%s\" text=\"%s\"", name_of(copy),
			rc_words(rc), text);
	/* Perhaps the CA has another certificate now. */
	if (rc == RC_DENIED)
		gateway->authority.next_ms = 0;
	copy->told = rc;
	copy->next_ms = now + (is_fault || is_behind ? RETRY_MS : rc == RC_EXISTS ? POLL_MS : 0);
	if (is_behind)
		copy->stale_ms = copy->next_ms;
}

static void ask(struct crl_copy *copy);

/* RC_EXISTS: there is none newer than ours. */
static enum rc add(struct crl_copy *copy, const struct msg_crl_part *part, struct err *err)
{
	bool is_first = copy->got.len == 0;

	if (is_first && copy->document != NULL && part->number == copy->number)
		return RC_EXISTS;
	if (is_first && part->number < copy->number)
		return err_set(err, RC_STALE, "number %llu, but %llu was seen",
			(unsigned long long)part->number, (unsigned long long)copy->number);
	if (part->delta != copy->is_delta || part->from != copy->got.len ||
		(!is_first && (part->number != copy->got_number || part->size != copy->got_size)) ||
		part->size > CRL_DER_MAX || part->bytes.len > part->size - part->from)
		return err_set(err, RC_MALFORMED, "parts do not fit each other");
	TRY(blob_append(&copy->got, part->bytes));
	copy->got_number = part->number;
	copy->got_size = part->size;
	return RC_OK;
}

static void on_part(void *ctx, enum rc rc, const struct msg *reply, struct span frame)
{
	struct crl_copy *copy = ctx;
	struct err err = {0};

	(void)frame;
	copy->is_asking = false;
	if (rc == RC_OK)
		rc = reply->type == MSG_TYPE_crl_part ? add(copy, &reply->crl_part, &err) : RC_MALFORMED;
	if (rc == RC_OK && copy->got.len < copy->got_size) {
		ask(copy);
		return;
	}
	if (rc == RC_OK)
		rc = take(copy, &err);
	finish(copy, rc, err.text);
}

static void ask(struct crl_copy *copy)
{
	struct msg msg = {.type = MSG_TYPE_crl_get,
		.crl_get = {.delta = copy->is_delta,
			.number = copy->got.len == 0 ? 0 : copy->got_number,
			.from = copy->got.len}};

	copy->is_asking = follow_ask(copy->gateway->follow, &msg, ASK_MS, on_part, copy, NULL) == RC_OK;
	if (!copy->is_asking)
		finish(copy, RC_LIMIT, "too many requests");
}

/* ---- when ---- */

static bool is_due(const struct crl_copy *copy)
{
	uint64_t now = gateway_now(copy->gateway);

	return copy->document == NULL || copy->wanted > copy->number ||
	       (copy->stale_ms != 0 && gateway_mono(copy->gateway) >= copy->stale_ms) ||
	       now >= copy->since + (copy->until - copy->since) / 2;
}

void crl_copy_look(struct crl_copy *copy)
{
	struct gateway *gateway = copy->gateway;

	if (copy->is_asking || gateway->authority.certificate.len == 0 ||
		gateway_mono(gateway) < copy->next_ms || !is_due(copy))
		return;
	blob_clear(&copy->got);
	/* Once for each notice: the announcement may have been lost. */
	copy->stale_ms = 0;
	ask(copy);
}

void crl_copy_announced(struct crl_copy *copy, uint64_t number)
{
	if (number <= copy->number)
		return;
	if (number > copy->wanted)
		copy->wanted = number;
	copy->next_ms = 0;
	crl_copy_look(copy);
}

void crl_copy_outdated(struct crl_copy *copy)
{
	if (copy->stale_ms == 0)
		copy->stale_ms = gateway_mono(copy->gateway) + FOLLOWS_WITHIN_MS;
}
