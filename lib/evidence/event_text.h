/*
 * The text in an event's payload, for people and for policies: UTF-8, one line feed or tab at most as they
 * are, anything else that cannot be shown escaped. Different payload bytes give different texts (but for the
 * terminating NUL, which may be there or not, and for ASCII and UTF-16 of the same text).
 */
#ifndef LIMEBUS_EVIDENCE_EVENT_TEXT_H
#define LIMEBUS_EVIDENCE_EVENT_TEXT_H

#include "lib/evidence/event_kind.h"

/*
 * Bytes to text. Valid UTF-8 stays; control characters other than \n and \t, and bytes that are not UTF-8,
 * become \xHH, and so do invisible characters and those that change the direction of writing; so does a
 * backslash that would make what follows look like an escape, so that the text can be taken back. Writes at
 * most room - 1 bytes and a NUL (whole characters only), and returns the length that the text has without a
 * limit, as snprintf does.
 */
size_t text_of_bytes(struct span bytes, char *out, size_t room);

/* The same of little-endian UTF-16; a lone surrogate becomes \uHHHH, an odd byte at the end \xHH. */
size_t text_of_utf16(struct span bytes, char *out, size_t room);

/* Payloads of boot loaders come in either. UTF-16: an even length, terminated by a 16-bit NUL that is the
 * only one. */
bool text_is_utf16(struct span payload);

/* Without one terminating NUL (8 bits, or 16 bits if it is UTF-16), if there is one. */
struct span text_unterminated(struct span payload);

/*
 * The text that the event carries, without its prefix ("grub_cmd: ") and terminator; of a tagged event the
 * text of its data; of EV_S_CRTM_VERSION, EV_POST_CODE, actions, EV_IPL and the like the payload. Empty for
 * events whose payload is a structure. Returns as text_of_bytes.
 */
size_t event_text(const struct log_event *event, char *out, size_t room);

/* The bytes of it as they stand in the payload. */
struct span event_text_bytes(const struct log_event *event);

/* What GRUB puts in front of strings that it measures. */
#define EVENT_PREFIX_COMMAND "grub_cmd: "
#define EVENT_PREFIX_KERNEL  "kernel_cmdline: "
#define EVENT_PREFIX_MODULE  "module_cmdline: "

/* That of an EV_IPL, as it stands in the payload; empty if there is none. */
struct span event_text_prefix(const struct log_event *event);

/* Everything in one line for a table: kind, what it names (a variable, a path, a text), cut to fit. */
#define EVENT_LINE_BYTES 256
char *event_line(const struct log_event *event, char out[static EVENT_LINE_BYTES]);

#endif
