#include "services/tenant/policies.h"

#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/hex.h"
#include "services/tenant/documents.h"
#include "services/tenant/policy_file.h"

/* A large policy takes seconds to be compiled and written. */
#define PUT_MS 60000

void known_policy_release(struct known_policy *policy)
{
	blob_release(&policy->json);
	policy_release(&policy->policy);
	*policy = (struct known_policy){0};
}

/* Takes the JSON. */
static enum rc understand(struct blob *json, struct known_policy *out, struct err *err)
{
	out->json = TAKE(*json);
	return policy_parse(blob_span(&out->json), &out->policy, err);
}

/* Signed by whom, and is it what was asked for? */
static enum rc open_signed(struct session *session, struct span envelope, struct msg_policy_get get,
	struct named_policy *out, struct err *err)
{
	struct signed_msg opened;
	const struct msg_policy *policy = &opened.msg.policy;
	const struct roster_member *signer;

	/* At the time it was signed, which the verifier compared with its clock: policies outlive operators.
	 */
	TRY(signed_open(envelope, MSG_TYPE_policy, &opened, err));
	TRY(roster_may_sign(
		session_roster(session), opened.key, MSG_TYPE_policy, ROLES_PROVISION, policy->time, err));
	if (!policy_name_holds(policy->name) || (get.name.len != 0 && !span_equal(policy->name, get.name)) ||
		(get.hash.len != 0 && !span_equal(policy->document, get.hash)))
		return err_set(err, RC_DENIED, "the verifier answers with another policy (%.*s)",
			SPAN_FMT(policy->name));
	*out = (struct named_policy){.number = policy->number, .time = policy->time, .size = policy->size};
	memcpy(out->hash, policy->document.at, HASH_BYTES);
	memcpy(out->name, policy->name.at, policy->name.len);
	signer = roster_by_sign(session_roster(session), opened.key);
	snprintf(out->signer, sizeof out->signer, "%s", signer == NULL ? "" : signer->name);
	return RC_OK;
}

enum rc policies_look(
	struct session *session, const char *name_or_hash, struct named_policy *out, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	struct msg request = {.type = MSG_TYPE_policy_get};
	uint8_t hash[HASH_BYTES];

	if (hex_decode(span_text(name_or_hash), hash, sizeof hash) == RC_OK)
		request.policy_get.hash = SPAN(hash);
	else if (policy_name_holds(span_text(name_or_hash)))
		request.policy_get.name = span_text(name_or_hash);
	else
		return err_set(
			err, RC_MALFORMED, "\"%.80s\": expected a policy's name or hash", name_or_hash);
	TRY(session_ask(session, ROLE_VERIFIER, &request, MSG_TYPE_policy_info, &answer, err));
	return open_signed(session, answer.msg.policy_info.policy, request.policy_get, out, err);
}

enum rc policies_get(
	struct session *session, const char *name_or_hash, struct known_policy *out, struct err *err)
{
	DROP(known_policy_release) struct known_policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct named_policy named;

	TRY(policies_look(session, name_or_hash, &named, err));
	TRY(documents_get(session, named.hash, named.size, &json, err));
	TRY(understand(&json, &policy, err));
	if (strcmp(named.name, policy.policy.name) != 0)
		return err_set(
			err, RC_DENIED, "the policy %s calls itself %s", named.name, policy.policy.name);
	policy.number = named.number;
	policy.time = named.time;
	memcpy(policy.signer, named.signer, sizeof policy.signer);
	known_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}

static bool is_file(const char *what)
{
	size_t len = strlen(what);
	struct stat st;

	return strchr(what, '/') != NULL || (len >= 5 && strcmp(what + len - 5, ".json") == 0) ||
	       (stat(what, &st) == 0 && S_ISREG(st.st_mode));
}

enum rc policies_open(struct session_door *door, const char *what, struct known_policy *out, struct err *err)
{
	DROP(known_policy_release) struct known_policy policy = {0};
	DROP(blob_release) struct blob json = {0};
	struct session *session = NULL;

	if (!is_file(what)) {
		TRY(session_enter(door, &session, err));
		return policies_get(session, what, out, err);
	}
	TRY(policy_file_read(door->config, what, DSSE_TYPE_POLICY, &json, err));
	if (understand(&json, &policy, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", what);
	known_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}

/* The number behind the newest content of that name. */
static enum rc next_number(struct session *session, const char *name, uint64_t *out, struct err *err)
{
	struct named_policy newest = {0};
	struct err ignored = {0};
	enum rc rc = policies_look(session, name, &newest, &ignored);

	*out = session_now(session);
	/* One whose signer may not sign any more is there, but its number cannot be believed. */
	if (rc == RC_NOT_FOUND || rc == RC_DENIED)
		return RC_OK;
	if (rc != RC_OK) {
		*err = ignored;
		return rc;
	}
	if (newest.number >= *out)
		*out = newest.number + 1;
	return RC_OK;
}

static enum rc put_request(struct session *session, struct span envelope, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	struct msg request = {.type = MSG_TYPE_policy_put, .policy_put = {envelope}};

	return session_ask_for(session, ROLE_VERIFIER, &request, MSG_TYPE_ok, PUT_MS, &answer, err);
}

enum rc policies_put(struct session *session, struct span json, struct known_policy *out, struct err *err)
{
	DROP(known_policy_release) struct known_policy policy = {0};
	DROP(blob_release) struct blob copy = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg body = {.type = MSG_TYPE_policy};
	enum rc rc;

	TRY(blob_copy(&copy, json));
	TRY(understand(&copy, &policy, err));
	TRY(next_number(session, policy.policy.name, &policy.number, err));
	policy.time = session_now(session);
	body.policy = (struct msg_policy){span_text(policy.policy.name), policy.number,
		SPAN(policy.policy.id), policy.json.len, policy.time};
	TRY(signed_make(session_signer(session), &body, &envelope, err));
	rc = put_request(session, blob_span(&envelope), err);
	/* It does not have the document yet. */
	if (rc == RC_NOT_FOUND || rc == RC_STALE) {
		TRY(documents_put(session, policy.policy.id, blob_span(&policy.json), err));
		rc = put_request(session, blob_span(&envelope), err);
	}
	TRY(rc);
	snprintf(policy.signer, sizeof policy.signer, "%s", session_self(session)->name);
	known_policy_release(out);
	*out = TAKE(policy);
	return RC_OK;
}
