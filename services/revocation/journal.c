#include "services/revocation/journal.h"

#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/crypto/digest.h"
#include "lib/store/commit.h"
#include "lib/store/stream.h"
#include "services/revocation/journal_inner.h"

uint64_t journal_now_ms(const struct journal *journal)
{
	return clock_mono_ms(loop_clock(service_loop(journal->options.service)));
}

struct store *journal_store(const struct journal *journal)
{
	return service_store(journal->options.service);
}

/* ---- what is known ---- */

const struct notice_place *journal_end(const struct journal *journal)
{
	return journal_file_flushed(journal->file);
}

uint64_t journal_last(const struct journal *journal)
{
	return journal->end.seq;
}

uint64_t journal_bytes(const struct journal *journal)
{
	return journal_file_bytes(journal->file);
}

const char *journal_trouble(const struct journal *journal)
{
	return journal->trouble.text;
}

enum rc journal_read(const struct journal *journal, uint64_t seq, struct blob *out, struct err *err)
{
	return journal_file_read(journal->file, seq, out, err);
}

bool journal_leads(const struct journal *journal)
{
	return journal->leads && !journal->unsure && !journal->has_failed && journal->lease != NULL &&
	       store_lease_token(journal->lease) != 0;
}

bool journal_is_current(const struct journal *journal)
{
	if (journal->has_failed || journal->trouble.rc != RC_OK)
		return false;
	return journal_leads(journal) ||
	       (journal->current_ms != 0 &&
		       journal_now_ms(journal) - journal->current_ms <= JOURNAL_CURRENT_MS);
}

void journal_note_trouble(struct journal *journal, const struct err *err)
{
	journal->leads = false;
	if (journal->trouble.rc == err->rc && strcmp(journal->trouble.text, err->text) == 0)
		return;
	journal->trouble = *err;
	log_event(LOG_ERROR, "journal.trouble", "log=\"%s\" why=\"%s\"", journal->options.stream, err->text);
}

void journal_fail(struct journal *journal, const struct err *err)
{
	if (journal->has_failed)
		return;
	journal->has_failed = true;
	journal->trouble = *err;
	log_event(LOG_ERROR, "journal.failed", "log=\"%s\" why=\"%s\"", journal->options.stream, err->text);
	journal->options.failed(journal->options.ctx, err);
}

/* ---- the ends of entries ---- */

static struct pending pop(struct journal *journal)
{
	struct pending pending = *pending_at(journal, 0);

	*pending_at(journal, 0) = (struct pending){0};
	journal->first = (journal->first + 1) % JOURNAL_PENDING_MAX;
	journal->count--;
	journal->bytes -= pending.entry.len;
	return pending;
}

/* The place behind the last one that is left. */
static void find_end(struct journal *journal)
{
	const struct pending *last;
	struct msg body;

	journal->end = *journal_end(journal);
	if (journal->count == 0)
		return;
	/* It was made here, so it decodes, and hashes. */
	last = pending_at(journal, journal->count - 1);
	if (journal_body(journal->options.kind, blob_span(&last->entry), &body, NULL) == RC_OK &&
		digest_bytes(DIGEST_SHA256, blob_span(&last->entry), journal->end.hash) == RC_OK) {
		journal->end.seq = last->seq;
		journal->end.time = journal->options.kind->link(&body).time;
	}
}

void journal_void(struct journal *journal, size_t from, enum rc rc)
{
	while (journal->count > from) {
		struct pending pending = *pending_at(journal, journal->count - 1);

		*pending_at(journal, journal->count - 1) = (struct pending){0};
		journal->count--;
		journal->bytes -= pending.entry.len;
		pending.done(pending.ctx, rc, pending.seq, (struct span){0});
		blob_release(&pending.entry);
	}
	find_end(journal);
}

/* What others made, from the file. */
static enum rc tell_others(struct journal *journal, uint64_t from, struct err *err)
{
	DROP(blob_release) struct blob entry = {0};

	for (uint64_t seq = from; seq <= journal_end(journal)->seq; seq++) {
		struct msg body;

		TRY(journal_file_read(journal->file, seq, &entry, err));
		TRY(journal_body(journal->options.kind, blob_span(&entry), &body, err));
		TRY(journal->options.each(journal->options.ctx, &body, blob_span(&entry), err));
	}
	return RC_OK;
}

enum rc journal_settle(struct journal *journal, size_t matched)
{
	uint64_t before = journal_end(journal)->seq;
	struct err err = {0};

	if (journal_file_flush(journal->file, &err) != RC_OK) {
		journal->retry_ms = journal_now_ms(journal) + JOURNAL_RETRY_MS;
		journal_note_trouble(journal, &err);
		return RC_IO;
	}
	if (journal_end(journal)->seq == before)
		return RC_OK;
	for (size_t i = 0; i < matched; i++) {
		struct pending pending = pop(journal);

		pending.done(pending.ctx, RC_OK, pending.seq, blob_span(&pending.entry));
		blob_release(&pending.entry);
	}
	if (tell_others(journal, before + matched + 1, &err) != RC_OK) {
		journal_fail(journal, &err);
		return RC_IO;
	}
	find_end(journal);
	if (journal->options.settled != NULL)
		journal->options.settled(journal->options.ctx);
	return RC_OK;
}

/* ---- appending ---- */

enum rc journal_append(
	struct journal *journal, journal_make *make, journal_done *done, void *ctx, struct err *err)
{
	struct notice_place end = journal->end;
	uint64_t now = service_now(journal->options.service);
	struct journal_next next = {end.seq + 1, now > end.time ? now : end.time, SPAN(journal->end.hash)};
	struct pending *slot = pending_at(journal, journal->count);
	struct pending made = {.seq = next.seq, .done = done, .ctx = ctx};
	enum rc rc;

