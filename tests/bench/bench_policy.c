/*
 * What a large policy costs, in processor time: compiling, opening, memory, and looking digests up, beside a
 * plain parse of the same JSON by the library underneath.
 *
 * usage: bench_policy [DIGESTS]      default 500000
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/policy/policy.h"

#define LOOKUPS 2000000u

/* Of this process's processor time: what else the machine does counts less. */
static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "bench_policy: %s\n", err->text);
	exit(1);
}

/* A line of /proc/self/status, in MiB. */
static double status_mib(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[256];

	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtoul(line + strlen(name), NULL, 10);
	fclose(file);
	return (double)kib / 1024;
}

/* Let the peak of memory begin here. */
static double peak_start(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");

	if (file != NULL) {
		fputs("5", file);
		fclose(file);
	}
	return status_mib("VmRSS:");
}

/* 60 bytes, as in a Debian root file system. */
static struct span path_of(size_t i, char out[static 96])
{
	int len = snprintf(out, 96, "/usr/lib/python3/dist-packages/module_%05zu/file_%08zu.py", i / 40, i);

	return span_of(out, (size_t)len);
}

static void digest_of(size_t i, uint8_t out[static 32])
{
	if (digest_bytes(DIGEST_SHA256, span_of(&i, sizeof i), out) != RC_OK)
		exit(1);
}

static void policy_make(size_t count, struct blob *out)
{
	uint8_t digest[32];
	char path[96], hex[65], line[256];

	must(blob_append(
		     out, span_text("{\n\"limebus\": 1, \"name\": \"bench\",\n\"ima\": {\n\"digests\": {\n")),
		&(struct err){0});
	for (size_t i = 0; i < count; i++) {
		int len;

		path_of(i, path);
		digest_of(i, digest);
		len = snprintf(line, sizeof line, "    \"%s\": [\"%s\"]%s\n", path,
			hex_encode(SPAN(digest), hex), i + 1 < count ? "," : "");
		must(blob_append(out, span_of(line, (size_t)len)), &(struct err){0});
	}
	must(blob_append(out, span_text("},\n\"excludes\": [\"/var/log/**\"]}}\n")), &(struct err){0});
}

static double parse_s(struct span json, double *mib)
{
	const struct json_limits limits = {.bytes = SIZE_MAX, .depth = 64, .values = SIZE_MAX};
	DROP(json_doc_release) struct json_doc doc = {0};
	size_t before = mallinfo2().uordblks;
	double start = now_s();
	struct err err = {0};
	double took;

	must(json_parse(json, &limits, &doc, &err), &err);
	took = now_s() - start;
	*mib = (double)(mallinfo2().uordblks - before) / (1 << 20);
	return took;
}

enum asked { ASK_ALLOWED, ASK_OTHER, ASK_UNKNOWN };

/* Nanoseconds of a look-up, paths in an order that no cache foresees. */
static double lookup_ns(
	const struct digest_table *table, size_t count, enum asked asked, enum digest_match expected)
{
	size_t some = count < 65536 ? count : 65536;
	char(*paths)[96] = malloc(some * sizeof *paths);
	uint8_t(*digests)[32] = malloc(some * sizeof *digests);
	uint64_t turn = 88172645463325252u;
	double start, took;
	size_t wrong = 0;

	if (paths == NULL || digests == NULL)
		exit(1);
	for (size_t i = 0; i < some; i++) {
		size_t row = i * (count / some);

		path_of(asked == ASK_UNKNOWN ? row + 10 * count : row, paths[i]);
		digest_of(asked == ASK_OTHER ? row + 1 : row, digests[i]);
	}
	start = now_s();
	for (size_t i = 0; i < LOOKUPS; i++) {
		size_t at;

		turn ^= turn << 13;
		turn ^= turn >> 7;
		turn ^= turn << 17;
		at = turn % some;
		wrong += digest_table_find(table, DIGEST_OF_FILE, span_text(paths[at]), KERNEL_HASH_SHA256,
				 SPAN(digests[at]))
		                 .match != expected;
	}
	took = now_s() - start;
	free(paths);
	free(digests);
	if (wrong > 0) {
		fprintf(stderr, "bench_policy: %zu look-ups went wrong\n", wrong);
		exit(1);
	}
	return took / LOOKUPS * 1e9;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 500000;
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob image = {0};
	DROP(policy_release) struct policy policy = {0};
	double start, compile, open_, parse, parsed_mib, peak;
	struct err err = {0};

	policy_make(count, &json);
	printf("policy:  %zu digests, %.1f MiB of JSON\n", count, (double)json.len / (1 << 20));
	peak = peak_start();
	start = now_s();
	must(policy_compile(blob_span(&json), &image, &err), &err);
	compile = now_s() - start;
	peak = status_mib("VmHWM:") - peak;
	start = now_s();
	must(policy_open(blob_span(&image), &policy, &err), &err);
	open_ = now_s() - start;
	parse = parse_s(blob_span(&json), &parsed_mib);
	printf("compile: %.3f s, %.0f MiB at its peak besides the JSON\n", compile, peak);
	printf("parse:   %.3f s, %.0f MiB for the values alone; compiling takes %.2f times as long\n", parse,
		parsed_mib, compile / parse);
	printf("open:    %.3f ms\n", open_ * 1e3);
	printf("image:   %.1f bytes a digest (limit %d), the parsed values %.2f times that\n",
		(double)image.len / (double)count, DIGEST_TABLE_ROW_COST,
		parsed_mib * (1 << 20) / (double)image.len);
	printf("look-up: allowed %.0f ns, another digest %.0f ns, unknown path %.0f ns\n",
		lookup_ns(&policy.ima.digests, count, ASK_ALLOWED, DIGEST_ALLOWED),
		lookup_ns(&policy.ima.digests, count, ASK_OTHER, DIGEST_DIFFERS),
		lookup_ns(&policy.ima.digests, count, ASK_UNKNOWN, DIGEST_NAME_UNKNOWN));
	return 0;
}
