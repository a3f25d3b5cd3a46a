#include "lib/config/command_line.h"

#include <string.h>

#include "lib/base/drop.h"

#define NAME_MAX_BYTES 64u

/* Options that every program has. */
static const struct {
	const char *name;
	enum program_ask ask;
	bool needs_file;
} asks[] = {
	{"help", PROGRAM_HELP, false},
	{"version", PROGRAM_VERSION, false},
	{"check", PROGRAM_CHECK, true},
	{"print-config", PROGRAM_SAMPLE, true},
	{"print-man", PROGRAM_MAN, false},
};

/* One argument that starts with "--": its name, and its value if there is one behind a '='. */
struct argument {
	char name[NAME_MAX_BYTES + 1];
	const char *value;
};

static enum rc split(const char *text, struct argument *out, struct err *err)
{
	const char *name = text + 2;
	size_t len = strcspn(name, "=");

	if (len > NAME_MAX_BYTES)
		return err_set(err, RC_LIMIT, "%.80s...: no option has so long a name", text);
	memcpy(out->name, name, len);
	out->name[len] = '\0';
	out->value = name[len] == '=' ? name + len + 1 : NULL;
	return RC_OK;
}

static enum rc unknown(const struct program *program, const char *name, struct err *err)
{
	const char *nearest = program_nearest(program, name);

	if (nearest == NULL)
		return err_set(err, RC_MALFORMED, "--%s: unknown option", name);
	return err_set(err, RC_MALFORMED, "--%s: unknown option; did you mean \"--%s\"?", name, nearest);
}

/* The value of argv[*i]: behind its '=', or the next argument, which is then used up. */
static enum rc value_of(
	const struct argument *argument, int argc, char **argv, int *i, const char **out, struct err *err)
{
	if (*out != NULL)
		return err_set(err, RC_EXISTS, "--%s: is given twice", argument->name);
	if (argument->value == NULL && *i + 1 >= argc)
		return err_set(err, RC_MALFORMED, "--%s: expected a value behind it", argument->name);
	if (argument->value != NULL)
		*out = argument->value;
	else
		*out = argv[++*i];
	return RC_OK;
}

static bool take_ask(const struct program *program, const struct argument *argument, enum program_ask *out)
{
	for (size_t i = 0; i < COUNT(asks); i++) {
		if (strcmp(asks[i].name, argument->name) != 0 || argument->value != NULL ||
			(asks[i].needs_file && program->file == NULL))
			continue;
		*out = asks[i].ask;
		return true;
	}
	return false;
}

/* One more item of a list. */
static enum rc take_again(const struct argument *argument, size_t row, int argc, char **argv, int *i,
	struct command_line *line, struct err *err)
{
	const char *value = NULL;

	TRY(value_of(argument, argc, argv, i, &value, err));
	if (line->again_count == COMMAND_LINE_AGAIN_MAX)
		return err_set(
			err, RC_LIMIT, "--%s: more than %u options", argument->name, COMMAND_LINE_AGAIN_MAX);
	line->again[line->again_count].row = row;
	line->again[line->again_count++].value = value;
	return RC_OK;
}

static enum rc take_option(const struct program *program, int argc, char **argv, int *i,
	struct command_line *line, struct err *err)
{
	struct argument argument = {0};
	const struct option *option;
	const char **value;

	TRY(split(argv[*i], &argument, err));
	if (take_ask(program, &argument, &line->ask))
		return RC_OK;
	if (program->file != NULL && strcmp(argument.name, "config") == 0)
		return value_of(&argument, argc, argv, i, &line->file, err);
	option = program_find(program, argument.name);
	if (option == NULL)
		return unknown(program, argument.name, err);
	if (option->repeats)
		return take_again(&argument, (size_t)(option - program->options), argc, argv, i, line, err);
	value = &line->values[option - program->options];
	if (option->kind == OPTION_KIND_BOOL && argument.value == NULL)
		argument.value = "yes";
	return value_of(&argument, argc, argv, i, value, err);
}

static enum rc take_word(
	const struct program *program, const char *word, struct command_line *line, struct err *err)
{
	size_t max = program->words_max < PROGRAM_WORDS_MAX ? program->words_max : PROGRAM_WORDS_MAX;

	if (line->word_count >= max)
		return err_set(err, RC_LIMIT, "\"%.80s\": unexpected; options start with \"--\"", word);
	line->words[line->word_count++] = word;
	return RC_OK;
}

enum rc command_line_parse(
	const struct program *program, int argc, char **argv, struct command_line *out, struct err *err)
{
	struct command_line line = {.rest = argc};
	bool only_words = false;

	for (int i = 1; i < argc; i++) {
		bool is_option = !only_words && argv[i][0] == '-' && argv[i][1] != '\0';

		if (!is_option && program->commands != NULL) {
			line.rest = i;
			break;
		}
		if (!is_option)
			TRY(take_word(program, argv[i], &line, err));
		else if (strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (strcmp(argv[i], "-h") == 0)
			line.ask = PROGRAM_HELP;
		else if (argv[i][1] != '-')
			return err_set(err, RC_MALFORMED, "%.80s: unknown option; options start with \"--\"",
				argv[i]);
		else
			TRY(take_option(program, argc, argv, &i, &line, err));
	}
	if ((line.ask == PROGRAM_RUN || line.ask == PROGRAM_CHECK) && line.word_count < program->words_min)
		return err_set(err, RC_MALFORMED, "expected: %s", program->words);
	*out = line;
	return RC_OK;
}
