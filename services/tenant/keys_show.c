/* limebus keys show: who is in the roster. */
#include <stdio.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/hex.h"
#include "lib/json/json_write.h"
#include "services/tenant/keys.h"

struct show_options {
	char *folder;
};

static const struct option options[] = {
	{OPTION_PATH(struct show_options, folder), .name = "dir", .fallback = "",
		.help = "Folder with root.pub and roster: a deployment's, or that of any member. Default: the files that "
			"the configuration names."},
};

static const struct program program = {
	.name = "limebus keys show",
	.summary = "show the roster",
	.about =
		"Checks the roster's signature and shows its number and its members: name, role, until when the keys are "
		"good, the beginning of the CURVE key, and where a service is reached. Former keys stand apart.",
	.options = options,
	.count = COUNT(options),
	.exits = exit_texts,
};

/* In a deployment's folder the newest is in root/. */
static enum rc load_from(const char *folder, struct roster **out, struct err *err)
{
	char root[PATH_MAX];
	char path[PATH_MAX];
	char public[PATH_MAX];

	TRY(deployment_path(folder, "root", root, err));
	if (access(root, F_OK) == 0)
		folder = root;
	TRY(deployment_path(folder, DEPLOYMENT_ROSTER, path, err));
	TRY(deployment_path(folder, DEPLOYMENT_ROOT_PUB, public, err));
	return roster_load(path, public, 0, out, err);
}

static const char *standing(const struct roster_member *member, uint64_t now_ms)
{
	if (now_ms < member->not_before)
		return "not yet";
	if (roster_name_is_ended(member->name, NULL))
		return roster_member_is_valid(member, now_ms) ? "ending" : "ended";
	return roster_member_is_valid(member, now_ms) ? "valid" : "expired";
}

static size_t count_ended(const struct roster_member *members, size_t count)
{
	size_t ended = 0;

	for (size_t i = 0; i < count; i++)
		ended += roster_name_is_ended(members[i].name, NULL);
	return ended;
}

/* Former keys, or all others. */
static void show_rows(const struct roster_member *members, size_t count, bool former, uint64_t now_ms)
{
	char digits[HEX_BYTES(SIGN_KEY_BYTES)];
	char when[CLOCK_TEXT_BYTES];

	printf("%-20s %-12s %-8s %-11s %-17s %s\n", "NAME", "ROLE", "KEYS", "UNTIL", "CURVE KEY",
		former ? "" : "REACHED AT");
	for (size_t i = 0; i < count; i++) {
		const struct roster_member *member = &members[i];

		if (roster_name_is_ended(member->name, NULL) != former)
			continue;
		printf("%-20s %-12s %-8s %.10s  %.16s  %s\n", member->name, role_word(member->role),
			standing(member, now_ms), clock_text(member->not_after, when),
			hex_encode(SPAN(member->curve), digits), member->endpoint);
	}
}

static void show_text(const struct roster *roster, uint64_t now_ms)
{
	char digits[HEX_BYTES(SIGN_KEY_BYTES)];
	char when[CLOCK_TEXT_BYTES];
	size_t count = 0;
	const struct roster_member *members = roster_members(roster, &count);

	printf("roster  %llu\n", (unsigned long long)roster_number(roster));
	printf("issued  %s\n", clock_text(roster_issued(roster), when));
	printf("root    %s\n\n", hex_encode(span_of(roster_root(roster), SIGN_KEY_BYTES), digits));
	show_rows(members, count, false, now_ms);
	if (count_ended(members, count) == 0)
		return;
	printf("\nformer keys, for what they signed while they were good:\n");
	show_rows(members, count, true, now_ms);
}

static void show_member(struct json_write *w, const struct roster_member *member, uint64_t now_ms)
{
	json_write_object(w, NULL);
	json_write_cstr(w, "name", member->name);
	json_write_cstr(w, "role", role_word(member->role));
	json_write_cstr(w, "keys", standing(member, now_ms));
	json_write_u64(w, "not_before", member->not_before);
	json_write_u64(w, "not_after", member->not_after);
	json_write_hex(w, "curve", SPAN(member->curve));
	json_write_hex(w, "sign", SPAN(member->sign));
	json_write_cstr(w, "endpoint", member->endpoint);
	json_write_cstr(w, "publisher", member->publisher);
	json_write_close(w);
}

static enum rc show_json(const struct roster *roster, uint64_t now_ms)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);
	size_t count = 0;
	const struct roster_member *members = roster_members(roster, &count);

	json_write_object(&w, NULL);
	json_write_u64(&w, "number", roster_number(roster));
	json_write_u64(&w, "issued", roster_issued(roster));
	json_write_hex(&w, "root", span_of(roster_root(roster), SIGN_KEY_BYTES));
	json_write_array(&w, "members");
	for (size_t i = 0; i < count; i++)
		show_member(&w, &members[i], now_ms);
	json_write_close(&w);
	json_write_close(&w);
	TRY(json_write_end(&w));
	printf("%.*s", SPAN_FMT(blob_span(&text)));
	return RC_OK;
}

static enum rc show(const struct tenant_config *config, const char *folder, struct err *err)
{
	DROP(roster_release) struct roster *roster = NULL;
	uint64_t now_ms = clock_wall_ms(clock_system());

	if (folder != NULL)
		TRY(load_from(folder, &roster, err));
	else
		TRY(roster_load(config->roster, config->root_key, 0, &roster, err));
	if (config->json)
		return show_json(roster, now_ms);
	show_text(roster, now_ms);
	return RC_OK;
}

int keys_show(const struct tenant_config *config, int argc, char **argv)
{
	struct show_options given = {0};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&program, argc, argv, &given, &start);

	if (status != PROGRAM_GO)
		return status;
	status = show(config, given.folder, &err) == RC_OK ? EXIT_DONE : command_failed(&program, &err);
	program_release(&program, &given);
	return status;
}
