/* The host of actions as a program, against a revocation service that this test plays. */
#include "tests/integration/follow_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/json/json.h"

#define TEXT_MAX_BYTES (8u << 20)

static pid_t host;
static struct scratch work;

static char *place(const char *name)
{
	static char paths[8][SCRATCH_FILE_BYTES];
	static unsigned turn;

	return scratch_file(&work, name, paths[turn++ % COUNT(paths)]);
}

static void put(const char *name, const char *text, mode_t mode)
{
	struct err err = {0};

	if (file_replace(place(name), span_text(text), mode, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static const char *as_root(const char *yes, const char *no)
{
	return geteuid() == 0 ? yes : no;
}

/* An action whose program is this shell script. */
static void add(const char *name, const char *script, const char *settings)
{
	char text[2048];
	char file[128];

	snprintf(text, sizeof text, "#!/bin/sh\n%s\n", script);
	snprintf(file, sizeof file, "bin/%s", name);
	put(file, text, 0755);
	snprintf(text, sizeof text, "run = %s\n%sretry-delay = 10ms\nretry-delay-max = 100ms\n%s",
		place(file), strstr(settings, "user =") != NULL ? "" : as_root("user = root\n", ""),
		settings);
	snprintf(file, sizeof file, "actions/%s.conf", name);
	put(file, text, 0644);
}

/* It writes down what it was told. */
#define RECORDS                                                                                              \
	"echo $LIMEBUS_NOTICE_SEQ $LIMEBUS_NOTICE_KIND $LIMEBUS_NOTICE_AGAIN >>$LIMEBUS_ACTION_STATE/ran"

static void text_of(const char *name, char *out, size_t out_len)
{
	DROP(blob_release) struct blob bytes = {0};

	out[0] = '\0';
	if (file_read(place(name), TEXT_MAX_BYTES, &bytes, NULL) == RC_OK)
		snprintf(out, out_len, "%.*s", (int)bytes.len, (const char *)bytes.at);
}

static bool log_has(const char *text)
{
	DROP(blob_release) struct blob bytes = {0};

	if (file_read(place("log"), TEXT_MAX_BYTES, &bytes, NULL) != RC_OK ||
		blob_append(&bytes, span_of("", 1)) != RC_OK)
		return false;
	return strstr((const char *)bytes.at, text) != NULL;
}

static bool ran(const char *action, const char *line)
{
	char name[96];
	char text[16384];
	char whole[64];

	snprintf(name, sizeof name, "own/%s/ran", action);
	text_of(name, text, sizeof text);
	snprintf(whole, sizeof whole, "%s\n", line);
	return strstr(text, whole) != NULL;
}

static size_t lines_of(const char *action)
{
	char name[96];
	char text[65536];
	size_t count = 0;

	snprintf(name, sizeof name, "own/%s/ran", action);
	text_of(name, text, sizeof text);
	for (const char *at = strchr(text, '\n'); at != NULL; at = strchr(at + 1, '\n'))
		count++;
	return count;
}

/* A number of one action in status.json; UINT64_MAX: not there. */
static uint64_t status_of(const char *action, const char *key)
{
	static const struct json_limits limits = {TEXT_MAX_BYTES, 16, 100000};
	DROP(blob_release) struct blob bytes = {0};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root, list, item, value;
	struct span name;
	uint64_t number;

	if (file_read(place("state/status.json"), TEXT_MAX_BYTES, &bytes, NULL) != RC_OK ||
		json_parse(blob_span(&bytes), &limits, &doc, NULL) != RC_OK)
		return UINT64_MAX;
	root = json_root(&doc);
	assert_ok(json_get(&root, "actions", &list, NULL));
	for (size_t i = 0; i < json_count(&list); i++) {
		assert_ok(json_item(&list, i, &item, NULL));
		assert_ok(json_get(&item, "name", &value, NULL));
		assert_ok(json_text(&value, 64, &name, NULL));
		if (span_is(name, action) && json_has(&item, key, &value) &&
			json_u64(&value, 0, INT64_MAX, &number, NULL) == RC_OK)
			return number;
	}
	return UINT64_MAX;
}

/* ---- the host ---- */

static pid_t spawn(const char *const *more)
{
	const char *argv[8] = {"limebus-actions", "--config", place("actions.conf")};
	char program[SCRATCH_FILE_BYTES];
	size_t n = 3;
	pid_t pid;

	while (more != NULL && *more != NULL)
		argv[n++] = *more++;
	snprintf(program, sizeof program, "%s/services/actions/limebus-actions", getenv("LIMEBUS_BUILD"));
	pid = fork();
	if (pid == 0) {
		int fd = open(place("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(fd, 1);
		dup2(fd, 2);
		execv(program, (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static int run_once(const char *one, const char *two, const char *three)
{
	const char *more[] = {one, two, three, NULL};
	int status = 0;
	pid_t pid = spawn(more);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void stop(int number)
{
	if (host <= 0)
		return;
	kill(host, number);
	while (waitpid(host, NULL, 0) < 0 && errno == EINTR)
		continue;
	host = 0;
}

static const char *host_user = "user = root\n";

static void begin(struct rig *rig)
{
	char text[2048];

	(void)rig;
	snprintf(text, sizeof text,
		"actions = %s\nstate = %s\naction-state = %s\nidentity = %s\nroster = %s\nroot-key = %s\n"
		"start = all\nat-once = 8\n%s",
		place("actions"), place("state"), place("own"), place("identity"), place("roster"),
		place("root.pub"), as_root(host_user, ""));
	put("actions.conf", text, 0600);
	host = spawn(NULL);
}

static int set_up(void **state)
{
	static const char *const folders[] = {"actions", "bin", "state", "own", "identity"};
	struct rig *rig;

	assert_int_equal(rig_open(state), 0);
	rig = *state;
	scratch_open(&work);
	for (size_t i = 0; i < COUNT(folders); i++) {
		assert_int_equal(mkdir(place(folders[i]), 0755), 0);
		assert_int_equal(chmod(place(folders[i]), i == 2 || i == 4 ? 0700 : 0755), 0);
	}
	/* Other accounts reach their programs. */
	assert_int_equal(chmod(work.path, 0755), 0);
	assert_ok(identity_create(place("identity"), &rig->who[PLUGIN], NULL));
	assert_ok(file_create(place("roster"), roster_bytes(rig->roster), 0644, NULL));
	assert_ok(keyfile_create(place("root.pub"), KEYFILE_SIGN_PUBLIC, rig->root.public, NULL));
	return 0;
}

static int tear_down(void **state)
{
	stop(SIGKILL);
	if (getenv("KEEP") == NULL)
		scratch_release(&work);
	return rig_close(state);
}

/* ---- the log ---- */

static void say(struct rig *rig, const char *kind, uint8_t node)
{
	const uint8_t id[NODE_ID_BYTES] = {node, 0xee};
	uint8_t hash[HASH_BYTES] = {0};
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = rig->log_count + 1,
			.previous = SPAN(hash),
			.kind = span_text(kind),
			.node = SPAN(id),
			.severity = notice_kind_severity(notice_kind_parse(span_text(kind))),
			.time = clock_wall_ms(clock_system())}};

	if (rig->log_count > 0)
		assert_ok(notice_hash(blob_span(&rig->log[rig->log_count - 1]), hash));
	assert_ok(signed_make(&rig->who[0].sign, &msg, &rig->log[rig->log_count++], NULL));
}

static bool acked(const struct rig *rig, uint64_t seq)
{
	return rig->stations[0].acked >= seq;
}

/* ---- what is true ---- */

static void filters_choose_by_kind_severity_and_node(void **state)
{
	struct rig *rig = *state;

	add("lapsed", RECORDS, "kinds = lapsed\n");
	add("severe", RECORDS, "severity-min = 5\n");
	add("bees", RECORDS, "nodes = b*, *.example\n");
	add("tagged", RECORDS, "tags = web\n");
	add("dry", RECORDS, "dry-run = yes\n");
	say(rig, "lapsed", 0xaa);
	say(rig, "restored", 0xbb);
	say(rig, "lapsed", 0xbb);
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 3));
	assert_true(ran("lapsed", "1 lapsed 0") && ran("lapsed", "3 lapsed 0"));
	assert_int_equal(lines_of("lapsed"), 2);
	assert_int_equal(lines_of("severe"), 2);
	assert_true(ran("bees", "2 restored 0") && ran("bees", "3 lapsed 0"));
	assert_int_equal(lines_of("bees"), 2);
	assert_int_equal(lines_of("tagged"), 0);
	assert_int_equal(lines_of("dry"), 0);
	assert_true(log_has("action.would_run action=dry"));
}

static void notices_of_one_node_stay_in_order(void **state)
{
	struct rig *rig = *state;
	char text[16384];
	unsigned last[4] = {0};
	char *rest = text;
	char *line;

	add("each", "sleep 0.0$((LIMEBUS_NOTICE_SEQ % 4)); " RECORDS, "concurrency = 4\n");
	for (unsigned i = 0; i < 40; i++)
		say(rig, i % 8 < 4 ? "lapsed" : "restored", (uint8_t)(i % 4));
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 40));
	text_of("own/each/ran", text, sizeof text);
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		unsigned seq = (unsigned)strtoul(line, NULL, 10);

		assert_true(seq > last[seq % 4]);
		last[seq % 4] = seq;
	}
	assert_int_equal(lines_of("each"), 40);
}

static void an_action_that_hangs_delays_no_other_one(void **state)
{
	struct rig *rig = *state;

	add("hangs", "sleep 600", "concurrency = 64\n");
	add("quick", RECORDS, "");
	for (unsigned i = 0; i < 40; i++)
		say(rig, "lapsed", (uint8_t)i);
	begin(rig);
	RIG_UNTIL(rig, lines_of("quick") == 40);
	assert_int_equal(rig->stations[0].acked, 0);
	RIG_UNTIL(rig, status_of("hangs", "running") == 7);
	assert_int_equal(unlink(place("actions/hangs.conf")), 0);
	RIG_UNTIL(rig, acked(rig, 40));
}

static void one_that_is_far_behind_keeps_its_own_backlog(void **state)
{
	struct rig *rig = *state;

	add("hangs", "[ -e $LIMEBUS_ACTION_STATE/go ] || sleep 600; " RECORDS,
		"concurrency = 2\nlatest = no\n");
	add("quick", "", "dry-run = yes\n");
	for (unsigned i = 0; i < 1300; i++)
		say(rig, "lapsed", (uint8_t)(i % 20));
	begin(rig);
	RIG_UNTIL(rig, status_of("quick", "done") == 1300);
	assert_true(status_of("hangs", "backlog") >= 256);
	RIG_UNTIL(rig, acked(rig, 256));
	stop(SIGKILL);
	/* What it kept outlives the host. Only the last few are really run here. */
	put("own/hangs/go", "", 0644);
	add("hangs", RECORDS, "concurrency = 8\nlatest = yes\n");
	host = spawn(NULL);
	RIG_UNTIL(rig, acked(rig, 1300));
	for (unsigned i = 1281; i <= 1300; i++) {
		char line[3][32];

		snprintf(line[0], sizeof line[0], "%u lapsed 0", i);
		snprintf(line[1], sizeof line[1], "%u lapsed 1", i);
		assert_true(ran("hangs", line[0]) || ran("hangs", line[1]));
	}
	RIG_UNTIL(rig, access(place("state/backlog.hangs"), F_OK) != 0);
}

static void what_fails_is_tried_again_and_told_so(void **state)
{
	struct rig *rig = *state;

	add("third", RECORDS "; [ $(wc -l <$LIMEBUS_ACTION_STATE/ran) -ge 3 ]", "retries = 5\n");
	add("never", RECORDS "; echo no such luck; exit 1", "retries = 2\n");
	add("broken", RECORDS "; exit 78", "retries = forever\n");
	say(rig, "lapsed", 1);
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 1));
	assert_int_equal(lines_of("third"), 3);
	assert_true(ran("third", "1 lapsed 0") && ran("third", "1 lapsed 1"));
	assert_int_equal(lines_of("never"), 3);
	assert_int_equal(lines_of("broken"), 1);
	RIG_UNTIL(rig, status_of("never", "given_up") == 1 && status_of("broken", "given_up") == 1);
	assert_int_equal(status_of("third", "given_up"), 0);
	assert_true(log_has("status 1: no such luck"));
	/* It is still listed after a new start. */
	stop(SIGTERM);
	begin(rig);
	RIG_UNTIL(rig, log_has(" started "));
	RIG_UNTIL(rig, status_of("never", "given_up") == 1);
	assert_int_equal(run_once("--status", NULL, NULL), 0);
	assert_true(log_has("\"why\": \"status 78: \""));
}

static void the_latest_of_a_node_is_enough_if_asked_for(void **state)
{
	struct rig *rig = *state;

	add("latest", RECORDS "; while [ ! -e $LIMEBUS_ACTION_STATE/go ]; do sleep 0.02; done",
		"latest = yes\n");
	say(rig, "lapsed", 1);
	begin(rig);
	RIG_UNTIL(rig, lines_of("latest") == 1);
	for (unsigned i = 0; i < 6; i++)
		say(rig, i % 2 == 0 ? "restored" : "lapsed", 1);
	RIG_UNTIL(rig, log_has("action.superseded action=latest seq=6"));
	put("own/latest/go", "", 0644);
	RIG_UNTIL(rig, acked(rig, 7));
	assert_int_equal(lines_of("latest"), 2);
	assert_true(ran("latest", "7 lapsed 0"));
}

static void nothing_is_lost_when_the_host_is_killed(void **state)
{
	struct rig *rig = *state;
	char line[32];

	add("all", RECORDS, "concurrency = 3\n");
	add("some", RECORDS, "kinds = restored\n");
	for (unsigned i = 0; i < 120; i++)
		say(rig, i % 2 == 0 ? "lapsed" : "restored", (uint8_t)(i % 7));
	for (unsigned i = 0; i < 8; i++) {
		size_t before = lines_of("all");

		begin(rig);
		RIG_UNTIL(rig, lines_of("all") > before + i);
		stop(SIGKILL);
	}
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 120));
	for (unsigned i = 1; i <= 120; i++) {
		bool first, again;

		snprintf(line, sizeof line, "%u %s 0", i, i % 2 == 1 ? "lapsed" : "restored");
		first = ran("all", line);
		line[strlen(line) - 1] = '1';
		again = ran("all", line);
		assert_true(first || again);
	}
	/* At most those that ran at the time of a kill were told twice, and no more than that. */
	assert_true(lines_of("all") <= 120 + 8 * 8);
	assert_true(lines_of("some") >= 60);
}

