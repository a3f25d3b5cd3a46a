/* How the programs of the command line end: numbers that scripts may rely on, sysexits(3) wherever it has
 * one. */
#ifndef LIMEBUS_TENANT_EXIT_H
#define LIMEBUS_TENANT_EXIT_H

#include "lib/base/rc.h"

/* X(NAME, number, meaning) */
#define EXIT_LIST(X)                                                                                         \
	X(DONE, 0, "done; for a question: yes")                                                              \
	X(NO, 1, "the question was answered with no: the node is not trusted, something is wrong here")      \
	X(UNKNOWN, 2,                                                                                        \
		"the question could not be answered: nothing was judged, or the node cannot be reached")     \
	X(USAGE, 64, "the command line is wrong")                                                            \
	X(MALFORMED, 65, "a file, an answer or a value is not what it must be")                              \
	X(NOT_FOUND, 66, "what was named does not exist")                                                    \
	X(UNREACHABLE, 69, "a service cannot be reached, or its connection broke")                           \
	X(SOFTWARE, 70, "a fault in limebus or in a library")                                                \
	X(OS, 71, "the operating system refused: memory, processes")                                         \
	X(EXISTS, 73, "it is there already, and is not overwritten")                                         \
	X(IO, 74, "reading or writing failed")                                                               \
	X(TIMEOUT, 75, "no answer in time; trying again is safe")                                            \
	X(DENIED, 77, "not allowed: wrong role, wrong signature, or file permissions that are too open")     \
	X(CONFIG, 78, "the configuration is wrong")                                                          \
	X(INTERRUPTED, 130, "stopped by Ctrl-C or SIGTERM")

#define EXIT_ENUM(name, number, meaning) EXIT_##name = (number),
enum exit_status { EXIT_LIST(EXIT_ENUM) };
#undef EXIT_ENUM

/* For struct program: the list above as texts. */
extern const char *const exit_texts[][2];

/* The status for a failure. */
enum exit_status exit_of(enum rc rc);

#endif
