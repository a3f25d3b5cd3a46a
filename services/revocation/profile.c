/* What the tenant says about nodes: taken into the notice log, and told. */
#include "lib/pki/san.h"
#include "services/revocation/inner.h"

#define AHEAD_MAX_MS UINT64_C(300000) /* proto/PROTOCOL.md, 8 */

/* The fields that the schema cannot check: addresses have one of two lengths, and the names are names. */
static enum rc check_profile(const struct msg_profile *profile, struct err *err)
{
	struct list addresses = profile->addresses;
	struct list names = profile->names;
	struct elem_address address;
	struct elem_dns_name name;

	while (ELEM_NEXT(address, &addresses, &address))
		if (address.address.len != 4 && address.address.len != 16)
			return err_set(err, RC_MALFORMED, "profile: an address has 4 or 16 bytes, not %zu",
				address.address.len);
	while (ELEM_NEXT(dns_name, &names, &name))
		if (!san_holds((struct san){SAN_DNS, name.name}))
			return err_set(
				err, RC_MALFORMED, "profile: \"%.*s\" is no DNS name", SPAN_FMT(name.name));
	return RC_OK;
}

static enum rc put_profile(
	struct revocation *revocation, const struct peer *peer, const struct msg *msg, struct err *err)
{
	struct signed_msg request;
	uint64_t now = service_now(revocation->service);

	TRY(roster_signed_now(service_roster(revocation->service), msg->profile_put.request, MSG_TYPE_profile,
		ROLES_PROVISION, now, &request, err));
	/* Until then none that is dated rightly would count. */
	if (request.msg.profile.time > now + AHEAD_MAX_MS)
		return err_set(err, RC_DENIED, "profile: dated more than %llu minutes ahead",
			(unsigned long long)AHEAD_MAX_MS / 60000);
	TRY(check_profile(&request.msg.profile, err));
	return issue_cause(revocation, peer, msg->id, msg->profile_put.request, err);
}

void profile_on_put(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct err err = {0};
	enum rc rc;

	(void)frame;
	if (!lead_serves(revocation, peer, msg->id))
		return;
	rc = put_profile(revocation, peer, msg, &err);
	if (rc != RC_OK)
		issue_refuse(revocation, peer, msg->id, rc, &err);
}

/* The profile as the tenant signed it, from the notice that has it. */
static enum rc find_profile(struct revocation *revocation, struct span id, struct blob *notice,
	struct msg *answer, struct err *err)
{
	const struct watched *node = watched_find(&revocation->watched, id.at);
	struct msg body;

	if (node == NULL || node->profile_seq == 0 || node->profile_seq > journal_end(revocation->log)->seq)
		return err_set(err, RC_NOT_FOUND, "this node was not described");
	TRY(journal_read(revocation->log, node->profile_seq, notice, err));
	TRY(journal_body(&journal_notices, blob_span(notice), &body, err));
	answer->profile_info.profile = body.notice.cause;
	return RC_OK;
}

void profile_on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct revocation *revocation = ctx;
	struct msg answer = {.type = MSG_TYPE_profile_info, .id = msg->id};
	DROP(blob_release) struct blob notice = {0};
	struct err err = {0};
	enum rc rc = find_profile(revocation, msg->profile_get.node, &notice, &answer, &err);

	(void)frame;
	if (rc == RC_OK)
		rc = server_send(service_server(revocation->service), peer, &answer);
	if (rc != RC_OK)
		server_send_error(service_server(revocation->service), peer, msg->id, rc, err.text);
}
