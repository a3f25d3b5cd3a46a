/* Private to the imports: what they add, and what they warn of on the way. */
#ifndef LIMEBUS_POLICY_IMPORT_INSIDE_H
#define LIMEBUS_POLICY_IMPORT_INSIDE_H

#include "lib/policy/ima_builder.h"
#include "lib/policy/import_runtime.h"

/* Borrows. begin with {builder, about, warnings}; import_end adds the warnings that need the whole. */
struct import {
	struct ima_builder *builder;
	struct import_about *about;
	struct import_warnings *warnings;
	uint32_t hashes;           /* bit n: enum kernel_hash n is there among the files' digests */
	uint32_t aggregate_hashes; /* the same of boot_aggregate */
	bool has_keyrings;
};

/* One digest of "boot_aggregate", a file, a keyring or a buffer. RC_MALFORMED as ima_builder_digest. */
MUST_USE enum rc import_digest(struct import *import, enum digest_kind kind, struct span name,
	enum kernel_hash hash, struct span digest);

/* One exclude, and what is unsafe about it. */
MUST_USE enum rc import_exclude(struct import *import, struct span pattern, struct err *err);

MUST_USE enum rc import_end(struct import *import);

#endif
