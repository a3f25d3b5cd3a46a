#include "lib/store/lease.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/store/inner.h"

#define TOKEN_BYTES     8u
#define PROOF_MAX_BYTES (TOKEN_BYTES + STORE_HOLDER_MAX_BYTES)
#define COUNTER_MAX     20u /* digits */
#define TOKEN_MAX       ((uint64_t)INT64_MAX)
#define RETRY_MIN_MS    50u

/* Invariant: while `open` answers are to come the lease is not freed; held_ms is set when state is HELD, and
 * is never later than the moment from which Redis counts. */
struct store_lease {
	struct store_lease *next;
	struct store *store; /* NULL: the store is closed */
	char key[STORE_KEY_MAX_BYTES + 1];
	char counter_key[STORE_KEY_MAX_BYTES + 1];
	uint8_t holder[STORE_HOLDER_MAX_BYTES];
	size_t holder_len;
	uint32_t ttl_ms;
	uint64_t token_floor;
	bool replace_own;
	void (*on_state)(void *ctx, enum store_lease_state state);
	void *ctx;

	enum store_lease_state state;
	bool closed;
	unsigned open;
	uint64_t next_ms;  /* when to try again, or to renew */
	uint64_t asked_ms; /* when what is under way was asked for */
	uint64_t held_ms;
	uint64_t token;
	uint8_t proof[PROOF_MAX_BYTES]; /* token ‖ holder, as it is in Redis */
	uint8_t seen[PROOF_MAX_BYTES];  /* what was there at the last look */
	size_t seen_len;
};

static struct span own_holder(const struct store_lease *lease)
{
	return span_of(lease->holder, lease->holder_len);
}

static struct span proof(const struct store_lease *lease)
{
	return span_of(lease->proof, TOKEN_BYTES + lease->holder_len);
}

struct span store_lease_holder(const struct store_lease *lease)
{
	if (lease->state == STORE_LEASE_HELD)
		return own_holder(lease);
	return lease->seen_len <= TOKEN_BYTES
	               ? (struct span){0}
	               : span_of(lease->seen + TOKEN_BYTES, lease->seen_len - TOKEN_BYTES);
}

enum store_lease_state store_lease_state(const struct store_lease *lease)
{
	return lease->state;
}

static bool is_live(const struct store_lease *lease)
{
	return lease->store != NULL && lease->state == STORE_LEASE_HELD &&
	       store_now_ms(lease->store) < lease->held_ms + lease->ttl_ms;
}

uint64_t store_lease_token(const struct store_lease *lease)
{
	return is_live(lease) ? lease->token : 0;
}

bool lease_proof(const struct store_lease *lease, const char **key, struct span *value)
{
	if (!is_live(lease))
		return false;
	*key = lease->key;
	*value = proof(lease);
	return true;
}

static void lease_free(struct store_lease *lease)
{
	struct store_lease **at;

	if (lease->store != NULL) {
		for (at = &lease->store->leases; *at != NULL && *at != lease; at = &(*at)->next)
			;
		if (*at == lease) {
			*at = lease->next;
			lease->store->lease_count--;
		}
	}
	free(lease);
}

/* An answer came. False: nobody wants the lease any more, and it is gone. */
static bool answered(struct store_lease *lease)
{
	lease->open--;
	if (!lease->closed)
		return true;
	if (lease->open == 0)
		lease_free(lease);
	return false;
}

static void become(struct store_lease *lease, enum store_lease_state state)
{
	lease->state = state;
	if (lease->on_state != NULL)
		lease->on_state(lease->ctx, state);
}

static void lost(struct store_lease *lease)
{
	if (lease->state == STORE_LEASE_HELD)
		become(lease, STORE_LEASE_LOST);
}

/* Try again, not all at the same time. */
static void try_later(struct store_lease *lease)
{
	uint32_t most = lease->ttl_ms / 4 > RETRY_MIN_MS ? lease->ttl_ms / 4 : RETRY_MIN_MS;

	if (lease->store != NULL)
		lease->next_ms = store_now_ms(lease->store) + store_jitter(most / 2, most);
}

static void claimed(void *ctx, enum rc rc)
{
	struct store_lease *lease = ctx;

	if (!answered(lease))
		return;
	if (rc != RC_OK) {
		try_later(lease);
		return;
	}
	lease->held_ms = lease->asked_ms;
	lease->next_ms = lease->held_ms + lease->ttl_ms / 3;
	become(lease, STORE_LEASE_HELD);
}

