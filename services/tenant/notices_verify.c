#include "services/tenant/notices_verify.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/trust/journal_file.h"
#include "lib/trust/notice.h"
#include "services/tenant/render.h"

#define LOG_MAX_BYTES (2u << 30)

static const struct program program = {
	.name = "limebus notices verify",
	.summary = "check copies of the notice log, without any service",
	.about =
		"Checks FILE, a copy of a revocation service's notice log, from its first notice to its last: numbers without a "
		"gap, each naming the hash of the one before, signed by a revocation service of the roster, with the signed word "
		"of a verifier or operator where one is due. Of several files the shorter must be the beginning of the longer: "
		"else the log was forked or rewritten, and the first notice that differs is named. Only the roster and the root's "
		"public key are needed, no connection. Ends with 77 if anything does not hold.\n\n"
		"Example: limebus notices verify notices-a.log notices-b.log",
	.words = "FILE...",
	.words_min = 1,
	.words_max = 16,
	.exits = exit_texts,
};

/* One file: what it comes to. */
struct copy {
	const char *path;
	const struct roster *roster;
	uint64_t now_ms;
	struct blob hashes; /* of all entries, HASH_BYTES each */
	uint64_t count;
	uint64_t time;
	size_t torn;
};

struct verifying {
	struct copy *copies;
	size_t count;
};

static void verifying_release(struct verifying *v)
{
	for (size_t i = 0; i < v->count; i++)
		blob_release(&v->copies[i].hashes);
	free(v->copies);
}

static const uint8_t *hash_of(const struct copy *copy, uint64_t seq)
{
	return copy->hashes.at + (seq - 1) * HASH_BYTES;
}

/* Numbers, hashes and the signature were checked; now what the notice stands on. */
static enum rc take_entry(void *ctx, const struct msg *body, struct span signed_entry, struct err *err)
{
	struct copy *copy = ctx;
	struct notice_view view;
	uint8_t hash[HASH_BYTES];

	TRY(notice_open(copy->roster, signed_entry, copy->now_ms, &view, err));
	TRY(notice_hash(signed_entry, hash));
	TRY(blob_append(&copy->hashes, SPAN(hash)));
	copy->count = body->notice.seq;
	copy->time = body->notice.time;
	return RC_OK;
}

static enum rc read_copy(struct copy *copy, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	enum rc rc;

	TRY(file_read(copy->path, LOG_MAX_BYTES, &bytes, err));
	rc = journal_file_scan(
		blob_span(&bytes), &journal_notices, copy->roster, take_entry, copy, &copy->torn, err);
	return rc == RC_OK ? RC_OK : err_wrap(err, rc, "%s: ", copy->path);
}

static enum rc compare(const struct copy *a, const struct copy *b, struct err *err)
{
	char digits[2][HEX_BYTES(HASH_BYTES)];

	for (uint64_t seq = 1; seq <= a->count && seq <= b->count; seq++)
		if (memcmp(hash_of(a, seq), hash_of(b, seq), HASH_BYTES) != 0)
			return err_set(err, RC_DENIED, "FORKED: notice %llu is %s in %s, and %s in %s",
				(unsigned long long)seq,
				hex_encode(span_of(hash_of(a, seq), HASH_BYTES), digits[0]), a->path,
				hex_encode(span_of(hash_of(b, seq), HASH_BYTES), digits[1]), b->path);
	return RC_OK;
}

static void report_text(const struct copy *copy)
{
	char digits[HEX_BYTES(HASH_BYTES)], when[CLOCK_TEXT_BYTES];

	if (copy->count == 0)
		printf("%s: no notice\n", copy->path);
	else
		printf("%s: %llu notices hold; the last one is of %s, its hash %s\n", copy->path,
			(unsigned long long)copy->count, clock_text(copy->time, when),
			hex_encode(span_of(hash_of(copy, copy->count), HASH_BYTES), digits));
	if (copy->torn != 0)
		printf("%s: %zu bytes at the end are no whole notice: a crash left them, or the copy was made while "
		       "one was written\n",
			copy->path, copy->torn);
}

static enum rc report(const struct verifying *v, bool as_json)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);

	json_write_array(&w, NULL);
	for (size_t i = 0; i < v->count; i++) {
		const struct copy *copy = &v->copies[i];

		json_write_object(&w, NULL);
		json_write_cstr(&w, "file", copy->path);
		json_write_u64(&w, "notices", copy->count);
		if (copy->count != 0)
			json_write_hex(&w, "hash", span_of(hash_of(copy, copy->count), HASH_BYTES));
		json_write_u64(&w, "time", copy->time);
		json_write_u64(&w, "torn", copy->torn);
		json_write_close(&w);
		if (!as_json)
			report_text(copy);
	}
	json_write_close(&w);
	return as_json ? render_json(&w) : RC_OK;
}

static enum rc verify(const struct tenant_config *config, const struct program_start *start, struct err *err)
{
	DROP(roster_release) struct roster *roster = NULL;
	DROP(verifying_release) struct verifying v = {0};

	TRY(roster_load(config->roster, config->root_key, 0, &roster, err));
	v.copies = calloc(start->word_count, sizeof *v.copies);
	if (v.copies == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	for (; v.count < start->word_count; v.count++) {
		struct copy *copy = &v.copies[v.count];

		*copy = (struct copy){.path = start->words[v.count],
			.roster = roster,
			.now_ms = clock_wall_ms(clock_system())};
		TRY(read_copy(copy, err));
	}
	for (size_t i = 1; i < v.count; i++)
		TRY(compare(&v.copies[0], &v.copies[i], err));
	return report(&v, config->json);
}

int notices_verify(const struct tenant_config *config, int argc, char **argv)
{
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&program, argc, argv, NULL, &start);
	enum rc rc;

	if (status != PROGRAM_GO)
		return status;
	rc = verify(config, &start, &err);
	err.rc = rc;
	return rc == RC_OK ? EXIT_DONE : command_failed(&program, &err);
}
