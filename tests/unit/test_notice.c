#include "tests/support/test.h"

#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/trust/notice.h"

#define NOW 1000000u

enum who { REVOCATION, VERIFIER, PROVISIONER, ADMIN, REGISTRAR, OTHER, WHO_COUNT };

static const unsigned roles[WHO_COUNT] = {
	[REVOCATION] = ROLE_REVOCATION,
	[VERIFIER] = ROLE_VERIFIER,
	[PROVISIONER] = ROLE_PROVISIONER,
	[ADMIN] = ROLE_ADMIN,
	[REGISTRAR] = ROLE_REGISTRAR,
};

static struct {
	struct sign_pair root;
	struct sign_pair who[WHO_COUNT]; /* OTHER is in no roster */
	struct roster *roster;
} it;

static const uint8_t node[NODE_ID_BYTES] = {1, 2, 3};
static const uint8_t other_node[NODE_ID_BYTES] = {3, 2, 1};

static int setup(void **state)
{
	struct roster_member members[OTHER] = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	assert_ok(sign_generate(&it.root, NULL));
	for (unsigned i = 0; i < WHO_COUNT; i++)
		assert_ok(sign_generate(&it.who[i], NULL));
	for (unsigned i = 0; i < OTHER; i++) {
		snprintf(members[i].name, sizeof members[i].name, "member-%u", i);
		members[i].role = roles[i];
		members[i].curve[0] = (uint8_t)(i + 1);
		memcpy(members[i].sign, it.who[i].public, SIGN_KEY_BYTES);
		members[i].not_after = NOW + 10;
	}
	assert_ok(roster_make(&it.root, 1, NOW, members, OTHER, &bytes, NULL));
	return roster_open(blob_span(&bytes), it.root.public, 0, &it.roster, NULL) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	roster_release(&it.roster);
	return 0;
}

static void sign(enum who who, const struct msg *msg, struct blob *out)
{
	blob_clear(out);
	assert_ok(signed_make(&it.who[who], msg, out, NULL));
}

static void verdict(enum who who, const uint8_t *about, bool trusted, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_verdict,
		.verdict = {.node = span_of(about, NODE_ID_BYTES),
			.number = 1,
			.trusted = trusted,
			.time = NOW,
			.ak_name = span_text("ak"),
			.nk = SPAN(node)}};

	sign(who, &msg, out);
}

static void request(enum who who, const char *action, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_node_request,
		.node_request = {SPAN(node), span_text(action), span_text("why"), NOW}};

	sign(who, &msg, out);
}

static void provisioning(enum who who, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_provisioning,
		.provisioning = {SPAN(node), 1, SPAN(node), span_text("default"), SPAN(node), span_text("ak"),
			SPAN(node), NOW}};

	sign(who, &msg, out);
}

static void other_cause(enum who who, enum msg_type type, struct blob *out)
{
	struct msg msg = {.type = type};

	if (type == MSG_TYPE_policy_use)
		msg.policy_use = (struct msg_policy_use){
			.node = SPAN(node), .number = 1, .policy = SPAN(node), .time = NOW};
	else if (type == MSG_TYPE_profile)
		msg.profile = (struct msg_profile){.node = SPAN(node), .time = NOW};
	else
		msg.certificate_revoke = (struct msg_certificate_revoke){
			.node = SPAN(node), .serial = span_text("\x40\x01"), .time = NOW};
	sign(who, &msg, out);
}

/* A notice that follows `place`. */
static void dated(enum who who, const struct notice_place *place, const char *kind, uint64_t time,
	const struct blob *cause, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = place->seq + 1,
			.previous = SPAN(place->hash),
			.kind = span_text(kind),
			.node = SPAN(node),
			.time = time,
			.cause = cause == NULL ? (struct span){0} : blob_span(cause)}};

	sign(who, &msg, out);
}

static void notice(enum who who, const struct notice_place *place, const char *kind, const struct blob *cause,
	struct blob *out)
{
	dated(who, place, kind, NOW, cause, out);
}

static enum rc opens(const struct blob *bytes)
{
	struct notice_view view = {0};

	return notice_open(it.roster, blob_span(bytes), NOW, &view, NULL);
}

/* ---- causes ---- */