/* Decimal digits without sign or leading zero; an absent counter is 0. */
static enum rc counter_parse(struct span text, uint64_t *out)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len >= COUNTER_MAX || (text.len > 1 && text.at[0] == '0'))
		return RC_MALFORMED;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return RC_MALFORMED;
		value = value * 10 + (text.at[i] - '0');
	}
	if (value >= TOKEN_MAX)
		return RC_LIMIT;
	*out = value;
	return RC_OK;
}

static uint64_t token_read(const uint8_t at[static TOKEN_BYTES])
{
	uint64_t token = 0;

	for (size_t i = 0; i < TOKEN_BYTES; i++)
		token = token << 8 | at[i];
	return token;
}

static void token_write(uint64_t token, uint8_t at[static TOKEN_BYTES])
{
	for (size_t i = TOKEN_BYTES; i-- > 0; token >>= 8)
		at[i] = (uint8_t)token;
}

/* Higher than the counter, than what we know from elsewhere, and than what is in the lease itself. */
static enum rc token_next(struct store_lease *lease, const struct span *counter, uint64_t *out)
{
	uint64_t token = 0;

	if (counter != NULL)
		TRY(counter_parse(*counter, &token));
	if (token < lease->token_floor)
		token = lease->token_floor;
	if (lease->seen_len >= TOKEN_BYTES && token < token_read(lease->seen))
		token = token_read(lease->seen);
	if (token >= TOKEN_MAX)
		return RC_LIMIT;
	*out = token + 1;
	return RC_OK;
}

/* Only if lease and counter are still as they were seen. */
static enum rc claim(struct store_lease *lease, const struct span *counter)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span seen = span_of(lease->seen, lease->seen_len);
	char digits[COUNTER_MAX + 4];
	uint64_t token;

	TRY(token_next(lease, counter, &token));
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)token);
	lease->token = token;
	token_write(token, lease->proof);
	memcpy(lease->proof + TOKEN_BYTES, lease->holder, lease->holder_len);
	TRY(store_batch_expect(&batch, lease->key, seen.len != 0 ? &seen : NULL));
	TRY(store_batch_expect(&batch, lease->counter_key, counter));
	TRY(store_batch_set(&batch, lease->counter_key, span_text(digits), 0));
	TRY(store_batch_set(&batch, lease->key, proof(lease), lease->ttl_ms));
	lease->asked_ms = store_now_ms(lease->store);
	return store_commit(lease->store, NULL, &batch, claimed, lease);
}

static void counter_came(void *ctx, enum rc rc, struct span value)
{
	struct store_lease *lease = ctx;
	enum rc started = rc;

	if (!answered(lease))
		return;
	if (rc == RC_OK || rc == RC_NOT_FOUND)
		started = claim(lease, rc == RC_OK ? &value : NULL);
	if (started == RC_OK)
		lease->open++;
	else
		try_later(lease);
}

/* It is free, or our own name is on it and we may replace that. */
static bool may_claim(const struct store_lease *lease)
{
	return lease->seen_len == 0 || (lease->replace_own && lease->seen_len > TOKEN_BYTES &&
					       span_equal(store_lease_holder(lease), own_holder(lease)));
}

static void lease_came(void *ctx, enum rc rc, struct span value)
{
	struct store_lease *lease = ctx;

	if (!answered(lease))
		return;
	lease->seen_len = value.len;
	if (value.len != 0)
		memcpy(lease->seen, value.at, value.len);
	if ((rc == RC_OK || rc == RC_NOT_FOUND) && may_claim(lease) &&
		store_get(lease->store, lease->counter_key, COUNTER_MAX, counter_came, lease) == RC_OK)
		lease->open++;
	else
		try_later(lease);
}

static void renewed(void *ctx, enum rc rc)
{
	struct store_lease *lease = ctx;

	if (!answered(lease))
		return;
	if (rc == RC_OK) {
		lease->held_ms = lease->asked_ms;
		lease->next_ms = lease->held_ms + lease->ttl_ms / 3;
	} else if (rc == RC_STALE || rc == RC_EXISTS || rc == RC_NOT_FOUND) {
		lost(lease);
	} else if (lease->store != NULL) {
		lease->next_ms = store_now_ms(lease->store) + RETRY_MIN_MS;
	}
}

/* The lease itself, with another end, if it is ours. */
static enum rc renew(struct store_lease *lease)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span ours = proof(lease);

	TRY(store_batch_expect(&batch, lease->key, &ours));
	TRY(store_batch_expire(&batch, lease->key, lease->ttl_ms));
	lease->asked_ms = store_now_ms(lease->store);
	return store_commit(lease->store, NULL, &batch, renewed, lease);
}

