/* What commands show: tables for people, JSON for programs. */
#ifndef LIMEBUS_TENANT_RENDER_H
#define LIMEBUS_TENANT_RENDER_H

#include "lib/base/clock.h"
#include "lib/json/json_write.h"
#include "proto/msg.h"

#define TABLE_COLUMNS_MAX 12

/* Cells are gathered, and printed when the widths are known. {0} plus the number of columns is an empty
 * table. After a failure (out of memory) all further calls do nothing, and table_print tells of it. */
struct table {
	size_t columns;
	struct blob cells; /* texts with their NUL, row after row */
	size_t count;
	enum rc rc;
};
void table_release(struct table *table);

/* One cell; the first row is the heading. An empty one is shown as "-". Control characters become '?'. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_add_span(struct table *table, struct span text);

/* The table as text: columns two blanks apart, nothing behind the last. */
MUST_USE enum rc table_text(const struct table *table, struct blob *out);
MUST_USE enum rc table_print(const struct table *table);

/* The state that a person should see: `stale` follows from the age of the last good verdict, whatever the
 * verifier last decided. Borrows. */
struct span render_state(const struct elem_node_state *state, uint64_t now_ms);

/* "3s ago", "2h ago"; "never" for 0; "just now" also for what lies ahead of us. Returns out. */
#define RENDER_AGE_BYTES 32
char *render_age(uint64_t then_ms, uint64_t now_ms, char out[static RENDER_AGE_BYTES]);

/* "2026-11-23 17:49:22 (3s ago)"; "never" for 0. */
#define RENDER_TIME_BYTES 64
char *render_time(uint64_t then_ms, uint64_t now_ms, char out[static RENDER_TIME_BYTES]);

/* Print what was written, if all went well. */
MUST_USE enum rc render_json(struct json_write *w);

/* The members of a state, into an open object. */
void render_state_json(struct json_write *w, const struct elem_node_state *state, uint64_t now_ms);

#endif
