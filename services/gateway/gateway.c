#include "services/gateway/gateway.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/sandbox/sandbox.h"
#include "services/gateway/inner.h"

#define TICK_MS 1000

bool gateway_is_blind(const struct gateway *gateway)
{
	struct follow_status status = follow_status(gateway->follow);

	return status.is_blind || status.is_forked;
}

/* ---- HTTP ---- */

static void give(struct gateway *gateway, struct http_request *request, struct document *document)
{
	if (document == NULL)
		http_say(request, 503, "Not there yet");
	else
		http_give(request, document, gateway_now(gateway));
}

static void on_ca_der(void *ctx, struct http_request *request)
{
	struct gateway *gateway = ctx;

	give(gateway, request, gateway->authority.der);
}

static void on_ca_pem(void *ctx, struct http_request *request)
{
	struct gateway *gateway = ctx;

	give(gateway, request, gateway->authority.pem);
}

static void on_crl(void *ctx, struct http_request *request)
{
	struct gateway *gateway = ctx;

	give(gateway, request, gateway->copies[0].document);
}

static void on_delta(void *ctx, struct http_request *request)
{
	struct gateway *gateway = ctx;

	give(gateway, request, gateway->copies[1].document);
}

static const struct http_route routes[] = {
	{"/ca.crt", HTTP_GET, 0, on_ca_der},
	{"/ca.pem", HTTP_GET, 0, on_ca_pem},
	{"/ca.crl", HTTP_GET, 0, on_crl},
	{"/ca-delta.crl", HTTP_GET, 0, on_delta},
	{"/ocsp", HTTP_POST, OCSP_REQUEST_MAX, ocsp_on_post},
	{"/ocsp/", HTTP_GET | HTTP_POST, OCSP_REQUEST_MAX, ocsp_on_get},
	{"/healthz", HTTP_GET, 0, health_on_get},
};

static void panic(const char *file, unsigned line, const char *reason)
{
	log_event(LOG_ERROR, "http.broken", "file=%s line=%u text=\"%s\"", file, line, reason);
	abort();
}

static void run_http(void *ctx)
{
	struct gateway *gateway = ctx;
	uint64_t wait;

	http_run(gateway->http);
	wait = http_wait_ms(gateway->http);
	if (wait == UINT64_MAX)
		loop_cancel(gateway->loop, &gateway->http_timer);
	else if (loop_after(gateway->loop, &gateway->http_timer, wait, run_http, gateway) != RC_OK)
		log_event(LOG_ERROR, "timer.failed", "out of memory");
}

static void http_ready(void *ctx, unsigned what)
{
	(void)what;
	run_http(ctx);
}

/* Before privileges are given up: ports below 1024. */
static enum rc open_http(struct gateway *gateway, struct err *err)
{
	const struct gateway_config *config = gateway->config;

	TRY(http_open(&(struct http_options){.listen = (const char *const *)config->listen.at,
			      .listen_count = config->listen.count,
			      .routes = routes,
			      .route_count = COUNT(routes),
			      .ctx = gateway,
			      .clock = clock_system(),
			      .connections_max = (unsigned)config->connections_max,
			      .address_max = (unsigned)config->address_max},
		panic, &gateway->http, err));
	for (size_t i = 0; i < config->listen.count; i++)
		log_event(LOG_INFO, "http.listen", "address=%s", http_endpoint(gateway->http, i));
	return RC_OK;
}

/* ---- the bus ---- */

static const struct roster *present_roster(void *ctx)
{
	return ((const struct gateway *)ctx)->roster;
}

static void on_seen(void *ctx, const struct follow_notice *notice)
{
	struct gateway *gateway = ctx;

	if (notice->body->certificates.count == 0)
		return;
	ocsp_changed(gateway, notice->body);
	for (size_t i = 0; i < COUNT(gateway->copies); i++)
		crl_copy_outdated(&gateway->copies[i]);
}

/* A hint, and no more: lists are believed for their signature. */
static void on_published(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct gateway *gateway = ctx;

	(void)topic;
	(void)frame;
	if (msg->type == MSG_TYPE_crl_ready)
		crl_copy_announced(&gateway->copies[msg->crl_ready.delta ? 1 : 0], msg->crl_ready.number);
}

