/*
 * Policies are learned from captures of real boots, and these and others judged by them: what is clean
 * passes, every altered byte that matters does not. The program itself is run for its exit statuses.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/evidence/event_check.h"
#include "lib/evidence/ima_list.h"
#include "services/tenant/capture.h"
#include "services/tenant/gather.h"
#include "services/tenant/learn.h"

#define ON     "sb-on-imang/"
#define SIGNED "sb-off-imasig/"
#define BANKS  "sb-on-imabuf-3banks/"

/* sb-on-imang: step2 has a file that step0 does not, step3 violations that step2 does not. */
static const char *const steps[] = {ON "step0", ON "step2", ON "step3", SIGNED "step0", SIGNED "step2",
	SIGNED "step3", BANKS "step0", "vm-uki-sb/step0", "vm-direct/step0", "vm-direct/step1",
	"vm-bios/step0", "vm-direct-sigv2/step0", "vm-direct-ima/step0", "vm-grub-nosb/step0"};

static const char *path_of(const char *step, char out[static 512])
{
	snprintf(out, 512, "%s/tests/vectors/evidence/%s", getenv("LIMEBUS_SOURCE"), step);
	return out;
}

static void load(const char *step, struct evidence_set *out)
{
	char path[512];

	assert_ok(evidence_set_load(path_of(step, path), EVIDENCE_QUOTE_ALL, out, NULL));
}

/* Standard error of the account of what was learned is nobody's business here. */
static enum rc learn_from(const char *const *names, size_t count, struct policy *out)
{
	static const struct tenant_config config;
	struct session_door door = {.config = &config};
	struct gather_sources sources = {.step_count = count};
	struct policy_head head = {.name = "golden"};
	DROP(blob_release) struct blob json = {0};
	char paths[8][512];
	struct err err = {0};
	enum rc rc;

	for (size_t i = 0; i < count; i++)
		sources.steps[i] = path_of(names[i], paths[i]);
	rc = gather(&door, &sources, &head, &json, &err);
	if (rc == RC_OK)
		rc = policy_parse(blob_span(&json), out, &err);
	if (rc != RC_OK)
		print_message("%s\n", err.text);
	return rc;
}

static void learn(const char *name, struct policy *out)
{
	assert_ok(learn_from(&name, 1, out));
}

enum outcome { TRUSTED, UNTRUSTED, UNJUDGED };

static enum outcome judge(
	const struct policy *policy, const struct evidence_set *set, enum evidence_quote_kind kind)
{
	struct dry_run run;

	assert_ok(dry_run(policy, set, kind, 1, &run, NULL));
	if (run.verdict.trusted)
		return TRUSTED;
	return run.verdict.could_judge ? UNTRUSTED : UNJUDGED;
}

static void expect(const struct policy *policy, const char *learned, const char *step,
	const struct evidence_set *set, enum outcome expected)
{
	for (unsigned kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++) {
		struct dry_run run;
		enum outcome answer;

		if (!set->quotes[kind].is_there)
			continue;
		answer = judge(policy, set, (enum evidence_quote_kind)kind);
		/* A quote may lack the banks that another machine's policy believes. */
		if (answer == expected || (expected == UNTRUSTED && answer == UNJUDGED))
			continue;
		assert_ok(dry_run(policy, set, (enum evidence_quote_kind)kind, 1, &run, NULL));
		for (size_t i = 0; i < run.verdict.kept && i < 5; i++)
			print_message("%s %s: expected %s, found %s\n",
				finding_name(run.verdict.findings[i].check), run.verdict.findings[i].subject,
				run.verdict.findings[i].expected, run.verdict.findings[i].found);
		fail_msg("%s by the policy of %s, quote %u: %d, expected %d", step, learned, kind, answer,
			expected);
	}
}

/* ---- acceptance and refusal ---- */

/* Steps of one set come one after the other, and each shows all that the former ones showed. */
static bool is_accepted(const char *learned, const char *judged)
{
	const char *slash = strchr(learned, '/');

	return strncmp(learned, judged, (size_t)(slash - learned) + 1) == 0 && strcmp(judged, learned) <= 0;
}

