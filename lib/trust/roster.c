#include "lib/trust/roster.h"

#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/trust/keyfile.h"

/* by_curve and by_sign hold the members' indices, sorted by key: lookups are binary searches. */
struct roster {
	uint64_t number;
	uint64_t issued;
	uint8_t root[SIGN_KEY_BYTES];
	struct blob bytes;
	size_t count;
	struct roster_member *members;
	const struct roster_member **by_curve;
	const struct roster_member **by_sign;
};

void roster_release(struct roster **roster)
{
	struct roster *r = *roster;

	if (r == NULL)
		return;
	blob_release(&r->bytes);
	free(r->members);
	free(r->by_curve);
	free(r->by_sign);
	free(r);
	*roster = NULL;
}

static int compare_curve(const void *a, const void *b)
{
	return memcmp((*(const struct roster_member *const *)a)->curve,
		(*(const struct roster_member *const *)b)->curve, CURVE_KEY_BYTES);
}

static int compare_sign(const void *a, const void *b)
{
	return memcmp((*(const struct roster_member *const *)a)->sign,
		(*(const struct roster_member *const *)b)->sign, SIGN_KEY_BYTES);
}

static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_' || c == '.'))
			return false;
	}
	return name.len != 0 && name.len <= NAME_MAX_BYTES;
}

static bool is_one_role(uint64_t role)
{
	return (role & ~(uint64_t)ROLES_ROSTERED) == 0 && role != 0 && (role & (role - 1)) == 0;
}

static enum rc read_member(const struct elem_roster_entry *entry, struct roster_member *out, struct err *err)
{
	if (!is_name(entry->name))
		return err_set(err, RC_MALFORMED,
			"roster: \"%.*s\" is no name: letters, digits, '-', '_' and '.' are",
			SPAN_FMT(entry->name));
	if (!is_one_role(entry->role))
		return err_set(err, RC_MALFORMED,
			"roster: %.*s has role %llu, expected one of those that can be rostered",
			SPAN_FMT(entry->name), (unsigned long long)entry->role);
	memcpy(out->name, entry->name.at, entry->name.len);
	out->role = (unsigned)entry->role;
	memcpy(out->curve, entry->curve.at, CURVE_KEY_BYTES);
	memcpy(out->sign, entry->sign.at, SIGN_KEY_BYTES);
	if (entry->endpoint.len != 0)
		memcpy(out->endpoint, entry->endpoint.at, entry->endpoint.len);
	if (entry->publisher.len != 0)
		memcpy(out->publisher, entry->publisher.at, entry->publisher.len);
	out->not_before = entry->not_before;
	out->not_after = entry->not_after;
	return RC_OK;
}

static enum rc read_members(struct roster *r, struct list entries, struct err *err)
{
	struct elem_roster_entry entry;

	r->count = entries.count;
	r->members = calloc(r->count, sizeof *r->members);
	r->by_curve = calloc(r->count, sizeof(struct roster_member *));
	r->by_sign = calloc(r->count, sizeof(struct roster_member *));
	if (r->members == NULL || r->by_curve == NULL || r->by_sign == NULL)
		return err_set(err, RC_NOMEM, "roster: out of memory");
	for (size_t i = 0; ELEM_NEXT(roster_entry, &entries, &entry); i++) {
		TRY(read_member(&entry, &r->members[i], err));
		r->by_curve[i] = &r->members[i];
		r->by_sign[i] = &r->members[i];
	}
	qsort(r->by_curve, r->count, sizeof(struct roster_member *), compare_curve);
	qsort(r->by_sign, r->count, sizeof(struct roster_member *), compare_sign);
	return RC_OK;
}

static int compare_name(const void *a, const void *b)
{
	return strcmp((*(const struct roster_member *const *)a)->name,
		(*(const struct roster_member *const *)b)->name);
}

static enum rc check_unique(struct roster *r, struct err *err)
{
	const struct roster_member **by_name = calloc(r->count, sizeof(struct roster_member *));
	const char *twice = NULL;

	if (by_name == NULL)
		return err_set(err, RC_NOMEM, "roster: out of memory");
	memcpy(by_name, r->by_curve, r->count * sizeof(struct roster_member *));
	qsort(by_name, r->count, sizeof(struct roster_member *), compare_name);
	for (size_t i = 1; i < r->count && twice == NULL; i++) {
		if (compare_name(&by_name[i - 1], &by_name[i]) == 0)
			twice = by_name[i]->name;
		else if (compare_curve(&r->by_curve[i - 1], &r->by_curve[i]) == 0)
			twice = r->by_curve[i]->name;
		else if (compare_sign(&r->by_sign[i - 1], &r->by_sign[i]) == 0)
			twice = r->by_sign[i]->name;
	}
	free(by_name);
	if (twice != NULL)
		return err_set(err, RC_MALFORMED, "roster: the name or a key of %s is there twice", twice);
	return RC_OK;
}

