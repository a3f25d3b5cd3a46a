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

enum rc change_old_name(const char *name, char out[static NAME_MAX_BYTES + 1], struct err *err)
{
	if (snprintf(out, NAME_MAX_BYTES + 1, "%.60s.old", name) != (int)strlen(name) + 4)
		return err_set(
			err, RC_LIMIT, "%s: too long for its old keys to be called %.60s.old", name, name);
	return RC_OK;
}

void change_take_out_old(struct change *change, const char *name)
{
	char old[NAME_MAX_BYTES + 1];
	const struct roster_member *older =
		change_old_name(name, old, NULL) == RC_OK ? change_find(change, old) : NULL;

	if (older != NULL)
		change_take_out(change, older);
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
		say(config, &change, done);
	program_release(program, &given);
	return status;
}
