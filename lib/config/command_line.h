/* Command lines, taken apart by a program's table. Values are looked at later, in program_load. */
#ifndef LIMEBUS_CONFIG_COMMAND_LINE_H
#define LIMEBUS_CONFIG_COMMAND_LINE_H

#include "lib/config/program.h"

#define COMMAND_LINE_AGAIN_MAX 512u

/* Everything borrows from argv. */
struct command_line {
	enum program_ask ask;
	const char *file;                        /* --config */
	const char *values[PROGRAM_OPTIONS_MAX]; /* by row of the table; NULL: not given */
	const char *words[PROGRAM_WORDS_MAX];
	size_t word_count;
	/* Options that may be given again, in the order in which they were. */
	struct {
		size_t row;
		const char *value;
	} again[COMMAND_LINE_AGAIN_MAX];
	size_t again_count;
	int rest;
};

/* Refuses unknown options, those given twice that do not repeat, options without their value, and too few or
 * too many words. The latter not when help or the like was asked for. RC_MALFORMED, RC_EXISTS or RC_LIMIT. */
MUST_USE enum rc command_line_parse(
	const struct program *program, int argc, char **argv, struct command_line *out, struct err *err);

#endif
