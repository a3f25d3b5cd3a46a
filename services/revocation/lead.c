/*
 * Of several revocation services one leads: it holds the lease, has read every journal to its end since, and
 * alone appends. All of them want the lease all the time, so that another one has it soon after the leader is
 * gone.
 */
#include <stdio.h>

#include "lib/base/log.h"
#include "services/revocation/inner.h"

void lead_add(struct revocation *revocation, struct journal *journal)
{
	revocation->journals[revocation->journal_count++] = journal;
}

bool lead_is_ours(const struct revocation *revocation)
{
	bool leads = revocation->lease != NULL && revocation->failed.rc == RC_OK;

	for (size_t i = 0; i < revocation->journal_count; i++)
		leads = leads && journal_leads(revocation->journals[i]);
	return leads;
}

void lead_name(const struct revocation *revocation, char out[static NAME_MAX_BYTES + 1])
{
	struct span holder =
		revocation->lease == NULL ? (struct span){0} : store_lease_holder(revocation->lease);
	const struct roster_member *member = roster_by_name(service_roster(revocation->service), holder);

	out[0] = '\0';
	if (lead_is_ours(revocation))
		snprintf(out, NAME_MAX_BYTES + 1, "%s", service_name(revocation->service));
	else if (member != NULL && member->role == ROLE_REVOCATION &&
		 !span_is(holder, service_name(revocation->service)))
		snprintf(out, NAME_MAX_BYTES + 1, "%s", member->name);
}

bool lead_serves(struct revocation *revocation, const struct peer *peer, uint64_t id)
{
	char name[NAME_MAX_BYTES + 1];
	struct msg moved = {.type = MSG_TYPE_moved, .id = id};

	if (lead_is_ours(revocation))
		return true;
	lead_name(revocation, name);
	if (name[0] == '\0') {
		if (id != 0)
			server_send_error(service_server(revocation->service), peer, id, RC_TIMEOUT,
				"no revocation service leads at the moment; try again");
		return false;
	}
	moved.moved.name = span_text(name);
	if (server_send(service_server(revocation->service), peer, &moved) != RC_OK)
		log_event(LOG_DEBUG, "moved.unsent", "peer is gone");
	return false;
}

/* ---- the lease ---- */

static void on_lease(void *ctx, enum store_lease_state state)
{
	struct revocation *revocation = ctx;

	for (size_t i = 0; i < revocation->journal_count; i++) {
		if (state == STORE_LEASE_HELD)
			journal_lead(revocation->journals[i], revocation->lease);
		else
			journal_follow(revocation->journals[i]);
	}
}

static enum rc want_lease(struct revocation *revocation, struct err *err)
{
	const struct store_lease_options options = {
		.key = KEY_LEAD,
		.counter_key = KEY_TOKEN,
		.holder = span_text(service_name(revocation->service)),
		.ttl_ms = LEAD_TTL_MS,
		.replace_own = true,
		.on_state = on_lease,
		.ctx = revocation,
	};

	return store_lease_open(service_store(revocation->service), &options, &revocation->lease, err);
}

static void give_up_lease(struct revocation *revocation)
{
	on_lease(revocation, STORE_LEASE_LOST);
	store_lease_close(&revocation->lease);
}

/* Whoever cannot write his file, or read the Stream, leaves the lead to others. */
static bool is_able(const struct revocation *revocation)
{
	bool able = revocation->failed.rc == RC_OK;

	for (size_t i = 0; i < revocation->journal_count; i++)
		able = able && journal_trouble(revocation->journals[i])[0] == '\0';
	return able;
}

static void tell(struct revocation *revocation, bool leads)
{
	revocation->leads = leads;
	log_event(LOG_INFO, leads ? "lead.taken" : "lead.lost", "notices=%llu",
		(unsigned long long)journal_end(revocation->log)->seq);
	service_event(revocation->service, leads ? "lead.taken" : "lead.lost", NULL,
		service_name(revocation->service), journal_end(revocation->log)->seq, NULL);
	if (leads)
		vouch_begin(revocation);
	if (revocation->follower.lead != NULL)
		revocation->follower.lead(revocation->follower.ctx, leads);
	if (leads)
		issue_head(revocation);
}

static void tick(void *ctx)
{
	struct revocation *revocation = ctx;
	struct err err = {0};
	bool able = is_able(revocation);

	if (revocation->lease != NULL && (!able || store_lease_state(revocation->lease) == STORE_LEASE_LOST))
		give_up_lease(revocation);
	if (revocation->lease == NULL && able && want_lease(revocation, &err) != RC_OK)
		log_event(LOG_ERROR, "lead.failed", "why=\"%s\"", err.text);
	if (lead_is_ours(revocation) != revocation->leads)
		tell(revocation, !revocation->leads);
}

enum rc lead_open(struct revocation *revocation, struct err *err)
{
	TRY(want_lease(revocation, err));
	return loop_every(
		service_loop(revocation->service), &revocation->lead_timer, LEAD_TICK_MS, tick, revocation);
}

void lead_close(struct revocation *revocation)
{
	loop_cancel(service_loop(revocation->service), &revocation->lead_timer);
	store_lease_close(&revocation->lease);
}
