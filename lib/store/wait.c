#include <assert.h>
#include <errno.h>
#include <poll.h>

#include "lib/store/inner.h"

/* One turn of a reactor for the store alone, of at most ms. */
static void turn(struct store *store, uint64_t ms)
{
	struct pollfd one = {.fd = store->link.fd, .events = POLLIN};
	int n;

	if (link_wants_write(&store->link))
		one.events |= POLLOUT;
	/* poll() skips a negative descriptor: then it is a pause until the next attempt to connect. */
	n = poll(&one, 1, ms < STORE_TICK_MS ? (int)ms : (int)STORE_TICK_MS);
	if (n > 0 && (one.revents & POLLOUT) != 0)
		store_on_writable(store);
	if (n > 0 && (one.revents & (POLLIN | POLLERR | POLLHUP)) != 0)
		store_on_readable(store);
	store_tick(store);
}

enum rc store_wait_until(
	struct store *store, bool (*holds)(const void *ctx), const void *ctx, uint32_t ms, struct err *err)
{
	uint64_t now_ms = store_now_ms(store);
	uint64_t by_ms = now_ms + ms;

	assert(store->serving == 0);
	/* What happened already is seen first: a connection may be gone that looks well. */
	turn(store, 0);
	while (!holds(ctx)) {
		now_ms = store_now_ms(store);
		if (now_ms >= by_ms)
			return err_set(err, RC_TIMEOUT, "store: nothing happened for %u ms%s%s", ms,
				store->phase == PHASE_READY ? "" : ": ",
				store->phase == PHASE_READY ? "" : store->lost.text);
		turn(store, by_ms - now_ms);
	}
	return RC_OK;
}

static bool is_settled(const void *ctx)
{
	const struct store *store = ctx;

	return store->phase == PHASE_READY || store->status.why == RC_DENIED;
}

enum rc store_wait_ready(struct store *store, uint32_t ms, struct err *err)
{
	TRY(store_wait_until(store, is_settled, store, ms, err));
	if (store->phase != PHASE_READY)
		return err_set(err, store->lost.rc, "%s", store->lost.text);
	return RC_OK;
}

struct ending {
	bool ended;
	enum rc at_timeout; /* what to say when it has not ended in time */
	enum rc rc;
	store_each *each;
	void *ctx;
};

static bool has_ended(const void *ctx)
{
	return ((const struct ending *)ctx)->ended;
}

static void ended(void *ctx, enum rc rc)
{
	struct ending *ending = ctx;

	ending->ended = true;
	ending->rc = rc;
}

static bool pass_on(void *ctx, struct span field, struct span value)
{
	struct ending *ending = ctx;

	return ending->each(ending->ctx, field, value);
}

/* Until it ended. What was started borrows `ending`, so there is no way out before: after `ms` the connection
 * is given up, which ends everything. */
static enum rc finish(struct store *store, struct ending *ending, uint32_t ms, struct err *err)
{
	enum rc rc = store_wait_until(store, has_ended, ending, ms, err);

	if (rc != RC_OK) {
		store_fault(store, RC_TIMEOUT, "%s", "store: given up after its time");
		store_tick(store);
		return err_set(err, ending->at_timeout, "store: no answer within %u ms", ms);
	}
	if (ending->rc != RC_OK)
		return err_set(err, ending->rc, "%s", store_why(store));
	return RC_OK;
}

enum rc store_wait_each(struct store *store, const char *key, size_t max, store_each *each, void *ctx,
	uint32_t ms, struct err *err)
{
	struct ending ending = {.at_timeout = RC_TIMEOUT, .each = each, .ctx = ctx};
	enum rc rc = store_hash_each(store, key, max, pass_on, ended, &ending);

	if (rc != RC_OK)
		return err_set(err, rc, "%s", store_why(store));
	return finish(store, &ending, ms, err);
}

enum rc store_wait_commit(struct store *store, const struct store_lease *lease, struct store_batch *batch,
	uint32_t ms, struct err *err)
{
	/* It may have been written: not known. */
	struct ending ending = {.at_timeout = RC_IO};
	enum rc rc = store_commit(store, lease, batch, ended, &ending);

	if (rc != RC_OK)
		return err_set(err, rc, "%s", store_why(store));
	return finish(store, &ending, ms, err);
}

static bool is_held(const void *ctx)
{
	return store_lease_state(ctx) != STORE_LEASE_WAITING;
}

enum rc store_wait_lease(struct store *store, const struct store_lease *lease, uint32_t ms, struct err *err)
{
	TRY(store_wait_until(store, is_held, lease, ms, err));
	if (store_lease_state(lease) != STORE_LEASE_HELD)
		return err_set(err, RC_STALE, "store: the lease was lost as soon as it was there");
	return RC_OK;
}
