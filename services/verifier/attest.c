/* Evidence arrives: judged, and what follows from it (proto/PROTOCOL.md, 5). */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "services/verifier/inner.h"

/* A node that is untrusted already gets a new verdict at most so often. */
#define REPEAT_BAD_MS 10000
#define TELL_AGAIN_MS 60000
/* Findings that are only told: so many in a verdict that says yes, and a new one at most so often. */
#define REPORTS_MAX     16
#define REPORT_AGAIN_MS 60000

/* Evidence that was judged, while it is dealt with. */
struct arrival {
	struct verifier *verifier;
	struct node *node;
	const struct peer *peer;
	const struct round *round;
	struct quote_counters counters;
	uint64_t now;
	uint64_t challenge;
	struct blob findings; /* encoded */
	size_t findings_count;
	uint8_t digest[HASH_BYTES]; /* of the findings; zeros: none */
	struct blob evidence;       /* the message without the list */
};

/* It answers the challenge that the tenant's `resume` waits for. */
static bool is_resuming(const struct arrival *arrival)
{
	return arrival->node->resume != NULL && arrival->node->resume->challenge == arrival->challenge;
}

/* Neither good nor bad: nothing changes, and it is tried again. */
static void unjudged(struct arrival *arrival)
{
	struct verifier *verifier = arrival->verifier;
	struct node *node = arrival->node;
	char text[NODE_TEXT_BYTES];
	uint64_t now = mono_ms(verifier);

	verifier->counts.unjudged++;
	findings_text((struct list){blob_span(&arrival->findings), arrival->findings_count},
		verifier->verdict.total, text, sizeof text);
	if (is_resuming(arrival))
		resume_failed(verifier, node, RC_UNSUPPORTED, text);
	if (node->unjudged_ms == 0 || now - node->unjudged_ms > TELL_AGAIN_MS) {
		node->unjudged_ms = now;
		log_event(LOG_WARN, "node.unjudged", "node=%s why=\"%s\"", node->digits, text);
		service_event(verifier->service, "node.unjudged", node->id, node_state_word(node->kept.state),
			0, text);
	}
	challenge_next(verifier, node);
}

/* Since when nobody had looked, if that is longer than the class says is too old; else 0. */
static uint64_t unobserved_since(const struct arrival *arrival)
{
	const struct node *node = arrival->node;
	uint64_t last = node->kept.good > node->judged ? node->kept.good : node->judged;

	return last != 0 && arrival->now > last && arrival->now - last > node->class->stale_ms ? last : 0;
}

/* The list may be long, and is not what a verdict vouches for: the quote is. */
static enum rc write_evidence(struct arrival *arrival, struct err *err)
{
	struct msg msg = arrival->round->evidence;
	enum rc rc;

	msg.evidence.ima = (struct span){0};
	msg.evidence.ima_more = false;
	rc = msg.evidence.ima.len == arrival->round->evidence.evidence.ima.len
	             ? blob_copy(&arrival->evidence, blob_span(&arrival->round->frame))
	             : msg_encode(&msg, &arrival->evidence);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "evidence: %s", rc_words(rc));
}

static enum rc make_verdict(struct arrival *arrival, struct change *change, struct err *err)
{
	struct verifier *verifier = arrival->verifier;
	const struct node *node = arrival->node;
	const struct verdict *verdict = &verifier->verdict;
	uint64_t since = unobserved_since(arrival);
	struct kept *next = &change->next;
	struct msg msg = {.type = MSG_TYPE_verdict};

