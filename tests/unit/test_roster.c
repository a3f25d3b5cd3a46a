#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/roster.h"

#define NOW     1000000u
#define MEMBERS 4u

/* A root, and members of different roles whose keys are recognisable. */
struct fixture {
	struct sign_pair root;
	struct sign_pair signers[MEMBERS];
	struct roster_member members[MEMBERS];
};

static const struct {
	const char *name;
	unsigned role;
} cast[MEMBERS] = {
	{"registrar-1", ROLE_REGISTRAR},
	{"verifier-1", ROLE_VERIFIER},
	{"alice", ROLE_ADMIN},
	{"bob", ROLE_VIEWER},
};

static int setup(void **state)
{
	static struct fixture fixture;

	assert_ok(sign_generate(&fixture.root, NULL));
	for (size_t i = 0; i < MEMBERS; i++) {
		struct roster_member *member = &fixture.members[i];

		assert_ok(sign_generate(&fixture.signers[i], NULL));
		snprintf(member->name, sizeof member->name, "%s", cast[i].name);
		snprintf(member->endpoint, sizeof member->endpoint, "tcp://10.0.0.%zu:8891", i + 1);
		member->role = cast[i].role;
		memset(member->curve, (int)(0xf0 - i), sizeof member->curve);
		memcpy(member->sign, fixture.signers[i].public, sizeof member->sign);
		member->not_before = NOW - 100;
		member->not_after = NOW + 100;
	}
	*state = &fixture;
	return 0;
}

static struct roster *opened(const struct fixture *fixture, uint64_t number)
{
	DROP(blob_release) struct blob bytes = {0};
	struct roster *roster = NULL;

	assert_ok(roster_make(&fixture->root, number, NOW, fixture->members, MEMBERS, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL));
	return roster;
}

/* The bytes of a roster that roster_make would refuse to make. */
static void forge(const struct sign_pair *signer, const uint8_t *root, uint64_t number,
	const struct elem_roster_entry *entries, size_t count, struct blob *out)
{
	DROP(blob_release) struct blob raw = {0};

	for (size_t i = 0; i < count; i++)
		assert_ok(ELEM_APPEND(roster_entry, &entries[i], &raw));
	assert_ok(signed_make(signer,
		&(struct msg){.type = MSG_TYPE_roster,
			.roster = {.number = number,
				.issued = NOW,
				.root = span_of(root, SIGN_KEY_BYTES),
				.entries = {blob_span(&raw), count}}},
		out, NULL));
}

static struct elem_roster_entry entry_of(const struct roster_member *member)
{
	return (struct elem_roster_entry){.name = span_text(member->name),
		.role = member->role,
		.curve = SPAN(member->curve),
		.sign = SPAN(member->sign),
		.endpoint = span_text(member->endpoint),
		.not_before = member->not_before,
		.not_after = member->not_after};
}

static void members_are_found_by_curve_key_signing_key_and_name(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = opened(fixture, 5);

	assert_int_equal(roster_number(roster), 5);
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct roster_member *member = roster_by_curve(roster, fixture->members[i].curve);

		assert_string_equal(member->name, cast[i].name);
		assert_int_equal(member->role, cast[i].role);
		assert_string_equal(member->endpoint, fixture->members[i].endpoint);
		assert_ptr_equal(roster_by_sign(roster, fixture->members[i].sign), member);
		assert_ptr_equal(roster_by_name(roster, span_text(cast[i].name)), member);
		assert_int_equal(roster_role(roster, member->curve, NOW), cast[i].role);
	}
}

static void keys_that_are_not_rostered_are_nobody(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = opened(fixture, 1);
	uint8_t stranger[32] = {1};

	assert_null(roster_by_curve(roster, stranger));
	assert_null(roster_by_sign(roster, stranger));
	assert_null(roster_by_name(roster, span_text("mallory")));
	assert_int_equal(roster_role(roster, stranger, NOW), ROLE_UNKNOWN);
	/* A signing key is no CURVE key. */
	assert_int_equal(roster_role(roster, fixture->members[0].sign, NOW), ROLE_UNKNOWN);
}

