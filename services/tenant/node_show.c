/* limebus node show. */
#include <stdio.h>

#include "lib/evidence/ek_template.h"
#include "services/tenant/node.h"
#include "services/tenant/profile.h"
#include "services/tenant/render.h"
#include "services/tenant/states.h"
#include "services/tenant/vouch.h"

static const struct program program = {
	.name = "limebus node show",
	.summary = "everything about one node",
	.about =
		"Shows what the registrar and the verifier say about a node, and what is checked here: the signature of "
		"its record, its TPM's certificate, and its attestation key.\n\n"
		"Example: limebus node show web1",
	.words = "NODE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

/* All that is known; judged is RC_OK if our own check of the TPM succeeded, else why says what it said. */
struct picture {
	struct known_node node;
	struct registration registration;
	enum rc judged;
	struct err why;
	struct answer answer;
	struct elem_node_state state;
	bool has_state;
	struct states policies;
	struct answer said;
	struct signed_msg profile;
	bool has_profile;
	uint64_t now_ms;
};

static void picture_release(struct picture *picture)
{
	known_node_release(&picture->node);
	registration_release(&picture->registration);
	answer_release(&picture->answer);
	answer_release(&picture->said);
	states_release(&picture->policies);
}

static const char *tpm_kind(const struct picture *picture)
{
	enum ek_template which = EK_TEMPLATE_COUNT;

	if (!ek_template_holds(known_node_body(&picture->node)->ek_public, &which))
		return "none of the TCG templates";
	return ek_template_name(which);
}

static void line(const char *name, struct span text)
{
	printf("%-14s", name);
	for (size_t i = 0; i < text.len; i++)
		putchar(text.at[i] < 0x20 || text.at[i] == 0x7f ? '?' : text.at[i]);
	putchar('\n');
}

static void line_hex(const char *name, struct span bytes)
{
	char digits[HEX_BYTES(TPM_NAME_MAX)];

	line(name, span_text(hex_encode(bytes, digits)));
}

static void line_time(const char *name, uint64_t then_ms, uint64_t now_ms)
{
	char text[RENDER_TIME_BYTES];

	line(name, span_text(render_time(then_ms, now_ms, text)));
}

static void line_number(const char *name, uint64_t number)
{
	printf("%-14s%llu\n", name, (unsigned long long)number);
}

static void show_record(const struct picture *picture)
{
	const struct msg_node *body = known_node_body(&picture->node);

	line("node", span_text(picture->node.digits));
	line("alias", span_text(picture->node.alias));
	line("calls itself", body->hint);
	line("tpm", span_text(tpm_kind(picture)));
	line("checked here", picture->judged == RC_OK ? span_text(picture->registration.admitted_by)
						      : span_text(picture->why.text));
	line_hex("ak name", body->ak_name);
	line_hex("nk", body->nk);
	line_number("record", body->number);
	line_time("enrolled", body->enrolled, picture->now_ms);
	line_time("agent started", body->activated, picture->now_ms);
}

static void show_state(const struct picture *picture)
{
	const struct elem_node_state *state = &picture->state;

	if (!picture->has_state) {
		line("state", span_text("enrolled; the verifier has not seen it yet"));
		return;
	}
	line("state", render_state(state, picture->now_ms));
	line("why", state->text);
	line_time("since", state->since, picture->now_ms);
	line_time("last good", state->good, picture->now_ms);
	line("connected", span_text(state->connected ? "yes" : "no"));
	line_number("attestations", state->attestations);
	line_number("verdicts", state->verdicts);
	if (state->number == 0)
		return;
	line_number("number", state->number);
	line("class", state->class);
	line("policy", span_text(states_policy(&picture->policies, state->policy)));
	line_hex("policy hash", state->policy);
	if (state->former_until != 0) {
		line("also", span_text(states_policy(&picture->policies, state->former)));
		line_time("also until", state->former_until, picture->now_ms);
	}
	if (state->ima_entries != 0) {
		line_number("measured", state->ima_entries);
		line_number("failing", state->ima_failed);
	}
	line_time("opened", state->opened == state->number ? state->opened_at : 0, picture->now_ms);
}

static void show_profile(const struct picture *picture)
{
	const struct msg_profile *profile = &picture->profile.msg.profile;
	char text[PROFILE_ADDRESS_BYTES];
	struct elem_tag tag;
	struct elem_dns_name name;
	struct elem_address address;
	struct list rest;

	if (!picture->has_profile)
		return;
	rest = profile->tags;
	while (ELEM_NEXT(tag, &rest, &tag))
		line("tag", tag.tag);
	rest = profile->names;
	while (ELEM_NEXT(dns_name, &rest, &name))
		line("dns", name.name);
	rest = profile->addresses;
	while (ELEM_NEXT(address, &rest, &address))
		line("address", span_text(profile_address(address.address, text)));
}

static void profile_json(const struct picture *picture, struct json_write *w)
{
	const struct msg_profile *profile = &picture->profile.msg.profile;
	char text[PROFILE_ADDRESS_BYTES];
	struct elem_tag tag;
	struct elem_dns_name name;
	struct elem_address address;
	struct list rest = picture->has_profile ? profile->tags : (struct list){0};

	json_write_array(w, "tags");
	while (ELEM_NEXT(tag, &rest, &tag))
		json_write_text(w, NULL, tag.tag);
	json_write_close(w);
	rest = picture->has_profile ? profile->names : (struct list){0};
	json_write_array(w, "dns");
	while (ELEM_NEXT(dns_name, &rest, &name))
		json_write_text(w, NULL, name.name);
	json_write_close(w);
	rest = picture->has_profile ? profile->addresses : (struct list){0};
	json_write_array(w, "addresses");
	while (ELEM_NEXT(address, &rest, &address))
		json_write_cstr(w, NULL, profile_address(address.address, text));
	json_write_close(w);
}

static enum rc show_json(const struct picture *picture)
{
	const struct msg_node *body = known_node_body(&picture->node);
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);

	json_write_object(&w, NULL);
	json_write_cstr(&w, "node", picture->node.digits);
	json_write_cstr(&w, "alias", picture->node.alias);
	json_write_text(&w, "hint", body->hint);
	json_write_cstr(&w, "tpm", tpm_kind(picture));
	json_write_bool(&w, "tpm_is_genuine", picture->judged == RC_OK);
	json_write_cstr(&w, "admitted_by", picture->registration.admitted_by);
	json_write_cstr(&w, "tpm_error", picture->judged == RC_OK ? "" : picture->why.text);
	json_write_hex(&w, "ak_name", body->ak_name);
	json_write_hex(&w, "nk", body->nk);
	json_write_u64(&w, "record", body->number);
	json_write_u64(&w, "enrolled", body->enrolled);
	json_write_u64(&w, "activated", body->activated);
	profile_json(picture, &w);
	if (picture->has_state) {
		render_state_json(&w, &picture->state, picture->now_ms);
		json_write_cstr(&w, "policy_name", states_policy(&picture->policies, picture->state.policy));
	} else {
		json_write_cstr(&w, "state", "enrolled");
	}
	json_write_close(&w);
	return render_json(&w);
}

