/*
 * What the tenant says about nodes (tags, DNS names, addresses), by node: a table made of the notices of kind
 * `described`. The latest time wins, of equal ones the later notice. The table can be kept in a file together
 * with the place in the log up to which it holds; a file that is lost or damaged costs reading the log again
 * and nothing else.
 */
#ifndef LIMEBUS_FOLLOW_PROFILES_H
#define LIMEBUS_FOLLOW_PROFILES_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/trust/notice.h"
#include "proto/msg.h"

struct profiles;

#define PROFILES_MAX       (1u << 18)   /* nodes */
#define PROFILES_BYTES_MAX (256u << 20) /* of the file */

MUST_USE enum rc profiles_open(struct profiles **out);
/* Accepts NULL inside. */
void profiles_close(struct profiles **profiles);

/* Take a profile, whose signer was checked. Copies. RC_STALE: a later one is there. RC_LIMIT: PROFILES_MAX
 * nodes are there. RC_NOMEM. */
MUST_USE enum rc profiles_put(struct profiles *profiles, const struct msg_profile *profile);

/* False: nothing is known. Borrows until the next profiles_put. */
bool profiles_get(
	const struct profiles *profiles, const uint8_t node[static NODE_ID_BYTES], struct msg_profile *out);

size_t profiles_count(const struct profiles *profiles);

/* The whole table as bytes, and the other way round: into an empty table. RC_MALFORMED: not what
 * profiles_encode wrote, in any bit. */
MUST_USE enum rc profiles_encode(
	const struct profiles *profiles, const struct notice_place *place, struct blob *out);
MUST_USE enum rc profiles_decode(struct span bytes, struct profiles *profiles, struct notice_place *place);

/* The same with a file. */
MUST_USE enum rc profiles_save(
	const struct profiles *profiles, const struct notice_place *place, const char *path, struct err *err);
MUST_USE enum rc profiles_load(
	const char *path, struct profiles *profiles, struct notice_place *place, struct err *err);

bool profile_has_tag(const struct msg_profile *profile, struct span tag);

/* "10.0.0.7", "2001:db8::7"; false for what is no address. */
#define ADDRESS_TEXT_BYTES 46
bool address_text(struct span address, char out[static ADDRESS_TEXT_BYTES]);

#endif
