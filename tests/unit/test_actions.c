/* Actions: filters, queues, pauses, configurations, and what is signed and read. No process, no network. */
#include "tests/support/test.h"

#include <stdio.h>
#include <sys/stat.h>

#include "lib/action/notice_read.h"
#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "services/actions/conf.h"
#include "services/actions/queue.h"
#include "services/vault/vault.h"
#include "services/webhook/webhook.h"

/* ---- queues ---- */

struct world {
	struct queue queue;
	size_t dropped;
};

static void count_dropped(void *ctx, const struct item *item)
{
	struct world *world = ctx;

	(void)item;
	world->dropped++;
}

static struct entry *add(struct world *world, uint64_t seq, uint8_t node, bool latest)
{
	const uint8_t id[NODE_ID_BYTES] = {node};
	struct entry *entry = NULL;
	struct item *item = NULL;

	assert_ok(item_make(seq, SPAN(id), false, span_text("bytes"), &item));
	assert_ok(queue_add(&world->queue, item, latest, count_dropped, world, &entry));
	item_unref(&item);
	return entry;
}

static void notices_of_one_node_wait_for_each_other(void **state)
{
	struct world world = {0};
	struct entry *first = add(&world, 1, 'a', false);
	struct entry *second = add(&world, 2, 'a', false);
	struct entry *other = add(&world, 3, 'b', false);

	(void)state;
	assert_ptr_equal(queue_due(&world.queue, 0), first);
	queue_runs(&world.queue, first, 10);
	assert_ptr_equal(queue_due(&world.queue, 0), other);
	queue_runs(&world.queue, other, 11);
	assert_null(queue_due(&world.queue, 0));
	queue_failed(&world.queue, first, 500);
	assert_null(queue_due(&world.queue, 499));
	assert_int_equal(queue_next_ms(&world.queue), 500);
	assert_ptr_equal(queue_due(&world.queue, 500), first);
	queue_runs(&world.queue, first, 12);
	assert_ptr_equal(queue_of_job(&world.queue, 12), first);
	queue_remove(&world.queue, first);
	assert_ptr_equal(queue_due(&world.queue, 0), second);
	assert_int_equal(world.queue.running, 1);
	queue_release(&world.queue);
	assert_int_equal(world.queue.count, 0);
	assert_int_equal(world.queue.running, 0);
}

static void latest_drops_what_waits_and_not_what_runs(void **state)
{
	struct world world = {0};
	struct entry *running = add(&world, 1, 'a', true);
	struct entry *last;

	(void)state;
	queue_runs(&world.queue, running, 10);
	add(&world, 2, 'a', true);
	add(&world, 3, 'b', true);
	last = add(&world, 4, 'a', true);
	assert_int_equal(world.dropped, 1);
	assert_int_equal(world.queue.count, 3);
	assert_true(last->is_blocked);
	queue_remove(&world.queue, running);
	assert_false(last->is_blocked);
	queue_release(&world.queue);
}

static void a_queue_has_an_end(void **state)
{
	const uint8_t id[NODE_ID_BYTES] = {0};
	struct world world = {0};
	struct item *item = NULL;
	struct entry *entry;

	(void)state;
	assert_ok(item_make(1, SPAN(id), false, span_text("x"), &item));
	world.queue.count = QUEUE_MAX;
	assert_rc(queue_add(&world.queue, item, false, count_dropped, &world, &entry), RC_LIMIT);
	world.queue.count = 0;
	item_unref(&item);
}

static void pauses_double_up_to_the_longest_with_a_jitter_of_a_quarter(void **state)
{
	const struct conf conf = {.retry_delay_ms = 1000, .retry_max_ms = 6000};

	(void)state;
	assert_int_equal(conf_pause_ms(&conf, 1, 0), 750);
	assert_int_equal(conf_pause_ms(&conf, 1, UINT32_MAX), 1250);
	assert_int_equal(conf_pause_ms(&conf, 2, 0), 1500);
	assert_int_equal(conf_pause_ms(&conf, 4, 0), 4500);
	assert_int_equal(conf_pause_ms(&conf, UINT64_MAX, UINT32_MAX), 7500);
}