static void a_role_holds_between_its_dates_only(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = opened(fixture, 1);
	const struct roster_member *member = &fixture->members[1];

	assert_int_equal(roster_role(roster, member->curve, member->not_after - 1), ROLE_VERIFIER);
	assert_int_equal(roster_role(roster, member->curve, member->not_after), ROLE_UNKNOWN);
}

/* A clock that is late does not bring back what ended with the roster, nor does it shut out what is new. */
static void a_late_clock_does_not_bring_back_who_was_removed(void **state)
{
	struct fixture fixture = *(const struct fixture *)*state;
	DROP(roster_release) struct roster *roster = NULL;

	fixture.members[2].not_after = NOW;
	fixture.members[1].not_before = NOW;
	fixture.members[3].not_before = NOW + 1;
	roster = opened(&fixture, 1);
	assert_int_equal(roster_role(roster, fixture.members[2].curve, NOW - 50), ROLE_UNKNOWN);
	assert_int_equal(roster_role(roster, fixture.members[1].curve, NOW - 50), ROLE_VERIFIER);
	assert_int_equal(roster_role(roster, fixture.members[3].curve, NOW), ROLE_UNKNOWN);
	/* What was signed before it ended is still good. */
	assert_ok(roster_may_sign(
		roster, fixture.members[2].sign, MSG_TYPE_policy, ROLES_PROVISION, NOW - 1, NULL));
	assert_rc(
		roster_may_sign(roster, fixture.members[2].sign, MSG_TYPE_policy, ROLES_PROVISION, NOW, NULL),
		RC_DENIED);
}

static void former_keys_of_a_service_are_not_dialled(void **state)
{
	struct fixture fixture = *(const struct fixture *)*state;
	DROP(roster_release) struct roster *roster = NULL;

	fixture.members[1].endpoint[0] = fixture.members[2].endpoint[0] = '\0';
	roster = opened(&fixture, 1);
	assert_null(roster_nth(roster, ROLE_VERIFIER, NOW, 0));
	assert_int_equal(roster_role(roster, fixture.members[1].curve, NOW), ROLE_VERIFIER);
	/* Operators listen nowhere and are no former keys. */
	assert_string_equal(roster_nth(roster, ROLE_ADMIN, NOW, 0)->name, "alice");
}

static void names_of_former_keys_are_known(void **state)
{
	static const struct {
		const char *name;
		size_t base_len;
	} rows[] = {{"bob.ended-7", 3}, {"bob.ended-18446744073709551615", 3}, {"a.ended-1.ended-2", 9},
		{"bob.ended-", 0}, {"bob.ended-x", 0}, {".ended-7", 0}, {"bob", 0}, {"bob7", 0}, {"", 0},
		{"bobended-7", 0}, {"bob.Ended-7", 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t base_len = 0;

		if (roster_name_is_ended(rows[i].name, &base_len) != (rows[i].base_len != 0) ||
			base_len != rows[i].base_len)
			fail_msg("\"%s\": %zu", rows[i].name, base_len);
	}
}

static void members_of_a_role_can_be_listed(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = opened(fixture, 1);

	assert_string_equal(roster_nth(roster, ROLES_VIEW, NOW, 0)->name, "alice");
	assert_string_equal(roster_nth(roster, ROLES_VIEW, NOW, 1)->name, "bob");
	assert_null(roster_nth(roster, ROLES_VIEW, NOW, 2));
	assert_null(roster_nth(roster, ROLES_VIEW, NOW + 100, 0));
	assert_null(roster_nth(roster, ROLE_REVOCATION, NOW, 0));
}

static void another_root_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	DROP(sign_pair_release) struct sign_pair other = {0};
	DROP(blob_release) struct blob bytes = {0};
	DROP(roster_release) struct roster *roster = NULL;

	assert_ok(sign_generate(&other, NULL));
	assert_ok(roster_make(&other, 1, NOW, fixture->members, MEMBERS, &bytes, NULL));
	assert_rc(roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_DENIED);
	assert_null(roster);
}