static enum rc open_bus(struct gateway *gateway, struct err *err)
{
	TRY(bus_open(gateway->loop,
		&(struct bus_options){
			.peers_max = (unsigned)gateway->config->connections_max, .links_max = 4},
		&gateway->bus, err));
	/* What is kept here is younger than the start: so nothing before it matters. */
	return follow_open(&(struct follow_options){.bus = gateway->bus,
				   .pair = &gateway->curve,
				   .start = FOLLOW_HEAD,
				   .topic = "crl",
				   .roster = present_roster,
				   .seen = on_seen,
				   .published = on_published,
				   .ctx = gateway},
		&gateway->follow, err);
}

static void on_tick(void *ctx)
{
	struct gateway *gateway = ctx;

	roster_file_look(gateway);
	authority_look(gateway);
	for (size_t i = 0; i < COUNT(gateway->copies); i++)
		crl_copy_look(&gateway->copies[i]);
}

/* ---- opening, in this order ---- */

static enum rc enter_sandbox(struct gateway *gateway, struct err *err)
{
	const struct gateway_config *config = gateway->config;
	static const char *const nowhere[] = {NULL};
	struct sandbox needs = {.user = config->user,
		.network = true,
		.listens = true,
		.writable = nowhere,
		.lenient = config->no_seccomp};
	struct sandbox_report report = {0};

	TRY(sandbox_enter(&needs, &report, err));
	log_event(LOG_INFO, "sandbox.entered", "uid=%u gid=%u seccomp=%s landlock=%s", report.uid, report.gid,
		report.seccomp ? "yes" : "no", report.landlock ? "yes" : "no");
	return RC_OK;
}

static enum rc open_inside(struct gateway *gateway, struct err *err)
{
	for (size_t i = 0; i < COUNT(gateway->copies); i++)
		gateway->copies[i] = (struct crl_copy){.gateway = gateway, .is_delta = i == 1};
	TRY(roster_file_load(gateway, err));
	TRY(authority_load_pins(&gateway->authority, gateway->config->ca, err));
	TRY(cache_open(gateway->config->cache_bytes, &gateway->cache, err));
	TRY(open_http(gateway, err));
	TRY(enter_sandbox(gateway, err));
	TRY(loop_open(clock_system(), &gateway->loop, err));
	TRY(loop_catch_signals(gateway->loop, err));
	TRY(open_bus(gateway, err));
	TRY(loop_watch(gateway->loop, &gateway->http_watch, http_fd(gateway->http), WATCH_READ, http_ready,
		gateway));
	TRY(loop_every(gateway->loop, &gateway->tick, TICK_MS, on_tick, gateway));
	authority_look(gateway);
	return RC_OK;
}

enum rc gateway_open(const struct gateway_config *config, struct gateway **out, struct err *err)
{
	DROP(gateway_close) struct gateway *gateway = calloc(1, sizeof *gateway);
	enum rc rc;

	if (gateway == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	gateway->config = config;
	log_open("limebus-gateway", (enum log_level)config->log_level);
	rc = open_inside(gateway, err);
	if (rc != RC_OK)
		return err->rc == RC_OK ? err_set(err, rc, "starting: %s", rc_words(rc)) : rc;
	*out = TAKE(gateway);
	return RC_OK;
}

void gateway_close(struct gateway **gateway)
{
	struct gateway *g = *gateway;

	if (g == NULL)
		return;
	if (g->loop != NULL) {
		loop_unwatch(g->loop, &g->http_watch);
		loop_cancel(g->loop, &g->http_timer);
		loop_cancel(g->loop, &g->tick);
	}
	follow_close(&g->follow);
	ocsp_release(g);
	http_close(&g->http);
	if (g->bus != NULL)
		bus_close(&g->bus);
	if (g->loop != NULL)
		loop_close(&g->loop);
	for (size_t i = 0; i < COUNT(g->copies); i++)
		crl_copy_release(&g->copies[i]);
	authority_release(&g->authority);
	cache_close(&g->cache);
	roster_release(&g->roster);
	identity_release(&g->identity);
	curve_pair_release(&g->curve);
	free(g);
	*gateway = NULL;
}

enum rc gateway_run(struct gateway *gateway, struct err *err)
{
	enum rc rc;

	log_event(LOG_INFO, "started", "listen=%s roster=%llu", http_endpoint(gateway->http, 0),
		(unsigned long long)roster_number(gateway->roster));
	rc = loop_run(gateway->loop, err);
	log_event(LOG_INFO, "stopped", "requests=%llu",
		(unsigned long long)http_counts(gateway->http)->requests);
	return rc;
}
