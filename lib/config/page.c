/* The texts that a program prints about itself, made from its table. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/drop.h"
#include "lib/config/program.h"

#define PAGE_COLUMNS 78u

/* A page that remembers its first failure, so that its writers need not ask after each piece. */
struct page {
	struct blob *text;
	enum rc rc;
};

static void put(struct page *page, const char *text)
{
	if (page->rc == RC_OK)
		page->rc = blob_append(page->text, span_text(text));
}

static void putf(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void putf(struct page *page, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put(page, text);
}

/* Words of one paragraph, each line behind the lead ("# ", or blanks). */
static void fill(struct page *page, const char *lead, const char *text, size_t len)
{
	size_t column = 0;

	while (len != 0) {
		size_t word = 0;

		while (word < len && text[word] != ' ' && text[word] != '\n')
			word++;
		if (word != 0 && column != 0 && column + 1 + word > PAGE_COLUMNS) {
			put(page, "\n");
			column = 0;
		}
		if (word != 0) {
			put(page, column == 0 ? lead : " ");
			putf(page, "%.*s", (int)word, text);
			column += (column == 0 ? strlen(lead) : 1) + word;
		}
		text += word;
		len -= word;
		if (len != 0) {
			text++;
			len--;
		}
	}
	put(page, "\n");
}

/* Paragraphs, with what stands between them. */
static void fill_all(struct page *page, const char *lead, const char *between, const char *text)
{
	const char *end;

	for (end = strstr(text, "\n\n"); end != NULL; end = strstr(text, "\n\n")) {
		fill(page, lead, text, (size_t)(end - text));
		put(page, between);
		text = end + 2;
	}
	fill(page, lead, text, strlen(text));
}

static const char *placeholder(const struct option *option)
{
	switch (option->kind) {
	case OPTION_KIND_TEXT: return "TEXT";
	case OPTION_KIND_PATH: return "PATH";
	case OPTION_KIND_ENDPOINT: return "ENDPOINT";
	case OPTION_KIND_U64: return "NUMBER";
	case OPTION_KIND_DURATION: return "DURATION";
	case OPTION_KIND_SIZE: return "SIZE";
	case OPTION_KIND_WORD: return "WORD";
	case OPTION_KIND_LIST:
		if (!option->repeats)
			return "LIST";
		return option->item == OPTION_KIND_PATH ? "PATH" : "TEXT";
	case OPTION_KIND_BOOL: break;
	}
	return "yes|no";
}

/* "Expected a number from 1 to 9. Default: 5." */
static void expectation(const struct option *option, char *out, size_t out_len)
{
	char expected[256];

	option_expects(option, expected, sizeof expected);
	if (option->fallback == NULL)
		snprintf(out, out_len, "Expected: %s. Must be given.", expected);
	else if (option->fallback[0] == '\0')
		snprintf(out, out_len, "Expected: %s. May be left out.", expected);
	else
		snprintf(out, out_len, "Expected: %s. Default: %s", expected, option->fallback);
}

/* The options that every program has, with their help. */
static const char *const common_file[][2] = {
	{"config FILE",
		"The configuration file: \"name = value\" lines, the names being the options below without "
		"their dashes. What stands on the command line wins over the file."},
	{"check", "Read the configuration, say whether it is right, and end."},
	{"print-config", "Print a commented sample configuration file, and end."},
};
static const char *const common_all[][2] = {
	{"help", "Print this help, and end."},
	{"version", "Print the version, and end."},
};

static const char *const exit_codes[][2] = {
	{"0", "all went well"},
	{"64", "the command line is wrong (EX_USAGE)"},
	{"69", "something that is needed cannot be reached or opened (EX_UNAVAILABLE)"},
	{"70", "it failed while running (EX_SOFTWARE)"},
	{"77", "privileges could not be given up, or something may not be read (EX_NOPERM)"},
	{"78", "the configuration is wrong (EX_CONFIG)"},
	{NULL, NULL},
};

static void synopsis(struct page *page, const struct program *program)
{
	const char *const parts[] = {
		program->file != NULL ? "[--config FILE] " : "",
		program->count != 0 ? "[--OPTION VALUE]... " : "",
		program->words != NULL ? program->words : "",
		program->commands != NULL ? "COMMAND ..." : "",
	};

	for (size_t i = 0; i < COUNT(parts); i++)
		put(page, parts[i]);
}

/* The file that is read without --config, as it is shown; "" for none. */
static const char *default_file(const struct program *program)
{
	if (program->file_shown != NULL)
		return program->file_shown;
	return program->file == NULL ? "" : program->file;
}

static void help_row(struct page *page, const char *name, const char *value, const char *help)
{
	putf(page, "  --%s%s%s\n", name, value[0] == '\0' ? "" : " ", value);
	fill_all(page, "      ", "\n", help);
}

enum rc program_help(const struct program *program, struct blob *out)
{
	struct page page = {out, RC_OK};
	char expected[512];

	putf(&page, "%s - %s\n\nUsage: %s ", program->name, program->summary, program->name);
	synopsis(&page, program);
	put(&page, "\n\n");
	fill_all(&page, "", "\n", program->about);
	for (size_t i = 0; program->commands != NULL && program->commands[i][0] != NULL; i++)
		putf(&page, "%s  %-12s %s\n", i == 0 ? "\nCommands:\n" : "", program->commands[i][0],
			program->commands[i][1]);
	put(&page, "\nOptions:\n");
	for (size_t i = 0; program->file != NULL && i < COUNT(common_file); i++)
		help_row(&page, common_file[i][0], "", common_file[i][1]);
	for (size_t i = 0; i < COUNT(common_all); i++)
		help_row(&page, common_all[i][0], "", common_all[i][1]);
	for (size_t i = 0; i < program->count; i++) {
		const struct option *option = &program->options[i];

		help_row(&page, option->name, placeholder(option), option->help);
		expectation(option, expected, sizeof expected);
		fill(&page, "      ", expected, strlen(expected));
	}
	if (default_file(program)[0] != '\0')
		putf(&page, "\nWithout --config, %s is read if it is there.\n", default_file(program));
	return page.rc;
}

enum rc program_sample(const struct program *program, struct blob *out)
{
	struct page page = {out, RC_OK};
	char expected[512];

	putf(&page,
		"# %s: %s.\n#\n# Lines are \"name = value\"; what is commented out shows the default.\n"
		"# Paths that do not start with / are taken from the folder of this file.\n",
		program->name, program->summary);
	for (size_t i = 0; i < program->count; i++) {
		const struct option *option = &program->options[i];

		put(&page, "\n");
		fill_all(&page, "# ", "#\n", option->help);
		expectation(option, expected, sizeof expected);
		fill(&page, "# ", expected, strlen(expected));
		putf(&page, "%s%s =%s%s\n", option->fallback == NULL ? "" : "#", option->name,
			option->fallback == NULL || option->fallback[0] == '\0' ? "" : " ",
			option->fallback == NULL ? "" : option->fallback);
	}
	return page.rc;
}

/* Text for troff: backslashes and hyphens escaped, no line that starts with a control character. The line
 * stays open. */
static void roff_piece(struct page *page, const char *text)
{
	char piece[3] = {0};
	bool at_start = true;

	for (; *text != '\0'; text++) {
		if (at_start && (*text == '.' || *text == '\''))
			put(page, "\\&");
		at_start = *text == '\n';
		if (*text == '\n' && text[1] == '\n') {
			put(page, "\n.PP\n");
			text++;
			continue;
		}
		piece[0] = *text;
		piece[1] = '\0';
		if (*text == '-' || *text == '\\') {
			piece[0] = '\\';
			piece[1] = *text == '\\' ? 'e' : '-';
		}
		put(page, piece);
	}
}

static void roff(struct page *page, const char *text)
{
	roff_piece(page, text);
	put(page, "\n");
}

static void man_row(struct page *page, const char *name, const char *value, const char *help)
{
	put(page, ".TP\n\\fB\\-\\-");
	roff_piece(page, name);
	putf(page, "\\fR%s%s%s\n", value[0] == '\0' ? "" : " \\fI", value, value[0] == '\0' ? "" : "\\fR");
	roff(page, help);
}

static void man_options(struct page *page, const struct program *program)
{
	char expected[512];

	put(page, ".SH OPTIONS\n");
	for (size_t i = 0; program->file != NULL && i < COUNT(common_file); i++)
		man_row(page, common_file[i][0], "", common_file[i][1]);
	for (size_t i = 0; i < COUNT(common_all); i++)
		man_row(page, common_all[i][0], "", common_all[i][1]);
	for (size_t i = 0; i < program->count; i++) {
		const struct option *option = &program->options[i];

		man_row(page, option->name, placeholder(option), option->help);
		expectation(option, expected, sizeof expected);
		put(page, ".br\n");
		roff(page, expected);
	}
}

/* Services have a '-' in their names and belong into section 8, the command line into section 1. */
static bool is_user_command(const struct program *program)
{
	return strchr(program->name, '-') == NULL;
}

enum rc program_man(const struct program *program, struct blob *out)
{
	struct page page = {out, RC_OK};

	put(&page, ".TH \"");
	for (const char *c = program->name; *c != '\0'; c++)
		putf(&page, "%c", *c == ' ' ? '-' : *c);
	putf(&page, "\" %s \"\" \"limebus %s\"\n.SH NAME\n", is_user_command(program) ? "1" : "8",
		LIMEBUS_VERSION);
	roff(&page, program->name);
	put(&page, "\\- ");
	roff(&page, program->summary);
	put(&page, ".SH SYNOPSIS\n.B ");
	roff(&page, program->name);
	synopsis(&page, program);
	put(&page, "\n.SH DESCRIPTION\n");
	roff(&page, program->about);
	for (size_t i = 0; program->commands != NULL && program->commands[i][0] != NULL; i++) {
		putf(&page, "%s.TP\n.B %s\n", i == 0 ? ".SH COMMANDS\n" : "", program->commands[i][0]);
		roff(&page, program->commands[i][1]);
	}
	man_options(&page, program);
	if (default_file(program)[0] != '\0') {
		put(&page, ".SH FILES\n.TP\n.I ");
		roff(&page, default_file(program));
		put(&page, "Read if it is there and \\-\\-config is not given.\n");
	}
	put(&page, ".SH EXIT STATUS\n");
	for (const char *const(*exits)[2] = program->exits == NULL ? exit_codes : program->exits;
		(*exits)[0] != NULL; exits++)
		putf(&page, ".TP\n.B %s\n%s\n", (*exits)[0], (*exits)[1]);
	return page.rc;
}