static void hostile_configurations_are_refused(void **state)
{
	struct rig *rig = *state;

	add("good", RECORDS, "");
	begin(rig);
	RIG_UNTIL(rig, log_has(" started "));
	/* What is in force stays when a bad one comes. */
	put("actions/good.conf", "run = /bin/sh\nrub = 1\n", 0644);
	RIG_UNTIL(rig, log_has("unknown name \"rub\""));
	say(rig, "lapsed", 1);
	RIG_UNTIL(rig, log_has("action.refused"));
	stop(SIGTERM);
	assert_int_equal(run_once("--check", NULL, NULL), 78);
	host = spawn(NULL);
	assert_int_equal(waitpid(host, NULL, 0), host);
	host = 0;
	add("good", RECORDS, "");
	assert_int_equal(run_once("--check", NULL, NULL), 0);
	assert_int_equal(chmod(place("actions/good.conf"), 0666), 0);
	assert_int_equal(run_once("--check", NULL, NULL), 78);
	assert_int_equal(chmod(place("actions/good.conf"), 0644), 0);
	assert_int_equal(chmod(place("bin"), 0777), 0);
	assert_int_equal(run_once("--check", NULL, NULL), 78);
	assert_int_equal(chmod(place("bin"), 0755), 0);
	put("actions/two.conf", "run = /bin/true\nmodule = /bin/true\n", 0644);
	assert_int_equal(run_once("--check", NULL, NULL), 78);
	put("actions/two.conf", "run = /bin/true\nkinds = rewoked\nuser = root\n", 0644);
	assert_int_equal(run_once("--check", NULL, NULL), 78);
	if (geteuid() == 0) {
		put("actions/two.conf", "run = /bin/true\n", 0644);
		assert_int_equal(run_once("--check", NULL, NULL), 78);
		assert_true(log_has("two: no user"));
	}
}