	TRY(write_evidence(arrival, err));
	if (digest_bytes(DIGEST_SHA256, blob_span(&arrival->evidence), change->evidence_hash) != RC_OK)
		return err_set(err, RC_CRYPTO, "hashing evidence");
	msg.verdict = (struct msg_verdict){
		.node = SPAN(node->id),
		.number = next->verdicts + 1,
		.trusted = verdict->trusted,
		.time = arrival->now,
		.provisioning = next->number,
		.policy = span_of(next->policy, next->number == 0 ? 0 : HASH_BYTES),
		.ak_name = tpm_name_span(&node->ak_name),
		.nk = SPAN(node->nk.key),
		.reset_count = arrival->counters.reset_count,
		.restart_count = arrival->counters.restart_count,
		.evidence = SPAN(change->evidence_hash),
		.token = shard_token(&verifier->shard),
		.findings = {blob_span(&arrival->findings), arrival->findings_count},
		.findings_count = verdict->total,
		.unobserved_from = since,
		.unobserved_to = since == 0 ? 0 : arrival->now,
		.former = node->former_policy == NULL ? (struct span){0} : SPAN(node->former_policy->hash),
		.ima_entries = node->logs == NULL ? 0 : node->logs->run.proven.replay.entries,
		.ima_failed = node->logs == NULL ? 0 : node->logs->run.proven.failures,
	};
	blob_clear(verdict->trusted ? &next->fine : &next->bad);
	TRY(signed_make(&service_identity(verifier->service)->sign, &msg,
		verdict->trusted ? &next->fine : &next->bad, err));
	next->verdicts++;
	next->last_was_good = verdict->trusted;
	memcpy(next->findings, arrival->digest, HASH_BYTES);
	return RC_OK;
}

/* The challenge's nonce, the connection's key and the evidence as it came: enough to judge it again. */
static enum rc keep_evidence(struct arrival *arrival, struct change *change)
{
	TRY(blob_append(&change->evidence, SPAN(arrival->node->nonce)));
	TRY(blob_append(&change->evidence, SPAN(arrival->node->nk.key)));
	return blob_append(&change->evidence, blob_span(&arrival->evidence));
}

/* Silence that was too long withholds V, whatever the node says of itself. */
static void note_silence(struct arrival *arrival, struct change *change)
{
	const struct kept *before = &arrival->node->kept;

	if (before->number == 0 || before->delivered == 0 || before->withheld || before->good == 0 ||
		arrival->now - before->good <= arrival->node->class->redeliver_ms)
		return;
	change->next.withheld = true;
	change->writes_prov = true;
}

static bool is_silence_too_long(const struct arrival *arrival)
{
	const struct kept *kept = &arrival->node->kept;

	return kept->number != 0 && kept->delivered != 0 && !kept->withheld && kept->good != 0 &&
	       arrival->now > kept->good && arrival->now - kept->good > arrival->node->class->redeliver_ms;
}

static bool counts_as_good(enum node_state state)
{
	return state != NODE_UNTRUSTED && state != NODE_SUSPENDED && state != NODE_REMOVED;
}

static void set_good(struct arrival *arrival, struct kept *kept)
{
	kept->counters = arrival->counters;
	if (counts_as_good(kept->state))
		kept->good = arrival->now;
}

/* Seen from outside: the payload of the present number does not lie opened there. */
static bool is_closed(const struct node *node, const struct kept *kept)
{
	return kept->number != 0 && node->opened != kept->number;
}

static void finish_change(struct arrival *arrival, struct change **change, enum rc rc, const struct err *err)
{
	if (rc == RC_OK) {
		change_commit(change);
		return;
	}
	log_event(LOG_ERROR, "attest.failed", "node=%s why=\"%s\"", arrival->node->digits,
		err->text[0] != '\0' ? err->text : rc_words(rc));
	change_drop(change);
	challenge_next(arrival->verifier, arrival->node);
}

/* ---- good ---- */

