/*
 * One core's time for an entry of an IMA list, beside the least that has to be done for it: one SHA-1 and one
 * SHA-256 of 120 bytes (what the kernel hashed) and one look-up among 100,000 digests, by libcrypto and
 * libsodium without anything of limebus. All are measured in turns, slice by slice of the list, by the CPU
 * clock of the thread; the median of the slices is told.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lib/base/drop.h"
#include "tests/support/learned.h"
#include "tests/support/test.h"

#define ENTRIES    100000u
#define DATA_BYTES 120u
#define NAME_BYTES 71u
#define SLICE      500u
#define ROUNDS     3u
#define SLICES     (ENTRIES / SLICE * ROUNDS)
#define GOAL_RATE  1000000.0
#define GOAL_RATIO 1.5

/* PCR, hash, length of the name and "ima-ng", length of the data and the data. */
#define ENTRY_BYTES (4 + 20 + 4 + 6 + 4 + DATA_BYTES)

/* A row of the bare table: 2^18 rows of 64 bytes, filled to two fifths. */
#define ROWS 0x40000u
struct row {
	uint8_t key[16];
	uint8_t digest[32];
	uint8_t rest[16];
};

static uint8_t list_bytes[ENTRIES * ENTRY_BYTES];
static struct row *rows;
static struct ima_format format = {.hash = DIGEST_SHA1};
static struct pcr_values never; /* the values that are looked for and not reached */

static double now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void put_u32(uint8_t *at, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

/* Entry i: sha256, digest of i, a path of 71 characters. */
static void make_entry(uint32_t i, uint8_t *at)
{
	uint8_t *data = at + ENTRY_BYTES - DATA_BYTES;
	char name[NAME_BYTES + 1];

	snprintf(name, sizeof name, "/usr/lib/python3/dist-packages/limebus/measured/file-%018u", i);
	put_u32(at, IMA_PCR);
	put_u32(at + 24, 6);
	memcpy(at + 28, "ima-ng", 6);
	put_u32(at + 34, DATA_BYTES);
	put_u32(data, 40);
	memcpy(data + 4, "sha256:", 8);
	SHA256((const uint8_t *)&i, sizeof i, data + 12);
	put_u32(data + 44, NAME_BYTES + 1);
	memcpy(data + 48, name, sizeof name);
	SHA1(data, DATA_BYTES, at + 4);
}

static uint32_t place_of(const uint8_t key[static 16])
{
	return ((uint32_t)key[0] | (uint32_t)key[1] << 8 | (uint32_t)key[2] << 16) & (ROWS - 1);
}

static const uint8_t table_key[16] = "sixteen bytes";

static void table_key_of(const uint8_t *entry, uint8_t out[static 16])
{
	crypto_shorthash_siphashx24(out, entry + ENTRY_BYTES - NAME_BYTES - 1, NAME_BYTES, table_key);
}

static void fill_table(void)
{
	static const uint8_t empty[16];

	rows = calloc(ROWS, sizeof *rows);
	assert_non_null(rows);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		const uint8_t *entry = list_bytes + (size_t)i * ENTRY_BYTES;
		uint8_t key[16];
		uint32_t at;

		table_key_of(entry, key);
		for (at = place_of(key); memcmp(rows[at].key, empty, sizeof empty) != 0;)
			at = (at + 1) & (ROWS - 1);
		memcpy(rows[at].key, key, sizeof key);
		memcpy(rows[at].digest, entry + ENTRY_BYTES - DATA_BYTES + 12, 32);
	}
}

static bool is_in_table(const uint8_t *entry)
{
	uint8_t key[16];
	uint32_t at;

	table_key_of(entry, key);
	for (at = place_of(key); memcmp(rows[at].key, key, sizeof key) != 0;)
		at = (at + 1) & (ROWS - 1);
	return memcmp(rows[at].digest, entry + ENTRY_BYTES - DATA_BYTES + 12, 32) == 0;
}

/* ---- what is measured: SLICE entries; a sum that nobody can leave out ---- */

static unsigned floor_sha1(const uint8_t *slice)
{
	uint8_t hash[20];
	unsigned sum = 0;

	for (uint32_t i = 0; i < SLICE; i++) {
		SHA_CTX context;

		SHA1_Init(&context);
		SHA1_Update(&context, slice + (size_t)(i + 1) * ENTRY_BYTES - DATA_BYTES, DATA_BYTES);
		SHA1_Final(hash, &context);
		sum += hash[0];
	}
	return sum;
}

static unsigned floor_sha256(const uint8_t *slice)
{
	uint8_t hash[32];
	unsigned sum = 0;

	for (uint32_t i = 0; i < SLICE; i++) {
		SHA256_CTX context;

		SHA256_Init(&context);
		SHA256_Update(&context, slice + (size_t)(i + 1) * ENTRY_BYTES - DATA_BYTES, DATA_BYTES);
		SHA256_Final(hash, &context);
		sum += hash[0];
	}
	return sum;
}

static unsigned floor_look_up(const uint8_t *slice)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < SLICE; i++)
		found += is_in_table(slice + (size_t)i * ENTRY_BYTES);
	assert_int_equal(found, SLICE);
	return found;
}

static unsigned parse(const uint8_t *slice)
{
	struct ima_list list = {.format = format, .left = span_of(slice, SLICE * ENTRY_BYTES)};
	struct ima_entry entry;
	unsigned sum = 0;

	while (ima_list_next(&list, &entry) == IMA_STEP_ENTRY)
		sum += entry.fields.understood;
	assert_int_equal(sum, SLICE);
	return sum;
}

