/* limebus keys, as a person runs it. */
#include "tests/support/test.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/sandbox/process.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/roster.h"
#include "services/tenant/exit.h"

static char program[PATH_MAX];

struct fixture {
	struct scratch scratch;
	char folder[SCRATCH_FILE_BYTES]; /* the deployment, not made yet */
};

static int setup(void **state)
{
	static struct fixture fixture;
	const char *build = getenv("LIMEBUS_BUILD");

	assert_non_null(build);
	snprintf(program, sizeof program, "%s/services/tenant/limebus", build);
	scratch_open(&fixture.scratch);
	scratch_file(&fixture.scratch, "d", fixture.folder);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	scratch_release(&((struct fixture *)*state)->scratch);
	return 0;
}

/* Run a program with these words, up to a NULL; the exit status. What it printed is put into *out. */
static int run_at(const char *path, const char *const *words, struct blob *out)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.path = path, .arguments = words, .timeout_ms = 30000};
	struct err err = {0};

	if (process_run(&spec, &result, &err) != RC_OK)
		fail_msg("%s", err.text);
	if (out != NULL) {
		assert_ok(blob_copy(out, blob_span(&result.output)));
		assert_ok(blob_append(out, SPAN("")));
	}
	return result.status;
}

#define RUN(out, ...) run_at(program, (const char *const[]){__VA_ARGS__, NULL}, out)

static void says(const struct blob *out, const char *text)
{
	if (strstr((const char *)out->at, text) == NULL)
		fail_msg("expected \"%s\" in: %s", text, (const char *)out->at);
}

static void make(const struct fixture *fixture)
{
	DROP(blob_release) struct blob out = {0};

	if (RUN(&out, "keys", "init", fixture->folder, "--operators", "alice:admin,bob:viewer") != 0)
		fail_msg("%s", (const char *)out.at);
}

static char *below(const struct fixture *fixture, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", fixture->folder, name);
	return out;
}

static struct roster *roster_in(const struct fixture *fixture, const char *member)
{
	struct roster *roster = NULL;
	char folder[PATH_MAX];
	char path[PATH_MAX + 16];
	char root[PATH_MAX + 16];

	below(fixture, member, folder);
	snprintf(path, sizeof path, "%s/roster", folder);
	snprintf(root, sizeof root, "%s/root.pub", folder);
	assert_ok(roster_load(path, root, 0, &roster, NULL));
	return roster;
}

static int check_mode(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	const char *name = path + where->base;
	mode_t expected = 0600;

	if (kind == FTW_D)
		expected = 0700;
	else if (strcmp(name, "roster") == 0 || strcmp(name, "root.pub") == 0)
		expected = 0644;
	if ((st->st_mode & 0777) != expected)
		fail_msg("%s has mode %03o, expected %03o", path, (unsigned)st->st_mode & 0777u,
			(unsigned)expected);
	return 0;
}

static void one_command_makes_a_deployment_that_only_its_owner_can_read(void **state)
{
	const struct fixture *fixture = *state;
	mode_t old = umask(0);

	make(fixture);
	umask(old);
	assert_int_equal(nftw(fixture->folder, check_mode, 16, FTW_PHYS), 0);
}

static void every_member_has_the_keys_that_the_roster_says(void **state)
{
	static const char *const members[] = {
		"registrar", "verifier", "revocation", "operators/alice", "operators/bob"};
	const struct fixture *fixture = *state;

	make(fixture);
	for (size_t i = 0; i < COUNT(members); i++) {
		DROP(identity_release) struct identity identity = {0};
		DROP(roster_release) struct roster *roster = roster_in(fixture, members[i]);
		const struct roster_member *member;
		char path[PATH_MAX + 16];
		char folder[PATH_MAX];

		snprintf(path, sizeof path, "%s/identity", below(fixture, members[i], folder));
		assert_ok(identity_load(path, &identity, NULL));
		member = roster_by_curve(roster, identity.curve.public);
		assert_non_null(member);
		assert_memory_equal(member->sign, identity.sign.public, SIGN_KEY_BYTES);
		assert_string_equal(member->name, strrchr(folder, '/') + 1);
	}
}

