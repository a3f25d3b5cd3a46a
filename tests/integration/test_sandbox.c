/* Children enter the sandbox and try what they must no longer be able to do, and what they still must. */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/sandbox/process.h"
#include "lib/sandbox/sandbox.h"

/* What a child reports: that it could not even start, or what its action returned. */
#define NOT_ENTERED 90
#define FINE        0

#define SOME_UID  61234
#define SOME_USER "61234:61235"

typedef int (*action)(void);

static const char *folder; /* where the child may write */

/* The exit status of a child that enters and acts; a negative one is the signal that ended it. */
static int in_sandbox(const struct sandbox *needs, action act)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct err err = {0};

		if (sandbox_enter(needs, NULL, &err) != RC_OK) {
			fprintf(stderr, "# %s\n", err.text);
			_exit(NOT_ENTERED);
		}
		_exit(act());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* A sandbox that this test can enter, whoever runs it. */
static struct sandbox closed(void)
{
	return (struct sandbox){.user = geteuid() == 0 ? SOME_USER : NULL};
}

static int nothing(void)
{
	return FINE;
}

/* Was it refused with this errno? */
static int refused(long result, int code)
{
	return result < 0 && errno == code ? FINE : 1;
}

static void root_without_a_user_is_refused_with_advice(void **state)
{
	struct sandbox needs = {0};
	struct err err = {0};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_rc(sandbox_enter(&needs, NULL, &err), RC_DENIED);
	assert_non_null(strstr(err.text, "set \"user\" to the account"));
}

static void an_account_that_does_not_exist_is_refused(void **state)
{
	struct sandbox needs = {.user = "no-such-account"};
	struct err err = {0};

	(void)state;
	assert_rc(sandbox_enter(&needs, NULL, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, "no-such-account"));
}

static void numbers_that_are_no_ids_are_refused(void **state)
{
	static const char *const bad[] = {"4294967295", "1:", "1:x", "1:4294967295", "99999999999", "1:2:3"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sandbox needs = {.user = bad[i]};

		assert_rc(sandbox_enter(&needs, NULL, NULL), RC_MALFORMED);
	}
}

static int is_nobody_special(void)
{
	gid_t groups[4];

	if (getuid() != SOME_UID || geteuid() != SOME_UID || getgid() != SOME_UID + 1)
		return 1;
	if (getgroups(4, groups) != 0)
		return 2;
	if (refused(setuid(0), EPERM) != FINE || refused(setgid(0), EPERM) != FINE)
		return 3;
	return refused(open("/etc/shadow", O_RDONLY), EACCES) == FINE ? FINE : 4;
}

static void root_becomes_the_user_for_good(void **state)
{
	struct sandbox needs = {.user = SOME_USER};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_sandbox(&needs, is_nobody_special), FINE);
}

static int is_nobody(void)
{
	return getuid() == 65534 ? FINE : 1;
}

static void accounts_have_names_too(void **state)
{
	struct sandbox needs = {.user = "nobody"};

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_sandbox(&needs, is_nobody), FINE);
}