static void a_new_action_begins_with_the_next_notice(void **state)
{
	struct rig *rig = *state;

	add("old", RECORDS, "");
	say(rig, "lapsed", 1);
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 1));
	add("new", RECORDS, "");
	RIG_UNTIL(rig, log_has("action.loaded action=new"));
	say(rig, "restored", 1);
	RIG_UNTIL(rig, acked(rig, 2));
	assert_int_equal(lines_of("old"), 2);
	assert_int_equal(lines_of("new"), 1);
	assert_true(ran("new", "2 restored 0"));
}

static void each_action_has_its_own_rights_and_nothing_of_the_hosts(void **state)
{
	struct rig *rig = *state;
	char text[4096];

	if (geteuid() != 0)
		skip();
	setenv("HOSTS_SECRET", "hush", 1);
	add("other",
		"{ id -u; pwd; env; ls /proc/$$/fd; cat; } >told; printf 'a\\033[31mred\\nforged level=x\\n'",
		"user = 65534:65534\n");
	say(rig, "lapsed", 1);
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 1));
	unsetenv("HOSTS_SECRET");
	text_of("own/other/told", text, sizeof text);
	assert_memory_equal(text, "65534\n", 6);
	assert_non_null(strstr(text, "own/other\n"));
	assert_null(strstr(text, "HOSTS_SECRET"));
	assert_non_null(strstr(text, "\"kind\":\"lapsed\""));
	assert_true(log_has("text=\"a\\x1b[31mred\""));
	assert_true(log_has("text=\"forged level=x\""));
}

