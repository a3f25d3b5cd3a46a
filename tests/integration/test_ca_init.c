/* limebus ca init, and limebus notices verify: what needs no service. */
#include "tests/support/test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/pki/ca_folder.h"
#include "lib/pki/chain.h"
#include "lib/pki/pem.h"
#include "lib/sandbox/process.h"
#include "lib/trust/keyfile.h"
#include "lib/trust/notice.h"
#include "lib/trust/signed.h"
#include "services/tenant/exit.h"

static char program[PATH_MAX];

struct fixture {
	struct scratch scratch;
	char folder[SCRATCH_FILE_BYTES];
};

static int run(struct blob *out, const char *const *words)
{
	DROP(process_result_release) struct process_result result = {0};
	struct process_spec spec = {.path = program, .arguments = words, .timeout_ms = 30000};
	struct err err = {0};

	if (process_run(&spec, &result, &err) != RC_OK)
		fail_msg("%s", err.text);
	if (out != NULL) {
		assert_ok(blob_copy(out, blob_span(&result.output)));
		assert_ok(blob_append(out, SPAN("")));
	}
	return result.status;
}

#define RUN(out, ...) run(out, (const char *const[]){__VA_ARGS__, NULL})

static void says(const struct blob *out, const char *text)
{
	if (strstr((const char *)out->at, text) == NULL)
		fail_msg("expected \"%s\" in: %s", text, (const char *)out->at);
}

static int setup(void **state)
{
	static struct fixture fixture;

	snprintf(program, sizeof program, "%s/services/tenant/limebus", getenv("LIMEBUS_BUILD"));
	scratch_open(&fixture.scratch);
	scratch_file(&fixture.scratch, "d", fixture.folder);
	assert_int_equal(RUN(NULL, "keys", "init", fixture.folder), 0);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	scratch_release(&((struct fixture *)*state)->scratch);
	return 0;
}

