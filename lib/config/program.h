/*
 * What a program is started with: its table of options, filled from defaults, configuration file and command
 * line, the later ones winning.
 *
 *   int main(int argc, char **argv)
 *   {
 *       struct config config = {0};
 *       struct program_start start = {0};
 *       int status = program_begin(&verifier_program, argc, argv, &config, &start);
 *
 *       if (status != PROGRAM_GO)
 *           return status;
 *
 * Every program understands --help and --version, and, if it has a configuration file, --config FILE, --check
 * and --print-config; any option may be given as "--name value" or "--name=value" (yes/no options as
 * "--name").
 */
#ifndef LIMEBUS_CONFIG_PROGRAM_H
#define LIMEBUS_CONFIG_PROGRAM_H

#include "lib/base/blob.h"
#include "lib/config/option.h"

#define PROGRAM_OPTIONS_MAX    128u
#define PROGRAM_WORDS_MAX      64u
#define PROGRAM_FILE_MAX_BYTES (256u << 10)

struct program {
	const char *name;    /* "limebus-verifier", "limebus node list" */
	const char *summary; /* one line, no full stop */
	const char *about;   /* paragraphs, "\n\n" between them */
	const struct option *options;
	size_t count;
	/* The configuration file that is read, if it exists, when --config is not given. "": there is none by
	 * default. NULL: this program has no configuration file at all. */
	const char *file;
	/* What help and man page call that file, if its path depends on who runs the program. NULL: file. */
	const char *file_shown;
	/* Words that may stand on the command line beside options: how --help shows them, and how many. NULL:
	 * none. */
	const char *words;
	size_t words_min;
	size_t words_max; /* at most PROGRAM_WORDS_MAX */
	/* Name and help of each sub-command, ended by {NULL, NULL}. Then parsing stops at the first word: it
	 * and what follows belong to the sub-command (see program_start.rest). NULL: there are none. */
	const char *const (*commands)[2];
	/* Number and meaning of each exit status, ended by {NULL, NULL}, for the man page. NULL: those of a
	 * service. */
	const char *const (*exits)[2];
	/* Rules that a table cannot say, such as "at most one of these two". May be NULL. */
	enum rc (*check)(const void *config, struct err *err);
};

enum program_ask { PROGRAM_RUN, PROGRAM_CHECK, PROGRAM_HELP, PROGRAM_VERSION, PROGRAM_SAMPLE, PROGRAM_MAN };

/* What the command line asked for. Words and file borrow from argv, or from the program. */
struct program_start {
	enum program_ask ask;
	const char *file; /* the configuration file that was read; NULL: none */
	const char *words[PROGRAM_WORDS_MAX];
	size_t word_count;
	int rest;  /* with commands: index in argv of the first word, or argc */
	int fault; /* after a failure: EX_USAGE if the command line was wrong, else EX_CONFIG */
};

/*
 * Fill config, which must be all zero, and *out. If ask is none of RUN and CHECK, config stays as it was.
 * Every refusal says where ("FILE:LINE: " or "--name: "), what was expected, what was found, and for an
 * unknown name the nearest known one. A configuration file that group or others may write, or that belongs to
 * somebody other than us or root, is RC_DENIED. After a failure config holds what had been set:
 * program_release it.
 */
MUST_USE enum rc program_load(const struct program *program, int argc, char **argv, void *config,
	struct program_start *out, struct err *err);

/* program_load, and whatever was asked for is answered: help, version, sample and man page on standard
 * output, "FILE: ok" for --check, mistakes on standard error. PROGRAM_GO means: go on; otherwise exit with
 * the result (EX_OK, EX_USAGE, EX_CONFIG), config having been released. */
#define PROGRAM_GO (-1)
MUST_USE int program_begin(
	const struct program *program, int argc, char **argv, void *config, struct program_start *out);

/* Release every field of config. */
void program_release(const struct program *program, void *config);

/* "NAME: text" on standard error; returns code, a sysexits(3) one. */
int program_die(const struct program *program, int code, const struct err *err);

/* The row of that name; NULL if there is none. */
const struct option *program_find(const struct program *program, const char *name);

/* The nearest known name to one that is not known; NULL if none is near. */
const char *program_nearest(const struct program *program, const char *name);

/* The texts that come from the table, appended to out. Only RC_NOMEM or RC_LIMIT. */
MUST_USE enum rc program_help(const struct program *program, struct blob *out);
MUST_USE enum rc program_sample(const struct program *program, struct blob *out);
MUST_USE enum rc program_man(const struct program *program, struct blob *out);

#endif