static void a_policy_accepts_what_it_was_learned_from_and_earlier_steps_and_no_other(void **state)
{
	(void)state;
	for (size_t learned = 0; learned < COUNT(steps); learned++) {
		DROP(policy_release) struct policy policy = {0};

		learn(steps[learned], &policy);
		for (size_t judged = 0; judged < COUNT(steps); judged++) {
			DROP(evidence_set_release) struct evidence_set set = {0};

			load(steps[judged], &set);
			expect(&policy, steps[learned], steps[judged], &set,
				is_accepted(steps[learned], steps[judged]) ? TRUSTED : UNTRUSTED);
		}
	}
}

static void a_policy_of_several_machines_accepts_each_of_them(void **state)
{
	static const char *const golden[] = {ON "step0", SIGNED "step0", BANKS "step0"};
	DROP(policy_release) struct policy policy = {0};

	(void)state;
	assert_ok(learn_from(golden, COUNT(golden), &policy));
	for (size_t i = 0; i < COUNT(steps); i++) {
		DROP(evidence_set_release) struct evidence_set set = {0};

		if (strncmp(steps[i], "vm-", 3) == 0)
			continue;
		load(steps[i], &set);
		expect(&policy, "three", steps[i], &set,
			strstr(steps[i], "step0") != NULL ? TRUSTED : UNTRUSTED);
	}
}

static void a_list_that_grew_after_the_quote_is_no_fault(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(evidence_set_release) struct evidence_set set = {0};
	DROP(evidence_set_release) struct evidence_set later = {0};

	(void)state;
	learn(ON "step0", &policy);
	load(ON "step0", &set);
	load(ON "step3", &later);
	assert_ok(blob_copy(&set.list, blob_span(&later.list)));
	expect(&policy, ON "step0", "a longer list", &set, TRUSTED);
	/* The other way round entries are missing. */
	load(ON "step0", &set);
	assert_ok(blob_copy(&later.list, blob_span(&set.list)));
	expect(&policy, ON "step0", "a shorter list", &later, UNTRUSTED);
}

static void the_list_as_text_is_as_good(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(evidence_set_release) struct evidence_set set = {0};
	DROP(scratch_release) struct scratch scratch = {""};
	char path[SCRATCH_FILE_BYTES];
	char command[2048];
	char source[512];

	(void)state;
	scratch_open(&scratch);
	snprintf(command, sizeof command, "cp -r '%s' '%s' && rm '%s'/step0/binary*",
		path_of("sb-on-imang", source), scratch_file(&scratch, "set", path),
		scratch_file(&scratch, "set", path));
	assert_int_equal(system(command), 0);
	learn(ON "step0", &policy);
	assert_ok(
		evidence_set_load(scratch_file(&scratch, "set/step0", path), EVIDENCE_QUOTE_ALL, &set, NULL));
	assert_true(set.list_is_ascii);
	expect(&policy, ON "step0", "text", &set, TRUSTED);
	for (size_t i = 0; i < set.list.len; i += 211) {
		/* Blanks, and what hexadecimal may be written with. */
		if (set.list.at[i] == ' ' || set.list.at[i] == '\n')
			continue;
		set.list.at[i] ^= 1;
		assert_int_not_equal(judge(&policy, &set, EVIDENCE_QUOTE_ECC), TRUSTED);
		set.list.at[i] ^= 1;
	}
}

static void missing_logs_are_never_trusted(void **state)
{
	DROP(policy_release) struct policy policy = {0};
	DROP(evidence_set_release) struct evidence_set set = {0};

	(void)state;
	learn(ON "step0", &policy);
	load(ON "step0", &set);
	set.has_list = false;
	blob_clear(&set.list);
	assert_int_not_equal(judge(&policy, &set, EVIDENCE_QUOTE_ECC), TRUSTED);
	set.has_list = true;
	assert_int_not_equal(judge(&policy, &set, EVIDENCE_QUOTE_ECC), TRUSTED);
	load(ON "step0", &set);
	set.has_log = false;
	blob_clear(&set.log);
	assert_int_equal(judge(&policy, &set, EVIDENCE_QUOTE_ECC), UNTRUSTED);
}

/* ---- tampering ---- */

/* Every `every`th byte of it changed, one at a time, is refused. */
static void refuses_changes(const struct policy *policy, struct evidence_set *set,
	enum evidence_quote_kind kind, struct blob *bytes, size_t every, const char *what)
{
	assert_int_equal(judge(policy, set, kind), TRUSTED);
	for (size_t i = 0; i < bytes->len; i += every) {
		bytes->at[i] ^= 0x10;
		if (judge(policy, set, kind) == TRUSTED)
			fail_msg("%s: byte %zu of %zu changed, and trusted", what, i, bytes->len);
		bytes->at[i] ^= 0x10;
	}
}

