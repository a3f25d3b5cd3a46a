#include "lib/store/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lib/store/inner.h"

/* A quiet connection is asked for a sign of life, so that a dead one is noticed before it is needed. */
#define STORE_IDLE_MS 5000u

uint32_t store_jitter(uint32_t min, uint32_t max)
{
	uint32_t number = 0;

	/* Without entropy all would reconnect at once: a pity, no danger. */
	if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
		return max;
	return min + number % (max - min + 1);
}

static void want(struct store *store)
{
	bool write = link_wants_write(&store->link);

	if (store->link.fd < 0 || store->watch.want == NULL)
		return;
	if (store->watched && store->wants_write == write)
		return;
	store->watched = true;
	store->wants_write = write;
	store->watch.want(store->watch.ctx, store->link.fd, true, write);
}

static void unwatch(struct store *store)
{
	if (store->watched && store->link.fd >= 0)
		store->watch.want(store->watch.ctx, store->link.fd, false, false);
	store->watched = false;
	store->wants_write = false;
}

static void tell(struct store *store, enum store_state state)
{
	store->status.state = state;
	store->status.restarted = state == STORE_READY && store->restarted;
	if (state == STORE_READY) {
		store->restarted = false;
		store->status.generation = store->generation;
	}
	store->status.why = state == STORE_LOST ? store->lost.rc : RC_OK;
	store->status.text = state == STORE_LOST ? store->lost.text : "";
	if (store->on_state != NULL && !store->closing)
		store->on_state(store->ctx, &store->status);
}

/* The connection is of no use any more: tell everybody, and come back later. */
static void lose(struct store *store, const struct err *why)
{
	enum phase before = store->phase;

	store->lost = *why;
	store->why = *why;
	store->phase = PHASE_DOWN;
	store->durability = STORE_DURABILITY_UNKNOWN;
	/* A refused password does not heal in milliseconds. */
	if (why->rc == RC_DENIED)
		store->retry_ms = STORE_RETRY_MAX_MS;
	store->retry_at_ms = store_now_ms(store) + store_jitter(store->retry_ms / 2, store->retry_ms);
	store->retry_ms = store->retry_ms < STORE_RETRY_MAX_MS / 2 ? store->retry_ms * 2 : STORE_RETRY_MAX_MS;
	unwatch(store);
	link_end(&store->link);
	if (before == PHASE_READY)
		commits_lost(store);
	tell(store, STORE_LOST);
}

void store_fault(struct store *store, enum rc rc, const char *format, ...)
{
	char text[ERR_TEXT_BYTES];
	va_list args;

	if (store->link.fd < 0 || store->link.fault.rc != RC_OK)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_set(&store->link.fault, rc, "%s", text);
	err_set(&store->why, rc, "%s", text);
}

enum rc store_judge(struct store *store, const char *what, const struct reply *reply)
{
	enum rc rc = reply_rc(reply);

	/* The connection's end has its words already. */
	if (reply == NULL)
		return RC_IO;
	if (reply->kind == REPLY_ERROR) {
		err_set(&store->why, rc, "redis: %s: %.*s", what,
			(int)(reply->bytes.len < 200 ? reply->bytes.len : 200),
			(const char *)reply->bytes.at);
		/* It was the master and is not any more: look for the new one. */
		if (reply_error_is(reply, "READONLY "))
			store_fault(store, RC_IO, "%s", store->why.text);
		return rc;
	}
	return err_set(&store->why, RC_MALFORMED, "redis: %s: an answer of another kind than expected", what);
}

enum rc store_call(struct store *store, const struct span *args, size_t count, uint32_t more_ms,
	link_done *done, void *ctx)
{
	uint64_t by = store_now_ms(store) + store->command_ms + more_ms;
	enum rc rc = link_call(&store->link, args, count, done, ctx, by);

	if (rc != RC_OK)
		return err_set(&store->why, rc, "redis: %s",
			rc == RC_LIMIT ? "too much is under way" : rc_words(rc));
	want(store);
	return RC_OK;
}

