/* Causes that made a notice already, or are about to: a repetition makes none. */
#include <search.h>
#include <stdlib.h>

#include "services/revocation/inner.h"

struct cause {
	uint8_t hash[HASH_BYTES]; /* first: it is compared as one */
	struct draft *draft;
};

static int compare_hash(const void *a, const void *b)
{
	return memcmp(a, b, HASH_BYTES);
}

static struct cause *find(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	struct cause *const *found = tfind(hash, &revocation->causes, compare_hash);

	return found == NULL ? NULL : *found;
}

bool cause_is_known(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	const struct cause *cause = find(revocation, hash);

	return cause != NULL && cause->draft == NULL;
}

struct draft *cause_draft(const struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	const struct cause *cause = find(revocation, hash);

	return cause == NULL ? NULL : cause->draft;
}

enum rc cause_remember(
	struct revocation *revocation, const uint8_t hash[static HASH_BYTES], struct draft *draft)
{
	struct cause *cause = find(revocation, hash);

	if (cause != NULL) {
		cause->draft = draft;
		return RC_OK;
	}
	cause = malloc(sizeof *cause);
	if (cause == NULL)
		return RC_NOMEM;
	memcpy(cause->hash, hash, HASH_BYTES);
	cause->draft = draft;
	if (tsearch(cause, &revocation->causes, compare_hash) == NULL) {
		free(cause);
		return RC_NOMEM;
	}
	return RC_OK;
}

void cause_forget(struct revocation *revocation, const uint8_t hash[static HASH_BYTES])
{
	struct cause *cause = find(revocation, hash);

	if (cause == NULL)
		return;
	tdelete(hash, &revocation->causes, compare_hash);
	free(cause);
}

void causes_release(struct revocation *revocation)
{
	tdestroy(revocation->causes, free);
	revocation->causes = NULL;
}