static void only_who_may_makes_a_cause(void **state)
{
	static const struct {
		const char *action; /* NULL: a verdict; "": a provisioning */
		unsigned may;
		enum notice_kind kind;
	} rows[] = {
		{NULL, 1u << VERIFIER, NOTICE_REVOKED},
		{"", 1u << PROVISIONER | 1u << ADMIN, NOTICE_PROVISIONED},
		{"resume", 1u << PROVISIONER | 1u << ADMIN, NOTICE_REINSTATED},
		{"suspend", 1u << PROVISIONER | 1u << ADMIN, NOTICE_SUSPENDED},
		{"remove", 1u << ADMIN, NOTICE_REMOVED},
	};
	DROP(blob_release) struct blob cause = {0};
	struct notice_cause opened;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (unsigned who = 0; who < WHO_COUNT; who++) {
			bool may = (rows[i].may >> who & 1) != 0;

			if (rows[i].action == NULL)
				verdict(who, node, false, &cause);
			else if (rows[i].action[0] == '\0')
				provisioning(who, &cause);
			else
				request(who, rows[i].action, &cause);
			assert_rc(notice_cause_open(it.roster, blob_span(&cause), NOW, &opened, NULL),
				may ? RC_OK : RC_DENIED);
			if (may)
				assert_int_equal(opened.kind, rows[i].kind);
			/* Not a moment after its signer's dates. */
			assert_rc(notice_cause_open(it.roster, blob_span(&cause), NOW + 10, &opened, NULL),
				RC_DENIED);
		}
}

static void what_revokes_nobody_is_no_cause(void **state)
{
	DROP(blob_release) struct blob cause = {0};
	struct notice_cause opened;
	struct msg head = {.type = MSG_TYPE_head, .head = {1, SPAN(node), NOW}};

	(void)state;
	verdict(VERIFIER, node, true, &cause);
	assert_rc(notice_cause_open(it.roster, blob_span(&cause), NOW, &opened, NULL), RC_DENIED);
	request(ADMIN, "destroy", &cause);
	assert_rc(notice_cause_open(it.roster, blob_span(&cause), NOW, &opened, NULL), RC_DENIED);
	sign(VERIFIER, &head, &cause);
	assert_rc(notice_cause_open(it.roster, blob_span(&cause), NOW, &opened, NULL), RC_MALFORMED);
	assert_rc(notice_cause_open(it.roster, span_text("junk"), NOW, &opened, NULL), RC_MALFORMED);
}

static void the_new_kinds_have_their_signers_too(void **state)
{
	static const struct {
		enum msg_type type;
		unsigned may;
		enum notice_kind kind;
	} rows[] = {
		{MSG_TYPE_policy_use, 1u << PROVISIONER | 1u << ADMIN, NOTICE_POLICY_CHANGED},
		{MSG_TYPE_profile, 1u << PROVISIONER | 1u << ADMIN, NOTICE_DESCRIBED},
		{MSG_TYPE_certificate_revoke, 1u << ADMIN, NOTICE_CERTIFICATE_REVOKED},
	};
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob bytes = {0};
	struct notice_cause opened;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (unsigned who = 0; who < WHO_COUNT; who++) {
			bool may = (rows[i].may >> who & 1) != 0;

			other_cause(who, rows[i].type, &cause);
			assert_rc(notice_cause_open(it.roster, blob_span(&cause), NOW, &opened, NULL),
				may ? RC_OK : RC_DENIED);
			if (may)
				assert_int_equal(opened.kind, rows[i].kind);
			notice(REVOCATION, &none, notice_kind_word(rows[i].kind), &cause, &bytes);
			assert_rc(opens(&bytes), may ? RC_OK : RC_DENIED);
		}
}

/* ---- one notice ---- */

/* A verdict with findings of these checks; a star in front: told, and not held against the node. */
static void found(const char *const *checks, struct blob *out)
{
	DROP(blob_release) struct blob raw = {0};
	struct msg msg = {.type = MSG_TYPE_verdict,
		.verdict = {.node = SPAN(node),
			.number = 1,
			.time = NOW,
			.ak_name = span_text("ak"),
			.nk = SPAN(node),
			.evidence = SPAN(other_node)}};

	for (size_t i = 0; checks[i] != NULL; i++) {
		bool is_told = checks[i][0] == '*';
		struct elem_finding finding = {
			.check = span_text(checks[i] + is_told), .weight = is_told ? 2 : 0};

		assert_ok(ELEM_APPEND(finding, &finding, &raw));
		msg.verdict.findings.count++;
	}
	msg.verdict.findings.raw = blob_span(&raw);
	sign(VERIFIER, &msg, out);
}

