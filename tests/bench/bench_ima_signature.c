/*
 * One core's time for an entry with an ECDSA signature (P-256, SHA-256) that makes the file good, beside the
 * bare verification by libcrypto with a key that is kept. Both in turns, slice by slice, by the CPU clock of
 * the thread; the median of the slices is told.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/drop.h"
#include "tests/support/learned.h"
#include "tests/support/test.h"

#define ENTRIES 1000u
#define SLICE   20u
#define ROUNDS  4u
#define SLICES  (ENTRIES / SLICE * ROUNDS)
#define GOAL    1.2

struct entry {
	size_t at, len; /* in the list */
	uint8_t digest[DIGEST_SHA256_BYTES];
	uint8_t signature[80];
	size_t signature_len;
};

static struct entry entries[ENTRIES];
static struct blob list;
static EVP_PKEY *pair;
static EVP_PKEY_CTX *verify;
static struct policy policy;
static struct ima_run run;

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void put(struct blob *out, struct span bytes)
{
	assert_ok(blob_append(out, bytes));
}

static void put_u32(struct blob *out, size_t number)
{
	uint8_t raw[] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), 0};

	put(out, SPAN(raw));
}

/* struct signature_v2_hdr and what follows. */
static void put_signature(struct blob *out, const struct entry *entry, uint32_t id)
{
	uint8_t head[] = {3, 2, KERNEL_HASH_SHA256, (uint8_t)(id >> 24), (uint8_t)(id >> 16),
		(uint8_t)(id >> 8), (uint8_t)id, 0, (uint8_t)entry->signature_len};

	put_u32(out, sizeof head + entry->signature_len);
	put(out, SPAN(head));
	put(out, span_of(entry->signature, entry->signature_len));
}

static void make_entry(struct entry *entry, uint32_t i, uint32_t id)
{
	DROP(blob_release) struct blob data = {0};
	EVP_PKEY_CTX *sign = EVP_PKEY_CTX_new(pair, NULL);
	uint8_t hash[DIGEST_SHA1_BYTES];
	char name[64];

	assert_ok(digest_bytes(DIGEST_SHA256, span_of(&i, sizeof i), entry->digest));
	entry->signature_len = sizeof entry->signature;
	assert_int_equal(EVP_PKEY_sign_init(sign), 1);
	assert_int_equal(EVP_PKEY_sign(sign, entry->signature, &entry->signature_len, entry->digest,
				 sizeof entry->digest),
		1);
	EVP_PKEY_CTX_free(sign);
	snprintf(name, sizeof name, "/usr/lib/limebus/measured/file-%u", i);
	put_u32(&data, 8 + sizeof entry->digest);
	put(&data, span_of("sha256:", 8));
	put(&data, SPAN(entry->digest));
	put_u32(&data, strlen(name) + 1);
	put(&data, span_of(name, strlen(name) + 1));
	put_signature(&data, entry, id);
	assert_ok(digest_bytes(DIGEST_SHA1, blob_span(&data), hash));
	entry->at = list.len;
	put_u32(&list, IMA_PCR);
	put(&list, SPAN(hash));
	put_u32(&list, 7);
	put(&list, span_text("ima-sig"));
	put_u32(&list, data.len);
	put(&list, blob_span(&data));
	entry->len = list.len - entry->at;
}

static void open_all(void)
{
	DROP(ima_builder_close) struct ima_builder *builder = NULL;
	DROP(public_key_release) struct public_key *key = NULL;
	static uint8_t value[32] = "not reached";
	struct pcr_values never = {0};
	unsigned char *der = NULL;
	uint32_t id = 0;
	int len;

	pair = EVP_EC_gen("P-256");
	len = i2d_PUBKEY(pair, &der);
	assert_true(len > 0);
	assert_ok(public_key_of_der(span_of(der, (size_t)len), &key, NULL));
	assert_ok(ima_key_id(key, &id));
	verify = EVP_PKEY_CTX_new(pair, NULL);
	assert_int_equal(EVP_PKEY_verify_init(verify), 1);
	for (uint32_t i = 0; i < ENTRIES; i++)
		make_entry(&entries[i], i, id);
	assert_ok(ima_builder_open(&builder));
	assert_ok(ima_builder_key(builder, "bench", span_of(der, (size_t)len), NULL, NULL));
	learned_policy(builder, &policy);
	OPENSSL_free(der);
	assert_ok(pcr_selection_add(&never.selection, TPM_ALG_SHA256, IMA_PCR));
	assert_ok(pcr_values_parse(&never.selection, SPAN(value), &never));
	assert_ok(ima_run_expect(&run, &never));
}

static void bare(const struct entry *slice)
{
	for (unsigned i = 0; i < SLICE; i++)
		assert_int_equal(EVP_PKEY_verify(verify, slice[i].signature, slice[i].signature_len,
					 slice[i].digest, sizeof slice[i].digest),
			1);
}

static void ours(const struct entry *slice)
{
	struct ima_context context = {&policy.ima, NULL};
	struct span piece =
		span_of(list.at + slice->at, slice[SLICE - 1].at + slice[SLICE - 1].len - slice->at);
	int64_t budget = INT64_MAX;
	size_t consumed = 0;

	assert_ok(ima_judge(&run, &context, piece, (struct ima_room){0}, &budget, &consumed));
	assert_int_equal(consumed, piece.len);
	assert_int_equal(run.ahead.failures, 0);
}

static double times[2][SLICES];

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double time_of(void (*part)(const struct entry *slice), const struct entry *slice)
{
	double from = now_ns();

	part(slice);
	return (now_ns() - from) / SLICE;
}

int main(int argc, char **argv)
{
	double ns[2];

	if (argc > 1) {
		puts("usage: bench_ima_signature\n\nOne core's time for an entry with an ECDSA signature.");
		return strcmp(argv[1], "--help") == 0 ? 0 : 64;
	}
	open_all();
	for (unsigned i = 0; i < SLICES; i++) {
		const struct entry *slice = &entries[i % (ENTRIES / SLICE) * SLICE];

		times[0][i] = time_of(bare, slice);
		times[1][i] = time_of(ours, slice);
	}
	for (unsigned i = 0; i < 2; i++) {
		qsort(times[i], SLICES, sizeof times[i][0], by_size);
		ns[i] = times[i][SLICES / 2];
	}
	printf("bare ECDSA verification   %8.1f us\n", ns[0] / 1000);
	printf("entry of ima-sig, judged  %8.1f us  %.2f of the bare one\n", ns[1] / 1000, ns[1] / ns[0]);
	printf("goal: at most %.1f: %s\n", GOAL, ns[1] <= GOAL * ns[0] ? "reached" : "missed");
	EVP_PKEY_CTX_free(verify);
	EVP_PKEY_free(pair);
	policy_release(&policy);
	ima_run_release(&run);
	blob_release(&list);
	return ns[1] <= GOAL * ns[0] ? 0 : 1;
}
