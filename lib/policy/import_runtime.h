/*
 * Keylime's runtime policy and the older allow-lists, as their users hold them, taken over into the section
 * "ima" of a policy of ours. What they mean is kept; where that is weaker than it looks a warning says so.
 */
#ifndef LIMEBUS_POLICY_IMPORT_RUNTIME_H
#define LIMEBUS_POLICY_IMPORT_RUNTIME_H

#include "lib/base/err.h"
#include "lib/policy/import_warning.h"

struct ima_builder;

#define IMPORT_RUNTIME_MAX_BYTES (128u << 20)

/* What an import took over besides the rules. {0} is empty; plain. */
struct import_about {
	char comment[256]; /* release and origin, for the policy's comment */
	size_t digests;
	size_t excludes;
	size_t keys;
};

/*
 * A runtime policy, version 1 (all top-level members are required, unknown ones are passed over with a
 * warning), or an old allow-list in JSON ("hashes" in place of "digests"; what is missing is taken as empty).
 * RC_MALFORMED with the place in the text; RC_UNSUPPORTED for a device-mapper policy, which the format's own
 * schema refuses as well, and for excludes that need what lib/pattern does not do.
 */
MUST_USE enum rc import_runtime_policy(struct span json, struct ima_builder *builder,
	struct import_about *about, struct import_warnings *warnings, struct err *err);

/*
 * A flat allow-list, one "HEX  PATH" a line, as sha256sum and its like write it. Blanks in a path are the
 * same as '_', which is what the kernel stores; "%keyring:NAME" in place of a path is a digest of a key on
 * that keyring. Blank lines and lines with one word only are passed over, the latter with a warning.
 */
MUST_USE enum rc import_allow_list(struct span text, struct ima_builder *builder, struct import_about *about,
	struct import_warnings *warnings, struct err *err);

/* An exclude list: one regular expression a line, anchored at its start only; blank lines and lines that
 * begin with '#' are passed over. */
MUST_USE enum rc import_exclude_list(struct span text, struct ima_builder *builder,
	struct import_about *about, struct import_warnings *warnings, struct err *err);

#endif
