/*
 * The two logs that explain the PCRs: the firmware's event log and the kernel's IMA list. Their files are
 * opened once, before the agent gives up its rights (root alone may open securityfs), and read from any place
 * on. In place of securityfs any files that grow like them will do.
 */
#ifndef LIMEBUS_AGENT_LOGS_H
#define LIMEBUS_AGENT_LOGS_H

#include "lib/base/blob.h"
#include "lib/base/err.h"

/* X(NAME, "name on the wire") */
#define LOGS_FILES(X)                                                                                        \
	X(BOOT, "boot")                                                                                      \
	X(IMA, "ima")

#define LOGS_FILE_ENUM(name, wire) LOGS_FILE_##name,
enum logs_file { LOGS_FILES(LOGS_FILE_ENUM) LOGS_FILE_COUNT };
#undef LOGS_FILE_ENUM

struct logs;

/* Paths may be NULL: there is no such log. A file that is not there is logged and is an empty log; one that
 * may not be read is an error. count: the file with the number of entries of the IMA list. */
MUST_USE enum rc logs_open(
	const char *boot, const char *ima, const char *count, struct logs **out, struct err *err);
/* Accepts NULL inside. */
void logs_close(struct logs **logs);

/* "boot", "ima". RC_NOT_FOUND for other names. */
MUST_USE enum rc logs_file_of(struct span name, enum logs_file *out);

/*
 * What is there from byte `from` on.
 *   more  there are bytes behind these
 *   gone  the log is shorter than `from`, or has lost its beginning: nothing is read
 */
struct logs_piece {
	struct blob bytes; /* at most max; of the IMA list whole entries */
	bool more;
	bool gone;
};
void logs_piece_release(struct logs_piece *piece);

/* Cheap when nothing is there: one read that returns nothing. RC_IO, RC_NOMEM. */
MUST_USE enum rc logs_read(struct logs *logs, enum logs_file file, uint64_t from, size_t max,
	struct logs_piece *out, struct err *err);

/* Entries of the IMA list by the count file; 0 without one. */
uint64_t logs_ima_count(struct logs *logs);

#endif
