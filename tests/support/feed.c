/*
 * Lets a software TPM and files follow a recorded machine, for tests: the agent reads the files in place of
 * securityfs, and `tpm2_pcrextend` does what firmware and kernel did.
 *
 *   feed boot LOG                     print "PCR:sha1=…,sha256=…" for each event of a firmware log
 *   feed ima LIST FROM TO OUT COUNT   append entries FROM (0: the first) to TO (not included) of a binary IMA
 *                                     list to OUT, set the number in COUNT, print the same for each of them
 *
 *   feed ima list 0 500 $D/ima $D/count | xargs -r -n 200 tpm2_pcrextend
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/evidence/event_log.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/ima_list.h"

#define INPUT_MAX (64u << 20)

static void print_digest(const char *separator, uint16_t alg, struct span value)
{
	char digits[HEX_BYTES(DIGEST_BYTES_MAX)];

	if (value.len <= DIGEST_BYTES_MAX && digest_of_tpm_id(alg) != DIGEST_NONE)
		printf("%s%s=%s", separator, digest_name(digest_of_tpm_id(alg)), hex_encode(value, digits));
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "feed: %s: %s\n", what, why);
	return 1;
}

static int feed_boot(const char *path)
{
	DROP(blob_release) struct blob bytes = {0};
	struct event_log log = {0};
	struct err err = {0};

	if (file_read(path, EVENT_LOG_MAX_BYTES, &bytes, &err) != RC_OK)
		return fail(path, err.text);
	if (event_log_parse(blob_span(&bytes), &log) != RC_OK)
		return fail(path, "not a firmware event log");
	for (struct log_event event = {0}; event_log_next(&log, &event);) {
		if (event.type == EV_NO_ACTION)
			continue;
		printf("%" PRIu32, event.pcr);
		for (size_t i = 0; i < event.digest_count; i++)
			print_digest(i == 0 ? ":" : ",", event.digests[i].alg, event.digests[i].value);
		printf("\n");
	}
	return 0;
}

static int print_entry(const struct ima_entry *entry)
{
	static const enum digest_alg banks[] = {DIGEST_SHA1, DIGEST_SHA256};
	uint8_t value[DIGEST_BYTES_MAX];

	printf("%" PRIu32, entry->pcr);
	for (size_t i = 0; i < COUNT(banks); i++) {
		memset(value, 0xff, sizeof value);
		if (!entry->is_violation && ima_template_hash(banks[i], entry->fields.template, entry->data,
						    false, value) != RC_OK)
			return fail("entry", "it cannot be hashed");
		print_digest(
			i == 0 ? ":" : ",", digest_tpm_id(banks[i]), span_of(value, digest_size(banks[i])));
	}
	printf("\n");
	return 0;
}

static int append(const char *path, struct span bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bool done = fd >= 0 && write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len;

	if (fd >= 0)
		close(fd);
	return done ? 0 : fail(path, "cannot be written");
}

static int set_count(const char *path, uint64_t count)
{
	FILE *file = fopen(path, "r+e");

	if (file == NULL)
		file = fopen(path, "we");
	if (file == NULL)
		return fail(path, "cannot be written");
	fprintf(file, "%" PRIu64 "\n", count);
	return fclose(file) == 0 ? 0 : fail(path, "cannot be written");
}

/* The list first, then the count, and the PCR last, by who reads what is printed: as the kernel does it. */
static int feed_ima(char **argv)
{
	DROP(blob_release) struct blob bytes = {0};
	uint64_t from = strtoull(argv[1], NULL, 10);
	uint64_t to = strtoull(argv[2], NULL, 10);
	struct ima_list list = {.format = {.hash = DIGEST_SHA1}};
	struct ima_entry entry;
	struct err err = {0};
	uint64_t at = 0;

	if (file_read(argv[0], INPUT_MAX, &bytes, &err) != RC_OK)
		return fail(argv[0], err.text);
	list.left = blob_span(&bytes);
	for (; at < to && ima_list_next(&list, &entry) == IMA_STEP_ENTRY; at++)
		if (at >= from && (append(argv[3], entry.bytes) != 0 || print_entry(&entry) != 0))
			return 1;
	return set_count(argv[4], at);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "boot") == 0)
		return feed_boot(argv[2]);
	if (argc == 7 && strcmp(argv[1], "ima") == 0)
		return feed_ima(argv + 2);
	fprintf(stderr, "usage: feed boot LOG | feed ima LIST FROM TO OUT COUNT\n");
	return 2;
}