static void the_services_take_the_configuration_that_is_made_for_them(void **state)
{
	static const char *const services[] = {"registrar", "verifier", "revocation", "agent"};
	const struct fixture *fixture = *state;
	size_t tried = 0;

	make(fixture);
	for (size_t i = 0; i < COUNT(services); i++) {
		DROP(blob_release) struct blob out = {0};
		char path[PATH_MAX];
		char conf[PATH_MAX + 32];
		char folder[PATH_MAX];

		snprintf(path, sizeof path, "%s/services/%s/limebus-%s", getenv("LIMEBUS_BUILD"), services[i],
			services[i]);
		if (access(path, X_OK) != 0)
			continue;
		snprintf(conf, sizeof conf, "%s/%s.conf", below(fixture, services[i], folder), services[i]);
		if (run_at(path, (const char *const[]){"--config", conf, "--check", NULL}, &out) != EX_OK)
			fail_msg("%s", (const char *)out.at);
		tried++;
	}
	if (tried == 0)
		skip();
}

static void nothing_is_overwritten(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob out = {0};
	DROP(blob_release) struct blob before = {0};
	DROP(blob_release) struct blob after = {0};
	char path[PATH_MAX];

	make(fixture);
	assert_ok(file_read(below(fixture, "root/root.key", path), 1024, &before, NULL));
	assert_int_equal(RUN(&out, "keys", "init", fixture->folder), EXIT_EXISTS);
	says(&out, "nothing is overwritten");
	assert_ok(file_read(path, 1024, &after, NULL));
	assert_spans_equal(blob_span(&before), blob_span(&after));
}

static void an_empty_folder_can_become_a_deployment(void **state)
{
	const struct fixture *fixture = *state;

	assert_int_equal(mkdir(fixture->folder, 0755), 0);
	make(fixture);
}

static void a_wrong_wish_leaves_nothing_behind(void **state)
{
	static const char *const bad[][2] = {
		{"--operators", "alice"},
		{"--operators", "alice:root"},
		{"--operators", "alice:registrar"},
		{"--operators", "alice:admin,alice:viewer"},
		{"--operators", "registrar:admin"},
		{"--operators", "../alice:admin"},
		{"--operators", ".alice:admin"},
		{"--operators", "agent:admin"},
		{"--host", "two words"},
		{"--registrar", "tcp://host"},
		{"--user", "no-such-account"},
		{"--redis-socket", "relative.sock"},
		{"--valid", "1s"},
		{"--nonsense", "1"},
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		if (RUN(NULL, "keys", "init", fixture->folder, bad[i][0], bad[i][1]) == 0)
			fail_msg("%s %s was taken", bad[i][0], bad[i][1]);
		assert_int_not_equal(access(fixture->folder, F_OK), 0);
	}
}

static void addresses_come_from_host_or_ipc_and_can_be_given_one_by_one(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = NULL;
	DROP(blob_release) struct blob conf = {0};
	char path[PATH_MAX];

	assert_int_equal(RUN(NULL, "keys", "init", fixture->folder, "--host", "lime.example", "--verifier",
				 "tcp://other.example:7000", "--revocation", "ipc:///run/r.sock"),
		0);
	roster = roster_in(fixture, "root");
	assert_string_equal(
		roster_by_name(roster, span_text("registrar"))->endpoint, "tcp://lime.example:8891");
	assert_string_equal(
		roster_by_name(roster, span_text("registrar"))->publisher, "tcp://lime.example:8892");
	assert_string_equal(
		roster_by_name(roster, span_text("verifier"))->endpoint, "tcp://other.example:7000");
	assert_string_equal(roster_by_name(roster, span_text("revocation"))->endpoint, "ipc:///run/r.sock");
	assert_ok(file_read(below(fixture, "verifier/verifier.conf", path), 4096, &conf, NULL));
	assert_ok(blob_append(&conf, SPAN("")));
	says(&conf, "listen = tcp://*:7000\n");
	says(&conf, "publish = tcp://*:8894\n");
}

static void each_change_is_the_next_roster_in_every_folder(void **state)
{
	static const char *const folders[] = {"root", "registrar", "verifier", "revocation", "agent",
		"operators/alice", "operators/bob", "plugins/ipsec"};
	const struct fixture *fixture = *state;

	make(fixture);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "plugin", "ipsec"), 0);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "provisioner", "carol"), 0);
	for (size_t i = 0; i < COUNT(folders); i++) {
		DROP(roster_release) struct roster *roster = roster_in(fixture, folders[i]);

		assert_int_equal(roster_number(roster), 3);
		assert_non_null(roster_by_name(roster, span_text("ipsec")));
		assert_int_equal(roster_by_name(roster, span_text("carol"))->role, ROLE_PROVISIONER);
	}
}

