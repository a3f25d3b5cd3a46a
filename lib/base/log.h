/*
 * The only writer of log lines: "TIME LEVEL program event key=value…" on standard error, one write a line.
 * Control characters and bytes that are not ASCII are escaped as \xNN, long lines are cut at LOG_LINE_BYTES,
 * so a peer's text cannot forge a line. Never log nonces in full, keys, shares, or policy bodies.
 */
#ifndef LIMEBUS_BASE_LOG_H
#define LIMEBUS_BASE_LOG_H

#include <stdbool.h>

#define LOG_LINE_BYTES 2048

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* program must be a literal. Lines above the level are not written. Before log_open nothing is written. */
void log_open(const char *program, enum log_level level);

/* "error", "warn", "info" or "debug". */
bool log_level_parse(const char *text, enum log_level *out);

/* log_event(LOG_INFO, "node.trusted", "node=%s after_ms=%u", …); the event is a literal. */
void log_event(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