/* The socket of a service that another account may reach. */
static void open_station(const struct rig *rig)
{
	static const char *const names[] = {"s0", "p0"};
	char path[SCRATCH_FILE_BYTES];

	assert_int_equal(chmod(rig->dir.path, 0755), 0);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(chmod(scratch_file(&rig->dir, names[i], path), 0777), 0);
}

static void a_host_that_gave_up_root_still_runs_each_action_as_its_own_user(void **state)
{
	struct rig *rig = *state;

	if (geteuid() != 0)
		skip();
	open_station(rig);
	assert_int_equal(chown(place("state"), 65534, 65534), 0);
	add("root", "id -u >told; " RECORDS, "user = root\n");
	add("other", "id -u >told; cat /proc/$PPID/environ && exit 1; " RECORDS, "user = 12345:12345\n");
	say(rig, "lapsed", 1);
	host_user = "user = 65534:65534\n";
	begin(rig);
	host_user = "user = root\n";
	RIG_UNTIL(rig, acked(rig, 1));
	assert_true(log_has("sandbox.entered uid=65534"));
	assert_int_equal(lines_of("root"), 1);
	assert_int_equal(lines_of("other"), 1);
	/* What comes later is run as well, and what the host could have written is not. */
	add("late", RECORDS, "user = 12345\n");
	RIG_UNTIL(rig, log_has("action.loaded action=late"));
	say(rig, "restored", 1);
	RIG_UNTIL(rig, acked(rig, 2));
	assert_int_equal(lines_of("late"), 1);
	assert_int_equal(chown(place("bin/late"), 65534, 65534), 0);
	say(rig, "lapsed", 1);
	RIG_UNTIL(rig, log_has("belongs to user 65534, expected root"));
	assert_int_equal(lines_of("late"), 1);
}

