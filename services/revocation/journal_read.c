/* The Stream as this service finds it: compared, taken from, and added to where it lacks what our file has.
 */
#include "lib/base/hex.h"
#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "lib/store/commit.h"
#include "lib/store/stream.h"
#include "services/revocation/journal_inner.h"

static void read_more(struct journal *journal);

/* ---- one entry ---- */

static enum rc compare(struct journal *journal, uint64_t seq, const uint8_t ours[static HASH_BYTES],
	struct span theirs, struct err *err)
{
	uint8_t hash[HASH_BYTES];
	char our_digits[HEX_BYTES(HASH_BYTES)], their_digits[HEX_BYTES(HASH_BYTES)];

	TRY(digest_bytes(DIGEST_SHA256, theirs, hash));
	if (memcmp(hash, ours, HASH_BYTES) == 0)
		return RC_OK;
	return err_set(err, RC_DENIED,
		"the log was forked: %s %llu is %s in %s and %s in Redis (%s); one of the two was altered",
		journal->options.kind->what, (unsigned long long)seq,
		hex_encode(span_of(ours, HASH_BYTES), our_digits), journal->options.path,
		hex_encode(SPAN(hash), their_digits), journal->options.stream);
}

/* One of ours that waited: it is in the log. */
static bool is_pending(struct journal *journal, uint64_t seq, struct span entry)
{
	const struct pending *next = pending_at(journal, journal->reading.matched);

	return journal->reading.matched < journal->count && next->seq == seq &&
	       span_equal(blob_span(&next->entry), entry);
}

/* Somebody else's. *forked: it is signed, but does not follow what we have. */
static enum rc check_foreign(struct journal *journal, struct span entry, bool *forked, struct err *err)
{
	struct signed_msg opened;
	enum rc rc = journal_file_check(
		journal->file, service_roster(journal->options.service), entry, &opened, forked, err);

	if (rc == RC_OK && journal->options.check != NULL)
		rc = journal->options.check(journal->options.ctx, entry, err);
	return rc == RC_OK ? RC_OK : err_wrap(err, RC_DENIED, "in Redis (%s): ", journal->options.stream);
}

static enum rc take(
	struct journal *journal, uint64_t number, struct span entry, bool *forked, struct err *err)
{
	const struct notice_place *end = journal_file_end(journal->file);

	*forked = true;
	if (number == end->seq)
		return compare(journal, number, end->hash, entry, err);
	if (number != end->seq + 1)
		return err_set(err, RC_DENIED,
			"%s %llu is the last one in %s, and Redis (%s) goes on with %llu: what is between is in the files of other revocation services; copy one",
			journal->options.kind->what, (unsigned long long)end->seq, journal->options.path,
			journal->options.stream, (unsigned long long)number);
	*forked = false;
	if (is_pending(journal, number, entry))
		journal->reading.matched++;
	else
		TRY(check_foreign(journal, entry, forked, err));
	return journal_file_append(journal->file, entry, err);
}

static bool each_entry(void *ctx, uint64_t number, struct span entry)
{
	struct journal *journal = ctx;
	struct reading *reading = &journal->reading;
	bool forked = false;

	if (journal->is_stopped || journal->has_failed)
		return false;
	reading->came++;
	reading->rc = take(journal, number, entry, &forked, &reading->err);
	if (reading->rc != RC_OK && forked)
		journal_fail(journal, &reading->err);
	return reading->rc == RC_OK;
}

/* ---- the end of the Stream ---- */

/* Everything that was said until asked_ms is in our file. */
static void reached_end(struct journal *journal)
{
	bool is_last_word = journal->reading.epoch == journal->epoch;

	journal->current_ms = journal->reading.asked_ms;
	journal->trouble = (struct err){0};
	if (!is_last_word)
		return;
	journal->unsure = false;
	if (journal->lease != NULL && store_lease_token(journal->lease) != 0)
		journal->leads = true;
	else
		journal_void(journal, 0, RC_STALE);
}

/* ---- Redis has less than our file ---- */

static void brought(void *ctx, enum rc rc)
{
	struct journal *journal = ctx;

	journal->busy = false;
	if (journal->is_stopped)
		return;
	if (rc != RC_OK && rc != RC_EXISTS && rc != RC_NOT_FOUND)
		log_event(LOG_WARN, "journal.unmended", "log=\"%s\" why=\"%s\"", journal->options.stream,
			store_why(journal_store(journal)));
	else
		read_more(journal);
}

static enum rc gather_missing(
	struct journal *journal, uint64_t last, struct store_batch *batch, struct err *err)
{
	DROP(blob_release) struct blob entry = {0};
	uint64_t keep = journal_keep(journal), end = journal_end(journal)->seq;
	/* An empty Stream begins where it must; at least the last entry is there, to compare. */
	uint64_t first = last == 0 && keep > 1 ? (keep < end ? keep : end) : last + 1;