/* A notice of this kind and cause that says so for programs. */
static enum rc says(const char *kind, const struct blob *cause, const char *const *codes,
	const uint8_t *evidence, const char *serial)
{
	DROP(blob_release) struct blob reasons = {0};
	DROP(blob_release) struct blob serials = {0};
	DROP(blob_release) struct blob bytes = {0};
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = 1,
			.previous = SPAN(other_node),
			.kind = span_text(kind),
			.node = SPAN(node),
			.time = NOW,
			.cause = cause == NULL ? (struct span){0} : blob_span(cause),
			.evidence = evidence == NULL ? (struct span){0} : span_of(evidence, HASH_BYTES)}};

	for (; *codes != NULL; codes++) {
		assert_ok(ELEM_APPEND(reason, (&(struct elem_reason){span_text(*codes)}), &reasons));
		msg.notice.reasons.count++;
	}
	msg.notice.reasons.raw = blob_span(&reasons);
	if (serial != NULL) {
		assert_ok(ELEM_APPEND(serial, (&(struct elem_serial){span_text(serial)}), &serials));
		msg.notice.certificates = (struct list){blob_span(&serials), 1};
	}
	sign(REVOCATION, &msg, &bytes);
	return opens(&bytes);
}

#define WORDS(...)                                                                                           \
	(const char *const[])                                                                                \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static void what_a_notice_repeats_is_what_its_cause_says(void **state)
{
	DROP(blob_release) struct blob cause = {0};

	(void)state;
	found(WORDS("pcr-value", "*grub-environment", "ima-digest", "pcr-value"), &cause);
	assert_ok(says("revoked", &cause, WORDS("pcr-value", "ima-digest"), other_node, NULL));
	/* A notice that says nothing for programs lies about nothing. */
	assert_ok(says("revoked", &cause, (const char *const[]){NULL}, NULL, NULL));
	assert_rc(says("revoked", &cause, WORDS("pcr-value"), other_node, NULL), RC_DENIED);
	assert_rc(says("revoked", &cause, WORDS("ima-digest", "pcr-value"), other_node, NULL), RC_DENIED);
	assert_rc(says("revoked", &cause, WORDS("pcr-value", "ima-digest", "grub-environment"), other_node,
			  NULL),
		RC_DENIED);
	assert_rc(says("revoked", &cause, WORDS("pcr-value", "ima-digest"), node, NULL), RC_DENIED);
	/* Without a finding that speaks against it, and in all other kinds, the reason is the kind's word. */
	found(WORDS("*grub-environment"), &cause);
	assert_ok(says("revoked", &cause, WORDS("revoked"), other_node, NULL));
	assert_rc(says("revoked", &cause, WORDS("grub-environment"), other_node, NULL), RC_DENIED);
	assert_ok(says("lapsed", NULL, WORDS("lapsed"), NULL, NULL));
	assert_rc(says("lapsed", NULL, WORDS("restored"), NULL, NULL), RC_DENIED);
	assert_rc(says("lapsed", NULL, WORDS("lapsed"), node, NULL), RC_DENIED);
	other_cause(ADMIN, MSG_TYPE_certificate_revoke, &cause);
	assert_ok(says("certificate-revoked", &cause, WORDS("certificate-revoked"), NULL, "\x40\x01"));
	assert_rc(says("certificate-revoked", &cause, WORDS("certificate-revoked"), NULL, "\x40\x02"),
		RC_DENIED);
}

