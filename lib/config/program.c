#include "lib/config/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/config/command_line.h"
#include "lib/config/keyvalue.h"
#include "lib/config/suggest.h"

const struct option *program_find(const struct program *program, const char *name)
{
	for (size_t i = 0; i < program->count; i++)
		if (strcmp(program->options[i].name, name) == 0)
			return &program->options[i];
	return NULL;
}

const char *program_nearest(const struct program *program, const char *name)
{
	const char *nearest = NULL;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < program->count; i++)
		if (suggest_is_nearer(name, program->options[i].name, &best))
			nearest = program->options[i].name;
	return nearest;
}

void program_release(const struct program *program, void *config)
{
	for (size_t i = 0; i < program->count; i++)
		option_clear(&program->options[i], config);
}

/* Whoever can write the file decides what the program does. */
static enum rc check_owner(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(err, "%s", path);
	if ((st.st_mode & 022) != 0)
		return err_set(err, RC_DENIED, "%s: mode is %03o, others may write it; run: chmod go-w %s",
			path, (unsigned)st.st_mode & 0777u, path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, RC_DENIED, "%s: belongs to user %u, expected %u or root", path,
			(unsigned)st.st_uid, (unsigned)geteuid());
	return RC_OK;
}

static enum rc set_line(const struct program *program, const char *path, const struct keyvalue *entry,
	const char *folder, void *config, bool seen[PROGRAM_OPTIONS_MAX], struct err *err)
{
	const struct option *option = program_find(program, entry->name);
	const char *nearest;
	enum rc rc;

	if (option == NULL) {
		nearest = program_nearest(program, entry->name);
		return err_set(err, RC_MALFORMED, "%s:%u: unknown name \"%s\"%s%s%s", path, entry->line,
			entry->name, nearest == NULL ? "" : "; did you mean \"",
			nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
	}
	if (seen[option - program->options])
		return err_set(err, RC_EXISTS, "%s:%u: %s is given twice", path, entry->line, option->name);
	seen[option - program->options] = true;
	rc = option_set(option, config, entry->value, folder, err);
	return rc == RC_OK ? RC_OK : err_wrap(err, rc, "%s:%u: ", path, entry->line);
}

static enum rc load_file(const struct program *program, const char *path, const char *folder, void *config,
	bool seen[PROGRAM_OPTIONS_MAX], struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct keyvalue_walk walk = {0};
	struct keyvalue entry = {0};
	enum rc rc;

	TRY(check_owner(path, err));
	TRY(file_read(path, PROGRAM_FILE_MAX_BYTES, &text, err));
	walk.left = blob_span(&text);
	for (;;) {
		rc = keyvalue_next(&walk, &entry, err);
		if (rc == RC_NOT_FOUND)
			return RC_OK;
		if (rc != RC_OK)
			return err_wrap(err, rc, "%s: ", path);
		TRY(set_line(program, path, &entry, folder, config, seen, err));
	}
}

static enum rc set_defaults(const struct program *program, const char *folder, void *config, struct err *err)
{
	for (size_t i = 0; i < program->count; i++) {
		const struct option *option = &program->options[i];

		if (option->fallback != NULL && option->fallback[0] != '\0')
			TRY(option_set(option, config, option->fallback, folder, err));
	}
	return RC_OK;
}

static enum rc check_complete(const struct program *program, const char *file,
	const bool seen[PROGRAM_OPTIONS_MAX], struct err *err)
{
	char expected[256];

	for (size_t i = 0; i < program->count; i++) {
		const struct option *option = &program->options[i];

		if (option->fallback != NULL || seen[i])
			continue;
		option_expects(option, expected, sizeof expected);
		return err_set(err, RC_MALFORMED, "%s%s%s is not set: expected %s. %s",
			file == NULL ? "--" : file, file == NULL ? "" : ": ", option->name, expected,
			option->help);
	}
	return RC_OK;
}

static enum rc folder_of(const char *file, char out[PATH_MAX], struct err *err)
{
	const char *slash = file == NULL ? NULL : strrchr(file, '/');

	out[0] = '\0';
	if (slash == NULL)
		return RC_OK;
	if ((size_t)(slash - file) + 2 > PATH_MAX)
		return err_set(err, RC_LIMIT, "%.80s...: path is too long", file);
	memcpy(out, file, (size_t)(slash - file));
	/* The folder of "/x" is "", and joins to "/x" again. */
	out[slash - file] = '\0';
	if (slash == file)
		memcpy(out, "/.", 3);
	return RC_OK;
}

/* The file to read, NULL for none. */
static const char *choose_file(const struct program *program, const struct command_line *line)
{
	if (program->file == NULL)
		return NULL;
	if (line->file != NULL)
		return line->file;
	return program->file[0] != '\0' && access(program->file, F_OK) == 0 ? program->file : NULL;
}

/* Lists of which each item stands by itself; what the file or the default said is replaced. */
static enum rc fill_again(const struct program *program, const struct command_line *line, void *config,
	bool seen[PROGRAM_OPTIONS_MAX], struct err *err)
{
	bool is_begun[PROGRAM_OPTIONS_MAX] = {false};

	for (size_t i = 0; i < line->again_count; i++) {
		size_t row = line->again[i].row;
		const struct option *option = &program->options[row];
		enum rc rc;

		if (!is_begun[row])
			option_clear(option, config);
		is_begun[row] = seen[row] = true;
		rc = option_add(option, config, line->again[i].value, NULL, err);
		if (rc != RC_OK)
			return err_wrap(err, rc, "--");
	}
	return RC_OK;
}

static enum rc fill(const struct program *program, const struct command_line *line, void *config,
	struct program_start *out, struct err *err)
{
	bool seen[PROGRAM_OPTIONS_MAX] = {false};
	char folder[PATH_MAX];

	out->file = choose_file(program, line);
	TRY(folder_of(out->file, folder, err));
	TRY(set_defaults(program, folder, config, err));
	if (out->file != NULL)
		TRY(load_file(program, out->file, folder, config, seen, err));
	out->fault = EX_USAGE;
	for (size_t i = 0; i < program->count; i++) {
		enum rc rc = RC_OK;

		if (line->values[i] != NULL) {
			seen[i] = true;
			rc = option_set(&program->options[i], config, line->values[i], NULL, err);
		}
		if (rc != RC_OK)
			return err_wrap(err, rc, "--");
	}
	TRY(fill_again(program, line, config, seen, err));
	out->fault = out->file == NULL ? EX_USAGE : EX_CONFIG;
	TRY(check_complete(program, out->file, seen, err));
	return program->check == NULL ? RC_OK : program->check(config, err);
}

enum rc program_load(const struct program *program, int argc, char **argv, void *config,
	struct program_start *out, struct err *err)
{
	struct command_line line = {0};
	struct err none = {0};

	/* Below, text is put in front of text: there has to be one. */
	if (err == NULL)
		err = &none;
	*out = (struct program_start){.fault = EX_USAGE};
	TRY(command_line_parse(program, argc, argv, &line, err));
	out->ask = line.ask;
	out->rest = line.rest;
	out->word_count = line.word_count;
	memcpy(out->words, line.words, sizeof out->words);
	if (line.ask != PROGRAM_RUN && line.ask != PROGRAM_CHECK)
		return RC_OK;
	out->fault = EX_CONFIG;
	return fill(program, &line, config, out, err);
}

int program_die(const struct program *program, int code, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", program->name, err->text[0] != '\0' ? err->text : rc_words(err->rc));
	return code;
}

static int print_text(
	const struct program *program, enum rc (*write_text)(const struct program *program, struct blob *out))
{
	DROP(blob_release) struct blob text = {0};

	if (write_text(program, &text) != RC_OK)
		return EX_OSERR;
	fwrite(text.at, 1, text.len, stdout);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int program_begin(
	const struct program *program, int argc, char **argv, void *config, struct program_start *out)
{
	struct err err = {0};

	if (program_load(program, argc, argv, config, out, &err) != RC_OK) {
		program_release(program, config);
		program_die(program, out->fault, &err);
		if (out->fault == EX_USAGE)
			fprintf(stderr, "Try: %s --help\n", program->name);
		return out->fault;
	}
	switch (out->ask) {
	case PROGRAM_RUN: break;
	case PROGRAM_HELP: return print_text(program, program_help);
	case PROGRAM_SAMPLE: return print_text(program, program_sample);
	case PROGRAM_MAN: return print_text(program, program_man);
	case PROGRAM_VERSION: printf("%s %s\n", program->name, LIMEBUS_VERSION); return EX_OK;
	case PROGRAM_CHECK:
		printf("%s: ok\n", out->file == NULL ? "options" : out->file);
		program_release(program, config);
		return EX_OK;
	}
	return PROGRAM_GO;
}