enum rc roster_open(struct span signed_roster, const uint8_t root[static SIGN_KEY_BYTES], uint64_t known,
	struct roster **out, struct err *err)
{
	DROP(roster_release) struct roster *r = calloc(1, sizeof *r);
	struct signed_msg opened;

	if (r == NULL || blob_append(&r->bytes, signed_roster) != RC_OK)
		return err_set(err, RC_NOMEM, "roster: out of memory");
	TRY(signed_open(blob_span(&r->bytes), MSG_TYPE_roster, &opened, err));
	if (memcmp(opened.key, root, SIGN_KEY_BYTES) != 0 ||
		memcmp(opened.msg.roster.root.at, root, SIGN_KEY_BYTES) != 0)
		return err_set(
			err, RC_DENIED, "roster: signed by another root key than the one that is configured");
	if (opened.msg.roster.number < known)
		return err_set(err, RC_STALE,
			"roster: number %llu is older than %llu, which was seen already",
			(unsigned long long)opened.msg.roster.number, (unsigned long long)known);
	r->number = opened.msg.roster.number;
	r->issued = opened.msg.roster.issued;
	memcpy(r->root, root, SIGN_KEY_BYTES);
	TRY(read_members(r, opened.msg.roster.entries, err));
	TRY(check_unique(r, err));
	roster_release(out);
	*out = TAKE(r);
	return RC_OK;
}

static enum rc append_member(const struct roster_member *member, struct blob *raw, struct err *err)
{
	struct elem_roster_entry entry = {
		.name = span_text(member->name),
		.role = member->role,
		.curve = SPAN(member->curve),
		.sign = SPAN(member->sign),
		.endpoint = span_text(member->endpoint),
		.publisher = span_text(member->publisher),
		.not_before = member->not_before,
		.not_after = member->not_after,
	};

	if (ELEM_APPEND(roster_entry, &entry, raw) != RC_OK)
		return err_set(err, RC_MALFORMED, "roster: %s has a field that does not fit", member->name);
	return RC_OK;
}

enum rc roster_make(const struct sign_pair *root, uint64_t number, uint64_t issued,
	const struct roster_member *members, size_t count, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob made = {0};
	DROP(roster_release) struct roster *check = NULL;

	for (size_t i = 0; i < count; i++)
		TRY(append_member(&members[i], &raw, err));
	TRY(signed_make(root,
		&(struct msg){
			.type = MSG_TYPE_roster,
			.roster = {.number = number,
				.issued = issued,
				.root = SPAN(root->public),
				.entries = {blob_span(&raw), count}},
		},
		&made, err));
	TRY(roster_open(blob_span(&made), root->public, number, &check, err));
	return blob_append(out, blob_span(&made));
}

