/*
 * Hashes the files of a list, on all processors: worker processes take their numbers from one pipe and write
 * what they found into another, so that nothing is shared but the list, which does not change meanwhile.
 */
#ifndef LIMEBUS_TENANT_FILE_HASH_H
#define LIMEBUS_TENANT_FILE_HASH_H

#include "lib/crypto/digest.h"
#include "services/tenant/file_list.h"

enum file_outcome {
	FILE_HASHED,
	FILE_PASSED_OVER, /* no code, and only code was asked for */
	FILE_UNREADABLE   /* it went away, or may not be read: it stands in list->problems */
};

struct hashed_file {
	uint32_t index;
	uint32_t outcome; /* enum file_outcome */
	int32_t why;      /* errno */
	uint32_t differs; /* its MD5 is not the listed one */
	uint8_t digest[DIGEST_BYTES_MAX];
};

struct file_hash_options {
	enum digest_alg alg;
	bool only_code;   /* is_code, or ELF */
	unsigned workers; /* 0: as many as there are processors for us */
	/* Called for each file, in any order. */
	enum rc (*each)(
		void *ctx, const struct file_list *list, const struct hashed_file *file, struct err *err);
	/* Called now and then. May be NULL. */
	void (*progress)(void *ctx, size_t done, size_t count);
	void *ctx;
};

/* No thread of ours may run. */
MUST_USE enum rc file_hash(struct file_list *list, const struct file_hash_options *options, struct err *err);

#endif