static void good_steps(struct arrival *arrival, struct change *change)
{
	struct verifier *verifier = arrival->verifier;
	struct node *node = arrival->node;
	enum node_event event;

	if (verifier->verdict.rebooted) {
		node->opened = 0;
		(void)change_step(change, EVENT_REBOOT);
	}
	if (is_resuming(arrival))
		resume_passed(verifier, node, change);
	/* Only a provisioning that has begun to count closes anything. */
	event = is_closed(node, &change->next) && change->next.state != NODE_ENROLLED ? EVENT_GOOD_CLOSED
	                                                                              : EVENT_GOOD;
	if (!change_step(change, event))
		verifier->counts.ignored++;
	set_good(arrival, &change->next);
}

/* V goes along with this change, or it is said why not. */
static void decide_v(struct arrival *arrival, struct change *change)
{
	struct verifier *verifier = arrival->verifier;
	const char *why = NULL;

	if ((change->effects & EFFECT_SHARE_V) == 0) {
		if (counts_as_good(change->next.state))
			change->next.text[0] = '\0';
		return;
	}
	change->sender = *arrival->peer;
	if (provision_may_send_v(verifier, arrival->node, &change->next, &why)) {
		change->next.text[0] = '\0';
		if (change->next.delivered == 0) {
			change->next.delivered = arrival->now;
			change->writes_prov = true;
		}
		return;
	}
	verifier->counts.withheld++;
	change->effects &= ~(unsigned)EFFECT_SHARE_V;
	snprintf(change->next.text, sizeof change->next.text, "V withheld: %s", why);
}

/* What a policy wants to be told of, and is not held against the node, has changed. */
static bool has_new_reports(const struct arrival *arrival)
{
	const struct node *node = arrival->node;

	return node->kept.last_was_good && memcmp(node->kept.findings, arrival->digest, HASH_BYTES) != 0 &&
	       (node->reported == 0 || arrival->now - node->reported >= REPORT_AGAIN_MS);
}

static bool needs_change(const struct arrival *arrival)
{
	const struct node *node = arrival->node;
	const struct kept *kept = &node->kept;
	enum node_event event =
		is_closed(node, kept) && kept->state != NODE_ENROLLED ? EVENT_GOOD_CLOSED : EVENT_GOOD;
	struct node_step step = node_step(kept->state, event);
	const char *why;

	if (arrival->verifier->verdict.rebooted || is_resuming(arrival) || !kept->last_was_good ||
		has_new_reports(arrival) || unobserved_since(arrival) != 0 || is_silence_too_long(arrival) ||
		(step.next != kept->state && step.next != NODE_STATE_NONE))
		return true;
	return (step.effects & EFFECT_SHARE_V) != 0 &&
	       (kept->text[0] == '\0' || provision_may_send_v(arrival->verifier, node, kept, &why));
}

static void good(struct arrival *arrival)
{
	struct verifier *verifier = arrival->verifier;
	struct node *node = arrival->node;
	struct change *change = NULL;
	struct err err = {0};
	enum rc rc = RC_OK;

	node->is_fresh = true;
	if (!needs_change(arrival)) {
		set_good(arrival, &node->kept);
		node->is_unwritten = true;
		node->is_alive = node_state_passes(node->kept.state);
		challenge_next(verifier, node);
		return;
	}
	change = change_begin(verifier, node);
	if (change == NULL) {
		finish_change(arrival, &change, RC_NOMEM, &err);
		return;
	}
	note_silence(arrival, change);
	good_steps(arrival, change);
	/* It was asked just now. */
	change->effects &= ~(unsigned)EFFECT_ASK;
	decide_v(arrival, change);
	if (has_new_reports(arrival))
		node->reported = arrival->now;
	if (!node->kept.last_was_good || unobserved_since(arrival) != 0 || node->reported == arrival->now)
		rc = make_verdict(arrival, change, &err);
	node->is_alive = node_state_passes(change->next.state);
	finish_change(arrival, &change, rc, &err);
}

/* ---- bad ---- */

