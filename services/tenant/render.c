#include "services/tenant/render.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"

#define CELL_BYTES 512

void table_release(struct table *table)
{
	blob_release(&table->cells);
	*table = (struct table){0};
}

void table_add_span(struct table *table, struct span text)
{
	static const struct span none = {(const uint8_t *)"-", 1};
	size_t at = table->cells.len;

	if (table->rc == RC_OK)
		table->rc = blob_append(&table->cells, text.len == 0 ? none : text);
	if (table->rc == RC_OK)
		table->rc = blob_append(&table->cells, SPAN(""));
	if (table->rc != RC_OK)
		return;
	for (size_t i = at; i + 1 < table->cells.len; i++)
		if (table->cells.at[i] < 0x20 || table->cells.at[i] == 0x7f)
			table->cells.at[i] = '?';
	table->count++;
}

void table_add(struct table *table, const char *format, ...)
{
	char text[CELL_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	table_add_span(table, span_text(text));
}

/* Characters, not bytes: UTF-8's continuation bytes take no room. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static enum rc add_cell(struct blob *out, const char *text, size_t pad)
{
	TRY(blob_append(out, span_text(text)));
	for (size_t i = 0; i < pad; i++)
		TRY(blob_append(out, span_text(" ")));
	return RC_OK;
}

enum rc table_text(const struct table *table, struct blob *out)
{
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	const char *at = (const char *)table->cells.at;

	TRY(table->rc);
	for (size_t i = 0; i < table->count; i++) {
		size_t width = width_of(at);

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
		at += strlen(at) + 1;
	}
	at = (const char *)table->cells.at;
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;
		bool is_last = column + 1 == table->columns;

		TRY(add_cell(out, at, is_last ? 0 : widths[column] - width_of(at) + 2));
		if (is_last)
			TRY(blob_append(out, span_text("\n")));
		at += strlen(at) + 1;
	}
	return RC_OK;
}

enum rc table_print(const struct table *table)
{
	DROP(blob_release) struct blob text = {0};

	TRY(table_text(table, &text));
	return fwrite(text.at, 1, text.len, stdout) == text.len ? RC_OK : RC_IO;
}

struct span render_state(const struct elem_node_state *state, uint64_t now_ms)
{
	bool is_old = state->stale_ms != 0 && now_ms > state->good && now_ms - state->good > state->stale_ms;

	if (span_is(state->state, "trusted") && is_old)
		return span_text("stale");
	return state->state;
}

char *render_age(uint64_t then_ms, uint64_t now_ms, char out[static RENDER_AGE_BYTES])
{
	static const struct {
		uint64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
	uint64_t age = now_ms > then_ms ? now_ms - then_ms : 0;

	snprintf(out, RENDER_AGE_BYTES, "%s", then_ms == 0 ? "never" : "just now");
	if (then_ms == 0 || age == 0)
		return out;
	for (size_t i = 0; i < COUNT(units); i++) {
		if (age >= units[i].ms) {
			snprintf(out, RENDER_AGE_BYTES, "%llu%s ago", (unsigned long long)(age / units[i].ms),
				units[i].unit);
			break;
		}
	}
	return out;
}

char *render_time(uint64_t then_ms, uint64_t now_ms, char out[static RENDER_TIME_BYTES])
{
	char text[CLOCK_TEXT_BYTES];
	char age[RENDER_AGE_BYTES];

	if (then_ms == 0)
		snprintf(out, RENDER_TIME_BYTES, "never");
	else
		snprintf(out, RENDER_TIME_BYTES, "%s (%s)", clock_text(then_ms, text),
			render_age(then_ms, now_ms, age));
	return out;
}

enum rc render_json(struct json_write *w)
{
	enum rc rc = json_write_end(w);

	if (rc != RC_OK)
		return rc;
	if (fwrite(w->out->at, 1, w->out->len, stdout) != w->out->len)
		return RC_IO;
	if (w->style == JSON_COMPACT)
		putchar('\n');
	fflush(stdout);
	return RC_OK;
}

void render_state_json(struct json_write *w, const struct elem_node_state *state, uint64_t now_ms)
{
	json_write_text(w, "state", render_state(state, now_ms));
	json_write_text(w, "decided", state->state);
	json_write_u64(w, "since", state->since);
	json_write_u64(w, "good", state->good);
	json_write_u64(w, "stale_ms", state->stale_ms);
	json_write_u64(w, "number", state->number);
	json_write_u64(w, "opened", state->opened);
	json_write_u64(w, "opened_at", state->opened_at);
	json_write_hex(w, "policy", state->policy);
	json_write_text(w, "class", state->class);
	json_write_u64(w, "verdicts", state->verdicts);
	json_write_u64(w, "attestations", state->attestations);
	json_write_bool(w, "connected", state->connected);
	json_write_hex(w, "former", state->former);
	json_write_u64(w, "former_until", state->former_until);
	json_write_u64(w, "ima_entries", state->ima_entries);
	json_write_u64(w, "ima_failed", state->ima_failed);
	json_write_text(w, "text", state->text);
}
