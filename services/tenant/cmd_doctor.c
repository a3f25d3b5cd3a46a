/* limebus doctor. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/json/json.h"
#include "services/tenant/commands.h"
#include "services/tenant/render.h"
#include "services/tenant/session.h"
#include "services/tenant/vouch.h"

#define ASK_MS         3000
#define SKEW_MAX_MS    2000
#define EXPIRE_WARN_MS ((uint64_t)30 * 86400000)
#define STATUS_MAX     65536u
#define FILES_MIN      256u

struct doctor_options {
	char *agent;
};

static const struct option options[] = {
	{OPTION_PATH(struct doctor_options, agent), .name = "agent", .fallback = "",
		.help = "On a node: the status.json in the state folder of its agent."},
};

static const struct program program = {
	.name = "limebus doctor",
	.summary = "look for what is wrong, and say how to mend it",
	.about =
		"Checks your keys and their files, the roster's dates, the TPM roots, and every service: whether it answers, how "
		"fast, whether its clock and roster are ours, and what it says about itself and its Redis. Ends with 1 if "
		"something is bad.\n\n"
		"Example: limebus doctor",
	.options = options,
	.count = COUNT(options),
	.exits = exit_texts,
};

enum level { LEVEL_GOOD, LEVEL_WARN, LEVEL_BAD };

struct report {
	bool as_json;
	enum level worst;
	struct blob text;
	struct json_write w;
};

static void report_release(struct report *report)
{
	blob_release(&report->text);
}

/* One finding: about what, what was found, and, unless it is good, what to do (NULL: the text says it). */
__attribute__((format(printf, 5, 6))) static void found(
	struct report *report, enum level level, const char *about, const char *mend, const char *format, ...)
{
	static const char *const marks[] = {"good", "warn", "BAD "};
	static const char *const words[] = {"good", "warning", "bad"};
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (level > report->worst)
		report->worst = level;
	if (!report->as_json) {
		printf("%s  %s: %s\n", marks[level], about, text);
		if (mend != NULL && level != LEVEL_GOOD)
			printf("      mend: %s\n", mend);
		return;
	}
	json_write_object(&report->w, NULL);
	json_write_cstr(&report->w, "level", words[level]);
	json_write_cstr(&report->w, "about", about);
	json_write_cstr(&report->w, "text", text);
	json_write_cstr(&report->w, "mend", mend == NULL ? "" : mend);
	json_write_close(&report->w);
}

/* ---- this machine ---- */

static void check_own(struct session *session, struct report *report)
{
	const struct roster_member *self = session_self(session);
	uint64_t now_ms = session_now(session);
	char until[CLOCK_TEXT_BYTES];

	/* session_open has refused keys that others can read, and a roster that the root did not sign. */
	found(report, LEVEL_GOOD, "keys", NULL, "%s, role %s; only you can read them", self->name,
		role_word(self->role));
	found(report, LEVEL_GOOD, "roster", NULL, "number %llu, signed by the root key",
		(unsigned long long)roster_number(session_roster(session)));
	clock_text(self->not_after, until);
	if (self->not_after - now_ms < EXPIRE_WARN_MS)
		found(report, LEVEL_WARN, "keys", "limebus keys rotate, then limebus roster publish",
			"they are good until %.10s only", until);
}

static void check_roots(struct session *session, struct report *report)
{
	DROP(vouch_release) struct vouch vouch = {0};
	struct err err = {0};

	if (vouch_open(session_config(session), &vouch, &err) == RC_OK)
		found(report, LEVEL_GOOD, "TPM roots", NULL, "%s", session_config(session)->ek_roots);
	else
		found(report, LEVEL_WARN, "TPM roots",
			"put the manufacturers' CA certificates there, or nothing can be provisioned from here",
			"%s", err.text);
}

static void check_limits(struct report *report)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max >= FILES_MIN)
		found(report, LEVEL_GOOD, "open files", NULL, "enough may be opened");
	else
		found(report, LEVEL_WARN, "open files", "ulimit -n 1024", "only %llu may be opened",
			(unsigned long long)files.rlim_max);
}

/* ---- the services ---- */

static void check_dates(const struct roster_member *member, uint64_t now_ms, struct report *report)
{
	char about[NAME_MAX_BYTES + 16];
	char until[CLOCK_TEXT_BYTES];

	snprintf(about, sizeof about, "%s: keys", member->name);
	clock_text(member->not_after, until);
	if (!roster_member_is_valid(member, now_ms))
		found(report, LEVEL_BAD, about, "limebus keys rotate", "not valid now; until %.10s", until);
	else if (member->not_after - now_ms < EXPIRE_WARN_MS)
		found(report, LEVEL_WARN, about, "limebus keys rotate", "good until %.10s only", until);
}

static void check_clock(const char *about, const struct msg_status *told, uint64_t before_ms,
	uint64_t after_ms, struct report *report)
{
	/* Our time when it answered lies between the two. */
	if (told->time + SKEW_MAX_MS >= before_ms && told->time <= after_ms + SKEW_MAX_MS)
		return;
	found(report, LEVEL_BAD, about, "let an NTP client set the clocks of both machines",
		"its clock is %lld ms off ours", (long long)(told->time - after_ms));
}