static void who_is_not_root_cannot_become_another(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		struct sandbox needs = {.user = "61299"};
		struct err err = {0};

		if (geteuid() == 0 && setresuid(SOME_UID, SOME_UID, SOME_UID) != 0)
			_exit(2);
		_exit(sandbox_enter(&needs, NULL, &err) == RC_DENIED && strstr(err.text, "start as root")
				? FINE
				: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void who_is_not_root_enters_as_who_he_is(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		struct sandbox needs = {0};
		struct sandbox_report report = {0};

		if (geteuid() == 0 && setresuid(SOME_UID, SOME_UID, SOME_UID) != 0)
			_exit(2);
		if (sandbox_enter(&needs, &report, NULL) != RC_OK)
			_exit(3);
		_exit(report.seccomp && report.uid == geteuid() ? FINE : 4);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Root without capabilities is held up by file permissions like anybody. */
static int is_powerless_root(void)
{
	return getuid() == 0 ? refused(open(folder, O_RDONLY), EACCES) : 1;
}

static void root_on_purpose_has_no_capabilities(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	struct sandbox needs = {.user = "root"};
	char path[SCRATCH_FILE_BYTES];

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_open(&scratch);
	scratch_file(&scratch, "theirs", path);
	assert_ok(file_create(path, span_text("x"), 0600, NULL));
	assert_int_equal(chown(path, SOME_UID, SOME_UID), 0);
	folder = path;
	assert_int_equal(in_sandbox(&needs, is_powerless_root), FINE);
}

static void *wait_for_ever(void *pipe_end)
{
	char byte;

	return read(*(int *)pipe_end, &byte, 1) == 1 ? NULL : pipe_end;
}

static void threads_that_would_keep_capabilities_are_found(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (geteuid() != 0) {
		if (pid == 0)
			_exit(FINE);
		waitpid(pid, &status, 0);
		skip();
	}
	if (pid == 0) {
		struct sandbox needs = {.user = "root"};
		struct err err = {0};
		pthread_t thread;
		int ends[2];

		if (pipe(ends) != 0 || pthread_create(&thread, NULL, wait_for_ever, &ends[0]) != 0)
			_exit(2);
		if (sandbox_enter(&needs, NULL, &err) != RC_DENIED)
			_exit(1);
		_exit(strstr(err.text, "still has Cap") != NULL ? FINE : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

struct early_thread {
	int go[2];
	int result;
};

static void *try_later(void *argument)
{
	struct early_thread *early = argument;
	char byte;

	if (read(early->go[0], &byte, 1) != 1)
		return NULL;
	early->result = refused(socket(AF_PACKET, SOCK_RAW, 0), EPERM) == FINE && (geteuid() != 0) &&
	                                refused(syscall(SYS_setuid, 0), EPERM) == FINE
	                        ? FINE
	                        : 1;
	return NULL;
}

static void threads_made_earlier_are_shut_in_as_well(void **state)
{
	pid_t pid = fork();
	int status = 0;

	(void)state;
	if (pid == 0) {
		struct sandbox needs = closed();
		struct early_thread early = {.result = 2};
		pthread_t thread;

		if (pipe(early.go) != 0 || pthread_create(&thread, NULL, try_later, &early) != 0)
			_exit(3);
		if (sandbox_enter(&needs, NULL, NULL) != RC_OK)
			_exit(NOT_ENTERED);
		if (write(early.go[1], "x", 1) != 1)
			_exit(4);
		pthread_join(thread, NULL);
		_exit(early.result);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static int try_execve(void)
{
	char *argv[] = {"true", NULL};

	execve("/bin/true", argv, NULL);
	return 1;
}

static int try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static int try_mount(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL) == 0;
}

static int try_unshare(void)
{
	return unshare(CLONE_NEWUSER) == 0;
}

static int try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) == 0;
}

static int try_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "") == 0;
}

static int try_kexec(void)
{
	return syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0;
}

static int try_keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, 0, 0) == 0;
}

static int try_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) == 0;
}

static void what_no_service_does_ends_the_process(void **state)
{
	static const struct {
		const char *name;
		action act;
		bool sanitizers_need_it;
	} rows[] = {
		{"execve", try_execve, false},
		{"ptrace", try_ptrace, true},
		{"mount", try_mount, false},
		{"unshare", try_unshare, false},
		{"bpf", try_bpf, false},
		{"init_module", try_module, false},
		{"kexec_load", try_kexec, false},
		{"keyctl", try_keyring, false},
		{"io_uring_setup", try_io_uring, false},
	};
	struct sandbox needs = closed();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int result;

		if (rows[i].sanitizers_need_it && sandbox_is_sanitized())
			continue;
		result = in_sandbox(&needs, rows[i].act);
		if (result != -SIGSYS)
			fail_msg("%s: child left with %d, expected signal SIGSYS", rows[i].name, result);
	}
}

static int try_packet_socket(void)
{
	return refused(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
}

static int try_tcp_socket(void)
{
	return refused(socket(AF_INET, SOCK_STREAM, 0), EPERM);
}

static int try_fork(void)
{
	return refused(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0), EPERM);
}

static int try_kill(void)
{
	return refused(kill(1, 0), EPERM);
}

static int try_written_code(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED && errno == EPERM ? FINE : 1;
}

static int try_code_from_memory(void)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? 1 : refused(mprotect(at, 4096, PROT_READ | PROT_EXEC), EPERM);
}

static int try_memfd(void)
{
	return refused(memfd_create("x", 0), EPERM);
}

static int try_terminal_input(void)
{
	return refused(ioctl(0, TIOCSTI, "x"), EPERM);
}

static int try_core_files(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
	struct rlimit now = {1, 1};

	if (getrlimit(RLIMIT_CORE, &now) != 0 || now.rlim_cur != 0 || now.rlim_max != 0)
		return 1;
	return refused(setrlimit(RLIMIT_CORE, &unlimited), EPERM);
}

static int try_dumpable(void)
{
	return prctl(PR_GET_DUMPABLE) != 0 ? 1 : refused(prctl(PR_SET_DUMPABLE, 1), EPERM);
}