static void a_second_verifier_shares_what_verifiers_share(void **state)
{
	const struct fixture *fixture = *state;
	DROP(secret32_release) struct secret32 first = {0};
	DROP(secret32_release) struct secret32 second = {0};
	char path[PATH_MAX];

	make(fixture);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "verifier", "verifier-2",
				 "--endpoint", "tcp://v2.example:8893", "--publish", "tcp://v2.example:8894"),
		0);
	assert_ok(keyfile_load(below(fixture, "verifier/sealing.key", path), KEYFILE_SEALING, &first, NULL));
	assert_ok(
		keyfile_load(below(fixture, "verifier-2/sealing.key", path), KEYFILE_SEALING, &second, NULL));
	assert_memory_equal(first.bytes, second.bytes, sizeof first.bytes);
	assert_int_equal(access(below(fixture, "verifier-2/redis.password", path), R_OK), 0);
	assert_int_equal(access(below(fixture, "verifier-2/verifier.conf", path), R_OK), 0);
}

static void additions_that_make_no_sense_are_refused(void **state)
{
	static const struct {
		const char *words[8];
		int status;
	} rows[] = {
		{{"node", "n1"}, EXIT_MALFORMED},
		{{"king", "k1"}, EXIT_MALFORMED},
		{{"verifier", "v2"}, EXIT_MALFORMED},
		{{"verifier", "v2", "--endpoint", "tcp://h:1"}, EXIT_MALFORMED},
		{{"viewer", "eve", "--endpoint", "tcp://h:1"}, EXIT_MALFORMED},
		{{"viewer", "alice"}, EXIT_EXISTS},
		{{"viewer", "../../eve"}, EXIT_MALFORMED},
		{{"viewer", "redis"}, EXIT_MALFORMED},
		{{"viewer", "eve", "--number", "1"}, EXIT_MALFORMED},
		{{"viewer"}, EXIT_USAGE},
	};
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = NULL;

	make(fixture);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *words[16] = {"keys", "add", "--dir", fixture->folder};
		int status;

		for (size_t k = 0; rows[i].words[k] != NULL; k++)
			words[4 + k] = rows[i].words[k];
		status = run_at(program, words, NULL);
		if (status != rows[i].status)
			fail_msg("row %zu: exit status %d, expected %d", i, status, rows[i].status);
	}
	roster = roster_in(fixture, "root");
	assert_int_equal(roster_number(roster), 1);
}

static bool is_good(const struct roster *roster, const char *name, uint64_t at_ms)
{
	const struct roster_member *member = roster_by_name(roster, span_text(name));

	if (member == NULL)
		fail_msg("%s is not in the roster", name);
	return roster_member_is_valid(member, at_ms);
}

static void a_removed_member_ends_and_its_name_is_free(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = NULL;
	DROP(blob_release) struct blob out = {0};
	char path[PATH_MAX];

	make(fixture);
	assert_int_equal(RUN(NULL, "keys", "rotate", "--dir", fixture->folder, "bob"), 0);
	assert_int_equal(RUN(NULL, "keys", "remove", "--dir", fixture->folder, "bob"), 0);
	roster = roster_in(fixture, "registrar");
	assert_int_equal(roster_number(roster), 3);
	assert_null(roster_by_name(roster, span_text("bob")));
	assert_false(is_good(roster, "bob.ended-2", roster_issued(roster)));
	assert_false(is_good(roster, "bob.ended-3", roster_issued(roster)));
	assert_true(is_good(roster, "bob.ended-2", roster_issued(roster) - 1));
	assert_int_not_equal(access(below(fixture, "operators/bob", path), F_OK), 0);
	assert_int_equal(RUN(&out, "keys", "remove", "--dir", fixture->folder, "bob"), EXIT_NOT_FOUND);
	says(&out, "bob is not in roster 3");
	assert_int_equal(RUN(&out, "keys", "remove", "--dir", fixture->folder, "bob.ended-3"), EXIT_DENIED);
	assert_int_equal(
		RUN(&out, "keys", "add", "--dir", fixture->folder, "viewer", "eve.ended-1"), EXIT_MALFORMED);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "provisioner", "bob"), 0);
	assert_int_equal(RUN(&out, "keys", "show", "--dir", fixture->folder), 0);
	says(&out, "former keys");
	says(&out, "bob.ended-3          viewer       ended");
	says(&out, "bob                  provisioner  valid");
	/* The new one has nothing to do with the former. */
	assert_int_equal(RUN(NULL, "keys", "remove", "--dir", fixture->folder, "bob"), 0);
	roster_release(&roster);
	roster = roster_in(fixture, "root");
	assert_int_equal(roster_by_name(roster, span_text("bob.ended-3"))->role, ROLE_VIEWER);
	assert_int_equal(roster_by_name(roster, span_text("bob.ended-5"))->role, ROLE_PROVISIONER);
}