static void bad(struct arrival *arrival)
{
	struct verifier *verifier = arrival->verifier;
	struct node *node = arrival->node;
	struct list findings = {blob_span(&arrival->findings), arrival->findings_count};
	bool is_new = node->kept.last_was_good || node->kept.verdicts == 0 ||
	              memcmp(node->kept.findings, arrival->digest, HASH_BYTES) != 0;
	char text[NODE_TEXT_BYTES];
	struct change *change = NULL;
	struct err err = {0};
	enum rc rc;

	node->is_alive = node->is_fresh = false;
	findings_text(findings, verifier->verdict.total, text, sizeof text);
	if (verdict_has(&verifier->verdict, FINDING_QUOTE_CLOCK) ||
		verdict_has(&verifier->verdict, FINDING_QUOTE_RESET))
		report_duplicate(verifier, node, "the TPM's clock or reset count ran backwards");
	if (is_resuming(arrival))
		resume_failed(verifier, node, RC_DENIED, text);
	if (node->kept.state == NODE_UNTRUSTED &&
		(!is_new || arrival->now - node->written_bad < REPEAT_BAD_MS)) {
		challenge_next(verifier, node);
		return;
	}
	change = change_begin(verifier, node);
	if (change == NULL) {
		finish_change(arrival, &change, RC_NOMEM, &err);
		return;
	}
	if (verifier->verdict.rebooted)
		(void)change_step(change, EVENT_REBOOT);
	if (!change_step(change, EVENT_BAD))
		verifier->counts.ignored++;
	change->next.counters = arrival->counters;
	snprintf(change->next.text, sizeof change->next.text, "%s", text);
	rc = make_verdict(arrival, change, &err);
	if (rc == RC_OK)
		rc = keep_evidence(arrival, change);
	if (rc == RC_OK && (change->effects & EFFECT_REVOKE) != 0)
		rc = blob_copy(&change->cause, blob_span(&change->next.bad));
	node->written_bad = arrival->now;
	finish_change(arrival, &change, rc, &err);
}

/* ---- evidence ---- */

/* What it found, in the form in which it is signed and stored. */
static enum rc write_findings(struct arrival *arrival)
{
	const struct verdict *verdict = &arrival->verifier->verdict;

	if (verdict->kept == 0)
		return RC_OK;
	TRY(judge_findings(verdict, verdict->trusted ? REPORTS_MAX : FINDINGS_MAX, &arrival->findings,
		&arrival->findings_count));
	return findings_digest(
		(struct list){blob_span(&arrival->findings), arrival->findings_count}, arrival->digest);
}

void attest_judged(struct round *round)
{
	struct verifier *verifier = round->verifier;
	struct node *node = round->node;
	struct arrival arrival = {.verifier = verifier,
		.node = node,
		.peer = &round->peer,
		.round = round,
		.counters = round->counters,
		.now = round->now,
		.challenge = round->challenge};

	verifier->counts.attestations++;
	node->attestations++;
	if (write_findings(&arrival) != RC_OK) {
		verifier->counts.unjudged++;
		challenge_next(verifier, node);
	} else if (verifier->verdict.trusted) {
		good(&arrival);
	} else if (verifier->verdict.could_judge) {
		bad(&arrival);
	} else {
		unjudged(&arrival);
	}
	node->judged = arrival.now;
	blob_release(&arrival.findings);
	blob_release(&arrival.evidence);
}

void attest_on_evidence(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct verifier *verifier = ctx;
	const struct node_key *key = nodes_key(&verifier->nodes, peer->key);
	struct node *node;

	if (key == NULL || key != &key->node->nk || !shard_is_acting(&verifier->shard)) {
		verifier->counts.ignored++;
		return;
	}
	node = key->node;
	if (node->change != NULL && node->asked == msg->id) {
		if (node_wait(node, peer, frame) != RC_OK)
			verifier->counts.ignored++;
		return;
	}
	if (!challenge_take(node, peer, msg->id)) {
		verifier->counts.replays++;
		return;
	}
	node->peer = *peer;
	round_begin(verifier, node, peer, msg, frame);
}
