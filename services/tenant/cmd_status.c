/* limebus status. */
#include <stdio.h>

#include "services/tenant/commands.h"
#include "services/tenant/render.h"
#include "services/tenant/session.h"

#define ASK_MS 3000

static const struct program program = {
	.name = "limebus status",
	.summary = "all services in short",
	.about =
		"One line a service of the roster: whether it answers, and what it says about itself. Ends with 1 if one does "
		"not answer or says that something is bad. limebus doctor says more.\n\n"
		"Example: limebus status",
	.exits = exit_texts,
};

/* The worst of its facts. */
static void worst_of(struct list facts, struct elem_fact *out)
{
	struct elem_fact fact;

	*out = (struct elem_fact){.text = span_text("all is well")};
	while (ELEM_NEXT(fact, &facts, &fact))
		if (fact.level > out->level)
			*out = fact;
}

static void add_facts(struct json_write *w, struct list facts)
{
	struct elem_fact fact;

	while (ELEM_NEXT(fact, &facts, &fact)) {
		json_write_object(w, NULL);
		json_write_text(w, "name", fact.name);
		json_write_u64(w, "level", fact.level);
		json_write_text(w, "text", fact.text);
		json_write_close(w);
	}
}

static void add_json(struct json_write *w, const struct roster_member *member, const struct msg_status *told,
	const struct elem_fact *worst)
{
	json_write_object(w, NULL);
	json_write_cstr(w, "name", member->name);
	json_write_cstr(w, "role", role_word(member->role));
	json_write_cstr(w, "endpoint", member->endpoint);
	json_write_bool(w, "answers", told != NULL);
	if (told != NULL) {
		json_write_text(w, "program", told->program);
		json_write_u64(w, "roster", told->roster);
		json_write_u64(w, "uptime_ms", told->uptime_ms);
	}
	json_write_u64(w, "level", worst->level);
	json_write_text(w, "text", worst->text);
	json_write_array(w, "facts");
	if (told != NULL)
		add_facts(w, told->facts);
	json_write_close(w);
	json_write_close(w);
}

static void add_row(struct table *table, const struct roster_member *member, const struct msg_status *told,
	const struct elem_fact *worst)
{
	static const char *const levels[] = {"good", "warning", "bad"};

	table_add(table, "%s", member->name);
	table_add(table, "%s", role_word(member->role));
	table_add(table, "%s", told == NULL ? "no answer" : levels[worst->level]);
	table_add(table, "%llus", told == NULL ? 0ull : (unsigned long long)(told->uptime_ms / 1000));
	table_add(table, "%llu", told == NULL ? 0ull : (unsigned long long)told->roster);
	table_add_span(table, worst->text);
}

static void ask_one(struct session *session, const struct roster_member *member, struct table *table,
	struct json_write *w, int *status)
{
	DROP(answer_release) struct answer answer = {0};
	struct msg request = {.type = MSG_TYPE_status_get, .status_get = {session_now(session)}};
	struct err err = {0};
	struct elem_fact worst = {.level = 2};
	const struct msg_status *told = NULL;

	if (session_ask_member(session, member, &request, MSG_TYPE_status, ASK_MS, &answer, &err) == RC_OK) {
		told = &answer.msg.status;
		worst_of(told->facts, &worst);
	} else {
		worst.text = span_text(err.text);
	}
	if (worst.level >= 2)
		*status = EXIT_NO;
	add_row(table, member, told, &worst);
	add_json(w, member, told, &worst);
}

static enum rc look(struct session *session, const void *options, const struct program_start *start,
	int *status, struct err *err)
{
	static const char *const heads[] = {"NAME", "ROLE", "STATUS", "UP", "ROSTER", "SAYS"};
	DROP(table_release) struct table table = {.columns = COUNT(heads)};
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);
	size_t count = 0;
	const struct roster_member *members = roster_members(session_roster(session), &count);

	(void)options;
	(void)start;
	(void)err;
	for (size_t i = 0; i < COUNT(heads); i++)
		table_add(&table, "%s", heads[i]);
	json_write_object(&w, NULL);
	json_write_array(&w, "services");
	for (size_t i = 0; i < count; i++)
		if ((members[i].role & ROLES_SERVICE) != 0 && members[i].endpoint[0] != '\0')
			ask_one(session, &members[i], &table, &w, status);
	json_write_close(&w);
	json_write_close(&w);
	return session_config(session)->json ? render_json(&w) : table_print(&table);
}

int cmd_status(const struct tenant_config *config, int argc, char **argv)
{
	return session_command(&program, config, argc, argv, NULL, look);
}