static void add_module(const char *name, const char *word)
{
	char text[1024];
	char file[128];

	snprintf(file, sizeof file, "bin/%s.settings", name);
	put(file, word, 0644);
	snprintf(text, sizeof text,
		"module = %s/services/actions/liblime_action_example.so\nconfig = %s\n%sretries = 1\nretry-delay = 10ms\n",
		getenv("LIMEBUS_BUILD"), place(file), as_root("user = root\n", ""));
	snprintf(file, sizeof file, "actions/%s.conf", name);
	put(file, text, 0644);
}

static void a_module_acts_and_its_crash_is_a_failed_attempt(void **state)
{
	struct rig *rig = *state;
	char text[1024];

	add_module("good", "hello\n");
	add_module("crash", "crash\n");
	add_module("broken", "give-up\n");
	add("quick", RECORDS, "");
	say(rig, "lapsed", 1);
	begin(rig);
	RIG_UNTIL(rig, acked(rig, 1));
	text_of("own/good/notices", text, sizeof text);
	assert_memory_equal(text, "hello 1 lapsed 01ee00", 21);
	RIG_UNTIL(rig, status_of("crash", "given_up") == 1 && status_of("broken", "given_up") == 1);
	assert_int_equal(status_of("crash", "failed"), 2);
	assert_int_equal(status_of("broken", "failed"), 0);
	assert_int_equal(lines_of("quick"), 1);
	assert_true(log_has("6 bytes of configuration"));
}

