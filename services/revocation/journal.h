/*
 * A journal: signed entries, numbered from 1 without gaps, each naming the hash of the one before; the notice
 * log is one, the log of issued certificates another. It lives twice: in a Redis Stream that all revocation
 * services share, and in a file of each of them (lib/trust/journal_file.h), so that neither alone can lose or
 * rewrite what was said.
 *
 *   append   the leader's entries are signed at once and wait
 *   commit   what waits goes into the Stream, in one transaction that is fenced by the lease: from here on it
 *            is said, and whatever happens now is finished by whoever reads the Stream
 *   file     ours, with one fdatasync a group
 *   done     the callbacks, in order: publish and answer here
 *
 * A service that does not lead reads the Stream every JOURNAL_POLL_MS, checks each entry, writes it into its
 * file and is told by `each`. Who has more in his file than the Stream has (Redis was put back) adds what is
 * missing there, loudly. Another entry under the same number is a fork: `failed`, and nothing is done any
 * more.
 *
 * Outcomes that are not known (the connection broke in the middle of a transaction) are found out by reading
 * the Stream again; until then the entries wait. So an entry is neither lost after its `done` nor there
 * twice.
 */
#ifndef LIMEBUS_REVOCATION_JOURNAL_H
#define LIMEBUS_REVOCATION_JOURNAL_H

#include "lib/service/service.h"
#include "lib/store/lease.h"
#include "lib/trust/journal_file.h"

#define JOURNAL_POLL_MS       50
#define JOURNAL_CURRENT_MS    1000 /* a follower knows that it is current so long after a read */
#define JOURNAL_GROUP_MAX     1024 /* entries of one transaction … */
#define JOURNAL_GROUP_BYTES   (8u << 20)
#define JOURNAL_PENDING_MAX   4096 /* appended and not in the file yet */
#define JOURNAL_PENDING_BYTES (48u << 20)

struct journal;

struct journal_options {
	const struct journal_kind *kind;
	const char *stream; /* key; a literal */
	const char *path;   /* of the file; borrowed */
	struct service *service;
	/* An entry that is in the file and was not appended by us: every one of the file while journal_open
	 * runs, then what others appended. In order. Anything but RC_OK ends journal_open, or is `failed`. */
	journal_file_each *each;
	/* May be NULL. Does an entry of another service say what it may? Its signature is good already.
	 * Anything but RC_OK: it is not taken, and nobody is told that we are current until it is gone. */
	enum rc (*check)(void *ctx, struct span entry, struct err *err);
	/* The lowest number that the Stream must keep, never falling; what is below may go there, and stays
	 * in the files: a service whose file ends before it must be given another one's. NULL: all. */
	uint64_t (*keep)(void *ctx);
	/* After the callbacks of one group: the file's end has moved. May be NULL. */
	void (*settled)(void *ctx);
	/* A fork, or nothing to go on with: stop the service with this error. Told once. */
	void (*failed)(void *ctx, const struct err *err);
	void *ctx;
};

/* Opens and checks the file; RC_DENIED or RC_MALFORMED if it does not hold. *out_cut as in journal_file.h.
 * The Stream is compared when Redis is there. */
MUST_USE enum rc journal_open(
	const struct journal_options *options, struct journal **out, size_t *out_cut, struct err *err);

/* What waits is told RC_IO: we do not know. No callbacks from now on; call it before the store is closed.
 * Accepts NULL. */
void journal_stop(struct journal *journal);
/* After the store was closed. */
void journal_close(struct journal **journal);

/* Tell it what service_options.store_changed says. */
void journal_store_changed(struct journal *journal, const struct store_status *status);

/*
 * We hold this lease now (borrowed until journal_follow): read the Stream to its end, then journal_leads is
 * true. journal_follow: we hold it no more; what waits is voided (RC_STALE) unless the Stream turns out to
 * have it.
 */
void journal_lead(struct journal *journal, const struct store_lease *lease);
void journal_follow(struct journal *journal);

/* May entries be appended: the lease is held by our own clock, and the Stream was read to its end since. */
bool journal_leads(const struct journal *journal);

/* Does our file have all that was said? While we lead: yes. Else: the Stream was read to its end in the last
 * JOURNAL_CURRENT_MS. */
bool journal_is_current(const struct journal *journal);

/* The file's last entry; {0} before the first. */
const struct notice_place *journal_end(const struct journal *journal);
uint64_t journal_bytes(const struct journal *journal);

/* The number of the last entry that was appended, whether it is in the log already or not. */
uint64_t journal_last(const struct journal *journal);

/* Why it is not current, in words; "" if nothing is wrong. */
const char *journal_trouble(const struct journal *journal);

/* The signed entry with this number, from the file. RC_NOT_FOUND beyond the end. */
MUST_USE enum rc journal_read(const struct journal *journal, uint64_t seq, struct blob *out, struct err *err);

/* What the next entry must say about itself. time: now, but never before the entry in front of it. */
struct journal_next {
	uint64_t seq;
	uint64_t time;
	struct span previous; /* HASH_BYTES */
};

/* Sign an entry with these and append it to out. */
typedef enum rc journal_make(void *ctx, const struct journal_next *next, struct blob *out, struct err *err);

/*
 * The end of an entry, exactly once.
 *   RC_OK     committed and in our file; `entry` are its bytes
 *   else      it is not in the log: RC_STALE (another leads now), RC_DENIED, RC_LIMIT (Redis says so). RC_IO:
 *             the journal is stopped, and the next who leads finds out. Told from the last one to the first,
 *             so that each may take back what it changed.
 */
typedef void journal_done(void *ctx, enum rc rc, uint64_t seq, struct span entry);

/* Make an entry now (`make` runs inside this call), to be committed with all others of this turn of the loop.
 * RC_STALE: we do not lead. RC_LIMIT: too many wait. Else what `make` returns; `done` is not called then. */
MUST_USE enum rc journal_append(
	struct journal *journal, journal_make *make, journal_done *done, void *ctx, struct err *err);

#endif
