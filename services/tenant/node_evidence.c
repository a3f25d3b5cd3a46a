#include "services/tenant/node_evidence.h"

#include <stdio.h>
#include <unistd.h>

#include "services/tenant/selection.h"
#include "services/tenant/vouch.h"

static enum rc keep_quote(const struct known_node *node, struct vouched *vouched, struct evidence_set *set)
{
	struct span ak = known_node_body(node)->ak_public;
	const uint8_t size[2] = {(uint8_t)(ak.len >> 8), (uint8_t)ak.len};
	struct evidence_quote *quote = &set->quotes[EVIDENCE_QUOTE_ECC];

	TRY(blob_append(&quote->ak, SPAN(size)));
	TRY(blob_append(&quote->ak, ak));
	TRY(blob_copy(&set->nonce, SPAN(vouched->data)));
	quote->attest = TAKE(vouched->attest);
	quote->signature = TAKE(vouched->signature);
	quote->values = TAKE(vouched->values);
	quote->is_there = true;
	return RC_OK;
}

/* A TPM without the bank quotes other PCRs than were asked for: then another bank is tried. */
static enum rc challenge(
	struct session *session, const struct known_node *node, struct vouched *out, struct err *err)
{
	static const char *const banks[] = {"sha256:0-15", "sha384:0-15"};
	DROP(vouch_release) struct vouch vouch = {0};
	DROP(registration_release) struct registration registration = {0};
	struct pcr_selection selection;
	enum rc rc = RC_OK;

	TRY(vouch_open(session_config(session), &vouch, err));
	TRY(vouch_check(&vouch, node, session_now(session), &registration, err));
	for (size_t i = 0; i < COUNT(banks); i++) {
		TRY(selection_parse(banks[i], &selection, err));
		rc = vouch_challenge(session, node, &registration, &selection, out, err);
		if (rc != RC_DENIED)
			break;
	}
	return rc;
}

static enum rc ask_part(struct session *session, const struct known_node *node, const char *log,
	uint64_t from, struct answer *out, struct err *err)
{
	const struct msg_node *body = known_node_body(node);
	DROP(blob_release) struct blob envelope = {0};
	struct msg get = {.type = MSG_TYPE_log_get};
	bool refused;

	get.log_get = (struct msg_log_get){
		span_text(log), from, CHUNK_MAX, body->node, body->nk, session_now(session)};
	TRY(signed_make(session_signer(session), &get, &envelope, err));
	return vouch_relay(session, node, blob_span(&envelope), MSG_TYPE_log_part, out, &refused, err);
}

static enum rc fetch_log(struct session *session, const struct known_node *node, const char *log, size_t max,
	struct blob *out, struct err *err)
{
	bool more = true;

	while (more) {
		DROP(answer_release) struct answer answer = {0};
		const struct msg_log_part *part;

		TRY(ask_part(session, node, log, out->len, &answer, err));
		part = &answer.msg.log_part;
		if (!span_is(part->log, log) || part->from != out->len || part->gone)
			return err_set(err, RC_STALE,
				"node %.16s: its %s log is not what it was a moment ago; try again",
				known_node_name(node), log);
		if (part->bytes.len > max - out->len)
			return err_set(err, RC_LIMIT, "node %.16s: its %s log has more than %zu bytes",
				known_node_name(node), log, max);
		if (blob_append(out, part->bytes) != RC_OK)
			return err_set(err, RC_NOMEM, "out of memory");
		/* An entry that the kernel is writing just now is not among what the quote proves. */
		more = part->more && part->bytes.len != 0;
	}
	return RC_OK;
}

enum rc node_evidence_load(
	struct session *session, const char *name, struct evidence_set *out, struct err *err)
{
	DROP(evidence_set_release) struct evidence_set set = {0};
	DROP(known_node_release) struct known_node node = {0};
	DROP(vouched_release) struct vouched vouched = {0};

	TRY(nodes_find(session, name, NAMING_CERTAIN, &node, err));
	TRY(challenge(session, &node, &vouched, err));
	if (keep_quote(&node, &vouched, &set) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	TRY(fetch_log(session, &node, "boot", EVIDENCE_LOG_MAX, &set.log, err));
	TRY(fetch_log(session, &node, "ima", EVIDENCE_LIST_MAX, &set.list, err));
	/* A node without IMA shows an empty list; so does one without a firmware log. */
	set.has_log = true;
	set.has_list = set.list.len != 0;
	snprintf(set.path, sizeof set.path, "%s", name);
	evidence_set_release(out);
	*out = TAKE(set);
	return RC_OK;
}

bool evidence_is_path(const char *what)
{
	return strchr(what, '/') != NULL || access(what, F_OK) == 0;
}

enum rc evidence_open(struct session_door *door, const char *what, enum evidence_quote_kind wanted,
	struct evidence_set *out, struct err *err)
{
	struct session *session = NULL;

	if (evidence_is_path(what))
		return evidence_set_load(what, wanted, out, err);
	if (session_enter(door, &session, err) != RC_OK)
		return err_wrap(err, err->rc,
			"%s is no folder, and to ask a node of that name a deployment is needed: ", what);
	return node_evidence_load(session, what, out, err);
}
