/*
 * Journals: logs of signed messages that are numbered from 1 without gaps and name the SHA-256 of the signed
 * message before, as it stands (zeros in the first). There are two: notices, and issued certificates.
 */
#ifndef LIMEBUS_TRUST_JOURNAL_H
#define LIMEBUS_TRUST_JOURNAL_H

#include "lib/trust/signed.h"

/* Where a chain stands: the last entry that was taken. {0} before the first. */
struct notice_place {
	uint64_t seq;
	uint64_t time;
	uint8_t hash[HASH_BYTES];
};

/* What every entry says about itself. */
struct journal_link {
	uint64_t seq;
	uint64_t time;
	struct span previous;
};

struct journal_kind {
	const char *what; /* "notice": for people */
	enum msg_type type;
	struct journal_link (*link)(const struct msg *body);
};
extern const struct journal_kind journal_notices;
extern const struct journal_kind journal_issued;

/* What a signed entry says, for those who checked it before: who signed it is not looked at. */
MUST_USE enum rc journal_body(
	const struct journal_kind *kind, struct span signed_entry, struct msg *out, struct err *err);

/*
 * Does it follow? RC_OK: it is the next one, and *place is moved to it. RC_EXISTS: it was taken before
 * (number not higher). RC_NOT_FOUND: there is a gap before it; fetch place->seq + 1 and on. RC_DENIED: it has
 * the next number but names another predecessor, or is another entry under the number of the last one: the
 * log was forked or rewritten, and somebody must know.
 */
MUST_USE enum rc journal_chain(const struct journal_kind *kind, struct notice_place *place,
	const struct msg *body, struct span signed_entry, struct err *err);

#endif