static unsigned replay_on(struct ima_replay *replay, const uint8_t *slice)
{
	struct ima_list list = {.format = format, .left = span_of(slice, SLICE * ENTRY_BYTES)};
	struct ima_entry entry;
	unsigned sum = 0;

	while (ima_list_next(&list, &entry) == IMA_STEP_ENTRY) {
		bool holds = false;

		assert_ok(ima_replay_add(replay, &entry, format.hash, &holds));
		sum += holds && !ima_replay_reached(replay);
	}
	assert_int_equal(sum, SLICE);
	return sum;
}

static struct ima_replay settled, unknown;

static unsigned replay_settled(const uint8_t *slice)
{
	return replay_on(&settled, slice);
}

static unsigned replay_unknown(const uint8_t *slice)
{
	return replay_on(&unknown, slice);
}

/* The whole of it: parsed, replayed, looked up in a policy of as many digests. */
static struct policy policy;
static struct ima_run judged, contact;

static unsigned judge_on(struct ima_run *run, const uint8_t *slice)
{
	struct ima_context context = {&policy.ima, NULL};
	int64_t budget = INT64_MAX;
	size_t consumed = 0;

	assert_ok(ima_judge(run, &context, span_of(slice, SLICE * ENTRY_BYTES), (struct ima_room){0}, &budget,
		&consumed));
	assert_int_equal(consumed, SLICE * ENTRY_BYTES);
	assert_int_equal(run->ahead.failures, 0);
	return (unsigned)consumed;
}

static unsigned judge_settled(const uint8_t *slice)
{
	return judge_on(&judged, slice);
}

static unsigned judge_contact(const uint8_t *slice)
{
	return judge_on(&contact, slice);
}

static void open_policy(void)
{
	DROP(ima_builder_close) struct ima_builder *builder = NULL;

	assert_ok(ima_builder_open(&builder));
	learned_add(builder, span_of(list_bytes, sizeof list_bytes));
	learned_policy(builder, &policy);
	assert_int_equal(policy.ima.digests.count, ENTRIES);
	assert_ok(ima_run_expect(&contact, &never));
	assert_ok(ima_run_expect(&judged, &never));
	assert_ok(ima_replay_assume(&judged.ahead.replay, 1u << IMA_HASHED));
}

static struct {
	const char *words;
	unsigned (*run)(const uint8_t *slice);
	double ns; /* an entry, the median of the slices */
} parts[] = {
	{"floor: one SHA-1 of 120 bytes", floor_sha1, 0},
	{"floor: one SHA-256 of 120 bytes", floor_sha256, 0},
	{"floor: one look-up among 100,000", floor_look_up, 0},
	{"entries are parsed", parse, 0},
	{"parsed and replayed, behaviour settled", replay_settled, 0},
	{"parsed and replayed, first contact", replay_unknown, 0},
	{"judged, behaviour settled", judge_settled, 0},
	{"judged, first contact", judge_contact, 0},
};

static double slices[COUNT(parts)][SLICES];
static volatile unsigned kept;

static int by_size(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void measure_all(void)
{
	for (unsigned slice = 0; slice < SLICES; slice++)
		for (size_t i = 0; i < COUNT(parts); i++) {
			size_t at = (size_t)(slice % (ENTRIES / SLICE)) * SLICE * ENTRY_BYTES;
			double from = now_ns();

			kept += parts[i].run(list_bytes + at);
			slices[i][slice] = (now_ns() - from) / SLICE;
		}
	for (size_t i = 0; i < COUNT(parts); i++) {
		qsort(slices[i], SLICES, sizeof slices[i][0], by_size);
		parts[i].ns = slices[i][SLICES / 2];
	}
}

static bool tell(size_t i, double floor)
{
	double ns = parts[i].ns;

	printf("%-40s %6.0f ns  %9.0f/s  %.2f of the floor\n", parts[i].words, ns, 1e9 / ns, ns / floor);
	return ns <= GOAL_RATIO * floor && 1e9 / ns >= GOAL_RATE;
}

int main(int argc, char **argv)
{
	static uint8_t value[32] = "not reached";
	double floor;
	bool good;

	if (argc > 1) {
		puts("usage: bench_ima\n\nOne core's time for an entry of an IMA list, beside the least that it takes.");
		return strcmp(argv[1], "--help") == 0 ? 0 : 64;
	}
	for (uint32_t i = 0; i < ENTRIES; i++)
		make_entry(i, list_bytes + (size_t)i * ENTRY_BYTES);
	fill_table();
	assert_ok(pcr_selection_add(&never.selection, TPM_ALG_SHA256, IMA_PCR));
	assert_ok(pcr_values_parse(&never.selection, SPAN(value), &never));
	assert_ok(ima_replay_init(&unknown, IMA_PCR, &never.selection));
	assert_ok(ima_replay_expect(&unknown, &never));
	settled = unknown;
	assert_ok(ima_replay_assume(&settled, 1u << IMA_HASHED));
	open_policy();
	measure_all();
	floor = parts[0].ns + parts[1].ns + parts[2].ns;
	for (size_t i = 0; i < 6; i++)
		printf("%-40s %6.0f ns\n", parts[i].words, parts[i].ns);
	printf("%-40s %6.0f ns\n", "floor, all of it", floor);
	good = tell(6, floor);
	(void)tell(7, floor);
	printf("goal: 1,000,000 entries a second, at most %.1f of the floor: %s\n", GOAL_RATIO,
		good ? "reached" : "missed");
	free(rows);
	policy_release(&policy);
	ima_run_release(&judged);
	ima_run_release(&contact);
	return good ? 0 : 1;
}
