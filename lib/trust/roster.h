/*
 * The roster: every service, operator and plugin key of a deployment with its role, addresses and dates,
 * numbered, signed by the offline root key. Only a higher number replaces a roster, so rotation, removal and
 * redirects all go through it.
 */
#ifndef LIMEBUS_TRUST_ROSTER_H
#define LIMEBUS_TRUST_ROSTER_H

#include "lib/trust/signed.h"
#include "proto/role.h"

/* One rostered key pair, owned by its roster. */
struct roster_member {
	char name[NAME_MAX_BYTES + 1];
	unsigned role; /* one bit of enum role */
	uint8_t curve[CURVE_KEY_BYTES];
	uint8_t sign[SIGN_KEY_BYTES];
	char endpoint[ENDPOINT_MAX + 1]; /* empty: it listens nowhere */
	char publisher[ENDPOINT_MAX + 1];
	uint64_t not_before; /* wall-clock ms */
	uint64_t not_after;
};

struct roster;
void roster_release(struct roster **roster);

/*
 * Open a signed roster. RC_DENIED: not signed by this root, or by it but for another root. RC_STALE: its
 * number is below `known`. RC_MALFORMED: two members of one name, CURVE key or signing key; a role that is
 * not exactly one rostered role; a name that is not of letters, digits, '-', '_' and '.'. Copies.
 */
MUST_USE enum rc roster_open(struct span signed_roster, const uint8_t root[static SIGN_KEY_BYTES],
	uint64_t known, struct roster **out, struct err *err);

/* Make and sign a roster; refuses what roster_open would refuse. Appends to out. */
MUST_USE enum rc roster_make(const struct sign_pair *root, uint64_t number, uint64_t issued,
	const struct roster_member *members, size_t count, struct blob *out, struct err *err);

/* Read root.pub's key from a keyfile and the roster from a file, `known` as in roster_open. */
MUST_USE enum rc roster_load(
	const char *path, const char *root_path, uint64_t known, struct roster **out, struct err *err);

/*
 * Take a newer roster: opened against the same root, its number higher than the present one's; *roster is
 * replaced. With the same number: RC_EXISTS if it is the same, RC_DENIED if it is another (the root signed
 * two: somebody must know). Lower: RC_STALE. path, if not NULL, is replaced too, before *roster is.
 */
MUST_USE enum rc roster_update(
	struct roster **roster, struct span signed_roster, const char *path, struct err *err);

uint64_t roster_number(const struct roster *roster);
uint64_t roster_issued(const struct roster *roster);
const uint8_t *roster_root(const struct roster *roster);

/* The signed bytes as they came; borrowed. */
struct span roster_bytes(const struct roster *roster);

/* All members, in order. */
const struct roster_member *roster_members(const struct roster *roster, size_t *count);

/* The role bit of this CURVE key at this time; ROLE_UNKNOWN if there is none or its dates do not cover it. A
 * clock that is behind the roster's issue counts as that: what ended with this roster has ended. About 50 ns.
 */
unsigned roster_role(
	const struct roster *roster, const uint8_t curve[static CURVE_KEY_BYTES], uint64_t wall_ms);

/* The member with this key or name whatever the date; NULL if there is none. */
const struct roster_member *roster_by_curve(
	const struct roster *roster, const uint8_t curve[static CURVE_KEY_BYTES]);
const struct roster_member *roster_by_sign(
	const struct roster *roster, const uint8_t sign[static SIGN_KEY_BYTES]);
const struct roster_member *roster_by_name(const struct roster *roster, struct span name);

/* The n-th member (from 0) with one of these roles that is valid at this time; NULL after the last. Former
 * keys of services are passed over. */
const struct roster_member *roster_nth(
	const struct roster *roster, unsigned roles, uint64_t wall_ms, size_t n);

static inline bool roster_member_is_valid(const struct roster_member *member, uint64_t wall_ms)
{
	return wall_ms >= member->not_before && wall_ms < member->not_after;
}

/* Former keys of a service: they still sign what was signed, but nobody listens under them. */
static inline bool roster_member_is_former(const struct roster_member *member)
{
	return (member->role & (unsigned)ROLES_SERVICE) != 0 && member->endpoint[0] == '\0';
}

/*
 * Entries that ended stay in the roster, so that what they signed can be judged: NAME.ended-<number of the
 * roster that ended them>. True for such a name; *base_len, if not NULL, is then the length of NAME.
 */
bool roster_name_is_ended(const char *name, size_t *base_len);

/* May the holder of this signing key say a thing of this type, at this time? RC_DENIED with who it is and
 * what was expected. */
MUST_USE enum rc roster_may_sign(const struct roster *roster, const uint8_t sign[static SIGN_KEY_BYTES],
	enum msg_type type, unsigned roles, uint64_t at_ms, struct err *err);

/*
 * signed_open, and the signer must be rostered with one of these roles. at_ms: when the signature counts as
 * made (now for requests; for a record, the time that stands in it is no more than its writer's word, so pass
 * now there too). RC_DENIED with the name of who signed and which roles were expected.
 */
MUST_USE enum rc roster_signed(const struct roster *roster, struct span envelope, enum msg_type type,
	unsigned roles, uint64_t at_ms, struct signed_msg *out, struct err *err);

/* roster_signed for a request, made now: as with roster_role, a clock that is behind the roster's issue does
 * not bring back who ended with it. */
MUST_USE enum rc roster_signed_now(const struct roster *roster, struct span envelope, enum msg_type type,
	unsigned roles, uint64_t wall_ms, struct signed_msg *out, struct err *err);

/* roster_signed for what we took ourselves while its signer might sign, and kept: that he ended since does
 * not matter. One whom the roster does not have at all, or with another role, is refused. */
MUST_USE enum rc roster_signed_kept(const struct roster *roster, struct span envelope, enum msg_type type,
	unsigned roles, uint64_t wall_ms, struct signed_msg *out, struct err *err);

#endif