static char *below(const struct fixture *fixture, const char *name, char out[static PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", fixture->folder, name);
	return out;
}

/* ---- the CA ---- */

static void open_ca(const struct fixture *fixture, const char *service, struct issuer **out)
{
	DROP(ca_folder_release) struct ca_folder folder = {0};
	DROP(blob_release) struct blob secret = {0};
	DROP(private_key_release) struct private_key *key = NULL;
	struct ca_key_place place = {0};
	char path[PATH_MAX], room[4096];
	struct err err = {0};

	snprintf(path, sizeof path, "%s/%s/ca.passphrase", fixture->folder, service);
	assert_ok(file_read_secret(path, 1024, &secret, NULL));
	snprintf(path, sizeof path, "%s/%s/ca", fixture->folder, service);
	assert_ok(ca_folder_load(path, &folder, NULL));
	assert_string_equal(folder.url, "http://pki.example.org:8080");
	assert_ok(ca_folder_place(&folder, path, blob_span(&secret), room, &place, NULL));
	assert_ok(ca_key_open(&place, &key, &err));
	assert_ok(issuer_open(blob_span(&folder.certificate), &key, out, NULL));
	assert_int_equal(folder.chain_count, 1);
}

static void the_ca_signs_below_an_offline_root(void **state)
{
	const struct fixture *fixture = *state;
	DROP(issuer_release) struct issuer *issuer = NULL;
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob root = {0};
	struct chain chain = {.wall_ms = clock_wall_ms(clock_system())};
	struct span roots;
	struct stat st;
	char path[PATH_MAX];

	assert_int_equal(
		RUN(NULL, "ca", "init", "--dir", fixture->folder, "--url", "http://pki.example.org:8080"), 0);
	open_ca(fixture, "revocation", &issuer);
	assert_ok(file_read(below(fixture, "ca-root/root.crt", path), 1 << 16, &text, NULL));
	assert_ok(pem_read(PEM_CERTIFICATE, blob_span(&text), &root, NULL));
	roots = blob_span(&root);
	chain.certificate = issuer_certificate(issuer);
	chain.roots = &roots;
	chain.roots_count = 1;
	assert_ok(chain_verify(&chain, NULL));
	chain.wall_ms += (uint64_t)6 * 365 * 86400000;
	assert_rc(chain_verify(&chain, NULL), RC_DENIED);
	/* The keys are encrypted, and nobody else's. */
	assert_int_equal(stat(below(fixture, "ca-root/root.key", path), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_ok(file_read(path, 1 << 16, &text, NULL));
	assert_non_null(memmem(text.at, text.len, "ENCRYPTED PRIVATE KEY", 21));
	assert_int_equal(stat(below(fixture, "ca-root", path), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void a_second_ca_overwrites_nothing(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob before = {0};
	DROP(blob_release) struct blob after = {0};
	DROP(blob_release) struct blob out = {0};
	char path[PATH_MAX];

	assert_int_equal(RUN(NULL, "ca", "init", "--dir", fixture->folder), 0);
	assert_ok(file_read(below(fixture, "revocation/ca/ca.key", path), 1 << 16, &before, NULL));
	assert_int_equal(RUN(&out, "ca", "init", "--dir", fixture->folder), EXIT_EXISTS);
	assert_ok(file_read(path, 1 << 16, &after, NULL));
	assert_int_equal(before.len, after.len);
	assert_memory_equal(before.at, after.at, before.len);
}

static void every_revocation_service_can_sign(void **state)
{
	const struct fixture *fixture = *state;
	DROP(issuer_release) struct issuer *first = NULL;
	DROP(issuer_release) struct issuer *second = NULL;
	DROP(issuer_release) struct issuer *third = NULL;

	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "revocation", "revocation-2",
				 "--endpoint", "tcp://r2.example:8895", "--publish", "tcp://r2.example:8896"),
		0);
	assert_int_equal(
		RUN(NULL, "ca", "init", "--dir", fixture->folder, "--url", "http://pki.example.org:8080"), 0);
	assert_int_equal(RUN(NULL, "keys", "add", "--dir", fixture->folder, "revocation", "revocation-3",
				 "--endpoint", "tcp://r3.example:8895", "--publish", "tcp://r3.example:8896"),
		0);
	open_ca(fixture, "revocation", &first);
	open_ca(fixture, "revocation-2", &second);
	open_ca(fixture, "revocation-3", &third);
	assert_true(span_equal(issuer_certificate(first), issuer_certificate(second)));
	assert_true(span_equal(issuer_certificate(first), issuer_certificate(third)));
}

static void the_gateway_is_given_what_it_may_serve(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob root = {0};
	DROP(blob_release) struct blob given = {0};
	char path[PATH_MAX];

	assert_int_equal(RUN(NULL, "ca", "init", "--dir", fixture->folder), 0);
	assert_int_equal(
		RUN(NULL, "keys", "add", "--dir", fixture->folder, "plugin", "web", "--program", "gateway"),
		0);
	assert_ok(file_read(below(fixture, "ca-root/root.crt", path), 1 << 16, &root, NULL));
	assert_ok(file_read(below(fixture, "plugins/web/ca.pem", path), 1 << 16, &given, NULL));
	assert_true(span_equal(blob_span(&root), blob_span(&given)));
	assert_int_equal(access(below(fixture, "plugins/web/gateway.conf", path), R_OK), 0);
	assert_int_equal(
		RUN(NULL, "keys", "add", "--dir", fixture->folder, "plugin", "host", "--program", "actions"),
		0);
	assert_int_equal(access(below(fixture, "plugins/host/actions.conf", path), R_OK), 0);
	assert_int_equal(
		RUN(NULL, "keys", "add", "--dir", fixture->folder, "viewer", "vic", "--program", "actions"),
		EXIT_MALFORMED);
}

static void wrong_wishes_are_refused_in_words(void **state)
{
	const struct fixture *fixture = *state;
	DROP(blob_release) struct blob out = {0};
	char path[PATH_MAX];

	assert_int_equal(
		RUN(&out, "ca", "init", "--dir", fixture->folder, "--home", "token"), EXIT_MALFORMED);
	says(&out, "--home token needs --key, --module and --secret");
	assert_int_equal(RUN(&out, "ca", "init", "--dir", below(fixture, "nowhere", path)), EXIT_NOT_FOUND);
	assert_int_equal(access(below(fixture, "revocation/ca", path), F_OK), -1);
	assert_int_equal(RUN(&out, "ca", "revok"), EXIT_USAGE);
	says(&out, "did you mean \"revoke\"?");
}

/* ---- copies of the log ---- */

struct log {
	struct identity service;
	struct notice_place place;
	struct blob bytes;
};

static void log_release(struct log *log)
{
	identity_release(&log->service);
	blob_release(&log->bytes);
}

/* A notice that needs no cause, as the service writes it. */
static void add_notice(struct log *log, const char *reason)
{
	DROP(blob_release) struct blob bytes = {0};
	uint8_t node[NODE_ID_BYTES] = {1};
	struct notice_view view = {0};
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = log->place.seq + 1,
			.previous = SPAN(log->place.hash),
			.kind = span_text(notice_kind_word(NOTICE_LAPSED)),
			.node = SPAN(node),
			.time = clock_wall_ms(clock_system()),
			.severity = notice_kind_severity(NOTICE_LAPSED),
			.reason = span_text(reason)}};
	uint8_t length[4] = {0};

	assert_ok(signed_make(&log->service.sign, &msg, &bytes, NULL));
	assert_ok(signed_open(blob_span(&bytes), MSG_TYPE_notice, &view.signed_msg, NULL));
	assert_ok(notice_follow(&log->place, &view, blob_span(&bytes), NULL));
	length[2] = (uint8_t)(bytes.len >> 8);
	length[3] = (uint8_t)bytes.len;
	assert_ok(blob_append(&log->bytes, SPAN(length)));
	assert_ok(blob_append(&log->bytes, blob_span(&bytes)));
}

static void keep(
	const struct fixture *fixture, const struct log *log, const char *name, char path[static PATH_MAX])
{
	assert_ok(file_replace(below(fixture, name, path), blob_span(&log->bytes), 0600, NULL));
}

static void begin_log(const struct fixture *fixture, struct log *log)
{
	char path[PATH_MAX];

	assert_ok(identity_load(below(fixture, "revocation/identity", path), &log->service, NULL));
	add_notice(log, "one");
	add_notice(log, "two");
}

static void copies_of_one_log_hold_and_a_torn_end_is_told(void **state)
{
	const struct fixture *fixture = *state;
	DROP(log_release) struct log log = {0};
	DROP(blob_release) struct blob out = {0};
	char conf[PATH_MAX], shorter[PATH_MAX], longer[PATH_MAX];

	below(fixture, "operators/admin/limebus.conf", conf);
	begin_log(fixture, &log);
	keep(fixture, &log, "a", shorter);
	add_notice(&log, "three");
	assert_ok(blob_append(&log.bytes, span_of("\0\0\1", 3)));
	keep(fixture, &log, "b", longer);
	assert_int_equal(RUN(&out, "--config", conf, "notices", "verify", shorter, longer), 0);
	says(&out, "a: 2 notices hold");
	says(&out, "b: 3 notices hold");
	says(&out, "b: 3 bytes at the end are no whole notice");
}

static void a_fork_and_an_altered_byte_are_named(void **state)
{
	const struct fixture *fixture = *state;
	DROP(log_release) struct log log = {0};
	DROP(log_release) struct log other = {0};
	DROP(blob_release) struct blob out = {0};
	char conf[PATH_MAX], path[PATH_MAX], forked[PATH_MAX];

	below(fixture, "operators/admin/limebus.conf", conf);
	begin_log(fixture, &log);
	other.place = log.place;
	assert_ok(blob_copy(&other.bytes, blob_span(&log.bytes)));
	assert_ok(identity_load(below(fixture, "revocation/identity", path), &other.service, NULL));
	add_notice(&log, "three");
	add_notice(&other, "another three");
	keep(fixture, &log, "a", path);
	keep(fixture, &other, "b", forked);
	assert_int_equal(RUN(&out, "--config", conf, "notices", "verify", path), 0);
	assert_int_equal(RUN(&out, "--config", conf, "notices", "verify", path, forked), EXIT_DENIED);
	says(&out, "FORKED: notice 3 is");
	log.bytes.at[log.bytes.len / 2] ^= 1;
	keep(fixture, &log, "a", path);
	assert_int_not_equal(RUN(&out, "--config", conf, "notices", "verify", path), 0);
	says(&out, "notice 2");
	assert_int_equal(
		RUN(&out, "--config", conf, "notices", "verify", below(fixture, "c", path)), EXIT_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_ca_signs_below_an_offline_root),
		T(a_second_ca_overwrites_nothing),
		T(every_revocation_service_can_sign),
		T(the_gateway_is_given_what_it_may_serve),
		T(wrong_wishes_are_refused_in_words),
		T(copies_of_one_log_hold_and_a_torn_end_is_told),
		T(a_fork_and_an_altered_byte_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