static int try_setuid(void)
{
	return refused(syscall(SYS_setuid, getuid()), EPERM);
}

static void what_is_not_listed_fails(void **state)
{
	static const struct {
		const char *name;
		action act;
		bool sanitizers_need_it;
	} rows[] = {
		{"raw socket", try_packet_socket, false},
		{"TCP socket", try_tcp_socket, false},
		{"fork", try_fork, true},
		{"kill", try_kill, true},
		{"memory that is written and run", try_written_code, true},
		{"memory that was written, run", try_code_from_memory, true},
		{"memfd_create", try_memfd, false},
		{"typing into the terminal", try_terminal_input, true},
		{"core files", try_core_files, true},
		{"becoming dumpable", try_dumpable, true},
		{"setuid", try_setuid, false},
	};
	struct sandbox needs = closed();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		int result;

		if (rows[i].sanitizers_need_it && sandbox_is_sanitized())
			continue;
		result = in_sandbox(&needs, rows[i].act);
		if (result != FINE)
			fail_msg("%s: child left with %d, expected EPERM", rows[i].name, result);
	}
}

static int listening_socket(struct sockaddr_in *out_address)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) != 0 || listen(fd, 1) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return -1;
	*out_address = address;
	return fd;
}

static int try_listening(void)
{
	struct sockaddr_in address;

	return refused(listening_socket(&address), EPERM);
}

static void who_may_only_connect_listens_on_no_port(void **state)
{
	struct sandbox needs = closed();

	(void)state;
	needs.network = true;
	assert_int_equal(in_sandbox(&needs, try_listening), FINE);
}

/* Outside of any sandbox: a bare root file system has no /etc/hosts. */
static bool knows_localhost;

static bool finds_localhost(void)
{
	struct addrinfo *found = NULL;

	if (getaddrinfo("localhost", "80", NULL, &found) != 0)
		return false;
	freeaddrinfo(found);
	return true;
}