static void check_roster(
	struct session *session, const char *about, const struct msg_status *told, struct report *report)
{
	uint64_t ours = roster_number(session_roster(session));

	if (told->roster < ours)
		found(report, LEVEL_BAD, about, "limebus roster publish", "its roster is %llu, ours is %llu",
			(unsigned long long)told->roster, (unsigned long long)ours);
	else if (told->roster > ours)
		found(report, LEVEL_BAD, about, "copy the newest roster to where your configuration says",
			"its roster is %llu, ours is only %llu", (unsigned long long)told->roster,
			(unsigned long long)ours);
}

static void copy_facts(const char *name, struct list facts, struct report *report)
{
	struct elem_fact fact;
	char about[2 * NAME_MAX_BYTES + 4];
	char mend[TEXT_MAX + 1];

	while (ELEM_NEXT(fact, &facts, &fact)) {
		snprintf(about, sizeof about, "%s: %.*s", name, SPAN_FMT(fact.name));
		snprintf(mend, sizeof mend, "%.*s", SPAN_FMT(fact.mend));
		found(report, (enum level)fact.level, about, mend[0] == '\0' ? NULL : mend, "%.*s",
			SPAN_FMT(fact.text));
	}
}

static void check_service(struct session *session, const struct roster_member *member, struct report *report)
{
	DROP(answer_release) struct answer answer = {0};
	uint64_t before_ms = session_now(session);
	uint64_t begun_ms = session_mono_ms(session);
	struct msg request = {.type = MSG_TYPE_status_get, .status_get = {before_ms}};
	struct err err = {0};

	check_dates(member, before_ms, report);
	if (session_ask_member(session, member, &request, MSG_TYPE_status, ASK_MS, &answer, &err) != RC_OK) {
		found(report, LEVEL_BAD, member->name, "start it, or mend its address in the roster", "%s",
			err.text);
		return;
	}
	found(report, LEVEL_GOOD, member->name, NULL, "%s answers in %llu ms", member->endpoint,
		(unsigned long long)(session_mono_ms(session) - begun_ms));
	check_clock(member->name, &answer.msg.status, before_ms, session_now(session), report);
	check_roster(session, member->name, &answer.msg.status, report);
	copy_facts(member->name, answer.msg.status.facts, report);
}

static void check_services(struct session *session, struct report *report)
{
	size_t count = 0;
	const struct roster_member *members = roster_members(session_roster(session), &count);

	for (size_t i = 0; i < count && !session_is_interrupted(session); i++)
		if ((members[i].role & ROLES_SERVICE) != 0 && members[i].endpoint[0] != '\0')
			check_service(session, &members[i], report);
}

/* ---- a node ---- */

/* Every value that says no is shown as it stands: the file is the agent's own. */
static void check_agent(const char *path, uint64_t now_ms, struct report *report)
{
	static const struct json_limits limits = {STATUS_MAX, 8, 1024};
	DROP(blob_release) struct blob text = {0};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json_walk walk = {0};
	struct json root;
	struct stat st;
	struct err err = {0};

	if (file_read(path, STATUS_MAX, &text, &err) != RC_OK ||
		json_parse(blob_span(&text), &limits, &doc, &err) != RC_OK) {
		found(report, LEVEL_BAD, "agent", "start limebus-agent on this machine", "%s", err.text);
		return;
	}
	root = json_root(&doc);
	if (stat(path, &st) == 0)
		found(report, LEVEL_GOOD, "agent", NULL, "%s, written %llu s ago", path,
			(unsigned long long)(now_ms / 1000 - (uint64_t)st.st_mtime));
	while (json_walk(&root, &walk)) {
		bool value = false;

		if (json_kind(&walk.value) != JSON_KIND_BOOL || json_bool(&walk.value, &value, &err) != RC_OK)
			continue;
		if (strcmp(walk.key, "blind") == 0)
			value = !value;
		found(report, value ? LEVEL_GOOD : LEVEL_WARN, "agent", "see the agent's log", "%s: %s",
			walk.key, value ? "well" : "not well");
	}
}

static enum rc examine(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct doctor_options *given = options_given;
	DROP(report_release) struct report report = {.as_json = session_config(session)->json};

	(void)start;
	(void)err;
	report.w = json_write_begin(&report.text, JSON_PRETTY);
	json_write_object(&report.w, NULL);
	json_write_array(&report.w, "findings");
	check_own(session, &report);
	check_roots(session, &report);
	check_limits(&report);
	check_services(session, &report);
	if (given->agent != NULL)
		check_agent(given->agent, session_now(session), &report);
	json_write_close(&report.w);
	json_write_close(&report.w);
	*status = report.worst == LEVEL_BAD ? EXIT_NO : EXIT_DONE;
	return report.as_json ? render_json(&report.w) : RC_OK;
}

int cmd_doctor(const struct tenant_config *config, int argc, char **argv)
{
	struct doctor_options given = {0};

	return session_command(&program, config, argc, argv, &given, examine);
}