static void judge(struct session *session, struct picture *picture)
{
	DROP(vouch_release) struct vouch vouch = {0};

	picture->judged = vouch_open(session_config(session), &vouch, &picture->why);
	if (picture->judged == RC_OK)
		picture->judged = vouch_check(
			&vouch, &picture->node, picture->now_ms, &picture->registration, &picture->why);
}

static enum rc look(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	DROP(picture_release) struct picture picture = {.now_ms = session_now(session)};
	struct err why = {0};
	enum rc rc;

	(void)options;
	TRY(nodes_find(session, start->words[0], NAMING_SHOWN, &picture.node, err));
	judge(session, &picture);
	rc = states_get(session, known_node_body(&picture.node)->node, &picture.answer, &picture.state, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	picture.has_state = rc == RC_OK;
	TRY(states_load_policies(session, &picture.policies, err));
	/* Without it the rest is shown all the same. */
	rc = profile_get(
		session, known_node_body(&picture.node)->node, &picture.said, &picture.profile, &why);
	picture.has_profile = rc == RC_OK;
	if (rc == RC_DENIED || rc == RC_MALFORMED)
		return err_set(err, rc, "%s", why.text);
	if (picture.judged == RC_DENIED)
		*status = EXIT_NO;
	if (session_config(session)->json)
		return show_json(&picture);
	show_record(&picture);
	show_profile(&picture);
	show_state(&picture);
	return RC_OK;
}

int node_show(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, look);
}