/* ---- configurations ---- */

static enum rc load(const char *text, struct conf *out, struct err *err)
{
	DROP(scratch_release) struct scratch scratch = {0};
	char path[SCRATCH_FILE_BYTES];

	scratch_open(&scratch);
	assert_ok(file_create(scratch_file(&scratch, "one.conf", path), span_text(text), 0600, NULL));
	return conf_load(scratch.path, "one", out, err);
}

static void what_an_action_can_be_told_is_bounded(void **state)
{
	static const struct {
		const char *text;
		const char *says; /* NULL: it is good */
	} rows[] = {
		{"run = /bin/true", NULL},
		{"module = /lib/x.so", NULL},
		{"run = /bin/true\nretries = forever", NULL},
		{"run = /bin/true\nretries = 0", NULL},
		{"", "either run or module"},
		{"run = /bin/true\nmodule = /lib/x.so", "either run or module"},
		{"run = /bin/true\nretries = -1", "retries"},
		{"run = /bin/true\nretries = 1000001", "retries"},
		{"run = /bin/true\nretries = always", "retries"},
		{"run = /bin/true\nkinds = revoked, rewoked", "rewoked"},
		{"run = /bin/true\nseverity-min = 10", NULL},
		{"run = /bin/true\nseverity-min = 11", "severity-min"},
		{"run = /bin/true\nnodes = web[", "nodes"},
		{"run = /bin/true\nconcurrency = 0", "concurrency"},
		{"run = /bin/true\nconcurrency = 65", "concurrency"},
		{"run = /bin/true\ntimeout = 0ms", "timeout"},
		{"run = /bin/true\nretry-delay = 2s\nretry-delay-max = 1s", "retry-delay-max"},
		{"run = /bin/true\nshell = yes", "shell"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(conf_release) struct conf conf = {0};
		struct err err = {0};

		if (rows[i].says == NULL) {
			assert_ok(load(rows[i].text, &conf, &err));
			continue;
		}
		assert_int_not_equal(load(rows[i].text, &conf, &err), RC_OK);
		assert_non_null(strstr(err.text, rows[i].says));
	}
}

static void names_of_files_are_names_of_actions_or_nothing(void **state)
{
	static const char *const bad[] = {"a", ".conf", ".a.conf", "a.conf~", "a b.conf", "../a.conf",
		"-a.conf", "a.CONF",
		"0123456789012345678901234567890123456789012345678901234567890123456789.conf"};
	char name[CONF_NAME_MAX + 1];

	(void)state;
	assert_true(conf_name_of("20-web_hook.v2.conf", name));
	assert_string_equal(name, "20-web_hook.v2");
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(conf_name_of(bad[i], name));
}

static void every_filter_must_let_a_notice_through(void **state)
{
	static const char node[] = "ab00";
	const struct elem_tag tag = {span_text("web")};
	const struct elem_dns_name dns = {span_text("web1.example")};
	DROP(conf_release) struct conf conf = {0};
	DROP(blob_release) struct blob tags = {0};
	DROP(blob_release) struct blob names = {0};
	struct msg_profile profile = {0};
	struct conf_subject subject = {NOTICE_REVOKED, 9, node, &profile};

	(void)state;
	assert_ok(ELEM_APPEND(tag, &tag, &tags));
	assert_ok(ELEM_APPEND(dns_name, &dns, &names));
	profile.tags = (struct list){blob_span(&tags), 1};
	profile.names = (struct list){blob_span(&names), 1};
	assert_ok(load(
		"run = /bin/true\nkinds = revoked\nseverity-min = 9\nnodes = cd*, web*.example\ntags = db, web",
		&conf, NULL));
	assert_true(conf_wants(&conf, &subject));
	subject.kind = NOTICE_SUSPENDED;
	assert_false(conf_wants(&conf, &subject));
	subject.kind = NOTICE_UNKNOWN;
	assert_false(conf_wants(&conf, &subject));
	subject.kind = NOTICE_REVOKED;
	subject.severity = 8;
	assert_false(conf_wants(&conf, &subject));
	subject.severity = 9;
	subject.profile = NULL;
	assert_false(conf_wants(&conf, &subject));
	subject.profile = &profile;
	profile.tags = (struct list){0};
	assert_false(conf_wants(&conf, &subject));
	profile.tags = (struct list){blob_span(&tags), 1};
	profile.names = (struct list){0};
	assert_false(conf_wants(&conf, &subject));
	subject.node = "cd00";
	assert_true(conf_wants(&conf, &subject));
}

/* ---- a notice, read back ---- */

#define NODE "00000000000000000000000000000000000000000000000000000000000000aa"
#define HEAD "{\"seq\":7,\"kind\":\"revoked\",\"node\":\"" NODE "\",\"time\":\"t\""

static void a_notice_is_read_with_all_that_it_has(void **state)
{
	static const char line[] = HEAD
		",\"severity\":9,\"again\":true,\"reasons\":[\"a\",\"b\"],\"certificates\":[],"
		"\"profile\":{\"tags\":[\"web\"],\"dns\":[],\"addresses\":[\"10.0.0.7\"]},\"new\":[{}]}\n";
	DROP(notice_read_release) struct notice_read read = {0};

	(void)state;
	assert_ok(notice_read_parse(span_text(line), &read, NULL));
	assert_int_equal(read.notice.seq, 7);
	assert_int_equal(read.notice.again, 1);
	assert_string_equal(read.notice.reasons[1], "b");
	assert_null(read.notice.reasons[2]);
	assert_null(read.notice.certificates[0]);
	assert_string_equal(read.notice.tags[0], "web");
	assert_string_equal(read.notice.addresses[0], "10.0.0.7");
	assert_string_equal(read.notice.verifier, "");
	assert_string_equal(read.notice.json, line);
}

static void what_is_no_notice_is_refused(void **state)
{
	static const char *const lines[] = {"", "7", "[]", "{}", HEAD, HEAD "} x",
		"{\"seq\":0,\"kind\":\"k\",\"node\":\"" NODE "\",\"time\":\"t\"}",
		"{\"seq\":7,\"kind\":\"k\",\"node\":\"AA\",\"time\":\"t\"}", HEAD ",\"reasons\":[1]}",
		HEAD ",\"profile\":[]}", HEAD ",\"severity\":11}"};
	DROP(notice_read_release) struct notice_read read = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		assert_int_not_equal(notice_read_parse(span_text(lines[i]), &read, NULL), RC_OK);
}

/* ---- webhook and vault ---- */

static void a_signature_is_the_hmac_of_time_and_body(void **state)
{
	char text[WEBHOOK_SIGNATURE_BYTES];

	(void)state;
	/* printf '1700000000.{"seq":7}' | openssl dgst -sha256 -hmac 0123456789abcdef */
	assert_ok(webhook_sign(span_text("0123456789abcdef"), 1700000000, span_text("{\"seq\":7}"), text));
	assert_string_equal(
		text, "t=1700000000,v1=b6800dbcea094f7c6475ab1a9c7388fac841fa0992fb7a385be9f091550965de");
}

static void answers_are_done_or_tried_again_or_given_up(void **state)
{
	static const struct {
		unsigned status;
		int webhook;
		int vault;
	} rows[] = {{199, LIME_GIVE_UP, LIME_GIVE_UP}, {200, LIME_DONE, LIME_DONE},
		{299, LIME_DONE, LIME_DONE}, {300, LIME_GIVE_UP, LIME_GIVE_UP},
		{400, LIME_GIVE_UP, LIME_GIVE_UP}, {404, LIME_GIVE_UP, LIME_DONE},
		{408, LIME_RETRY, LIME_RETRY}, {412, LIME_GIVE_UP, LIME_RETRY}, {429, LIME_RETRY, LIME_RETRY},
		{500, LIME_RETRY, LIME_RETRY}, {503, LIME_RETRY, LIME_RETRY}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(webhook_judge(rows[i].status), rows[i].webhook);
		assert_int_equal(vault_judge(rows[i].status, (struct span){0}), rows[i].vault);
	}
	assert_int_equal(vault_judge(400, span_text("x invalid accessor x")), LIME_DONE);
	assert_int_equal(vault_judge(403, span_text("not found")), LIME_GIVE_UP);
	assert_int_equal(vault_judge(404, span_text("{\"errors\":[]}")), LIME_DONE);
	assert_int_equal(
		vault_judge(404, span_text("{\"errors\":[\"no handler for route \\\"pkl/revoke\\\". route "
					   "entry not found.\"]}")),
		LIME_GIVE_UP);
	assert_int_equal(vault_judge(404, span_text("{\"errors\":[\"1 error occurred: unsupported path\"]}")),
		LIME_GIVE_UP);
}

static void lines_of_a_node_lead_nowhere_else(void **state)
{
	static const char *const bad[] = {"accessor", "accessor a b", "accessor a/b", "accessor ..",
		"leases /x", "leases a//b", "leases a/../b", "leases a?b", "leases a/./b", "certificate pki",
		"token s.x", "certificate ../sys 0a", "accessor a\"b"};
	struct vault_line line;

	(void)state;
	assert_ok(vault_line_parse(" accessor abc.DEF-1", &line));
	assert_int_equal(line.kind, VAULT_ACCESSOR);
	assert_ok(vault_line_parse("leases database/creds/web/", &line));
	assert_int_equal(line.kind, VAULT_LEASES);
	assert_ok(vault_line_parse("certificate pki/int 39:dd\r", &line));
	assert_string_equal(line.mount, "pki/int");
	assert_string_equal(line.value, "39:dd");
	assert_rc(vault_line_parse("  # text", &line), RC_NOT_FOUND);
	assert_rc(vault_line_parse("", &line), RC_NOT_FOUND);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(vault_line_parse(bad[i], &line), RC_MALFORMED);
}

static void serial_numbers_get_their_colons(void **state)
{
	char text[9];

	(void)state;
	assert_ok(vault_serial("0A1bff", text, sizeof text));
	assert_string_equal(text, "0a:1b:ff");
	assert_rc(vault_serial("0a1bff00", text, sizeof text), RC_LIMIT);
	assert_rc(vault_serial("0a1", text, sizeof text), RC_MALFORMED);
	assert_rc(vault_serial("", text, sizeof text), RC_MALFORMED);
	assert_rc(vault_serial("0g", text, sizeof text), RC_MALFORMED);
}

static void urls_are_https_or_this_machine(void **state)
{
	(void)state;
	assert_true(fetch_url_holds("https://x/y", false));
	assert_true(fetch_url_holds("http://127.0.0.1:80/", true));
	assert_true(fetch_url_holds("http://localhost", true));
	assert_false(fetch_url_holds("http://127.0.0.1/", false));
	assert_false(fetch_url_holds("http://127.0.0.1.example/", true));
	assert_false(fetch_url_holds("http://localhost.example/", true));
	assert_false(fetch_url_holds("https://", true));
	assert_false(fetch_url_holds("https://user@x/", true));
	assert_false(fetch_url_holds("https://x/\r\ny", true));
	assert_false(fetch_url_holds("file:///etc/passwd", true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notices_of_one_node_wait_for_each_other),
		cmocka_unit_test(latest_drops_what_waits_and_not_what_runs),
		cmocka_unit_test(a_queue_has_an_end),
		cmocka_unit_test(pauses_double_up_to_the_longest_with_a_jitter_of_a_quarter),
		cmocka_unit_test(what_an_action_can_be_told_is_bounded),
		cmocka_unit_test(names_of_files_are_names_of_actions_or_nothing),
		cmocka_unit_test(every_filter_must_let_a_notice_through),
		cmocka_unit_test(a_notice_is_read_with_all_that_it_has),
		cmocka_unit_test(what_is_no_notice_is_refused),
		cmocka_unit_test(a_signature_is_the_hmac_of_time_and_body),
		cmocka_unit_test(answers_are_done_or_tried_again_or_given_up),
		cmocka_unit_test(lines_of_a_node_lead_nowhere_else),
		cmocka_unit_test(serial_numbers_get_their_colons),
		cmocka_unit_test(urls_are_https_or_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