static void a_notice_needs_the_cause_of_its_kind(void **state)
{
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob revoked = {0};
	DROP(blob_release) struct blob suspend = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	verdict(VERIFIER, node, false, &revoked);
	request(ADMIN, "suspend", &suspend);
	notice(REVOCATION, &none, "revoked", &revoked, &bytes);
	assert_ok(opens(&bytes));
	notice(REVOCATION, &none, "suspended", &suspend, &bytes);
	assert_ok(opens(&bytes));
	notice(REVOCATION, &none, "revoked", &suspend, &bytes);
	assert_rc(opens(&bytes), RC_DENIED);
	notice(REVOCATION, &none, "reinstated", &suspend, &bytes);
	assert_rc(opens(&bytes), RC_DENIED);
	notice(REVOCATION, &none, "lapsed", NULL, &bytes);
	assert_ok(opens(&bytes));
	notice(REVOCATION, &none, "lapsed", &revoked, &bytes);
	assert_rc(opens(&bytes), RC_DENIED);
	/* Of a kind that is not known yet it is passed on. */
	notice(REVOCATION, &none, "sung-about", NULL, &bytes);
	assert_ok(opens(&bytes));
}

static void no_kind_that_needs_a_cause_goes_without(void **state)
{
	static const char *const kinds[] = {
		"revoked", "reinstated", "suspended", "node-removed", "provisioned"};
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		notice(REVOCATION, &none, kinds[i], NULL, &bytes);
		assert_rc(opens(&bytes), RC_DENIED);
	}
}

static void a_cause_about_another_node_is_refused(void **state)
{
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	verdict(VERIFIER, other_node, false, &cause);
	notice(REVOCATION, &none, "revoked", &cause, &bytes);
	assert_rc(opens(&bytes), RC_DENIED);
}

static void a_cause_that_nobody_may_sign_is_refused(void **state)
{
	static const enum who wrong[] = {REVOCATION, REGISTRAR, ADMIN, OTHER};
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		verdict(wrong[i], node, false, &cause);
		notice(REVOCATION, &none, "revoked", &cause, &bytes);
		assert_rc(opens(&bytes), RC_DENIED);
	}
}

static void only_the_revocation_service_signs_notices(void **state)
{
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	for (unsigned who = 0; who < WHO_COUNT; who++) {
		notice(who, &none, "lapsed", NULL, &bytes);
		assert_rc(opens(&bytes), who == REVOCATION ? RC_OK : RC_DENIED);
	}
	verdict(REVOCATION, node, false, &bytes);
	assert_rc(opens(&bytes), RC_MALFORMED);
}

static void a_flipped_bit_is_refused(void **state)
{
	static const struct notice_place none = {0};
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	verdict(VERIFIER, node, false, &cause);
	notice(REVOCATION, &none, "revoked", &cause, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		bytes.at[i] ^= 0x10;
		assert_int_not_equal(opens(&bytes), RC_OK);
		bytes.at[i] ^= 0x10;
	}
}

/* After the keys of who signed have ended. */
static void an_old_notice_outlives_the_keys_that_signed_it(void **state)
{
	static const struct notice_place none = {0};
	struct notice_view view = {0};
	DROP(blob_release) struct blob cause = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	verdict(VERIFIER, node, false, &cause);
	notice(REVOCATION, &none, "revoked", &cause, &bytes);
	assert_ok(notice_open(it.roster, blob_span(&bytes), NOW + 1000000, &view, NULL));
	/* A notice of today under these keys is nothing; nor is one of tomorrow under good ones. */
	dated(REVOCATION, &none, "revoked", NOW + 10, &cause, &bytes);
	assert_rc(notice_open(it.roster, blob_span(&bytes), NOW + 10, &view, NULL), RC_DENIED);
	dated(REVOCATION, &none, "revoked", NOW, &cause, &bytes);
	assert_ok(notice_open(it.roster, blob_span(&bytes), NOW - HEAD_FRESH_MS, &view, NULL));
	assert_rc(notice_open(it.roster, blob_span(&bytes), NOW - HEAD_FRESH_MS - 1, &view, NULL), RC_DENIED);
}

/* ---- the chain ---- */

static enum rc follows(struct notice_place *place, const struct blob *bytes)
{
	struct notice_view view = {0};

	assert_ok(notice_open(it.roster, blob_span(bytes), NOW, &view, NULL));
	return notice_follow(place, &view, blob_span(bytes), NULL);
}