	TRY(store_batch_stream_expect(batch, journal->options.stream, last));
	for (uint64_t seq = first;
		seq <= end && seq < first + JOURNAL_GROUP_MAX && batch->bytes.len < JOURNAL_GROUP_BYTES;
		seq++) {
		TRY(journal_file_read(journal->file, seq, &entry, err));
		TRY(store_batch_stream_add(batch, journal->options.stream, seq, blob_span(&entry)));
	}
	return RC_OK;
}

/* Add what is behind `last`. No lease is needed: it was said before, and goes nowhere but behind its
 * predecessor. */
static void mend(struct journal *journal, uint64_t last)
{
	DROP(store_batch_release) struct store_batch batch = {0};
	struct err err = {0};

	if (!journal->is_put_back)
		log_event(LOG_WARN, "store.put_back",
			"log=\"%s\" redis=%llu file=%llu why=\"Redis has less than our file: it is new, or was "
			"put back; what is missing is added\"",
			journal->options.stream, (unsigned long long)last,
			(unsigned long long)journal_end(journal)->seq);
	journal->is_put_back = true;
	if (gather_missing(journal, last, &batch, &err) != RC_OK)
		journal_note_trouble(journal, &err);
	else if (store_commit(journal_store(journal), NULL, &batch, brought, journal) == RC_OK)
		journal->busy = true;
}

static bool each_last(void *ctx, uint64_t number, struct span entry)
{
	struct journal *journal = ctx;
	DROP(blob_release) struct blob ours = {0};
	uint8_t hash[HASH_BYTES];
	struct err err = {0};
	enum rc rc;

	journal->reading.came = (size_t)number;
	if (journal->is_stopped || number > journal_end(journal)->seq)
		return false;
	rc = journal_file_read(journal->file, number, &ours, &err);
	if (rc == RC_OK)
		rc = digest_bytes(DIGEST_SHA256, blob_span(&ours), hash);
	if (rc == RC_OK)
		rc = compare(journal, number, hash, entry, &err);
	journal->reading.rc = rc;
	if (rc == RC_DENIED)
		journal_fail(journal, &err);
	return true;
}

static void last_came(void *ctx, enum rc rc)
{
	struct journal *journal = ctx;

	journal->busy = false;
	if (journal->is_stopped || journal->has_failed || rc != RC_OK || journal->reading.rc != RC_OK)
		return;
	if (journal->reading.came < journal_end(journal)->seq)
		mend(journal, journal->reading.came);
	else
		read_more(journal);
}

static void ask_last(struct journal *journal)
{
	journal->reading.came = 0;
	if (store_stream_last(journal_store(journal), journal->options.stream, JOURNAL_ENTRY_MAX, each_last,
		    last_came, journal) == RC_OK)
		journal->busy = true;
}

/* ---- reading on ---- */

static void chunk_came(void *ctx, enum rc rc)
{
	struct journal *journal = ctx;
	struct reading *reading = &journal->reading;
	struct err err = {0};

	journal->busy = false;
	if (journal->is_stopped || journal->has_failed)
		return;
	if (rc != RC_OK) {
		/* The connection's end mends itself; what is no journal does not. */
		if (rc != RC_IO && rc != RC_TIMEOUT)
			journal_note_trouble(
				journal, (err_set(&err, rc, "%s", store_why(journal_store(journal))), &err));
		return;
	}
	/* Others were first: what we wanted to say under these numbers is void. */
	if (journal_file_end(journal->file)->seq > journal_end(journal)->seq + reading->matched)
		journal_void(journal, reading->matched, RC_STALE);
	if (journal_settle(journal, reading->matched) != RC_OK)
		return;
	if (reading->rc != RC_OK)
		journal_note_trouble(journal, &reading->err);
	else if (reading->came == 0 && journal_end(journal)->seq != 0)
		ask_last(journal);
	else if (reading->came == JOURNAL_CHUNK)
		read_more(journal);
	else
		reached_end(journal);
}

/* From our last entry on, which must be the same there. */
static void read_more(struct journal *journal)
{
	uint64_t from = journal_end(journal)->seq;

	journal->reading = (struct reading){.asked_ms = journal_now_ms(journal), .epoch = journal->epoch};
	if (store_stream_range(journal_store(journal), journal->options.stream, from == 0 ? 1 : from,
		    JOURNAL_CHUNK, JOURNAL_ENTRY_MAX, each_entry, chunk_came, journal) == RC_OK)
		journal->busy = true;
}

void journal_poll(void *ctx)
{
	struct journal *journal = ctx;

	if (journal->is_stopped || journal->has_failed || journal->busy || journal->committing ||
		store_status(journal_store(journal))->state != STORE_READY ||
		journal_now_ms(journal) < journal->retry_ms)
		return;
	/* Nobody else may write while we lead. */
	if (!journal_leads(journal))
		read_more(journal);
}
