/* Lines of text for people, counted. Internal to lib/policy. */
#ifndef LIMEBUS_POLICY_BOOT_LINES_H
#define LIMEBUS_POLICY_BOOT_LINES_H

#include "lib/base/blob.h"

/* The first failure stays; lines beyond max are counted only. prefix may be NULL. */
struct boot_lines {
	struct blob *out;
	const char *prefix;
	size_t max;
	size_t count;
	enum rc rc;
};

/* One line; cut to 1 KiB. */
void boot_line(struct boot_lines *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "... and 12 more", if there are more. */
MUST_USE enum rc boot_lines_end(struct boot_lines *lines);

#endif