static void a_chain_is_followed_without_gap_fork_or_return(void **state)
{
	struct notice_place place = {0}, before, forked;
	DROP(blob_release) struct blob first = {0};
	DROP(blob_release) struct blob second = {0};
	DROP(blob_release) struct blob bytes = {0};

	(void)state;
	notice(REVOCATION, &place, "lapsed", NULL, &first);
	assert_ok(follows(&place, &first));
	before = place;
	notice(REVOCATION, &place, "restored", NULL, &second);
	assert_ok(follows(&place, &second));
	assert_int_equal(place.seq, 2);
	/* Again, and an old one. */
	assert_rc(follows(&place, &second), RC_EXISTS);
	assert_rc(follows(&place, &first), RC_EXISTS);
	/* Another one under the last number. */
	notice(REVOCATION, &before, "lapsed", NULL, &bytes);
	assert_rc(follows(&place, &bytes), RC_DENIED);
	/* The next number behind another predecessor. */
	forked = place;
	forked.hash[0] ^= 1;
	notice(REVOCATION, &forked, "lapsed", NULL, &bytes);
	assert_rc(follows(&place, &bytes), RC_DENIED);
	/* A gap. */
	forked = place;
	forked.seq++;
	notice(REVOCATION, &forked, "lapsed", NULL, &bytes);
	assert_rc(follows(&place, &bytes), RC_NOT_FOUND);
	/* Dated back; the same time is no step back. */
	notice(REVOCATION, &place, "lapsed", NULL, &bytes);
	place.time = NOW + 1;
	assert_rc(follows(&place, &bytes), RC_DENIED);
	place.time = NOW;
	assert_int_equal(place.seq, 2);
	assert_ok(follows(&place, &bytes));
}

/* ---- heads ---- */

static enum rc head_at(
	enum who who, uint64_t seq, const uint8_t *hash, uint64_t time, const struct notice_place *place)
{
	DROP(blob_release) struct blob bytes = {0};
	struct msg msg = {.type = MSG_TYPE_head, .head = {seq, span_of(hash, HASH_BYTES), time}};
	struct signed_msg opened;

	sign(who, &msg, &bytes);
	return notice_head_open(it.roster, blob_span(&bytes), place, NOW, &opened, NULL);
}

static void a_head_that_is_old_lower_or_forked_does_not_count(void **state)
{
	const struct notice_place place = {.seq = 7, .hash = {9}};
	static const uint8_t other[HASH_BYTES] = {8};

	(void)state;
	assert_ok(head_at(REVOCATION, 7, place.hash, NOW, &place));
	assert_ok(head_at(REVOCATION, 8, other, NOW, &place));
	assert_rc(head_at(REVOCATION, 7, other, NOW, &place), RC_DENIED);
	assert_rc(head_at(REVOCATION, 6, place.hash, NOW, &place), RC_DENIED);
	assert_ok(head_at(REVOCATION, 7, place.hash, NOW - HEAD_FRESH_MS, &place));
	assert_rc(head_at(REVOCATION, 7, place.hash, NOW - HEAD_FRESH_MS - 1, &place), RC_DENIED);
	assert_ok(head_at(REVOCATION, 7, place.hash, NOW + HEAD_FRESH_MS, &place));
	assert_rc(head_at(REVOCATION, 7, place.hash, NOW + HEAD_FRESH_MS + 1, &place), RC_DENIED);
	for (unsigned who = REVOCATION + 1; who < WHO_COUNT; who++)
		assert_rc(head_at(who, 7, place.hash, NOW, &place), RC_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_who_may_makes_a_cause),
		cmocka_unit_test(what_revokes_nobody_is_no_cause),
		cmocka_unit_test(the_new_kinds_have_their_signers_too),
		cmocka_unit_test(what_a_notice_repeats_is_what_its_cause_says),
		cmocka_unit_test(a_notice_needs_the_cause_of_its_kind),
		cmocka_unit_test(no_kind_that_needs_a_cause_goes_without),
		cmocka_unit_test(a_cause_about_another_node_is_refused),
		cmocka_unit_test(a_cause_that_nobody_may_sign_is_refused),
		cmocka_unit_test(only_the_revocation_service_signs_notices),
		cmocka_unit_test(a_flipped_bit_is_refused),
		cmocka_unit_test(an_old_notice_outlives_the_keys_that_signed_it),
		cmocka_unit_test(a_chain_is_followed_without_gap_fork_or_return),
		cmocka_unit_test(a_head_that_is_old_lower_or_forked_does_not_count),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