/* Somebody who is rostered, and signs a roster that names the right root. */
static void a_member_cannot_sign_a_roster(void **state)
{
	const struct fixture *fixture = *state;
	struct elem_roster_entry entry = entry_of(&fixture->members[2]);
	DROP(blob_release) struct blob bytes = {0};
	DROP(roster_release) struct roster *roster = NULL;

	forge(&fixture->signers[2], fixture->root.public, 9, &entry, 1, &bytes);
	assert_rc(roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_DENIED);
}

static void a_roster_for_another_root_is_refused_even_if_this_root_signed_it(void **state)
{
	const struct fixture *fixture = *state;
	struct elem_roster_entry entry = entry_of(&fixture->members[2]);
	DROP(blob_release) struct blob bytes = {0};
	DROP(roster_release) struct roster *roster = NULL;

	forge(&fixture->root, fixture->signers[0].public, 9, &entry, 1, &bytes);
	assert_rc(roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_DENIED);
}

static void a_roster_with_a_flipped_bit_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob bytes = {0};
	DROP(roster_release) struct roster *roster = NULL;

	assert_ok(roster_make(&fixture->root, 1, NOW, fixture->members, MEMBERS, &bytes, NULL));
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.at[i] ^= 4;
		assert_int_not_equal(
			roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_OK);
		bytes.at[i] ^= 4;
	}
}

static void an_older_roster_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob bytes = {0};
	DROP(roster_release) struct roster *roster = NULL;
	struct err err = {0};

	assert_ok(roster_make(&fixture->root, 7, NOW, fixture->members, MEMBERS, &bytes, NULL));
	assert_rc(roster_open(blob_span(&bytes), fixture->root.public, 8, &roster, &err), RC_STALE);
	assert_non_null(strstr(err.text, "number 7 is older than 8"));
	assert_ok(roster_open(blob_span(&bytes), fixture->root.public, 7, &roster, NULL));
}

static void names_and_keys_stand_in_a_roster_once(void **state)
{
	const struct fixture *fixture = *state;
	enum { SAME_NAME, SAME_CURVE, SAME_SIGN, CASES };

	for (int which = 0; which < CASES; which++) {
		struct elem_roster_entry entries[2] = {
			entry_of(&fixture->members[0]), entry_of(&fixture->members[1])};
		DROP(blob_release) struct blob bytes = {0};
		DROP(roster_release) struct roster *roster = NULL;

		if (which == SAME_NAME)
			entries[1].name = entries[0].name;
		else if (which == SAME_CURVE)
			entries[1].curve = entries[0].curve;
		else
			entries[1].sign = entries[0].sign;
		forge(&fixture->root, fixture->root.public, 1, entries, 2, &bytes);
		assert_rc(
			roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_MALFORMED);
	}
}

static void a_member_has_exactly_one_role_of_those_that_are_rostered(void **state)
{
	static const uint64_t bad[] = {ROLE_NODE, ROLE_ADMIN | ROLE_VIEWER, ROLE_VERIFIER | ROLE_NODE, 0xff};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct elem_roster_entry entry = entry_of(&fixture->members[0]);
		DROP(blob_release) struct blob bytes = {0};
		DROP(roster_release) struct roster *roster = NULL;

		entry.role = bad[i];
		forge(&fixture->root, fixture->root.public, 1, &entry, 1, &bytes);
		assert_rc(
			roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_MALFORMED);
	}
}

static void names_are_safe_in_paths_and_logs(void **state)
{
	static const char *const bad[] = {"a b", "a/b", "\xc3\xa4", "a:b", "$(a)", "a\\b"};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct elem_roster_entry entry = entry_of(&fixture->members[0]);
		DROP(blob_release) struct blob bytes = {0};
		DROP(roster_release) struct roster *roster = NULL;

		entry.name = span_text(bad[i]);
		forge(&fixture->root, fixture->root.public, 1, &entry, 1, &bytes);
		assert_rc(
			roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL), RC_MALFORMED);
	}
}

