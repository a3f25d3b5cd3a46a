#include "lib/json/json_write.h"

#include <stdio.h>

#include "lib/base/hex.h"
#include "lib/json/json_utf8.h"

/* U+FFFD REPLACEMENT CHARACTER. */
#define REPLACEMENT "\xef\xbf\xbd"
/* Bytes that are turned into hexadecimal at one time. */
#define HEX_PIECE 64

struct json_write json_write_begin(struct blob *out, enum json_style style)
{
	return (struct json_write){.out = out, .style = style};
}

static void put(struct json_write *w, struct span bytes)
{
	if (w->rc == RC_OK)
		w->rc = blob_append(w->out, bytes);
}

static void put_text(struct json_write *w, const char *text)
{
	put(w, span_text(text));
}

static void new_line(struct json_write *w)
{
	if (w->style != JSON_PRETTY)
		return;
	put_text(w, "\n");
	for (size_t i = 0; i < w->depth; i++)
		put_text(w, "  ");
}

static void put_escaped(struct json_write *w, uint8_t c)
{
	char text[8];

	switch (c) {
	case '"': put_text(w, "\\\""); return;
	case '\\': put_text(w, "\\\\"); return;
	case '\n': put_text(w, "\\n"); return;
	case '\r': put_text(w, "\\r"); return;
	case '\t': put_text(w, "\\t"); return;
	default: break;
	}
	snprintf(text, sizeof text, "\\u%04x", c);
	put_text(w, text);
}

static bool is_plain(uint8_t c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void put_quoted(struct json_write *w, struct span text)
{
	put_text(w, "\"");
	while (text.len > 0 && w->rc == RC_OK) {
		size_t plain = 0;
		size_t used;

		while (plain < text.len && is_plain(text.at[plain]))
			plain++;
		used = plain;
		if (plain > 0) {
			put(w, span_of(text.at, plain));
		} else if (text.at[0] < 0x80) {
			put_escaped(w, text.at[0]);
			used = 1;
		} else {
			used = json_utf8_length(text);
			put(w, used > 0 ? span_of(text.at, used) : span_text(REPLACEMENT));
			used += used == 0;
		}
		text = span_of(text.at + used, text.len - used);
	}
	put_text(w, "\"");
}

/* What stands before a value: a comma, a line, its key. A key belongs to members of objects, and only to
 * them. */
static void lead(struct json_write *w, const char *key)
{
	bool in_object = w->depth > 0 && w->closer[w->depth] == '}';

	if (w->rc == RC_OK && ((key != NULL) != in_object || (w->depth == 0 && w->filled[0])))
		w->rc = RC_MALFORMED;
	if (w->filled[w->depth])
		put_text(w, ",");
	if (w->depth > 0)
		new_line(w);
	w->filled[w->depth] = true;
	if (key != NULL) {
		put_quoted(w, span_text(key));
		put_text(w, w->style == JSON_PRETTY ? ": " : ":");
	}
}

static void open_level(struct json_write *w, const char *key, const char *opener, char closer)
{
	lead(w, key);
	if (w->rc == RC_OK && w->depth == JSON_WRITE_DEPTH_MAX)
		w->rc = RC_LIMIT;
	if (w->rc != RC_OK)
		return;
	put_text(w, opener);
	w->depth++;
	w->filled[w->depth] = false;
	w->closer[w->depth] = closer;
}

void json_write_object(struct json_write *w, const char *key)
{
	open_level(w, key, "{", '}');
}

void json_write_array(struct json_write *w, const char *key)
{
	open_level(w, key, "[", ']');
}

void json_write_close(struct json_write *w)
{
	char closer[2] = {w->closer[w->depth], '\0'};
	bool filled = w->filled[w->depth];

	if (w->rc == RC_OK && w->depth == 0)
		w->rc = RC_MALFORMED;
	if (w->rc != RC_OK)
		return;
	w->depth--;
	if (filled)
		new_line(w);
	put_text(w, closer);
}

void json_write_text(struct json_write *w, const char *key, struct span text)
{
	lead(w, key);
	put_quoted(w, text);
}

void json_write_cstr(struct json_write *w, const char *key, const char *text)
{
	json_write_text(w, key, span_text(text));
}

void json_write_u64(struct json_write *w, const char *key, uint64_t value)
{
	char text[24];

	lead(w, key);
	snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	put_text(w, text);
}

void json_write_bool(struct json_write *w, const char *key, bool value)
{
	lead(w, key);
	put_text(w, value ? "true" : "false");
}

void json_write_null(struct json_write *w, const char *key)
{
	lead(w, key);
	put_text(w, "null");
}

void json_write_hex(struct json_write *w, const char *key, struct span bytes)
{
	char digits[HEX_BYTES(HEX_PIECE)];

	lead(w, key);
	put_text(w, "\"");
	while (bytes.len > 0 && w->rc == RC_OK) {
		size_t piece = bytes.len < HEX_PIECE ? bytes.len : HEX_PIECE;

		put_text(w, hex_encode(span_of(bytes.at, piece), digits));
		bytes = span_of(bytes.at + piece, bytes.len - piece);
	}
	put_text(w, "\"");
}

enum rc json_write_end(struct json_write *w)
{
	if (w->rc == RC_OK && (w->depth != 0 || !w->filled[0]))
		w->rc = RC_MALFORMED;
	if (w->style == JSON_PRETTY)
		put_text(w, "\n");
	return w->rc;
}
