/*
 * The digests in a policy's JSON: ima.digests is too large to be made into values, so it is read by itself
 * and taken out of the text before the rest is parsed. Internal to lib/policy.
 */
#ifndef LIMEBUS_POLICY_DIGEST_READER_H
#define LIMEBUS_POLICY_DIGEST_READER_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/policy/digest_table.h"
#include "lib/policy/policy_digest.h"

/* Whoever wants the digests. origin: where in the text the name stands, UINT32_MAX for names of another
 * section. Names and digests live until add returns. */
struct digest_sink {
	void *context;
	enum rc (*add)(void *context, enum digest_kind kind, struct span name, uint32_t origin,
		const struct policy_digest *digest);
};

/*
 * Hand every digest of ima.digests to the sink, and append to `rest` the JSON with "{}" in its place. Of what
 * is not ima.digests no more is read than finding that needs: who parses the rest refuses what is wrong with
 * it, also an object that stands there twice. Names that stand there twice are the sink's to find
 * (digest_names_same).
 */
MUST_USE enum rc digests_take(
	struct span json, const struct digest_sink *sink, struct blob *rest, struct err *err);

/* Are the names at these two places of the JSON the same? */
bool digest_names_same(struct span json, uint32_t a, uint32_t b);

/* "ima.digests./usr/bin/ls: line 3, column 5: " and the words; for a name at this place. Returns rc. */
enum rc digest_name_fail(struct span json, uint32_t origin, struct err *err, enum rc rc, const char *words);

#endif