static void a_full_roster_opens_and_one_more_is_refused(void **state)
{
	const struct fixture *fixture = *state;
	struct roster_member *members = calloc(ROSTER_ENTRIES_MAX + 1, sizeof *members);
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob more = {0};
	DROP(roster_release) struct roster *roster = NULL;

	assert_non_null(members);
	for (size_t i = 0; i <= ROSTER_ENTRIES_MAX; i++) {
		members[i] = fixture->members[0];
		snprintf(members[i].name, sizeof members[i].name, "plugin-%zu", i);
		members[i].role = ROLE_PLUGIN;
		memcpy(members[i].curve, &i, sizeof i);
		memcpy(members[i].sign, &i, sizeof i);
	}
	assert_ok(roster_make(&fixture->root, 1, NOW, members, ROSTER_ENTRIES_MAX, &bytes, NULL));
	assert_ok(roster_open(blob_span(&bytes), fixture->root.public, 0, &roster, NULL));
	assert_string_equal(roster_by_curve(roster, members[1234].curve)->name, "plugin-1234");
	assert_int_not_equal(
		roster_make(&fixture->root, 1, NOW, members, ROSTER_ENTRIES_MAX + 1, &more, NULL), RC_OK);
	free(members);
}

static void only_a_higher_number_replaces_a_roster(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = opened(fixture, 5);
	DROP(roster_release) struct roster *higher = opened(fixture, 6);
	DROP(roster_release) struct roster *lower = opened(fixture, 4);
	DROP(blob_release) struct blob twin = {0};

	assert_rc(roster_update(&roster, roster_bytes(lower), NULL, NULL), RC_STALE);
	assert_rc(roster_update(&roster, roster_bytes(roster), NULL, NULL), RC_EXISTS);
	assert_ok(roster_make(&fixture->root, 5, NOW + 1, fixture->members, MEMBERS, &twin, NULL));
	assert_rc(roster_update(&roster, blob_span(&twin), NULL, NULL), RC_DENIED);
	assert_int_equal(roster_number(roster), 5);
	assert_ok(roster_update(&roster, roster_bytes(higher), NULL, NULL));
	assert_int_equal(roster_number(roster), 6);
}

static void a_newer_roster_is_on_disk_before_it_holds(void **state)
{
	const struct fixture *fixture = *state;
	DROP(scratch_release) struct scratch scratch = {""};
	DROP(roster_release) struct roster *roster = opened(fixture, 5);
	DROP(roster_release) struct roster *higher = opened(fixture, 6);
	DROP(roster_release) struct roster *loaded = NULL;
	char root[SCRATCH_FILE_BYTES];
	char path[SCRATCH_FILE_BYTES];

	scratch_open(&scratch);
	assert_ok(keyfile_create(
		scratch_file(&scratch, "root.pub", root), KEYFILE_SIGN_PUBLIC, fixture->root.public, NULL));
	assert_rc(roster_update(&roster, roster_bytes(higher), "/nonexistent/roster", NULL), RC_NOT_FOUND);
	assert_int_equal(roster_number(roster), 5);
	assert_ok(roster_update(&roster, roster_bytes(higher), scratch_file(&scratch, "roster", path), NULL));
	assert_ok(roster_load(path, root, 6, &loaded, NULL));
	assert_int_equal(roster_number(loaded), 6);
	assert_rc(roster_load(path, root, 7, &loaded, NULL), RC_STALE);
	assert_int_equal(roster_number(loaded), 6);
}

static enum rc signed_by(
	const struct fixture *fixture, size_t who, unsigned roles, uint64_t at_ms, struct err *err)
{
	static const uint8_t node[NODE_ID_BYTES] = {7};
	DROP(roster_release) struct roster *roster = opened(fixture, 1);
	DROP(blob_release) struct blob envelope = {0};
	struct signed_msg got = {0};

	assert_ok(signed_make(who < MEMBERS ? &fixture->signers[who] : &fixture->root,
		&(struct msg){.type = MSG_TYPE_node_request,
			.node_request = {.node = SPAN(node), .action = span_text("suspend"), .time = NOW}},
		&envelope, NULL));
	return roster_signed(roster, blob_span(&envelope), MSG_TYPE_node_request, roles, at_ms, &got, err);
}

