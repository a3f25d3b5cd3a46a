/* limebus provision. */
#include <stdio.h>

#include "services/tenant/commands.h"
#include "services/tenant/dial.h"
#include "services/tenant/provision.h"
#include "services/tenant/render.h"
#include "services/tenant/states.h"

static const struct option options[] = {
	{OPTION_TEXT(struct provision_options, policy), .name = "policy",
		.help = "What the node must be: a policy's name or hash (limebus policy list)."},
	{OPTION_PATH(struct provision_options, payload), .name = "payload", .fallback = "",
		.help = "The secret: a file, or a folder, which is packed without following links. It is encrypted here. Must be "
			"given, but for --cert."},
	{OPTION_BOOL(struct provision_options, cert), .name = "cert", .fallback = "no",
		.help = "Put a key and a certificate of the deployment's CA into the payload (limebus/node.key, node.crt, "
			"chain.crt, ca.crt), for services that manage no certificates of their own. They end when the node's "
			"trust does; nobody renews them but another provisioning."},
	{OPTION_DURATION(struct provision_options, cert_life_ms), .name = "cert-life", .fallback = "24h",
		.min = 60000, .max = (uint64_t)30 * 86400000,
		.help = "How long that certificate is to be good for."},
	{OPTION_TEXT(struct provision_options, run), .name = "run", .fallback = "",
		.help = "A program of the payload that the node is to start when it has opened it: a path inside the payload. The "
			"node's own configuration must allow start scripts."},
	{OPTION_TEXT(struct provision_options, class), .name = "class", .fallback = "default", .max = 32,
		.help = "How often the node is attested, and what silence means: a class of the verifier's configuration."},
	{OPTION_DURATION(struct provision_options, wait_ms), .name = "wait", .fallback = "60s", .min = 100,
		.max = 86400000, .help = "How long the node may take to open the payload."},
	PROFILE_OPTIONS(struct provision_options, profile),
};