static int use_network(void)
{
	struct sockaddr_in address;
	char byte = 0;
	int server = listening_socket(&address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int accepted;
	int one = 1;

	if (server < 0 || client < 0)
		return 1;
	if (setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) != 0)
		return 2;
	if (connect(client, (const struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS)
		return 3;
	accepted = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	if (accepted < 0 || send(accepted, "x", 1, MSG_NOSIGNAL) != 1)
		return 4;
	if (poll(&(struct pollfd){.fd = client, .events = POLLIN}, 1, 5000) != 1 ||
		read(client, &byte, 1) != 1)
		return 5;
	return finds_localhost() == knows_localhost ? FINE : 6;
}

static void who_may_listen_serves_tcp_and_finds_hosts_by_name(void **state)
{
	struct sandbox needs = closed();

	(void)state;
	needs.network = needs.listens = true;
	knows_localhost = finds_localhost();
	assert_int_equal(in_sandbox(&needs, use_network), FINE);
}

static void *count_up(void *counter)
{
	++*(int *)counter;
	return NULL;
}

static int use_threads_and_events(void)
{
	uint8_t random[32];
	uint64_t one = 1;
	int counter = 0;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int poller = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event watched = {.events = EPOLLIN};
	pthread_t thread;

	if (pthread_create(&thread, NULL, count_up, &counter) != 0 || pthread_join(thread, NULL) != 0)
		return 1;
	if (counter != 1 || getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
		return 2;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, event, &watched) != 0 ||
		write(event, &one, sizeof one) != (ssize_t)sizeof one)
		return 3;
	return epoll_wait(poller, &watched, 1, 1000) == 1 ? FINE : 4;
}

static void threads_events_and_random_bytes_still_work(void **state)
{
	struct sandbox needs = closed();

	(void)state;
	assert_int_equal(in_sandbox(&needs, use_threads_and_events), FINE);
}

static int use_files(void)
{
	char path[SCRATCH_FILE_BYTES];
	struct blob bytes = {0};

	snprintf(path, sizeof path, "%s/state", folder);
	if (file_create(path, span_text("one"), 0600, NULL) != RC_OK)
		return 1;
	if (file_replace(path, span_text("two"), 0600, NULL) != RC_OK)
		return 2;
	if (file_read_secret(path, 16, &bytes, NULL) != RC_OK || !span_is(blob_span(&bytes), "two"))
		return 3;
	blob_release(&bytes);
	return unlink(path) == 0 ? FINE : 4;
}

static void files_are_kept_in_the_folder_that_was_named(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	const char *writable[] = {scratch.path, NULL};
	struct sandbox needs = closed();

	(void)state;
	scratch_open(&scratch);
	assert_int_equal(chmod(scratch.path, 0777), 0);
	folder = scratch.path;
	needs.writable = writable;
	assert_int_equal(in_sandbox(&needs, use_files), FINE);
}

static int write_elsewhere(void)
{
	char path[SCRATCH_FILE_BYTES];

	snprintf(path, sizeof path, "%s/state", folder);
	if (refused(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EACCES) != FINE)
		return 1;
	return open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0 ? FINE : 2;
}

static void nothing_is_written_anywhere_else(void **state)
{
	DROP(scratch_release) struct scratch scratch = {""};
	struct sandbox needs = closed();

	(void)state;
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
		skip();
	scratch_open(&scratch);
	assert_int_equal(chmod(scratch.path, 0777), 0);
	folder = scratch.path;
	assert_int_equal(in_sandbox(&needs, write_elsewhere), FINE);
}

static void a_writable_folder_that_is_not_there_is_refused(void **state)
{
	static const char *const writable[] = {"/nonexistent/limebus", NULL};
	struct sandbox needs = closed();

	(void)state;
	needs.writable = writable;
	assert_int_equal(in_sandbox(&needs, nothing), NOT_ENTERED);
}

static int run_programs(void)
{
	static const char *const arguments[] = {"-c",
		"grep -q '^NoNewPrivs:.1' /proc/self/status && grep -q '^CapEff:.0000000000000000' "
		"/proc/self/status && ! mount -t tmpfs none /mnt 2>/dev/null && echo shut in",
		NULL};
	struct process_spec spec = {.path = "/bin/sh", .arguments = arguments, .timeout_ms = 10000};
	struct process_result result = {0};

	if (process_run(&spec, &result, NULL) != RC_OK)
		return 1;
	return process_succeeded(&result) && span_is(blob_span(&result.output), "shut in\n") ? FINE : 2;
}

static void programs_that_may_be_run_are_shut_in_as_well(void **state)
{
	struct sandbox needs = closed();

	(void)state;
	needs.runs_programs = true;
	assert_int_equal(in_sandbox(&needs, run_programs), FINE);
}

static int use_kept_capability(void)
{
	return chown(folder, SOME_UID, SOME_UID) == 0 &&
	                       refused(open("/etc/shadow", O_RDONLY), EACCES) == FINE
	               ? FINE
	               : 1;
}

static void a_capability_that_is_kept_is_the_only_one(void **state)
{
	static const char *const kept[] = {"chown", NULL};
	DROP(scratch_release) struct scratch scratch = {""};
	struct sandbox needs = {.user = SOME_USER, .keep_capabilities = kept, .runs_programs = true};

	(void)state;
	if (geteuid() != 0)
		skip();
	scratch_open(&scratch);
	folder = scratch.path;
	assert_int_equal(in_sandbox(&needs, use_kept_capability), FINE);
}

static void a_capability_with_an_unknown_name_is_refused(void **state)
{
	static const char *const kept[] = {"everything", NULL};
	struct sandbox needs = closed();

	(void)state;
	needs.keep_capabilities = kept;
	assert_rc(sandbox_enter(&needs, NULL, NULL), RC_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_without_a_user_is_refused_with_advice),
		cmocka_unit_test(an_account_that_does_not_exist_is_refused),
		cmocka_unit_test(numbers_that_are_no_ids_are_refused),
		cmocka_unit_test(root_becomes_the_user_for_good),
		cmocka_unit_test(accounts_have_names_too),
		cmocka_unit_test(who_is_not_root_cannot_become_another),
		cmocka_unit_test(who_is_not_root_enters_as_who_he_is),
		cmocka_unit_test(root_on_purpose_has_no_capabilities),
		cmocka_unit_test(threads_that_would_keep_capabilities_are_found),
		cmocka_unit_test(threads_made_earlier_are_shut_in_as_well),
		cmocka_unit_test(what_no_service_does_ends_the_process),
		cmocka_unit_test(what_is_not_listed_fails),
		cmocka_unit_test(who_may_only_connect_listens_on_no_port),
		cmocka_unit_test(who_may_listen_serves_tcp_and_finds_hosts_by_name),
		cmocka_unit_test(threads_events_and_random_bytes_still_work),
		cmocka_unit_test(files_are_kept_in_the_folder_that_was_named),
		cmocka_unit_test(nothing_is_written_anywhere_else),
		cmocka_unit_test(a_writable_folder_that_is_not_there_is_refused),
		cmocka_unit_test(programs_that_may_be_run_are_shut_in_as_well),
		cmocka_unit_test(a_capability_that_is_kept_is_the_only_one),
		cmocka_unit_test(a_capability_with_an_unknown_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