	if (!journal_leads(journal))
		return err_set(err, RC_STALE, "another revocation service leads");
	if (journal->count == JOURNAL_PENDING_MAX || journal->bytes > JOURNAL_PENDING_BYTES)
		return err_set(err, RC_LIMIT, "too much waits for the disk; try again");
	rc = make(ctx, &next, &made.entry, err);
	if (rc == RC_OK && made.entry.len > JOURNAL_ENTRY_MAX)
		rc = err_set(err, RC_LIMIT, "%s: %zu bytes are too many", journal->options.kind->what,
			made.entry.len);
	if (rc == RC_OK)
		rc = digest_bytes(DIGEST_SHA256, blob_span(&made.entry), end.hash);
	if (rc != RC_OK) {
		blob_release(&made.entry);
		return rc;
	}
	end.seq = next.seq;
	end.time = next.time;
	journal->end = end;
	journal->count++;
	journal->bytes += made.entry.len;
	*slot = made;
	return RC_OK;
}

/* ---- committing ---- */

static void committed(void *ctx, enum rc rc)
{
	struct journal *journal = ctx;
	size_t count = journal->in_commit;
	struct err err = {0};

	journal->committing = false;
	journal->in_commit = 0;
	if (journal->is_stopped || rc == RC_TIMEOUT)
		return;
	if (rc == RC_OK) {
		for (size_t i = 0; i < count && rc == RC_OK; i++)
			rc = journal_file_append(
				journal->file, blob_span(&pending_at(journal, i)->entry), &err);
		if (rc == RC_OK)
			rc = journal_settle(journal, count);
		/* It is in the Stream: read it from there until our file has it. */
		journal->unsure = journal->unsure || rc != RC_OK;
		return;
	}
	err_set(&err, rc, "%s", store_why(journal_store(journal)));
	log_event(LOG_WARN, "journal.uncommitted", "log=\"%s\" entries=%zu why=\"%s\"",
		journal->options.stream, count, err.text);
	if (rc == RC_DENIED || rc == RC_LIMIT) {
		journal_note_trouble(journal, &err);
		journal_void(journal, 0, rc);
	}
	/* There or not, that is to be read. */
	journal->unsure = true;
	journal->epoch++;
}

uint64_t journal_keep(const struct journal *journal)
{
	return journal->options.keep == NULL ? 0 : journal->options.keep(journal->options.ctx);
}

/* How many of the pending ones go together. */
static enum rc gather(struct journal *journal, struct store_batch *batch, size_t *out)
{
	uint64_t keep = journal_keep(journal);
	size_t count = 0;

	TRY(store_batch_stream_expect(batch, journal->options.stream, journal_end(journal)->seq));
	while (count < journal->count && count < JOURNAL_GROUP_MAX &&
		batch->bytes.len < JOURNAL_GROUP_BYTES) {
		const struct pending *pending = pending_at(journal, count);

		TRY(store_batch_stream_roll(batch, journal->options.stream, pending->seq,
			count == 0 && keep <= pending->seq ? keep : 0, blob_span(&pending->entry)));
		count++;
	}
	*out = count;
	return RC_OK;
}

/* The loop's hook: what this turn appended goes together. */
static void commit(void *ctx)
{
	struct journal *journal = ctx;
	DROP(store_batch_release) struct store_batch batch = {0};
	size_t count = 0;

	if (journal->count == 0 || journal->committing || journal->busy || !journal_leads(journal))
		return;
	if (gather(journal, &batch, &count) != RC_OK || count == 0)
		return;
	/* Refused at once: nothing was sent. The next turn tries again, if we lead then. */
	if (store_commit(journal_store(journal), journal->lease, &batch, committed, journal) != RC_OK)
		return;
	journal->committing = true;
	journal->in_commit = count;
}

/* ---- leading and following ---- */

void journal_lead(struct journal *journal, const struct store_lease *lease)
{
	journal->lease = lease;
	journal->leads = false;
	journal->epoch++;
	journal_poll(journal);
}

void journal_follow(struct journal *journal)
{
	journal->lease = NULL;
	journal->leads = false;
	journal->epoch++;
}

void journal_store_changed(struct journal *journal, const struct store_status *status)
{
	journal->unsure = true;
	journal->epoch++;
	if (status->state == STORE_READY)
		journal_poll(journal);
}

/* ---- beginning and end ---- */

enum rc journal_open(
	const struct journal_options *options, struct journal **out, size_t *out_cut, struct err *err)
{
	DROP(journal_close) struct journal *journal = calloc(1, sizeof *journal);
	struct loop *loop = service_loop(options->service);

	if (journal == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	journal->options = *options;
	TRY(journal_file_open(options->path, options->kind, service_roster(options->service), options->each,
		options->ctx, &journal->file, out_cut, err));
	journal->end = *journal_end(journal);
	TRY(loop_before_sleep(loop, commit, journal));
	TRY(loop_every(loop, &journal->timer, JOURNAL_POLL_MS, journal_poll, journal));
	*out = TAKE(journal);
	return RC_OK;
}

void journal_stop(struct journal *journal)
{
	if (journal == NULL || journal->is_stopped)
		return;
	journal->is_stopped = true;
	journal->leads = false;
	loop_cancel(service_loop(journal->options.service), &journal->timer);
	journal_void(journal, 0, RC_IO);
}

void journal_close(struct journal **journal)
{
	struct journal *old = *journal;

	if (old == NULL)
		return;
	*journal = NULL;
	for (size_t i = 0; i < old->count; i++)
		blob_release(&pending_at(old, i)->entry);
	journal_file_close(&old->file);
	free(old);
}