static const struct program program = {
	.name = "limebus provision",
	.summary = "give a node a secret that only it can open, while it passes",
	.about =
		"Checks the node's TPM here, splits a fresh key, gives one share to the verifier and the other one, with the "
		"encrypted payload, to the node, and waits until the node has passed and opened it. Neither the registrar, "
		"the verifier, nor whoever carries the messages can read the payload. It is safe to run it again at any "
		"time: that begins anew, under a higher number. Tags, names and addresses replace what was said of the node "
		"before, as with limebus node describe.\n\n"
		"Example: limebus provision web1 --policy web --payload ./secrets --run setup.sh",
	.options = options,
	.count = COUNT(options),
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

/* A number that is above all that anybody knows. */
static enum rc choose_number(struct provisioning *p, uint64_t held, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	struct elem_node_state state = {0};
	enum rc rc = states_get(p->session, known_node_body(&p->node)->node, &answer, &state, err);

	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	p->number = session_now(p->session);
	if (rc == RC_OK && state.number >= p->number)
		p->number = state.number + 1;
	if (held >= p->number)
		p->number = held + 1;
	return p->number == 0 ? err_set(err, RC_LIMIT, "the node's number is the last one") : RC_OK;
}

/* What the node told about its bootstrap, on its way through the verifier's events. */
static void on_event(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct provisioning *p = ctx;

	(void)topic;
	(void)frame;
	if (msg->type == MSG_TYPE_event && span_is(msg->event.kind, "node.bootstrapped") &&
		p->node.record.len != 0 && span_equal(msg->event.node, known_node_body(&p->node)->node) &&
		msg->event.number == p->number) {
		p->has_news = true;
		snprintf(p->told, sizeof p->told, "%.*s", SPAN_FMT(msg->event.text));
	}
}

/* Events only tell times: without them all goes on. */
static void follow_events(struct provisioning *p)
{
	const struct roster_member *member =
		dial(session_roster(p->session), ROLE_VERIFIER, session_now(p->session), 0);
	struct follow follow = {.topic = "", .message = on_event, .ctx = p};

	if (member != NULL)
		(void)!session_follow(p->session, member, &follow, NULL);
}

/* A node that is away for a moment, or whose agent starts again just now, is waited for. */
static enum rc meet_soon(struct provisioning *p, const char *name, uint64_t *held, struct err *err)
{
	bool has_told = false;

	for (;;) {
		uint8_t nk[CURVE_KEY_BYTES];
		enum rc rc = provisioning_meet(p, held, err);
		struct err again = {0};

		if (rc == RC_OK || session_is_interrupted(p->session) ||
			session_mono_ms(p->session) >= p->until_ms)
			return rc;
		memcpy(nk, known_node_body(&p->node)->nk.at, sizeof nk);
		if (nodes_find(p->session, name, NAMING_CERTAIN, &p->node, &again) != RC_OK)
			return rc;
		if (!provisioning_is_passing(rc, false) &&
			span_equal(known_node_body(&p->node)->nk, SPAN(nk)))
			return rc;
		if (!has_told)
			progress_step(&p->progress, "waiting", "waiting for the node: %s", err->text);
		has_told = true;
		TRY(session_wait(p->session, PROVISIONING_PAUSE_MS, NULL, err));
	}
}

static enum rc prepare(struct provisioning *p, const char *name, struct err *err)
{
	uint64_t held = 0;

	if (p->options->payload == NULL && !p->options->cert)
		return err_set(err, RC_MALFORMED, "expected --payload FILE or FOLDER, or --cert");
	TRY(vouch_open(session_config(p->session), &p->vouch, err));
	TRY(policies_get(p->session, p->options->policy, &p->policy, err));
	TRY(nodes_find(p->session, name, NAMING_CERTAIN, &p->node, err));
	progress_step(
		&p->progress, "found", "node %.16s..., policy %s", p->node.digits, p->policy.policy.name);
	TRY(meet_soon(p, name, &held, err));
	TRY(choose_number(p, held, err));
	if (profile_options_are_given(&p->options->profile))
		TRY(profile_put(p->session, known_node_body(&p->node)->node.at, &p->options->profile, err));
	return provisioning_make(p, err);
}

static void say_total(const struct provisioning *p)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);

	if (!p->progress.as_json) {
		printf("%s is trusted and has its payload (number %llu) after %llu ms\n",
			known_node_name(&p->node), (unsigned long long)p->number,
			(unsigned long long)progress_total_ms(&p->progress));
		return;
	}
	json_write_object(&w, NULL);
	json_write_cstr(&w, "step", "done");
	json_write_cstr(&w, "node", p->node.digits);
	json_write_u64(&w, "number", p->number);
	json_write_u64(&w, "total_ms", progress_total_ms(&p->progress));
	json_write_cstr(&w, "node_says", p->told);
	json_write_close(&w);
	(void)!render_json(&w);
}

/* Where it stands when it was stopped: what is durable goes on without us. */
static enum rc stopped(const struct provisioning *p, const char *where, enum rc rc, struct err *err)
{
	if (!session_is_interrupted(p->session))
		return rc;
	return err_set(err, rc, "stopped: %s. Running the command again begins anew", where);
}

/* A refusal is an answer: no. */
static enum rc as_status(enum rc rc, int *status, const struct err *err)
{
	if (*status == EXIT_DONE)
		return rc;
	fprintf(stderr, "%s: %s\n", program.name, err->text);
	return RC_OK;
}

static enum rc provision(struct session *session, const void *given, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(provisioning_release)
	struct provisioning p = {.session = session,
		.options = given,
		.progress = progress_begin(session_config(session)->json)};
	enum rc rc;

	p.until_ms = session_mono_ms(session) + p.options->wait_ms;
	follow_events(&p);
	rc = prepare(&p, start->words[0], err);
	if (rc != RC_OK)
		return stopped(&p, "nothing has been sent yet", rc, err);
	rc = provisioning_request(&p, err);
	if (rc != RC_OK)
		return stopped(&p, "the verifier may have taken the request; the node has nothing", rc, err);
	rc = provisioning_deliver(&p, err);
	if (rc != RC_OK)
		return stopped(
			&p, "the verifier has its share, the node does not have all of the payload", rc, err);
	rc = provisioning_await(&p, status, err);
	if (rc != RC_OK)
		return as_status(stopped(&p, "all is delivered; the node opens it when it passes", rc, err),
			status, err);
	say_total(&p);
	return RC_OK;
}

int cmd_provision(const struct tenant_config *config, int argc, char **argv)
{
	struct provision_options given = {0};

	return session_command(&program, config, argc, argv, &given, provision);
}