static void a_signature_counts_with_the_role_and_in_its_time(void **state)
{
	const struct fixture *fixture = *state;
	struct err err = {0};

	assert_ok(signed_by(fixture, 2, ROLES_PROVISION, NOW, NULL));
	assert_rc(signed_by(fixture, 3, ROLES_PROVISION, NOW, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "bob, who is viewer"));
	assert_rc(signed_by(fixture, 1, ROLES_PROVISION, NOW, NULL), RC_DENIED);
	assert_rc(signed_by(fixture, 2, ROLES_PROVISION, NOW + 100, &err), RC_DENIED);
	assert_rc(signed_by(fixture, 2, ROLES_PROVISION, NOW - 101, &err), RC_DENIED);
	assert_rc(signed_by(fixture, 2, 0, NOW, NULL), RC_DENIED);
	/* The root signs rosters and nothing else. */
	assert_rc(signed_by(fixture, MEMBERS, ROLES_ROSTERED, NOW, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "does not have"));
}

static enum rc signed_when(const struct fixture *fixture, uint64_t wall_ms, bool kept, unsigned roles)
{
	DROP(roster_release) struct roster *roster = opened(fixture, 1);
	DROP(blob_release) struct blob envelope = {0};
	struct msg msg = {.type = MSG_TYPE_ok};
	struct signed_msg out;

	assert_ok(signed_make(&fixture->signers[2], &msg, &envelope, NULL));
	return (kept ? roster_signed_kept : roster_signed_now)(
		roster, blob_span(&envelope), MSG_TYPE_ok, roles, wall_ms, &out, NULL);
}

static void who_ended_may_ask_for_nothing_new_even_of_a_late_clock(void **state)
{
	struct fixture fixture = *(const struct fixture *)*state;

	assert_ok(signed_when(&fixture, NOW - 500, false, ROLES_PROVISION));
	fixture.members[2].not_after = NOW;
	assert_rc(signed_when(&fixture, NOW - 50, false, ROLES_PROVISION), RC_DENIED);
	assert_rc(signed_when(&fixture, NOW + 50, false, ROLES_PROVISION), RC_DENIED);
}

static void what_was_kept_outlives_its_signer(void **state)
{
	struct fixture fixture = *(const struct fixture *)*state;

	fixture.members[2].not_after = NOW;
	assert_ok(signed_when(&fixture, NOW + 50, true, ROLES_PROVISION));
	assert_rc(signed_when(&fixture, NOW + 50, true, ROLE_VIEWER), RC_DENIED);
	memset(fixture.members[2].sign, 7, sizeof fixture.members[2].sign);
	assert_rc(signed_when(&fixture, NOW + 50, true, ROLES_PROVISION), RC_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_by_curve_key_signing_key_and_name),
		cmocka_unit_test(keys_that_are_not_rostered_are_nobody),
		cmocka_unit_test(a_role_holds_between_its_dates_only),
		cmocka_unit_test(a_late_clock_does_not_bring_back_who_was_removed),
		cmocka_unit_test(former_keys_of_a_service_are_not_dialled),
		cmocka_unit_test(names_of_former_keys_are_known),
		cmocka_unit_test(members_of_a_role_can_be_listed),
		cmocka_unit_test(another_root_is_refused),
		cmocka_unit_test(a_member_cannot_sign_a_roster),
		cmocka_unit_test(a_roster_for_another_root_is_refused_even_if_this_root_signed_it),
		cmocka_unit_test(a_roster_with_a_flipped_bit_is_refused),
		cmocka_unit_test(an_older_roster_is_refused),
		cmocka_unit_test(names_and_keys_stand_in_a_roster_once),
		cmocka_unit_test(a_member_has_exactly_one_role_of_those_that_are_rostered),
		cmocka_unit_test(names_are_safe_in_paths_and_logs),
		cmocka_unit_test(a_full_roster_opens_and_one_more_is_refused),
		cmocka_unit_test(only_a_higher_number_replaces_a_roster),
		cmocka_unit_test(a_newer_roster_is_on_disk_before_it_holds),
		cmocka_unit_test(a_signature_counts_with_the_role_and_in_its_time),
		cmocka_unit_test(who_ended_may_ask_for_nothing_new_even_of_a_late_clock),
		cmocka_unit_test(what_was_kept_outlives_its_signer),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