/* The answer to PING: whatever it is, it is a sign of life. */
static void alive(void *ctx, const struct reply *reply)
{
	(void)ctx;
	(void)reply;
}

void store_greeted(struct store *store)
{
	if (store->link.fault.rc != RC_OK)
		return;
	store->phase = PHASE_READY;
	store->retry_ms = STORE_RETRY_MIN_MS;
	store->durability = store->weak ? STORE_DURABILITY_WEAK : STORE_DURABILITY_DURABLE;
	if (store->findings[0] == '\0')
		snprintf(store->findings, sizeof store->findings,
			"redis: append-only file, fsync before each answer, no eviction");
	tell(store, STORE_READY);
	leases_tick(store, store_now_ms(store));
}

static void authenticated(void *ctx, const struct reply *reply)
{
	struct store *store = ctx;

	if (reply == NULL || reply_is_status(reply, "OK"))
		return;
	store_judge(store, "AUTH", reply);
	/* Every refusal is one, also "no such user" and "no password is set" of other versions. */
	store_fault(store, reply->kind == REPLY_ERROR && store->why.rc != RC_IO ? RC_DENIED : store->why.rc,
		"user \"%s\": %s", store->user, store->why.text);
}

static enum rc greet(struct store *store)
{
	struct span args[] = {span_text("AUTH"), span_text(store->user), blob_span(&store->password)};

	TRY(store_call(store, args, COUNT(args), 0, authenticated, store));
	return durability_ask(store);
}

static void connect_now(struct store *store)
{
	struct link_address address = {.path = store->path, .host = store->host, .port = store->port};
	struct err err = {0};

	store->phase = PHASE_GREETING;
	store->connect_by_ms = store_now_ms(store) + store->connect_ms;
	tell(store, STORE_CONNECTING);
	if (link_begin(&store->link, &address, &err) != RC_OK || greet(store) != RC_OK) {
		if (err.rc == RC_OK)
			err = store->why;
		lose(store, &err);
		return;
	}
	want(store);
}

/* Faults that no answer was there to return. */
static void check_fault(struct store *store)
{
	struct err fault = store->link.fault;

	if (store->link.fd >= 0 && fault.rc != RC_OK)
		lose(store, &fault);
}

static void serve(struct store *store, enum rc (*io)(struct link *link, struct err *err))
{
	struct err err = {0};

	if (store->link.fd < 0)
		return;
	store->serving++;
	if (io(&store->link, &err) != RC_OK) {
		lose(store, &err);
	} else {
		store->heard_ms = store_now_ms(store);
		commits_start(store);
		check_fault(store);
		want(store);
	}
	store->serving--;
}

void store_on_readable(struct store *store)
{
	/* A failed connect() is both; its reason is found by writing. */
	serve(store, store->link.connected ? link_read : link_write);
}

void store_on_writable(struct store *store)
{
	serve(store, link_write);
}

/* The oldest call is the one that is due first, but for those that may take longer: then a little later. */
static bool is_overdue(const struct store *store, uint64_t now_ms)
{
	const struct link *link = &store->link;

	if (store->phase == PHASE_GREETING)
		return now_ms >= store->connect_by_ms;
	return link->count != 0 && now_ms >= link->calls[link->first].deadline_ms;
}

static void check_overdue(struct store *store, uint64_t now_ms)
{
	struct err err = {0};

	if (store->link.fd < 0 || !is_overdue(store, now_ms))
		return;
	/* If it was us who slept, the answer is there already. */
	if (store->link.connected)
		serve(store, link_read);
	if (store->link.fd < 0 || !is_overdue(store, now_ms))
		return;
	err_set(&err, RC_TIMEOUT, "redis: no answer in time");
	lose(store, &err);
}

void store_tick(struct store *store)
{
	uint64_t now_ms = store_now_ms(store);
	struct span ping = span_text("PING");

	store->serving++;
	if (store->phase == PHASE_DOWN && now_ms >= store->retry_at_ms)
		connect_now(store);
	check_overdue(store, now_ms);
	commits_tick(store, now_ms);
	leases_tick(store, now_ms);
	check_fault(store);
	if (store->phase == PHASE_READY && store->link.count == 0 &&
		now_ms - store->heard_ms >= STORE_IDLE_MS &&
		store_call(store, &ping, 1, 0, alive, NULL) == RC_OK)
		store->heard_ms = now_ms;
	want(store);
	store->serving--;
}