static void what_ended_long_ago_can_be_taken_out(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *roster = NULL;
	DROP(blob_release) struct blob out = {0};

	make(fixture);
	assert_int_equal(RUN(NULL, "keys", "remove", "--dir", fixture->folder, "bob"), 0);
	assert_int_equal(RUN(NULL, "keys", "rotate", "--dir", fixture->folder, "alice"), 0);
	assert_int_equal(RUN(&out, "keys", "prune", "--dir", fixture->folder), 0);
	says(&out, "nothing that ended so long ago; roster 3");
	assert_int_equal(RUN(&out, "keys", "prune", "--dir", fixture->folder, "--older-than", "0s"), 0);
	says(&out, "is pruned; roster 4");
	roster = roster_in(fixture, "registrar");
	assert_null(roster_by_name(roster, span_text("bob.ended-2")));
	/* It overlaps still. */
	assert_true(is_good(roster, "alice.ended-3", roster_issued(roster)));
	assert_int_equal(RUN(NULL, "keys", "rotate", "--dir", fixture->folder, "alice.ended-3"), EXIT_DENIED);
	assert_int_equal(RUN(NULL, "keys", "remove", "--dir", fixture->folder, "alice.ended-3"), 0);
	roster_release(&roster);
	roster = roster_in(fixture, "registrar");
	assert_false(is_good(roster, "alice.ended-3", roster_issued(roster)));
	assert_true(is_good(roster, "alice", roster_issued(roster)));
}

static void the_last_of_a_kind_is_removed_only_on_purpose(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob out = {0};

	make(fixture);
	assert_int_equal(RUN(&out, "keys", "remove", "--dir", fixture->folder, "alice"), EXIT_DENIED);
	says(&out, "alice is the only admin");
	assert_int_equal(RUN(&out, "keys", "remove", "--dir", fixture->folder, "registrar"), EXIT_DENIED);
	assert_int_equal(RUN(NULL, "keys", "remove", "--dir", fixture->folder, "alice", "--last"), 0);
}

static void rotated_keys_overlap_for_a_while(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *before = NULL;
	DROP(roster_release) struct roster *after = NULL;
	DROP(identity_release) struct identity identity = {0};
	const struct roster_member *old;
	const struct roster_member *new;
	char path[PATH_MAX];

	make(fixture);
	before = roster_in(fixture, "root");
	assert_int_equal(
		RUN(NULL, "keys", "rotate", "--dir", fixture->folder, "verifier", "--overlap", "1h"), 0);
	after = roster_in(fixture, "verifier");
	assert_ok(identity_load(below(fixture, "verifier/identity", path), &identity, NULL));
	old = roster_by_name(after, span_text("verifier.ended-2"));
	new = roster_by_name(after, span_text("verifier"));
	assert_memory_equal(new->curve, identity.curve.public, CURVE_KEY_BYTES);
	assert_memory_equal(
		old->curve, roster_by_name(before, span_text("verifier"))->curve, CURVE_KEY_BYTES);
	assert_memory_not_equal(new->curve, old->curve, CURVE_KEY_BYTES);
	assert_string_equal(old->endpoint, "");
	assert_true(old->not_after <= roster_issued(after) + 3600000);
	assert_true(new->not_after > old->not_after);
}

static void keys_that_somebody_has_taken_do_not_overlap(void **state)
{
	const struct fixture *fixture = *state;
	DROP(roster_release) struct roster *before = NULL;
	DROP(roster_release) struct roster *after = NULL;

	make(fixture);
	before = roster_in(fixture, "root");
	assert_int_equal(RUN(NULL, "keys", "rotate", "--dir", fixture->folder, "bob"), 0);
	assert_int_equal(RUN(NULL, "keys", "rotate", "--dir", fixture->folder, "bob", "--overlap", "0s"), 0);
	after = roster_in(fixture, "root");
	assert_int_equal(roster_number(after), 3);
	assert_false(is_good(after, "bob.ended-2", roster_issued(after)));
	assert_false(is_good(after, "bob.ended-3", roster_issued(after)));
	assert_int_equal(
		roster_role(after, roster_by_name(before, span_text("bob"))->curve, 0), ROLE_UNKNOWN);
}

