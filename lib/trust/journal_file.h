/*
 * A journal's file: signed entries one after the other, each behind its length (4 bytes, big endian). It is
 * only appended to; numbers have no gaps and each entry names the hash of the one before. What was appended
 * counts once it is flushed.
 */
#ifndef LIMEBUS_TRUST_JOURNAL_FILE_H
#define LIMEBUS_TRUST_JOURNAL_FILE_H

#include "lib/base/blob.h"
#include "lib/trust/journal.h"
#include "lib/trust/roster.h"

/* A signed entry is its body and an envelope around it. */
#define JOURNAL_ENTRY_MAX (SIGNED_MAX + 4096u)

struct journal_file;

/* Called for every entry that the file has, in order; borrows. */
typedef enum rc journal_file_each(
	void *ctx, const struct msg *body, struct span signed_entry, struct err *err);

/*
 * Open or make the file, and check it from the first entry to the last: signatures by revocation keys of the
 * roster, numbers, hashes, dates. What a crash left half-written at the very end is cut off (*out_cut says
 * how many bytes; it was never acknowledged). Anything else that does not hold is RC_DENIED or RC_MALFORMED,
 * with the number of the entry. RC_EXISTS: another process writes it.
 */
MUST_USE enum rc journal_file_open(const char *path, const struct journal_kind *kind,
	const struct roster *roster, journal_file_each *each, void *ctx, struct journal_file **out,
	size_t *out_cut, struct err *err);
/* The same checks over the bytes of a file, which is not touched: *out_cut is what journal_file_open would
 * cut off. */
MUST_USE enum rc journal_file_scan(struct span file, const struct journal_kind *kind,
	const struct roster *roster, journal_file_each *each, void *ctx, size_t *out_cut, struct err *err);

void journal_file_close(struct journal_file **file);

/* The last entry that is flushed, and the last one that was appended. */
const struct notice_place *journal_file_flushed(const struct journal_file *file);
const struct notice_place *journal_file_end(const struct journal_file *file);

/* Check an entry that somebody else made, as journal_file_open does, and that it follows the last one
 * appended; *out is what it says, borrowing from it. RC_EXISTS, RC_NOT_FOUND and RC_DENIED as in journal.h;
 * *forked tells whether it is the chain that does not hold (the signature is good). */
MUST_USE enum rc journal_file_check(const struct journal_file *file, const struct roster *roster,
	struct span signed_entry, struct signed_msg *out, bool *forked, struct err *err);

/* Put a signed entry at the end; it must follow the last one. Its signature is not looked at: it is our own,
 * or was checked. Copies. */
MUST_USE enum rc journal_file_append(struct journal_file *file, struct span signed_entry, struct err *err);

/* Write what was appended, with one fsync. After a failure (a full disk) nothing of it is in the file and the
 * end is back where it was. */
MUST_USE enum rc journal_file_flush(struct journal_file *file, struct err *err);

/* The signed entry with this number, from the file. RC_NOT_FOUND beyond the flushed end. */
MUST_USE enum rc journal_file_read(
	const struct journal_file *file, uint64_t seq, struct blob *out, struct err *err);

uint64_t journal_file_bytes(const struct journal_file *file);

#endif
