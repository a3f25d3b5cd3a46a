/* What each user of the shipped ACL file may do, against a real Redis, and what nobody may. */
#include <string.h>

#include "tests/support/redis_server.h"

static struct redis_server server;

static int open_server(void **state)
{
	(void)state;
	redis_server_open(&server, "");
	return 0;
}

static int close_server(void **state)
{
	(void)state;
	redis_server_close(&server);
	return 0;
}

/* By the ACL, or, before it is even asked, by the configuration (enable-debug-command no). */
static bool is_refused(const char *said)
{
	return strncmp(said, "-NOPERM ", 8) == 0 || strncmp(said, "-ERR DEBUG command not allowed", 30) == 0;
}

/* One row a key: r, w or rw for registrar, verifier, revocation and doctor. */
static const struct {
	const char *key;
	const char *may[REDIS_USERS];
} keys[] = {
	{"lb:{0}:node", {"rw", "r", "r", ""}},
	{"lb:{0}:nk", {"rw", "r", "r", ""}},
	{"lb:{0}:alias", {"rw", "", "", ""}},
	{"lb:{0}:prov", {"", "rw", "", ""}},
	{"lb:{0}:state", {"", "rw", "r", ""}},
	{"lb:{0}:outbox", {"", "rw", "r", ""}},
	{"lb:{0}:evidence:n:h", {"", "rw", "", ""}},
	{"lb:{0}:lease", {"", "rw", "", ""}},
	{"lb:{0}:token", {"", "rw", "", ""}},
	{"lb:policy", {"", "rw", "", ""}},
	{"lb:document:00", {"", "rw", "", ""}},
	{"lb:{0}:ima", {"", "rw", "", ""}},
	{"lb:{0}:lead", {"", "", "rw", ""}},
	{"lb:{0}:lead-token", {"", "", "rw", ""}},
	{"lb:{0}:subscriber", {"", "", "rw", ""}},
	{"lb:{0}:notices", {"", "", "", ""}},
	{"lb:{0}:issued", {"", "", "", ""}},
	{"lb:{255}:node", {"rw", "r", "r", ""}},
	{"lb:{0}:nodes", {"", "", "", ""}},
	{"lb:{0}:", {"", "", "", ""}},
	{"other", {"", "", "", ""}},
};

static void each_user_reads_and_writes_its_keys_and_no_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		for (int user = 0; user < REDIS_USERS; user++) {
			bool reads = strchr(keys[i].may[user], 'r') != NULL;
			bool writes = strchr(keys[i].may[user], 'w') != NULL;
			const char *key = keys[i].key;

			assert_int_equal(
				is_refused(redis_say(&server, user, "HGET", key, "f", NULL)), !reads);
			assert_int_equal(is_refused(redis_say(&server, user, "GET", key, NULL)), !reads);
			assert_int_equal(
				is_refused(redis_say(&server, user, "HSCAN", key, "0", NULL)), !reads);
			assert_int_equal(
				is_refused(redis_say(&server, user, "HSET", key, "f", "v", NULL)), !writes);
			assert_int_equal(
				is_refused(redis_say(&server, user, "HDEL", key, "f", NULL)), !writes);
			assert_int_equal(
				is_refused(redis_say(&server, user, "SET", key, "v", NULL)), !writes);
			assert_int_equal(is_refused(redis_say(&server, user, "DEL", key, NULL)), !writes);
		}
	}
}

/* Read and appended to by the revocation service; altered and deleted by nobody. */
static void a_journal_is_only_appended_to(void **state)
{
	static const char *const journals[] = {"lb:{0}:notices", "lb:{0}:issued"};

	(void)state;
	for (size_t i = 0; i < COUNT(journals); i++) {
		const char *key = journals[i];

		for (int user = 0; user < REDIS_USERS; user++) {
			bool may = user == REDIS_REVOCATION;

			assert_int_equal(
				is_refused(redis_say(&server, user, "XADD", key, "*", "s", "v", NULL)), !may);
			assert_int_equal(
				is_refused(redis_say(&server, user, "XRANGE", key, "-", "+", NULL)), !may);
			assert_int_equal(
				is_refused(redis_say(&server, user, "XREVRANGE", key, "+", "-", NULL)), !may);
			assert_int_equal(is_refused(redis_say(&server, user, "WATCH", key, NULL)), !may);
			assert_true(is_refused(redis_say(&server, user, "XDEL", key, "1-0", NULL)));
			assert_true(is_refused(redis_say(&server, user, "XTRIM", key, "MAXLEN", "0", NULL)));
			assert_true(is_refused(redis_say(&server, user, "XSETID", key, "9-0", NULL)));
			assert_true(is_refused(redis_say(&server, user, "PEXPIRE", key, "1", NULL)));
		}
	}
	assert_true(
		is_refused(redis_say(&server, REDIS_REVOCATION, "XADD", "lb:{0}:lead", "*", "s", "v", NULL)));
}