static void every_byte_of_a_quote_matters(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(steps); s += 3) {
		DROP(policy_release) struct policy policy = {0};
		DROP(evidence_set_release) struct evidence_set set = {0};

		learn(steps[s], &policy);
		load(steps[s], &set);
		for (unsigned k = 0; k < EVIDENCE_QUOTE_COUNT; k++) {
			enum evidence_quote_kind kind = (enum evidence_quote_kind)k;

			if (!set.quotes[k].is_there)
				continue;
			refuses_changes(&policy, &set, kind, &set.quotes[k].attest, 3, "quote");
			refuses_changes(&policy, &set, kind, &set.quotes[k].signature, 5, "signature");
			refuses_changes(&policy, &set, kind, &set.quotes[k].values, 7, "PCR values");
			refuses_changes(&policy, &set, kind, &set.nonce, 5, "nonce");
			/* In front of the key are attributes that say nothing of its signatures. */
			set.quotes[k].ak.at[set.quotes[k].ak.len - 3] ^= 4;
			assert_int_not_equal(judge(&policy, &set, kind), TRUSTED);
			set.quotes[k].ak.at[set.quotes[k].ak.len - 3] ^= 4;
		}
	}
}

static void every_byte_of_a_measurement_list_matters(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(steps); s += 3) {
		DROP(policy_release) struct policy policy = {0};
		DROP(evidence_set_release) struct evidence_set set = {0};
		struct ima_list list = {.format = {.hash = DIGEST_SHA1}};
		struct ima_entry entry;

		learn(steps[s], &policy);
		load(steps[s], &set);
		list.left = blob_span(&set.list);
		for (size_t n = 0; ima_list_next(&list, &entry) == IMA_STEP_ENTRY; n++) {
			size_t at = (size_t)(entry.bytes.at - set.list.at);
			size_t i = at + n * 7 % entry.bytes.len;

			/* The data of a violation are proven by nothing. */
			if (entry.is_violation)
				i = at + n % 24;
			set.list.at[i] ^= 0x04;
			if (judge(&policy, &set, evidence_set_first(&set)) == TRUSTED)
				fail_msg("%s: byte %zu of entry %zu changed, and trusted", steps[s], i - at,
					n + 1);
			set.list.at[i] ^= 0x04;
		}
	}
}

/* Digests, PCR numbers, and payloads that the digest is of. */
static void every_byte_of_an_event_log_that_is_hashed_matters(void **state)
{
	(void)state;
	for (size_t s = 0; s < COUNT(steps); s += 3) {
		DROP(policy_release) struct policy policy = {0};
		DROP(evidence_set_release) struct evidence_set set = {0};
		DROP(blob_release) struct blob copy = {0};
		enum evidence_quote_kind kind;
		struct event_log log = {0};

		learn(steps[s], &policy);
		load(steps[s], &set);
		kind = evidence_set_first(&set);
		assert_ok(blob_copy(&copy, blob_span(&set.log)));
		assert_ok(event_log_parse(blob_span(&copy), &log));
		for (struct log_event event = {0}; event_log_next(&log, &event);) {
			size_t at = (size_t)(event.bytes.at - copy.at);

			if (event.type == 3) /* EV_NO_ACTION is not extended */
				continue;
			for (size_t i = 0; i < 4; i += 3) {
				set.log.at[at + i] ^= 0x01;
				assert_int_not_equal(judge(&policy, &set, kind), TRUSTED);
				set.log.at[at + i] ^= 0x01;
			}
			for (size_t d = 0; d < event.digest_count; d++) {
				size_t digest = (size_t)(event.digests[d].value.at - copy.at);

				/* Banks that are not quoted prove nothing, but this quote has the last. */
				if (d + 1 < event.digest_count)
					continue;
				set.log.at[digest + event.number % event.digests[d].value.len] ^= 0x80;
				assert_int_not_equal(judge(&policy, &set, kind), TRUSTED);
				set.log.at[digest + event.number % event.digests[d].value.len] ^= 0x80;
			}
		}
		assert_int_equal(judge(&policy, &set, kind), TRUSTED);
	}
}

