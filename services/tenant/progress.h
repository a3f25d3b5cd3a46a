/* What a long command is doing, a line a step, with the time that it took. */
#ifndef LIMEBUS_TENANT_PROGRESS_H
#define LIMEBUS_TENANT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* On a terminal "✓ text  12 ms", else "text (12 ms)"; with JSON one object a line. */
struct progress {
	bool as_json;
	bool is_terminal;
	uint64_t begun_us;
	uint64_t step_us;
};

struct progress progress_begin(bool as_json);

/* A step ended. name is a word for programs, the text is for people. */
void progress_step(struct progress *progress, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Since progress_begin. */
uint64_t progress_total_ms(const struct progress *progress);

#endif