enum rc roster_load(
	const char *path, const char *root_path, uint64_t known, struct roster **out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	uint8_t root[SIGN_KEY_BYTES];
	enum rc rc;

	TRY(keyfile_load_public(root_path, KEYFILE_SIGN_PUBLIC, root, err));
	TRY(file_read(path, ROSTER_MAX + 1024, &bytes, err));
	rc = roster_open(blob_span(&bytes), root, known, out, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", path);
	return RC_OK;
}

enum rc roster_update(struct roster **roster, struct span signed_roster, const char *path, struct err *err)
{
	DROP(roster_release) struct roster *next = NULL;

	TRY(roster_open(signed_roster, (*roster)->root, (*roster)->number, &next, err));
	if (next->number == (*roster)->number) {
		if (span_equal(blob_span(&next->bytes), blob_span(&(*roster)->bytes)))
			return err_set(err, RC_EXISTS, "roster %llu is the present one",
				(unsigned long long)next->number);
		return err_set(err, RC_DENIED,
			"there are two rosters with number %llu: the root key signed both",
			(unsigned long long)next->number);
	}
	if (path != NULL)
		TRY(file_replace(path, signed_roster, 0644, err));
	roster_release(roster);
	*roster = TAKE(next);
	return RC_OK;
}

uint64_t roster_number(const struct roster *roster)
{
	return roster->number;
}

uint64_t roster_issued(const struct roster *roster)
{
	return roster->issued;
}

const uint8_t *roster_root(const struct roster *roster)
{
	return roster->root;
}

struct span roster_bytes(const struct roster *roster)
{
	return blob_span(&roster->bytes);
}

const struct roster_member *roster_members(const struct roster *roster, size_t *count)
{
	*count = roster->count;
	return roster->members;
}

static const struct roster_member *search(const struct roster_member *const *sorted, size_t count,
	const struct roster_member *key, int (*compare)(const void *, const void *))
{
	const struct roster_member **found = bsearch(&key, sorted, count, sizeof key, compare);

	return found == NULL ? NULL : *found;
}

const struct roster_member *roster_by_curve(
	const struct roster *roster, const uint8_t curve[static CURVE_KEY_BYTES])
{
	struct roster_member key;

	memcpy(key.curve, curve, sizeof key.curve);
	return search(roster->by_curve, roster->count, &key, compare_curve);
}

const struct roster_member *roster_by_sign(
	const struct roster *roster, const uint8_t sign[static SIGN_KEY_BYTES])
{
	struct roster_member key;

	memcpy(key.sign, sign, sizeof key.sign);
	return search(roster->by_sign, roster->count, &key, compare_sign);
}

const struct roster_member *roster_by_name(const struct roster *roster, struct span name)
{
	for (size_t i = 0; i < roster->count; i++)
		if (span_is(name, roster->members[i].name))
			return &roster->members[i];
	return NULL;
}

const struct roster_member *roster_nth(
	const struct roster *roster, unsigned roles, uint64_t wall_ms, size_t n)
{
	for (size_t i = 0; i < roster->count; i++) {
		const struct roster_member *member = &roster->members[i];

		if ((member->role & roles) == 0 || roster_member_is_former(member) ||
			!roster_member_is_valid(member, wall_ms))
			continue;
		if (n-- == 0)
			return member;
	}
	return NULL;
}

unsigned roster_role(
	const struct roster *roster, const uint8_t curve[static CURVE_KEY_BYTES], uint64_t wall_ms)
{
	const struct roster_member *member = roster_by_curve(roster, curve);

	if (wall_ms < roster->issued)
		wall_ms = roster->issued;
	return member != NULL && roster_member_is_valid(member, wall_ms) ? member->role
	                                                                 : (unsigned)ROLE_UNKNOWN;
}

bool roster_name_is_ended(const char *name, size_t *base_len)
{
	static const char mark[] = ".ended-";
	size_t len = strlen(name);
	size_t digits = 0;
	size_t base;

	while (digits < len && name[len - digits - 1] >= '0' && name[len - digits - 1] <= '9')
		digits++;
	if (digits == 0 || len - digits <= sizeof mark - 1)
		return false;
	base = len - digits - (sizeof mark - 1);
	if (memcmp(name + base, mark, sizeof mark - 1) != 0)
		return false;
	if (base_len != NULL)
		*base_len = base;
	return true;
}

enum rc roster_may_sign(const struct roster *roster, const uint8_t sign[static SIGN_KEY_BYTES],
	enum msg_type type, unsigned roles, uint64_t at_ms, struct err *err)
{
	const struct roster_member *signer = roster_by_sign(roster, sign);

	if (signer == NULL)
		return err_set(err, RC_DENIED, "%s: signed by a key that roster %llu does not have",
			msg_type_name(type), (unsigned long long)roster->number);
	if (!roster_member_is_valid(signer, at_ms))
		return err_set(err, RC_DENIED, "%s: signed by %s, whose dates are over or not come",
			msg_type_name(type), signer->name);
	if ((signer->role & roles) == 0)
		return err_set(err, RC_DENIED, "%s: signed by %s, who is %s and may not", msg_type_name(type),
			signer->name, role_word(signer->role));
	return RC_OK;
}

enum rc roster_signed(const struct roster *roster, struct span envelope, enum msg_type type, unsigned roles,
	uint64_t at_ms, struct signed_msg *out, struct err *err)
{
	struct signed_msg opened;

	TRY(signed_open(envelope, type, &opened, err));
	TRY(roster_may_sign(roster, opened.key, type, roles, at_ms, err));
	*out = opened;
	return RC_OK;
}

enum rc roster_signed_now(const struct roster *roster, struct span envelope, enum msg_type type,
	unsigned roles, uint64_t wall_ms, struct signed_msg *out, struct err *err)
{
	return roster_signed(
		roster, envelope, type, roles, wall_ms < roster->issued ? roster->issued : wall_ms, out, err);
}

enum rc roster_signed_kept(const struct roster *roster, struct span envelope, enum msg_type type,
	unsigned roles, uint64_t wall_ms, struct signed_msg *out, struct err *err)
{
	const struct roster_member *signer;
	struct signed_msg opened;

	TRY(signed_open(envelope, type, &opened, err));
	signer = roster_by_sign(roster, opened.key);
	if (signer != NULL && signer->not_after != 0 && wall_ms >= signer->not_after)
		wall_ms = signer->not_after - 1;
	TRY(roster_may_sign(roster, opened.key, type, roles, wall_ms, err));
	*out = opened;
	return RC_OK;
}