void store_watch(struct store *store, const struct store_watch *watch)
{
	unwatch(store);
	store->watch = watch != NULL ? *watch : (struct store_watch){0};
	want(store);
}

const struct store_status *store_status(const struct store *store)
{
	return &store->status;
}

const char *store_why(const struct store *store)
{
	return store->why.text;
}

static enum rc check_options(const struct store_options *options, struct err *err)
{
	if ((options->path == NULL) == (options->host == NULL))
		return err_set(err, RC_MALFORMED, "store: a socket path or a host, and not both");
	if (options->path != NULL && options->path[0] != '/')
		return err_set(err, RC_MALFORMED, "store: %s is not an absolute path", options->path);
	if (options->host != NULL && (!link_is_numeric(options->host) || options->port == 0))
		return err_set(err, RC_MALFORMED, "store: %s: a numeric address and a port are needed",
			options->host);
	if (options->host != NULL && !link_is_loopback(options->host) && !options->off_host_is_protected)
		return err_set(err, RC_DENIED,
			"store: %s is another host, and this connection is not encrypted; put mutual TLS in "
			"between (stunnel) and connect to its local end",
			options->host);
	if (options->user == NULL || options->user[0] == '\0' ||
		strlen(options->user) > STORE_USER_MAX_BYTES || options->password.len == 0 ||
		options->password.len > STORE_PASSWORD_MAX_BYTES)
		return err_set(err, RC_MALFORMED, "store: a user and a password are needed");
	if (options->replicas > STORE_REPLICAS_MAX || options->connect_ms > STORE_TIME_MAX_MS ||
		options->command_ms > STORE_TIME_MAX_MS || options->replica_ms > STORE_TIME_MAX_MS)
		return err_set(err, RC_MALFORMED, "store: at most %u replicas and times of %u ms",
			STORE_REPLICAS_MAX, STORE_TIME_MAX_MS);
	return RC_OK;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value != 0 ? value : otherwise;
}

enum rc store_open(const struct store_options *options, struct store **out, struct err *err)
{
	DROP(store_close) struct store *store = NULL;

	TRY(check_options(options, err));
	store = calloc(1, sizeof *store);
	if (store == NULL)
		return err_set(err, RC_NOMEM, "store: out of memory");
	store->link.fd = -1;
	store->clock = options->clock != NULL ? options->clock : clock_system();
	store->path = options->path != NULL ? strdup(options->path) : NULL;
	store->host = options->host != NULL ? strdup(options->host) : NULL;
	if ((store->path == NULL && store->host == NULL) ||
		blob_copy(&store->password, options->password) != RC_OK)
		return err_set(err, RC_NOMEM, "store: out of memory");
	store->port = options->port;
	snprintf(store->user, sizeof store->user, "%s", options->user);
	store->replicas = options->replicas;
	store->connect_ms = or_default(options->connect_ms, STORE_CONNECT_MS);
	store->command_ms = or_default(options->command_ms, STORE_COMMAND_MS);
	store->replica_ms = or_default(options->replica_ms, STORE_REPLICA_MS);
	store->on_state = options->on_state;
	store->ctx = options->ctx;
	store->retry_ms = STORE_RETRY_MIN_MS;
	store->status = (struct store_status){.state = STORE_CONNECTING, .text = ""};
	*out = TAKE(store);
	return RC_OK;
}

void store_close(struct store **store)
{
	struct store *old;

	if (store == NULL || *store == NULL)
		return;
	old = *store;
	assert(old->serving == 0);
	*store = NULL;
	old->closing = true;
	old->phase = PHASE_DOWN;
	err_set(&old->why, RC_IO, "store: closed");
	unwatch(old);
	link_end(&old->link);
	commits_lost(old);
	leases_orphan(old);
	blob_release(&old->password);
	free(old->path);
	free(old->host);
	free(old);
}
