#include <stdarg.h>
#include <stdio.h>

#include "lib/base/log.h"
#include "lib/service/inner.h"
#include "lib/store/durability.h"

#define FACTS_MAX 64

struct facts {
	struct blob raw;
	size_t count;
};

void facts_add(struct facts *facts, enum fact_level level, const char *name, const char *mend,
	const char *format, ...)
{
	char text[TEXT_MAX];
	struct elem_fact fact = {.name = span_text(name), .level = level, .mend = span_text(mend)};
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* What is shown may hold anything that Redis or a peer said. */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	fact.text = span_text(text);
	if (facts->count < FACTS_MAX && ELEM_APPEND(fact, &fact, &facts->raw) == RC_OK)
		facts->count++;
}

static void add_store_fact(struct service *service, struct facts *facts)
{
	const struct store_status *status = store_status(service->store);
	const char *text = "";
	enum store_durability durability = store_durability(service->store, &text);

	if (status->state != STORE_READY)
		facts_add(facts, FACT_BAD, "redis",
			"start Redis, or mend redis-socket, redis-user and redis-password",
			"not connected: %s", status->text == NULL ? rc_words(status->why) : status->text);
	else if (durability != STORE_DURABILITY_DURABLE)
		facts_add(facts, FACT_WARN, "redis", "see the text: each line says what to set",
			"connected, not durable: %s", text);
	else
		facts_add(facts, FACT_GOOD, "redis", NULL, "connected; what is acknowledged is durable");
}

static uint64_t dropped(const struct bus_counts *counts)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < DROP_COUNT; i++)
		sum += counts->dropped[i];
	return sum;
}

static void add_bus_facts(struct service *service, struct facts *facts)
{
	const struct bus_counts *counts = server_counts(service->server);
	const struct bus_admissions *admissions = bus_admissions(service->bus);
	struct bus_options wanted = {.peers_max = (unsigned)service->options.config->peers_max,
		.links_max = service->options.links_max};
	struct err err = {0};
	bool enough = false;

	facts_add(facts, FACT_GOOD, "messages", NULL, "%llu in, %llu out, %llu dropped",
		(unsigned long long)counts->in, (unsigned long long)counts->out,
		(unsigned long long)dropped(counts));
	facts_add(facts, FACT_GOOD, "connections", NULL, "%llu admitted, %llu refused",
		(unsigned long long)admissions->admitted, (unsigned long long)admissions->refused);
	if (bus_check_limits(&wanted, &enough, &err) == RC_OK && !enough)
		facts_add(facts, FACT_WARN, "open files",
			"raise LimitNOFILE of this service, or lower peers-max", "%s", err.text);
}

void status_on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct service *service = ctx;
	struct facts facts = {0};
	struct msg answer = {.type = MSG_TYPE_status, .id = msg->id};

	(void)frame;
	add_store_fact(service, &facts);
	add_bus_facts(service, &facts);
	roster_add_facts(service, &facts);
	if (service->options.status != NULL)
		service->options.status(service->options.ctx, &facts);
	answer.status = (struct msg_status){
		.name = span_text(service->name),
		.role = service->options.role,
		.program = span_text(service->options.program),
		.roster = roster_number(service->roster),
		.time = service_now(service),
		.uptime_ms = clock_mono_ms(loop_clock(service->loop)) - service->started_ms,
		.facts = {blob_span(&facts.raw), facts.count},
	};
	if (server_send(service->server, peer, &answer) != RC_OK)
		log_event(LOG_DEBUG, "status.unsent", "peer is gone");
	blob_release(&facts.raw);
}
