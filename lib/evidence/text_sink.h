/* Text into a buffer that may be too short. Internal to lib/evidence. */
#ifndef LIMEBUS_EVIDENCE_TEXT_SINK_H
#define LIMEBUS_EVIDENCE_TEXT_SINK_H

#include "lib/base/span.h"

/* len counts what was put, also beyond room. Once something did not fit, nothing more is written. */
struct text_sink {
	char *out;
	size_t room;
	size_t len;
	bool is_full;
};

/* An empty text in out, which may be NULL if room is 0. */
struct text_sink text_sink_of(char *out, size_t room);

/* All of the text, or nothing of it and of what follows. */
void text_sink_put(struct text_sink *sink, struct span text);
void text_sink_print(struct text_sink *sink, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As text_of_bytes and text_of_utf16 (event_text.h). */
void text_sink_bytes(struct text_sink *sink, struct span bytes);
void text_sink_utf16(struct text_sink *sink, struct span bytes);

#endif
