/* Firmware event logs to order. Whatever goes wrong here fails the test. */
#ifndef LIMEBUS_TESTS_SUPPORT_EVENT_MAKER_H
#define LIMEBUS_TESTS_SUPPORT_EVENT_MAKER_H

#include "lib/evidence/event_check.h"
#include "lib/evidence/event_log.h"
#include "lib/evidence/event_type.h"
#include "tests/support/test.h"

/* The log so far. Start from {.bank_count, .banks} for an agile log, from {0} for one with SHA-1 only. */
struct event_maker {
	size_t bank_count;
	struct event_bank banks[EVENT_BANKS_MAX];
	struct blob bytes;
};
void event_maker_release(struct event_maker *maker);

/* The header of an agile log. */
void event_maker_header(struct event_maker *maker);

/* An event whose digests are H(hashed), in each bank; in a bank with an unknown hash 0xaa. hashed without
 * address gives zeros. */
void event_maker_add(
	struct event_maker *maker, uint32_t pcr, uint32_t type, struct span payload, struct span hashed);

/* Integers as UEFI writes them. */
void event_maker_le(struct blob *blob, uint64_t value, size_t bytes);

/* ASCII to UTF-16 with its NUL. */
void event_maker_utf16(struct blob *blob, const char *text);

/* A log with one SHA-256 bank and this one event; the check of that bank. bytes receives the log, which the
 * event borrows. */
struct event_check event_maker_check(struct event_maker *maker, uint32_t pcr, uint32_t type,
	struct span payload, struct span hashed, struct log_event *out);

#endif
