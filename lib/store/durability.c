#include "lib/store/durability.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/store/inner.h"

/* CONFIG GET one by one: one call with several names is Redis 7 only, and a refusal of one hides the rest. */
static const struct {
	const char *name;
	const char *value;
	const char *why;
} settings[] = {
	{"appendonly", "yes", "a restart loses everything"},
	{"appendfsync", "always", "what was acknowledged last may be lost with the power"},
	{"maxmemory-policy", "noeviction", "records may be thrown away when memory is short"},
};

static void finding(struct store *store, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void finding(struct store *store, const char *format, ...)
{
	size_t at = strlen(store->findings);
	va_list args;

	store->weak = true;
	if (at != 0 && at < sizeof store->findings - 1)
		store->findings[at++] = '\n';
	va_start(args, format);
	vsnprintf(store->findings + at, sizeof store->findings - at, format, args);
	va_end(args);
}

struct span info_find(struct span info, const char *name)
{
	size_t len = strlen(name);

	while (info.len > len) {
		const uint8_t *end = memchr(info.at, '\n', info.len);
		size_t line = end != NULL ? (size_t)(end - info.at) : info.len;

		if (line > len && memcmp(info.at, name, len) == 0 && info.at[len] == ':') {
			struct span value = span_of(info.at + len + 1, line - len - 1);

			if (value.len != 0 && value.at[value.len - 1] == '\r')
				value.len--;
			return value;
		}
		if (end == NULL)
			break;
		info = span_of(info.at + line + 1, info.len - line - 1);
	}
	return (struct span){0};
}

/* An identity of letters and digits, or nothing. */
static bool run_id_holds(struct span id)
{
	if (id.len == 0 || id.len > RUN_ID_MAX_BYTES)
		return false;
	for (size_t i = 0; i < id.len; i++)
		if (!((id.at[i] >= '0' && id.at[i] <= '9') || (id.at[i] >= 'a' && id.at[i] <= 'f')))
			return false;
	return true;
}

static void note_run_id(struct store *store, struct span id)
{
	if (!run_id_holds(id)) {
		store_fault(store, RC_MALFORMED, "redis: INFO does not name its run");
		return;
	}
	if (span_is(id, store->run_id))
		return;
	store->restarted = store->run_id[0] != '\0';
	store->generation++;
	memcpy(store->run_id, id.at, id.len);
	store->run_id[id.len] = '\0';
}

/* A number of at most 9 digits; anything else is 0. */
static unsigned number(struct span text)
{
	unsigned value = 0;

	if (text.len > 9)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return 0;
		value = value * 10 + (text.at[i] - '0');
	}
	return value;
}

static void info_came(void *ctx, const struct reply *reply)
{
	struct store *store = ctx;
	unsigned replicas;

	if (reply == NULL)
		return;
	if (reply->kind != REPLY_STRING) {
		enum rc rc = store_judge(store, "INFO", reply);

		store_fault(store, rc, "%s", store->why.text);
		return;
	}
	if (span_is(info_find(reply->bytes, "loading"), "1")) {
		store_fault(store, RC_IO, "redis: it is still loading its data");
		return;
	}
	note_run_id(store, info_find(reply->bytes, "run_id"));
	if (!span_is(info_find(reply->bytes, "role"), "master"))
		finding(store, "redis role: a replica, expected the master; it takes no writes");
	replicas = number(info_find(reply->bytes, "connected_slaves"));
	if (replicas < store->replicas)
		finding(store,
			"redis replicas: %u connected, %u expected; nothing is acknowledged until they are",
			replicas, store->replicas);
	if (span_is(info_find(reply->bytes, "aof_last_write_status"), "err"))
		finding(store, "redis aof_last_write_status: err; look for a full or failing disk");
}

static void setting_came(void *ctx, const struct reply *reply)
{
	struct store *store = ctx;
	size_t at = store->settings_seen++;
	struct span value = {0};

	if (reply != NULL && reply->kind == REPLY_ARRAY && reply->count == 2 &&
		reply->elements[1]->kind == REPLY_STRING)
		value = reply->elements[1]->bytes;
	if (reply != NULL && value.len == 0)
		finding(store, "redis %s: unknown, expected %s; allow +config|get to user %s",
			settings[at].name, settings[at].value, store->user);
	else if (reply != NULL && !span_is(value, settings[at].value))
		finding(store, "redis %s: %.*s, expected %s: %s; set it in redis.conf", settings[at].name,
			(int)(value.len < 32 ? value.len : 32), (const char *)value.at, settings[at].value,
			settings[at].why);
	if (reply != NULL && at + 1 == COUNT(settings))
		store_greeted(store);
}

enum rc durability_ask(struct store *store)
{
	struct span info = span_text("INFO");

	store->findings[0] = '\0';
	store->weak = false;
	store->settings_seen = 0;
	TRY(store_call(store, &info, 1, 0, info_came, store));
	for (size_t i = 0; i < COUNT(settings); i++) {
		struct span args[] = {span_text("CONFIG"), span_text("GET"), span_text(settings[i].name)};

		TRY(store_call(store, args, COUNT(args), 0, setting_came, store));
	}
	return RC_OK;
}

enum store_durability store_durability(const struct store *store, const char **text)
{
	*text = store->durability == STORE_DURABILITY_UNKNOWN ? "redis: not connected" : store->findings;
	return store->durability;
}