static void an_action_can_be_tried_by_hand(void **state)
{
	static const char notice[] =
		"{\"seq\":9,\"kind\":\"lapsed\",\"node\":\"00000000000000000000000000000000000000000000000000000000000000aa\","
		"\"time\":\"2026-11-23T19:35:21.411Z\",\"severity\":8}\n";
	struct rig *rig = *state;

	add("hand", RECORDS "; cat; exit 75", "kinds = restored\n");
	begin(rig);
	stop(SIGKILL);
	put("notice.json", notice, 0644);
	assert_int_equal(run_once("--try", "hand", place("notice.json")), 75);
	assert_true(ran("hand", "9 lapsed 0"));
	assert_true(log_has("\"severity\":8}"));
	assert_true(log_has("would pass this notice over"));
	put("notice.json", "{\"seq\":9}", 0644);
	assert_int_equal(run_once("--try", "hand", place("notice.json")), 65);
	assert_int_equal(run_once("--try", "nobody", place("notice.json")), 78);
}

static void a_dry_run_runs_nothing_and_leaves_the_place(void **state)
{
	const char *more[] = {"--dry-run", NULL};
	struct rig *rig = *state;

	add("dry", RECORDS, "");
	say(rig, "lapsed", 1);
	begin(rig);
	stop(SIGKILL);
	host = spawn(more);
	RIG_UNTIL(rig, log_has("dry_run=yes"));
	for (unsigned i = 0; i < 50 && !log_has("action.would_run"); i++) {
		say(rig, i % 2 == 0 ? "restored" : "lapsed", 1);
		RIG_UNTIL(rig, rig->stations[0].asked > i || log_has("action.would_run"));
	}
	RIG_UNTIL(rig, log_has("action.would_run action=dry"));
	stop(SIGTERM);
	assert_int_equal(access(place("state/place"), F_OK), -1);
	begin(rig);
	RIG_UNTIL(rig, ran("dry", "1 lapsed 0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(filters_choose_by_kind_severity_and_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(notices_of_one_node_stay_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_action_that_hangs_delays_no_other_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_is_far_behind_keeps_its_own_backlog, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_fails_is_tried_again_and_told_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			the_latest_of_a_node_is_enough_if_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_is_lost_when_the_host_is_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hostile_configurations_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_new_action_begins_with_the_next_notice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_action_has_its_own_rights_and_nothing_of_the_hosts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_host_that_gave_up_root_still_runs_each_action_as_its_own_user, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_module_acts_and_its_crash_is_a_failed_attempt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_action_can_be_tried_by_hand, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_dry_run_runs_nothing_and_leaves_the_place, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
