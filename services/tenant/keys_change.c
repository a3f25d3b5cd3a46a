#include "services/tenant/keys_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/json/json_write.h"

static void change_release(struct change *change)
{
	free(change->members);
	deployment_release(&change->deployment);
	*change = (struct change){0};
}

static enum rc change_open(const struct change_options *given, struct change *out, struct err *err)
{
	const struct roster_member *members;

	TRY(deployment_open(given->folder, &out->deployment, err));
	out->options = given;
	out->now_ms = clock_wall_ms(clock_system());
	members = roster_members(out->deployment.roster, &out->count);
	out->members = calloc(out->count + 1, sizeof *out->members);
	if (out->members == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	memcpy(out->members, members, out->count * sizeof *members);
	return RC_OK;
}

struct roster_member *change_find(struct change *change, const char *name)
{
	for (size_t i = 0; i < change->count; i++)
		if (strcmp(change->members[i].name, name) == 0)
			return &change->members[i];
	return NULL;
}

enum rc change_need(struct change *change, const char *name, struct roster_member **out, struct err *err)
{
	*out = change_find(change, name);
	if (*out == NULL)
		return err_set(err, RC_NOT_FOUND, "%.70s is not in roster %llu; see: limebus keys show", name,
			(unsigned long long)roster_number(change->deployment.roster));
	return deployment_member_folder(
		change->deployment.folder, (*out)->role, (*out)->name, change->folder, err);
}

void change_take_out(struct change *change, const struct roster_member *member)
{
	size_t index = (size_t)(member - change->members);

	memmove(change->members + index, change->members + index + 1,
		(change->count - index - 1) * sizeof *change->members);
	change->count--;
}

enum rc change_issue(struct change *change, struct err *err)
{
	return deployment_issue(&change->deployment, change->options->number, change->now_ms, change->members,
		change->count, err);
}

enum rc change_check_number(const struct change *change, struct err *err)
{
	uint64_t present = roster_number(change->deployment.roster);

	if (change->options->number != 0 && change->options->number <= present)
		return err_set(err, RC_STALE, "--number: expected one above %llu, which is in force",
			(unsigned long long)present);
	return RC_OK;
}

bool change_path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static uint64_t next_number(const struct change *change)
{
	return change->options->number != 0 ? change->options->number
	                                    : roster_number(change->deployment.roster) + 1;
}

static void end_at(struct roster_member *member, uint64_t end_ms)
{
	if (member->not_after > end_ms)
		member->not_after = end_ms;
	if (member->not_before > member->not_after)
		member->not_before = member->not_after;
}

void change_end(struct change *change, struct roster_member *member, uint64_t end_ms)
{
	char mark[32];
	int len = snprintf(mark, sizeof mark, ".ended-%llu", (unsigned long long)next_number(change));
	/* A name that is too long loses its end: the number tells it from others. */
	int base_max = (int)NAME_MAX_BYTES - len;
	char name[NAME_MAX_BYTES + 1];
	size_t base_len = (size_t)snprintf(name, sizeof name, "%.*s", base_max, member->name);

	for (size_t i = 0; i < change->count && end_ms <= change->now_ms; i++) {
		struct roster_member *other = &change->members[i];
		size_t other_len = 0;

		if (other->role == member->role && roster_name_is_ended(other->name, &other_len) &&
			strncmp(other->name, member->name, other_len) == 0 &&
			(other_len == strlen(member->name) || strlen(other->name) == NAME_MAX_BYTES))
			end_at(other, end_ms);
	}
	if (base_len > (size_t)base_max)
		base_len = (size_t)base_max;
	snprintf(member->name, sizeof member->name, "%.*s%s", (int)base_len, name, mark);
	member->endpoint[0] = member->publisher[0] = '\0';
	end_at(member, end_ms);
}

static void say(const struct tenant_config *config, const struct change *change, const char *what)
{
	unsigned long long number = (unsigned long long)roster_number(change->deployment.roster);
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);

	if (!config->json) {
		printf("%s %s; roster %llu has %zu members\n", change->folder, what, number, change->count);
		return;
	}
	json_write_object(&w, NULL);
	json_write_cstr(&w, "folder", change->folder);
	json_write_u64(&w, "roster", number);
	json_write_u64(&w, "members", change->count);
	json_write_close(&w);
	if (json_write_end(&w) == RC_OK)
		printf("%.*s\n", SPAN_FMT(blob_span(&text)));
}

int change_run(const struct program *program, const struct tenant_config *config, int argc, char **argv,
	change_act *act, const char *done)
{
	DROP(change_release) struct change change = {0};
	struct change_options given = {0};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(program, argc, argv, &given, &start);

	if (status != PROGRAM_GO)
		return status;
	status = EXIT_DONE;
	if (change_open(&given, &change, &err) != RC_OK || act(&change, &start, &err) != RC_OK)
		status = command_failed(program, &err);
	else
		say(config, &change, change.done == NULL ? done : change.done);
	program_release(program, &given);
	return status;
}