static void nothing_is_learned_from_evidence_that_does_not_hold(void **state)
{
	static const struct {
		const char *file; /* its byte `at` is changed */
		const char *at;
		enum rc rc;
	} rows[] = {
		{"set/step0/quote_ecc.sig", "40", RC_DENIED},
		{"set/step0/quote_ecc.msg", "60", RC_DENIED},
		{"set/step0/quote_rsa.pcrs", "60", RC_DENIED},
		{"set/nonce.bin", "5", RC_DENIED},
		{"set/binary_bios_measurements", "1460", RC_DENIED},
		{"set/step0/binary_runtime_measurements", "2000", RC_DENIED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(scratch_release) struct scratch scratch = {""};
		DROP(blob_release) struct blob bytes = {0};
		DROP(blob_release) struct blob json = {0};
		static const struct tenant_config config;
		struct session_door door = {.config = &config};
		struct gather_sources sources = {.step_count = 1};
		struct policy_head head = {.name = "golden"};
		char path[SCRATCH_FILE_BYTES];
		char command[2048];
		char source[512];

		scratch_open(&scratch);
		snprintf(command, sizeof command,
			"cp -r '%s' '%s' && chmod -R u+w '%s' && gzip -d '%s'/step0/binary*.gz",
			path_of("sb-on-imang", source), scratch_file(&scratch, "set", path), path, path);
		assert_int_equal(system(command), 0);
		assert_ok(file_read(scratch_file(&scratch, rows[i].file, path), 1 << 20, &bytes, NULL));
		bytes.at[atoi(rows[i].at)] ^= 1;
		assert_ok(file_replace(path, blob_span(&bytes), 0600, NULL));
		sources.steps[0] = scratch_file(&scratch, "set/step0", path);
		assert_rc(gather(&door, &sources, &head, &json, NULL), rows[i].rc);
		assert_int_equal(json.len, 0);
	}
}

/* ---- the program ---- */

static int run(const struct scratch *scratch, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* In a folder of its own, without any deployment. $E: the captures. */
static int run(const struct scratch *scratch, const char *format, ...)
{
	char arguments[1024];
	char command[4096];
	va_list args;
	int status;

	va_start(args, format);
	vsnprintf(arguments, sizeof arguments, format, args);
	va_end(args);
	snprintf(command, sizeof command,
		"cd '%s' && export HOME=\"$PWD\" E='%s/tests/vectors/evidence' && "
		"'%s/services/tenant/limebus' %s >out 2>err",
		scratch->path, getenv("LIMEBUS_SOURCE"), getenv("LIMEBUS_BUILD"), arguments);
	status = system(command);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The quote of PCR 10 holds with or without it. */
static void an_entry_of_another_pcr_is_not_learned(void **state)
{
	DROP(learning_release) struct learning learning = {0};
	DROP(evidence_set_release) struct evidence_set set = {0};
	DROP(blob_release) struct blob list = {0};
	DROP(blob_release) struct blob json = {0};
	struct ima_list walk = {0};
	struct ima_entry entry;
	struct span all;
	size_t at;

	(void)state;
	load(SIGNED "step0", &set);
	all = blob_span(&set.list);
	assert_ok(ima_format_guess(all, &walk.format));
	walk.left = all;
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(ima_list_next(&walk, &entry), IMA_STEP_ENTRY);
	assert_ok(blob_append(&list, span_of(all.at, all.len - walk.left.len)));
	at = list.len;
	assert_ok(blob_append(&list, entry.bytes));
	list.at[at] = 11;
	list.at[at + (size_t)(entry.fields.name.at - entry.bytes.at)] = '%';
	assert_ok(digest_bytes(DIGEST_SHA1,
		span_of(list.at + at + (size_t)(entry.data.at - entry.bytes.at), entry.data.len),
		list.at + at + 4));
	assert_ok(blob_append(&list, walk.left));
	assert_ok(blob_copy(&set.list, blob_span(&list)));
	assert_ok(learning_init(&learning, NULL));
	assert_ok(learn_evidence(&learning, &set, NULL));
	assert_int_equal(learning.counts.unknown, 1);
	assert_ok(learning_write(&learning, &(struct policy_head){.name = "golden"}, &json, NULL));
	assert_null(memmem(json.at, json.len, "\"%", 2));
}

static void ends(int expected, int found, const struct scratch *scratch)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	if (expected == found)
		return;
	assert_ok(file_read(scratch_file(scratch, "err", path), 1 << 20, &text, NULL));
	fail_msg("ends with %d, expected %d: %.*s", found, expected, SPAN_FMT(blob_span(&text)));
}

static bool says(const struct scratch *scratch, const char *name, const char *text)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_ok(file_read(scratch_file(scratch, name, path), 1 << 20, &bytes, NULL));
	return bytes.len != 0 && memmem(bytes.at, bytes.len, text, strlen(text)) != NULL;
}

static void the_exit_status_says_what_the_verdict_is(void **state)
{
	DROP(scratch_release) struct scratch s = {""};

	(void)state;
	scratch_open(&s);
	ends(0, run(&s, "policy create --evidence $E/" ON "step0 --out p.json"), &s);
	assert_true(says(&s, "err", "Secure Boot on"));
	assert_true(says(&s, "err", "--exclude '/etc/machine-id'"));
	ends(0, run(&s, "policy test p.json --evidence $E/" ON "step0"), &s);
	assert_true(says(&s, "out", "): trusted"));
	ends(0, run(&s, "policy test p.json --evidence $E/" ON "step0/ --quote rsa --json"), &s);
	assert_true(says(&s, "out", "\"verdict\": \"trusted\""));
	assert_true(says(&s, "out", "\"findings\": []"));
	ends(1, run(&s, "policy test p.json --evidence $E/" ON "step2 --json"), &s);
	assert_true(says(&s, "out", "\"verdict\": \"untrusted\""));
	assert_true(says(&s, "out", "\"check\": \"ima-unknown\""));
	assert_true(says(&s, "out", "/usr/local/bin/id-mod"));
	ends(1, run(&s, "policy test p.json --evidence $E/" SIGNED "step0"), &s);
	/* Could not be judged: the policy has run out. */
	ends(0,
		run(&s, "policy create --base p.json --evidence $E/" ON
			"step0 --valid-until 2026-01-01T00:00:00Z "
			"--out old.json"),
		&s);
	ends(2, run(&s, "policy test old.json --evidence $E/" ON "step0"), &s);
	ends(0, run(&s, "policy test old.json --evidence $E/" ON "step0 --now 2025-12-31T00:00:00Z"), &s);
}

static void what_was_not_judged_at_all_has_other_statuses(void **state)
{
	DROP(scratch_release) struct scratch s = {""};

	(void)state;
	scratch_open(&s);
	ends(0, run(&s, "policy create --evidence $E/" ON "step0 --out p.json"), &s);
	ends(64, run(&s, "policy test p.json"), &s);
	ends(64, run(&s, "policy test --evidence $E/" ON "step0"), &s);
	ends(64, run(&s, "policy test p.json --evidence $E/" ON "step0 --quote dsa"), &s);
	ends(64, run(&s, "policy create"), &s);
	ends(64, run(&s, "policy create --evidence $E/" ON "step0 two names"), &s);
	ends(65, run(&s, "policy test p.json --evidence $E/" ON "step0 --now tomorrow"), &s);
	ends(66, run(&s, "policy test none.json --evidence $E/" ON "step0"), &s);
	ends(66, run(&s, "policy test p.json --evidence nowhere"), &s);
	ends(66, run(&s, "policy test p.json --evidence $E/" ON "step0 --quote rsa_extra"), &s);
	ends(66, run(&s, "policy test p.json --evidence $E"), &s);
	ends(65, run(&s, "policy test $E/README.md --evidence $E/" ON "step0"), &s);
	ends(65, run(&s, "policy create --from-list p.json --out -"), &s);
}

static void sources_are_combined_and_may_go_to_standard_output(void **state)
{
	DROP(scratch_release) struct scratch s = {""};

	(void)state;
	scratch_open(&s);
	ends(0,
		run(&s, "policy create --evidence $E/" ON "step0 $E/" SIGNED
			"step0 --ima-key $E/ima-cert.pem "
			"--exclude /etc/machine-id --exclude '/host/**'"),
		&s);
	assert_true(says(&s, "out", "\"name\": \"policy\""));
	assert_true(says(&s, "out", "\"ima-cert\""));
	assert_false(says(&s, "out", "\"/etc/machine-id\": ["));
	assert_false(says(&s, "err", "--exclude '/etc/machine-id'"));
	ends(0,
		run(&s, "policy create --boot-log $E/" ON "binary_bios_measurements --from-list $E/" ON
			"step0/ascii_runtime_measurements.gz --out lists.json"),
		&s);
	ends(0, run(&s, "policy test lists.json --evidence $E/" ON "step0"), &s);
	ends(1, run(&s, "policy test lists.json --evidence $E/" ON "step2"), &s);
	ends(0, run(&s, "policy create --evidence $E/" ON "step2 --no-boot --out files.json"), &s);
	assert_false(says(&s, "files.json", "\"boot\""));
	ends(0, run(&s, "policy create --evidence $E/" ON "step2 --no-ima --out boot.json"), &s);
	assert_false(says(&s, "boot.json", "\"ima\""));
	ends(0, run(&s, "policy test boot.json --evidence $E/" ON "step3"), &s);
	ends(0, run(&s, "policy show lists.json"), &s);
	ends(0, run(&s, "policy diff lists.json lists.json"), &s);
	ends(1, run(&s, "policy diff lists.json files.json"), &s);
}

static void an_empty_event_log_pins_the_pcrs_in_its_place(void **state)
{
	DROP(scratch_release) struct scratch s = {""};

	char command[2048];
	char source[512];

	(void)state;
	scratch_open(&s);
	snprintf(command, sizeof command,
		"cd '%s' && cp -r '%s' set && chmod -R u+w set && : >set/binary_bios_measurements", s.path,
		path_of("sb-on-imang", source));
	assert_int_equal(system(command), 0);
	ends(0, run(&s, "policy create --evidence set/step0 --out p.json"), &s);
	assert_true(says(&s, "err", "pinned"));
	assert_true(says(&s, "p.json", "\"pcrs\""));
	assert_false(says(&s, "p.json", "\"boot\""));
	ends(0, run(&s, "policy test p.json --evidence set/step0 --quote rsa"), &s);
	ends(0, run(&s, "policy test p.json --evidence $E/" ON "step0"), &s);
	ends(1, run(&s, "policy test p.json --evidence $E/" SIGNED "step0 --json"), &s);
	assert_true(says(&s, "out", "pcr-value"));
}

static void violations_are_accepted_for_the_files_that_had_them(void **state)
{
	DROP(scratch_release) struct scratch s = {""};

	(void)state;
	scratch_open(&s);
	ends(0, run(&s, "policy create --evidence $E/" SIGNED "step2 --out p.json"), &s);
	assert_true(says(&s, "err", "violations-accepted"));
	assert_true(says(&s, "err", "SHA-1"));
	assert_true(says(&s, "p.json", "viol1"));
	ends(0, run(&s, "policy test p.json --evidence $E/" SIGNED "step2 --quote rsa_extra"), &s);
	ends(0, run(&s, "policy create --evidence $E/" SIGNED "step0 --out p.json"), &s);
	assert_false(says(&s, "err", "violations-accepted"));
	ends(1, run(&s, "policy test p.json --evidence $E/" SIGNED "step2 --json"), &s);
	assert_true(says(&s, "out", "\"check\": \"ima-violation\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_accepts_what_it_was_learned_from_and_earlier_steps_and_no_other),
		cmocka_unit_test(a_policy_of_several_machines_accepts_each_of_them),
		cmocka_unit_test(a_list_that_grew_after_the_quote_is_no_fault),
		cmocka_unit_test(the_list_as_text_is_as_good),
		cmocka_unit_test(missing_logs_are_never_trusted),
		cmocka_unit_test(every_byte_of_a_quote_matters),
		cmocka_unit_test(every_byte_of_a_measurement_list_matters),
		cmocka_unit_test(every_byte_of_an_event_log_that_is_hashed_matters),
		cmocka_unit_test(nothing_is_learned_from_evidence_that_does_not_hold),
		cmocka_unit_test(the_exit_status_says_what_the_verdict_is),
		cmocka_unit_test(what_was_not_judged_at_all_has_other_statuses),
		cmocka_unit_test(an_entry_of_another_pcr_is_not_learned),
		cmocka_unit_test(an_empty_event_log_pins_the_pcrs_in_its_place),
		cmocka_unit_test(violations_are_accepted_for_the_files_that_had_them),
		cmocka_unit_test(sources_are_combined_and_may_go_to_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
