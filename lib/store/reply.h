/*
 * Answers of a Redis that is not trusted, out of bytes. The reader is hiredis', with objects of our own so
 * that every length, count and depth has a maximum before memory is taken for it.
 *
 * Why not hiredis' asynchronous context: in 0.14.1 one answer that nobody asked for ("+OK\r\n" out of the
 * blue) ends the process in an assert (async.c, redisProcessCallbacks). And why not its reply objects: an
 * array header of 13 bytes makes them ask for 16 GiB, and a bulk string of 2 GiB is collected to its end.
 */
#ifndef LIMEBUS_STORE_REPLY_H
#define LIMEBUS_STORE_REPLY_H

#include "lib/base/rc.h"
#include "lib/store/store.h"

/* One string; all strings of one answer; all elements of one answer; one line without its end. hiredis
 * refuses a nesting of more than 7 by itself. */
#define REPLY_STRING_MAX_BYTES STORE_VALUE_MAX_BYTES
#define REPLY_MAX_BYTES        (24u << 20)
#define REPLY_ELEMENTS_MAX     65536u
#define REPLY_LINE_MAX_BYTES   4096u

enum reply_kind { REPLY_NIL, REPLY_STATUS, REPLY_ERROR, REPLY_INTEGER, REPLY_STRING, REPLY_ARRAY };

/* Invariant: bytes is set in STATUS, ERROR and STRING; elements and count in ARRAY, none of them NULL in an
 * answer that reply_reader_next handed out. */
struct reply {
	enum reply_kind kind;
	int64_t integer;
	struct span bytes;
	struct reply **elements;
	size_t count;
};

/* Accepts NULL and a pointer to NULL. */
void reply_release(struct reply **reply);

/* The bytes of a status, as "OK"; false for every other answer. */
bool reply_is_status(const struct reply *reply, const char *text);

/* An error that starts with this word, as "READONLY ". */
bool reply_error_is(const struct reply *reply, const char *word);

/* What an answer means where no other is known: RC_IO for NULL (the connection went), the meaning of an error
 * by its first word, RC_OK for everything else. */
enum rc reply_rc(const struct reply *reply);

struct reply_reader;
MUST_USE enum rc reply_reader_open(struct reply_reader **out);
void reply_reader_close(struct reply_reader **reader);

/* More bytes from the peer (copied), then reply_reader_next until *out is NULL. After an error the reader is
 * spent: give the connection up. RC_MALFORMED, RC_LIMIT, RC_NOMEM. */
MUST_USE enum rc reply_reader_feed(struct reply_reader *reader, struct span bytes);
MUST_USE enum rc reply_reader_next(struct reply_reader *reader, struct reply **out);

#endif
