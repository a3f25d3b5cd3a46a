/*
 * One typed table per program: every option's name, kind, bounds, default and help, and where its value goes.
 * The configuration file, the command line, --help, --print-config and the man page all come from it.
 *
 *   static const struct option options[] = {
 *       {OPTION_PATH(struct config, identity), .name = "identity", .fallback = "identity",
 *           .help = "Folder with this service's keys."},
 *       {OPTION_DURATION(struct config, interval_ms), .name = "interval", .fallback = "2s",
 *           .min = 100, .max = 3600000, .help = "Time between two attestations of a node."},
 *   };
 *
 * Secrets are never values: an option names the file that holds one.
 */
#ifndef LIMEBUS_CONFIG_OPTION_H
#define LIMEBUS_CONFIG_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Bounds that hold where a row does not give its own maximum. */
#define OPTION_TEXT_MAX_BYTES 1023u
#define OPTION_PATH_MAX_BYTES 4000u
#define OPTION_LIST_MAX_ITEMS 64u

/*
 * kind      the field is      .min and .max bound
 * TEXT      char *            its length
 * PATH      char *            its length; relative ones are taken from the folder of the configuration file
 * ENDPOINT  char *            its length; tcp://HOST:PORT or ipc://PATH, a relative PATH as above
 * U64       uint64_t          the number
 * DURATION  uint64_t          milliseconds
 * SIZE      uint64_t          bytes
 * BOOL      bool              -
 * WORD      unsigned          - (index into .words)
 * LIST      struct text_list  the number of items, which are of kind .item: TEXT, PATH or ENDPOINT
 */
enum option_kind {
	OPTION_KIND_TEXT,
	OPTION_KIND_PATH,
	OPTION_KIND_ENDPOINT,
	OPTION_KIND_U64,
	OPTION_KIND_DURATION,
	OPTION_KIND_SIZE,
	OPTION_KIND_BOOL,
	OPTION_KIND_WORD,
	OPTION_KIND_LIST,
};

/* Owned texts. {0} is empty. */
struct text_list {
	char **at;
	size_t count;
};
void text_list_release(struct text_list *list);

struct option {
	const char *name; /* "max-clients"; lower-case letters, digits and hyphens */
	const char *help; /* sentences, for people who have never seen this program */
	/* As it would be written in the file. NULL: the option must be given. "": it may be left out, then
	 * the field stays NULL, 0 or empty. */
	const char *fallback;
	enum option_kind kind;
	enum option_kind item;
	size_t offset;
	uint64_t min;
	uint64_t max;             /* 0: the kind's own maximum */
	const char *const *words; /* kind WORD: the legal words, then NULL */
	/* Kind LIST: on a command line each occurrence adds one item, commas and all, and all of them replace
	 * the fallback. In a file it is a list with commas, as any other. */
	bool repeats;
};

/* The offset of a field, checked at compile time to have the type that the kind stores. */
#define OPTION_AT(config, field, type)                                                                       \
	(offsetof(config, field) +                                                                           \
		0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((config *)0)->field), type) ? 1     \
												     : -1]))

#define OPTION_TEXT(config, field) .kind = OPTION_KIND_TEXT, .offset = OPTION_AT(config, field, char *)
#define OPTION_PATH(config, field) .kind = OPTION_KIND_PATH, .offset = OPTION_AT(config, field, char *)
#define OPTION_ENDPOINT(config, field)                                                                       \
	.kind = OPTION_KIND_ENDPOINT, .offset = OPTION_AT(config, field, char *)
#define OPTION_U64(config, field) .kind = OPTION_KIND_U64, .offset = OPTION_AT(config, field, uint64_t)
#define OPTION_DURATION(config, field)                                                                       \
	.kind = OPTION_KIND_DURATION, .offset = OPTION_AT(config, field, uint64_t)
#define OPTION_SIZE(config, field) .kind = OPTION_KIND_SIZE, .offset = OPTION_AT(config, field, uint64_t)
#define OPTION_BOOL(config, field) .kind = OPTION_KIND_BOOL, .offset = OPTION_AT(config, field, bool)
#define OPTION_WORD(config, field) .kind = OPTION_KIND_WORD, .offset = OPTION_AT(config, field, unsigned)
#define OPTION_LIST(config, field, of)                                                                       \
	.kind = OPTION_KIND_LIST, .item = OPTION_KIND_##of,                                                  \
	.offset = OPTION_AT(config, field, struct text_list)

/* Store a value's text into the field at config + option->offset; an old value there is released. folder is
 * put in front of relative paths (NULL: they stay). On refusal the text says what was expected and found, but
 * not where: the caller puts "file:line: " in front. RC_MALFORMED or RC_LIMIT. */
MUST_USE enum rc option_set(
	const struct option *option, void *config, const char *text, const char *folder, struct err *err);

/* Append one item, whatever commas it has, to a LIST. As option_set otherwise. */
MUST_USE enum rc option_add(
	const struct option *option, void *config, const char *text, const char *folder, struct err *err);

/* "a duration from 100ms to 1h": what a value must be. out is cut at its size. */
void option_expects(const struct option *option, char *out, size_t out_len);

/* Release one field; it is NULL, 0 or empty afterwards. */
void option_clear(const struct option *option, void *config);

#endif
