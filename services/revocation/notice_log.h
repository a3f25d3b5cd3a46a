/*
 * The notice log's file: signed notices one after the other, each behind its length (4 bytes, big endian). It
 * is only appended to; numbers have no gaps and each notice names the hash of the one before. What was
 * appended counts once it is flushed.
 */
#ifndef LIMEBUS_REVOCATION_NOTICE_LOG_H
#define LIMEBUS_REVOCATION_NOTICE_LOG_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/trust/notice.h"

struct notice_log;

/* Called for every notice that the file has, in order; borrows. */
typedef enum rc notice_log_each(void *ctx, const struct msg_notice *notice, struct err *err);

/*
 * Open or make the file, and check it from the first notice to the last: signatures by revocation keys of the
 * roster, numbers, hashes, dates. What a crash left half-written at the very end is cut off (*out_cut says
 * how many bytes; it was never acknowledged). Anything else that does not hold is RC_DENIED or RC_MALFORMED,
 * with the number of the notice.
 */
MUST_USE enum rc notice_log_open(const char *path, const struct roster *roster, notice_log_each *each,
	void *ctx, struct notice_log **out, size_t *out_cut, struct err *err);
/* The same checks over the bytes of a file, which is not touched: *out_cut is what notice_log_open would cut
 * off. */
MUST_USE enum rc notice_log_scan(struct span file, const struct roster *roster, notice_log_each *each,
	void *ctx, size_t *out_cut, struct err *err);

void notice_log_close(struct notice_log **log);

/* The last notice that is flushed, and the last one that was appended. */
const struct notice_place *notice_log_flushed(const struct notice_log *log);
const struct notice_place *notice_log_end(const struct notice_log *log);

/* Put a signed notice at the end; it must follow the last one. Copies. */
MUST_USE enum rc notice_log_append(struct notice_log *log, struct span signed_notice, struct err *err);

/* Write what was appended, with one fsync. After a failure (a full disk) nothing of it is in the file and the
 * end is back where it was. */
MUST_USE enum rc notice_log_flush(struct notice_log *log, struct err *err);

/* The signed notice with this number, from the file. RC_NOT_FOUND beyond the flushed end. */
MUST_USE enum rc notice_log_read(
	const struct notice_log *log, uint64_t seq, struct blob *out, struct err *err);

uint64_t notice_log_bytes(const struct notice_log *log);

#endif
