/* What the files of a journal share. Not for others. */
#ifndef LIMEBUS_REVOCATION_JOURNAL_INNER_H
#define LIMEBUS_REVOCATION_JOURNAL_INNER_H

#include "services/revocation/journal.h"

/* Entries of one read: with the longest ones it stays below what a read may have. */
#define JOURNAL_CHUNK    128u
#define JOURNAL_RETRY_MS 1000 /* after the disk refused */

/* An entry that was appended, and is not known to be in the log. */
struct pending {
	uint64_t seq;
	struct blob entry;
	journal_done *done;
	void *ctx;
};

/* One read of the Stream. */
struct reading {
	uint64_t asked_ms;
	uint64_t epoch;
	size_t came;
	size_t matched; /* of the first pending ones */
	enum rc rc;     /* other than RC_OK: an entry does not hold */
	struct err err;
};

/*
 * Invariants: pending is a ring, `count` of them from `first` on, with the numbers behind the file's end in
 * order, and `end` is the place behind them. The first `in_commit` are in the transaction that is under way.
 * At most one of committing and busy is true. epoch grows with everything after which an earlier read says
 * nothing.
 */
struct journal {
	struct journal_options options;
	struct journal_file *file;
	struct timer timer;
	const struct store_lease *lease; /* NULL: we hold none */
	bool leads;                      /* the Stream was read to its end since the lease is held */
	bool unsure;                     /* … but something happened since */
	bool committing;
	bool busy; /* a read, or an addition of what Redis lacks, is under way */
	bool has_failed;
	bool is_stopped;
	bool is_put_back; /* said already */
	uint64_t epoch;
	uint64_t current_ms; /* 0: never */
	uint64_t retry_ms;   /* the disk refused: nothing before this */
	struct err trouble;
	struct reading reading;
	struct pending pending[JOURNAL_PENDING_MAX];
	size_t first;
	size_t count;
	size_t bytes;
	size_t in_commit;
	struct notice_place end;
};

static inline struct pending *pending_at(struct journal *journal, size_t i)
{
	return &journal->pending[(journal->first + i) % JOURNAL_PENDING_MAX];
}

uint64_t journal_now_ms(const struct journal *journal);
struct store *journal_store(const struct journal *journal);

/* Something is wrong that may mend itself: told once, and journal_trouble has it. */
void journal_note_trouble(struct journal *journal, const struct err *err);

/* It will not mend itself. */
void journal_fail(struct journal *journal, const struct err *err);

/* What was appended to the file becomes durable: the first `matched` pending ones are told, and then all that
 * others made. RC_IO: the disk refuses; nothing changed. */
MUST_USE enum rc journal_settle(struct journal *journal, size_t matched);

/* Pending ones from the i-th on are not in the log: told from the last one on. */
void journal_void(struct journal *journal, size_t from, enum rc rc);

/* The timer's: read, if that is the thing to do. */
void journal_poll(void *ctx);

/* What the Stream must keep; 0: all. */
uint64_t journal_keep(const struct journal *journal);

#endif
