/* Borrowed bytes. A span owns nothing; whoever made it says how long it lives. */
#ifndef LIMEBUS_BASE_SPAN_H
#define LIMEBUS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *at;
	size_t len;
};

/* SPAN(array): the whole of a fixed array of bytes. */
#define SPAN(array) ((struct span){(const uint8_t *)(array), sizeof(array)})

static inline struct span span_of(const void *at, size_t len)
{
	return (struct span){(const uint8_t *)at, len};
}

/* The text without its NUL. NULL gives an empty span. */
static inline struct span span_text(const char *text)
{
	return (struct span){(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
}

/* Not constant-time: for public values only (digest_equal in lib/crypto is for the others). */
static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_text(text));
}

/* printf("%.*s", SPAN_FMT(s)): for text that is known to be printable. */
#define SPAN_FMT(s) (int)(s).len, (const char *)(s).at

#endif
