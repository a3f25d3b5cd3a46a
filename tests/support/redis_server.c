#include "tests/support/redis_server.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"

#define START_MS      10000
#define TRY_AGAIN_MS  5
#define ARGUMENTS_MAX 16

/* "test password of NAME", and its SHA-256. */
static const struct {
	const char *password;
	const char *sha256;
} secrets[REDIS_USERS + 1] = {
	[REDIS_REGISTRAR] = {"test password of registrar",
		"94693cba69617a9a15b70697099ba6d9cf8ca5ca8400398a416ee40ad9916f09"},
	[REDIS_VERIFIER] = {"test password of verifier",
		"8fae768da7574adeb694a27b1bd43a7a44731258b2cb8d244263d262e7fe171a"},
	[REDIS_REVOCATION] = {"test password of revocation",
		"278ca6ec7ce8dd5348eaf14e21eaa1ac4b03755fa1c611e115b33cad158cb49b"},
	[REDIS_DOCTOR] = {"test password of doctor",
		"1590bc1064b3e2772eba3b05f24fae56de88c205e35f25b8805f0700af88b6f1"},
	[REDIS_USERS] = {"test-password-of-admin", NULL},
};

static int connect_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail_msg("socket: %s", strerror(errno));
	snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
	if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	close(fd);
	return -1;
}

static void write_file(const struct scratch *scratch, const char *name, struct span bytes)
{
	char path[SCRATCH_FILE_BYTES];
	struct err err = {0};

	if (file_replace(scratch_file(scratch, name, path), bytes, 0600, &err) != RC_OK)
		fail_msg("%s", err.text);
}

static void write_users(const struct scratch *scratch)
{
	DROP(blob_release) struct blob text = {0};
	struct redis_acl users[REDIS_USERS];
	struct err err = {0};
	char line[256];

	for (unsigned i = 0; i < REDIS_USERS; i++) {
		users[i].user = (enum redis_user)i;
		assert_ok(hex_decode(span_text(secrets[i].sha256), users[i].password_sha256, 32));
	}
	assert_ok(redis_acl_print(users, COUNT(users), &text, &err));
	snprintf(line, sizeof line, "user admin reset on >%s ~* &* +@all\n", secrets[REDIS_USERS].password);
	assert_ok(blob_append(&text, span_text(line)));
	write_file(scratch, REDIS_ACL_FILE, blob_span(&text));
}

static void become_redis(const struct redis_server *server)
{
	char conf[SCRATCH_FILE_BYTES];
	char log[SCRATCH_FILE_BYTES];

	scratch_file(&server->scratch, "redis.conf", conf);
	scratch_file(&server->scratch, "redis.log", log);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen(log, "a", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(126);
	execlp("redis-server", "redis-server", conf, (char *)NULL);
	_exit(127);
}

static void print_log(const struct redis_server *server)
{
	DROP(blob_release) struct blob text = {0};
	char path[SCRATCH_FILE_BYTES];

	if (file_read(scratch_file(&server->scratch, "redis.log", path), 1 << 20, &text, NULL) == RC_OK)
		print_error("%.*s\n", SPAN_FMT(blob_span(&text)));
}

void redis_server_restart(struct redis_server *server)
{
	assert_int_equal(server->pid, 0);
	/* A killed Redis leaves its socket behind, which nobody answers. */
	unlink(server->socket);
	server->pid = fork();
	if (server->pid == 0)
		become_redis(server);
	assert_true(server->pid > 0);
	for (unsigned waited = 0; waited < START_MS; waited += TRY_AGAIN_MS) {
		int fd = connect_to(server->socket);

		if (fd >= 0) {
			close(fd);
			return;
		}
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid) {
			server->pid = 0;
			break;
		}
		poll(NULL, 0, TRY_AGAIN_MS);
	}
	print_log(server);
	fail_msg("redis-server does not start");
}

void redis_server_open(struct redis_server *out, const char *extra)
{
	DROP(blob_release) struct blob text = {0};
	struct redis_conf conf = {0};
	struct err err = {0};

	*out = (struct redis_server){0};
	scratch_open(&out->scratch);
	scratch_file(&out->scratch, REDIS_SOCKET, out->socket);
	conf.dir = out->scratch.path;
	assert_ok(redis_conf_print(&conf, &text, &err));
	assert_ok(blob_append(&text, span_text(extra)));
	write_file(&out->scratch, "redis.conf", blob_span(&text));
	write_users(&out->scratch);
	redis_server_restart(out);
}

static void end(struct redis_server *server, int signal)
{
	if (server->pid == 0)
		return;
	kill(server->pid, signal);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

void redis_server_stop(struct redis_server *server)
{
	end(server, SIGTERM);
}

void redis_server_kill(struct redis_server *server)
{
	end(server, SIGKILL);
}

void redis_server_freeze(struct redis_server *server)
{
	kill(server->pid, SIGSTOP);
}

void redis_server_thaw(struct redis_server *server)
{
	kill(server->pid, SIGCONT);
}

void redis_server_close(struct redis_server *server)
{
	redis_server_kill(server);
	scratch_release(&server->scratch);
}

void redis_server_restart_empty(struct redis_server *server)
{
	struct scratch data = {0};

	snprintf(data.path, sizeof data.path, "%.80s/appendonlydir", server->scratch.path);
	scratch_release(&data);
	redis_server_restart(server);
}

struct store_options redis_server_options(const struct redis_server *server, enum redis_user user)
{
	return (struct store_options){
		.path = server->socket,
		.user = redis_user_name(user),
		.password = span_text(secrets[user].password),
	};
}

static void say_to(int fd, const char *const *words, size_t count)
{
	dprintf(fd, "*%zu\r\n", count);
	for (size_t i = 0; i < count; i++)
		dprintf(fd, "$%zu\r\n%s\r\n", strlen(words[i]), words[i]);
}

/* One read: the answers that the tests ask for are small and come in one piece. */
static const char *hear(int fd)
{
	static char said[REDIS_SAID_BYTES];
	ssize_t n = read(fd, said, sizeof said - 1);

	said[n > 0 ? n : 0] = '\0';
	return said;
}

const char *redis_say(const struct redis_server *server, int user, ...)
{
	const char *words[ARGUMENTS_MAX];
	const char *said;
	size_t count = 0;
	va_list args;
	int fd = connect_to(server->socket);

	assert_true(fd >= 0);
	va_start(args, user);
	for (const char *word = va_arg(args, const char *); word != NULL; word = va_arg(args, const char *)) {
		assert_true(count < ARGUMENTS_MAX);
		words[count++] = word;
	}
	va_end(args);
	if (user != REDIS_NOBODY) {
		const char *auth[] = {"AUTH",
			user == REDIS_USERS ? "admin" : redis_user_name((enum redis_user)user),
			secrets[user].password};

		say_to(fd, auth, COUNT(auth));
		assert_string_equal(hear(fd), "+OK\r\n");
	}
	say_to(fd, words, count);
	said = hear(fd);
	close(fd);
	return said;
}