static void nobody_scripts_administrates_or_looks_around(void **state)
{
	static const char *const commands[][4] = {
		{"EVAL", "return 1", "0"},
		{"EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"},
		{"FCALL", "f", "0"},
		{"FUNCTION", "LIST"},
		{"SCRIPT", "FLUSH"},
		{"CONFIG", "SET", "appendonly", "no"},
		{"CONFIG", "REWRITE"},
		{"CONFIG", "RESETSTAT"},
		{"FLUSHALL"},
		{"FLUSHDB"},
		{"SHUTDOWN"},
		{"SAVE"},
		{"BGREWRITEAOF"},
		{"DEBUG", "SLEEP", "0"},
		{"KEYS", "*"},
		{"SCAN", "0"},
		{"RANDOMKEY"},
		{"DBSIZE"},
		{"MONITOR"},
		{"CLIENT", "LIST"},
		{"CLIENT", "KILL", "TYPE", "normal"},
		{"ACL", "LIST"},
		{"ACL", "SETUSER", "registrar", "+@all"},
		{"REPLICAOF", "127.0.0.1", "1"},
		{"MODULE", "LIST"},
		{"SUBSCRIBE", "c"},
		{"PUBLISH", "c", "m"},
		{"COPY", "lb:{0}:node", "lb:{0}:alias"},
		{"RENAME", "lb:{0}:node", "lb:{0}:alias"},
		{"DUMP", "lb:{0}:node"},
		{"SWAPDB", "0", "0"},
	};

	(void)state;
	for (int user = 0; user < REDIS_USERS; user++)
		for (size_t i = 0; i < COUNT(commands); i++)
			if (!is_refused(redis_say(&server, user, commands[i][0], commands[i][1],
				    commands[i][2], commands[i][3], NULL)))
				fail_msg("%s may %s", redis_user_name((enum redis_user)user), commands[i][0]);
}

static void everybody_may_see_whether_it_is_durable(void **state)
{
	(void)state;
	for (int user = 0; user < REDIS_USERS; user++) {
		assert_string_equal(redis_say(&server, user, "CONFIG", "GET", "appendonly", NULL),
			"*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n");
		assert_string_equal(redis_say(&server, user, "CONFIG", "GET", "appendfsync", NULL),
			"*2\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n");
		assert_int_equal(redis_say(&server, user, "INFO", NULL)[0], '$');
	}
}

/* WAIT and transactions: those who write, and nobody else. */
static void only_writers_have_transactions(void **state)
{
	(void)state;
	for (int user = 0; user < REDIS_USERS; user++) {
		bool writes = user != REDIS_DOCTOR;

		assert_int_equal(is_refused(redis_say(&server, user, "MULTI", NULL)), !writes);
		assert_int_equal(is_refused(redis_say(&server, user, "WAIT", "0", "1", NULL)), !writes);
	}
}

static void a_transaction_does_not_widen_what_a_user_may(void **state)
{
	(void)state;
	assert_true(is_refused(redis_say(&server, REDIS_REVOCATION, "WATCH", "lb:{0}:prov", NULL)));
	assert_true(is_refused(redis_say(&server, REDIS_REGISTRAR, "WATCH", "lb:{0}:state", NULL)));
}

static void without_a_user_there_is_nothing(void **state)
{
	static const char *const commands[][3] = {{"PING"}, {"INFO"}, {"GET", "lb:{0}:node"}, {"MULTI"},
		{"FLUSHALL"}, {"CONFIG", "GET", "dir"}, {"ACL", "WHOAMI"}};
	struct store_options options = redis_server_options(&server, REDIS_REGISTRAR);

	(void)state;
	for (size_t i = 0; i < COUNT(commands); i++)
		assert_string_equal(redis_say(&server, REDIS_NOBODY, commands[i][0], commands[i][1],
					    commands[i][2], NULL),
			"-NOAUTH Authentication required.\r\n");
	assert_memory_equal(redis_say(&server, REDIS_NOBODY, "AUTH", "", NULL), "-WRONGPASS", 10);
	assert_memory_equal(redis_say(&server, REDIS_NOBODY, "AUTH", "default", "", NULL), "-WRONGPASS", 10);
	assert_memory_equal(redis_say(&server, REDIS_NOBODY, "HELLO", "3", NULL), "-NOAUTH", 7);
	for (unsigned i = 0; i < 2; i++) {
		DROP(store_close) struct store *store = NULL;

		options.user = i == 0 ? "default" : "admin2";
		assert_ok(store_open(&options, &store, NULL));
		assert_rc(store_wait_ready(store, 5000, NULL), RC_DENIED);
	}
}

static void paths_that_could_say_something_else_are_refused(void **state)
{
	static const char *const bad[] = {"relative", "", "/a\"b", "/a'b", "/a\\b", "/a\nsave 1 1", "/a\x7f"};
	DROP(blob_release) struct blob out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct redis_conf dir = {.dir = bad[i]};
		struct redis_conf socket = {.dir = "/a", .socket = bad[i]};
		struct redis_conf acl = {.dir = "/a", .acl = bad[i]};

		assert_rc(redis_conf_print(&dir, &out, NULL), RC_MALFORMED);
		assert_rc(redis_conf_print(&socket, &out, NULL), RC_MALFORMED);
		assert_rc(redis_conf_print(&acl, &out, NULL), RC_MALFORMED);
	}
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_reads_and_writes_its_keys_and_no_others),
		cmocka_unit_test(a_journal_is_only_appended_to),
		cmocka_unit_test(nobody_scripts_administrates_or_looks_around),
		cmocka_unit_test(everybody_may_see_whether_it_is_durable),
		cmocka_unit_test(only_writers_have_transactions),
		cmocka_unit_test(a_transaction_does_not_widen_what_a_user_may),
		cmocka_unit_test(without_a_user_there_is_nothing),
		cmocka_unit_test(paths_that_could_say_something_else_are_refused),
	};

	return cmocka_run_group_tests(tests, open_server, close_server);
}