static void lease_tick(struct store_lease *lease, uint64_t now_ms)
{
	enum rc rc;

	if (lease->state == STORE_LEASE_HELD && now_ms >= lease->held_ms + lease->ttl_ms) {
		lost(lease);
		return;
	}
	if (lease->closed || lease->state == STORE_LEASE_LOST || lease->open != 0 ||
		now_ms < lease->next_ms || lease->store->phase != PHASE_READY)
		return;
	if (lease->state == STORE_LEASE_HELD)
		rc = renew(lease);
	else
		rc = store_get(lease->store, lease->key, PROOF_MAX_BYTES, lease_came, lease);
	if (rc == RC_OK)
		lease->open++;
	else
		lease->next_ms = now_ms + RETRY_MIN_MS;
}

/* A callback may close any lease: after each that did something start over. */
void leases_tick(struct store *store, uint64_t now_ms)
{
	struct store_lease *lease = store->leases;

	while (lease != NULL) {
		enum store_lease_state before = lease->state;
		bool told = before == STORE_LEASE_HELD && now_ms >= lease->held_ms + lease->ttl_ms;

		lease_tick(lease, now_ms);
		lease = told ? store->leases : lease->next;
	}
}

void leases_refused(struct store *store, struct span key, struct span value)
{
	for (struct store_lease *lease = store->leases; lease != NULL; lease = lease->next) {
		if (lease->state == STORE_LEASE_HELD && span_equal(span_text(lease->key), key) &&
			span_equal(proof(lease), value)) {
			lost(lease);
			return;
		}
	}
}

void leases_orphan(struct store *store)
{
	while (store->leases != NULL) {
		struct store_lease *lease = store->leases;

		store->leases = lease->next;
		lease->store = NULL;
		lease->state = STORE_LEASE_LOST;
	}
}

static enum rc check_options(const struct store_lease_options *options, struct err *err)
{
	if (options->key[0] == '\0' || strlen(options->key) > STORE_KEY_MAX_BYTES ||
		options->counter_key[0] == '\0' || strlen(options->counter_key) > STORE_KEY_MAX_BYTES)
		return err_set(err, RC_LIMIT, "lease: the keys are empty or too long");
	if (options->holder.len == 0 || options->holder.len > STORE_HOLDER_MAX_BYTES)
		return err_set(err, RC_LIMIT, "lease: the holder has 1 to %u bytes", STORE_HOLDER_MAX_BYTES);
	if (options->ttl_ms < STORE_LEASE_MIN_MS || options->ttl_ms > STORE_LEASE_MAX_MS)
		return err_set(
			err, RC_LIMIT, "lease: it lasts %u to %u ms", STORE_LEASE_MIN_MS, STORE_LEASE_MAX_MS);
	return RC_OK;
}

enum rc store_lease_open(struct store *store, const struct store_lease_options *options,
	struct store_lease **out, struct err *err)
{
	struct store_lease *lease;

	TRY(check_options(options, err));
	if (store->lease_count == STORE_LEASES_MAX)
		return err_set(err, RC_LIMIT, "lease: %u are open already", STORE_LEASES_MAX);
	lease = calloc(1, sizeof *lease);
	if (lease == NULL)
		return err_set(err, RC_NOMEM, "lease: out of memory");
	lease->store = store;
	snprintf(lease->key, sizeof lease->key, "%s", options->key);
	snprintf(lease->counter_key, sizeof lease->counter_key, "%s", options->counter_key);
	memcpy(lease->holder, options->holder.at, options->holder.len);
	lease->holder_len = options->holder.len;
	lease->ttl_ms = options->ttl_ms;
	lease->token_floor = options->token_floor;
	lease->replace_own = options->replace_own;
	lease->on_state = options->on_state;
	lease->ctx = options->ctx;
	lease->next = store->leases;
	store->leases = lease;
	store->lease_count++;
	*out = lease;
	return RC_OK;
}

/* Nobody waits for it; if it is not given back, it runs out. */
static void given_back(void *ctx, enum rc rc)
{
	(void)ctx;
	(void)rc;
}

static enum rc give_back(struct store_lease *lease)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	struct span ours = proof(lease);

	TRY(store_batch_expect(&batch, lease->key, &ours));
	TRY(store_batch_delete(&batch, lease->key));
	return store_commit(lease->store, NULL, &batch, given_back, NULL);
}

void store_lease_close(struct store_lease **lease)
{
	struct store_lease *old;

	if (lease == NULL || *lease == NULL)
		return;
	old = *lease;
	*lease = NULL;
	/* Best effort, as the header says. */
	if (is_live(old) && give_back(old) != RC_OK)
		old->held_ms = 0;
	old->state = STORE_LEASE_LOST;
	old->closed = true;
	if (old->open == 0)
		lease_free(old);
}