static void a_root_key_that_others_can_read_is_not_used(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob out = {0};
	char path[PATH_MAX];

	make(fixture);
	assert_int_equal(chmod(below(fixture, "root/root.key", path), 0640), 0);
	assert_int_equal(RUN(&out, "keys", "add", "--dir", fixture->folder, "viewer", "eve"), EXIT_DENIED);
	says(&out, "chmod 600");
}

static void a_root_folder_that_others_can_write_is_not_used(void **state)
{
	const struct fixture *fixture = *state;
	char path[PATH_MAX];

	make(fixture);
	assert_int_equal(chmod(below(fixture, "root", path), 0770), 0);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "viewer", "eve"), EXIT_DENIED);
	assert_int_equal(chmod(path, 0700), 0);
	assert_int_equal(chmod(fixture->folder, 0777), 0);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "viewer", "eve"), EXIT_DENIED);
}

static void a_roster_of_another_root_is_noticed(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob other = {0};
	char second[PATH_MAX];
	char path[PATH_MAX + 16];

	make(fixture);
	scratch_file(&fixture->scratch, "e", second);
	assert_int_equal(RUN(NULL, "keys", "init", second), 0);
	snprintf(path, sizeof path, "%s/root/roster", second);
	assert_ok(file_read(path, 1 << 20, &other, NULL));
	assert_ok(file_replace(below(fixture, "root/roster", path), blob_span(&other), 0644, NULL));
	assert_int_equal(RUN(NULL, "keys", "show", "--dir", fixture->folder), EXIT_DENIED);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "viewer", "eve"), EXIT_DENIED);
}

static void the_roster_is_shown_for_people_and_for_programs(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob out = {0};
	char path[PATH_MAX];

	make(fixture);
	assert_int_equal(RUN(&out, "keys", "show", "--dir", fixture->folder), 0);
	says(&out, "roster  1\n");
	says(&out, "alice                admin        valid");
	assert_int_equal(RUN(&out, "keys", "show", "--json", "--config",
				 below(fixture, "operators/alice/limebus.conf", path)),
		0);
	says(&out, "\"name\": \"alice\"");
}

static void mistyped_commands_are_answered_with_the_near_one(void **state)
{
	DROP(blob_release) struct blob out = {0};

	(void)state;
	assert_int_equal(RUN(&out, "kesy"), EXIT_USAGE);
	says(&out, "did you mean \"keys\"?");
	assert_int_equal(RUN(&out, "keys", "rotat"), EXIT_USAGE);
	says(&out, "did you mean \"rotate\"?");
	assert_int_equal(RUN(&out, "keys"), EXIT_USAGE);
	says(&out, "expected a command");
	assert_int_equal(RUN(&out, "--jsn", "keys"), EXIT_USAGE);
	says(&out, "did you mean \"--json\"?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(one_command_makes_a_deployment_that_only_its_owner_can_read),
		T(every_member_has_the_keys_that_the_roster_says),
		T(the_services_take_the_configuration_that_is_made_for_them),
		T(nothing_is_overwritten),
		T(an_empty_folder_can_become_a_deployment),
		T(a_wrong_wish_leaves_nothing_behind),
		T(addresses_come_from_host_or_ipc_and_can_be_given_one_by_one),
		T(each_change_is_the_next_roster_in_every_folder),
		T(a_second_verifier_shares_what_verifiers_share),
		T(additions_that_make_no_sense_are_refused),
		T(a_removed_member_ends_and_its_name_is_free),
		T(what_ended_long_ago_can_be_taken_out),
		T(the_last_of_a_kind_is_removed_only_on_purpose),
		T(rotated_keys_overlap_for_a_while),
		T(keys_that_somebody_has_taken_do_not_overlap),
		T(a_root_key_that_others_can_read_is_not_used),
		T(a_root_folder_that_others_can_write_is_not_used),
		T(a_roster_of_another_root_is_noticed),
		T(the_roster_is_shown_for_people_and_for_programs),
		T(mistyped_commands_are_answered_with_the_near_one),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
