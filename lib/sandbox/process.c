#include "lib/sandbox/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/drop.h"

#define ARGUMENTS_MAX   64u
#define ENVIRONMENT_MAX 64u

/* How many bytes one step reads before other work gets its turn. */
#define READ_CHUNK_BYTES 4096u
#define READ_CHUNKS_STEP 16

struct process {
	pid_t pid; /* also its process group; 0 once it has been waited for */
	int all;   /* epoll over the three below */
	int gone;  /* pidfd */
	int output;
	int timer;
	size_t output_max;
	void (*sink)(void *ctx, struct span bytes); /* instead of result.output */
	void *ctx;
	struct process_result result;
};

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void process_result_release(struct process_result *result)
{
	blob_release(&result->output);
	*result = (struct process_result){0};
}

bool process_succeeded(const struct process_result *result)
{
	return result->status == 0 && result->signal == 0 && !result->timed_out;
}

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static enum rc check_file(const char *path, const struct stat *st, struct err *err)
{
	if (!S_ISREG(st->st_mode))
		return err_set(err, RC_DENIED, "%s: not a regular file", path);
	if (!is_ours(st))
		return err_set(err, RC_DENIED, "%s: belongs to user %u, expected root or %u", path,
			(unsigned)st->st_uid, (unsigned)geteuid());
	if ((st->st_mode & 022) != 0)
		return err_set(err, RC_DENIED, "%s: mode is %03o, others may write it; run: chmod go-w %s",
			path, (unsigned)st->st_mode & 0777u, path);
	if ((st->st_mode & 0111) == 0)
		return err_set(err, RC_DENIED, "%s: not executable; run: chmod +x %s", path, path);
	return RC_OK;
}

/* path is resolved: absolute, without links. What belongs to root or to us cannot be moved out of a sticky
 * folder by others. */
static enum rc check_folders(const char *path, struct err *err)
{
	char folder[PATH_MAX];
	struct stat st;

	for (const char *slash = path; slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
		if (lstat(folder, &st) != 0)
			return err_errno(err, "%s", folder);
		if (!S_ISDIR(st.st_mode) || !is_ours(&st))
			return err_set(err, RC_DENIED,
				"%s: belongs to user %u, who could put another %s there", folder,
				(unsigned)st.st_uid, path);
		if ((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0)
			return err_set(err, RC_DENIED,
				"%s: mode is %03o, others may write it; run: chmod go-w %s", folder,
				(unsigned)st.st_mode & 0777u, folder);
	}
	return RC_OK;
}

enum rc process_check_path(const char *path, struct err *err)
{
	char resolved[PATH_MAX];
	struct stat st;

	if (realpath(path, resolved) == NULL || lstat(resolved, &st) != 0)
		return err_errno(err, "%s", path);
	if (!is_ours(&st) || (st.st_mode & 022) != 0)
		return err_set(err, RC_DENIED,
			"%s: belongs to user %u and has mode %03o: others may change it", path,
			(unsigned)st.st_uid, (unsigned)st.st_mode & 0777u);
	return check_folders(resolved, err);
}

/* The file that was checked, and the path that leads to it. by_path: to it and to nothing else. */
struct checked {
	int fd;
	char resolved[PATH_MAX];
	bool by_path;
};

static enum rc open_checked(const char *path, bool safe_folders, struct checked *out, struct err *err)
{
	char link[48];
	struct stat st;
	ssize_t len;
	enum rc rc;

	if (path == NULL || path[0] != '/')
		return err_set(
			err, RC_MALFORMED, "%s: expected an absolute path", path == NULL ? "program" : path);
	out->fd = open(path, O_PATH | O_CLOEXEC);
	if (out->fd < 0 || fstat(out->fd, &st) != 0)
		return err_errno(err, "%s", path);
	TRY(check_file(path, &st, err));
	snprintf(link, sizeof link, "/proc/self/fd/%d", out->fd);
	len = readlink(link, out->resolved, sizeof out->resolved - 1);
	if (len < 0)
		return err_errno(err, "%s", path);
	out->resolved[len] = '\0';
	rc = check_folders(out->resolved, safe_folders ? err : NULL);
	out->by_path = rc == RC_OK;
	return safe_folders ? rc : RC_OK;
}

static void checked_close(struct checked *checked)
{
	fd_close(&checked->fd);
}

enum rc process_check(const char *path, struct err *err)
{
	DROP(checked_close) struct checked checked = {.fd = -1};

	return open_checked(path, false, &checked, err);
}

/* A file without a name holds the input: the program can read it at its own speed, and nobody has to wait. */
static enum rc input_open(struct span input, int *out, struct err *err)
{
	DROP(fd_close) int fd = -1;

	if (input.len > PROCESS_INPUT_MAX_BYTES)
		return err_set(
			err, RC_LIMIT, "input of a program is longer than %u bytes", PROCESS_INPUT_MAX_BYTES);
	fd = memfd_create("limebus-input", MFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "input of a program");
	while (input.len != 0) {
		ssize_t n = write(fd, input.at, input.len);

		if (n < 0 && errno != EINTR)
			return err_errno(err, "input of a program");
		if (n > 0)
			input = span_of(input.at + n, input.len - (size_t)n);
	}
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_errno(err, "input of a program");
	*out = fd;
	fd = -1;
	return RC_OK;
}

/* Everything the child needs, made before it exists: after fork only async-signal-safe calls are allowed. */
struct child {
	const char *path; /* NULL: by the descriptor */
	int program;
	const char *folder;
	const struct account *account;
	const struct process_limits *limits;
	bool no_new_privs;
	char *argv[ARGUMENTS_MAX + 2];
	char *envp[ENVIRONMENT_MAX + 3];
	int input;
	int output;
	int report; /* errno of a failed start goes here; closed by a successful exec */
};

static enum rc fill_child(const struct process_spec *spec, struct child *child, struct err *err)
{
	size_t n = 0;

	child->account = spec->account;
	child->limits = &spec->limits;
	child->no_new_privs = spec->no_new_privs;
	child->folder = spec->folder == NULL ? "/" : spec->folder;
	child->argv[n++] = (char *)spec->path;
	for (size_t i = 0; spec->arguments != NULL && spec->arguments[i] != NULL; i++) {
		if (i == ARGUMENTS_MAX)
			return err_set(
				err, RC_LIMIT, "%s: more than %u arguments", spec->path, ARGUMENTS_MAX);
		child->argv[n++] = (char *)spec->arguments[i];
	}
	n = 0;
	child->envp[n++] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	child->envp[n++] = "LANG=C.UTF-8";
	for (size_t i = 0; spec->environment != NULL && spec->environment[i] != NULL; i++) {
		if (i == ENVIRONMENT_MAX)
			return err_set(
				err, RC_LIMIT, "%s: more than %u variables", spec->path, ENVIRONMENT_MAX);
		child->envp[n++] = (char *)spec->environment[i];
	}
	return RC_OK;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool bound(int resource, uint64_t value)
{
	const struct rlimit limit = {value, value};

	return value == 0 || setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

static bool set_limits(const struct process_limits *limits)
{
	const struct rlimit no_core = {0, 0};

	return setrlimit(RLIMIT_CORE, &no_core) == 0 && bound(RLIMIT_AS, limits->memory) &&
	       bound(RLIMIT_NOFILE, limits->files) && bound(RLIMIT_FSIZE, limits->file_size);
}

/* Groups first: whoever is no longer root cannot change them. Coming from root, the capabilities go with uid
 * 0. */
static bool become(const struct child *child)
{
	const struct account *account = child->account;

	if (account != NULL && geteuid() == 0 &&
		(setgroups((size_t)account->group_count, account->groups) != 0 ||
			setresgid(account->gid, account->gid, account->gid) != 0 ||
			setresuid(account->uid, account->uid, account->uid) != 0))
		return false;
	if (account != NULL && (geteuid() != account->uid || getuid() != account->uid)) {
		errno = EPERM;
		return false;
	}
	return !child->no_new_privs || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* The interpreter of a script opens the script anew, through the descriptor: that must outlive exec then. For
 * others it need not, so that is tried first. */
static void execute(const struct child *child)
{
	if (child->path != NULL) {
		execve(child->path, child->argv, child->envp);
		return;
	}
	syscall(SYS_execveat, child->program, "", child->argv, child->envp, AT_EMPTY_PATH);
	if (errno == ENOENT && fcntl(child->program, F_SETFD, 0) == 0)
		syscall(SYS_execveat, child->program, "", child->argv, child->envp, AT_EMPTY_PATH);
}

__attribute__((noreturn)) static void run_child(const struct child *child, pid_t parent)
{
	int code;

	setpgid(0, 0);
	umask(077);
	/* So that another account can open /dev/stdout and /dev/stderr. */
	if (child->account != NULL && geteuid() == 0 &&
		fchown(child->output, child->account->uid, child->account->gid) != 0)
		_exit(127);
	if (dup2(child->input, 0) == 0 && dup2(child->output, 1) == 1 && dup2(child->output, 2) == 2 &&
		syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) == 0 && set_limits(child->limits) &&
		become(child) && chdir(child->folder) == 0) {
		/* A change of account forgets it, so not before. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		reset_signals();
		execute(child);
	}
	code = errno;
	if (write(child->report, &code, sizeof code) != (ssize_t)sizeof code)
		_exit(126);
	_exit(127);
}

/* Descriptors 0 to 2 are about to be overwritten in the child, so its own must lie above. */
static enum rc above_standard(int *fd, struct err *err)
{
	int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3);

	if (moved < 0)
		return err_errno(err, "descriptor for a program");
	close(*fd);
	*fd = moved;
	return RC_OK;
}

static enum rc pipe_open(int *out_read, int *out_write, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "pipe for a program");
	*out_read = ends[0];
	*out_write = ends[1];
	return above_standard(out_write, err);
}

/* Wait for exec to close the pipe, or for the reason why there was none. */
static enum rc started(int report, const char *path, struct err *err)
{
	int code = 0;
	ssize_t n;

	do
		n = read(report, &code, sizeof code);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return RC_OK;
	errno = n == (ssize_t)sizeof code ? code : EIO;
	return err_errno(err, "%s: cannot be started", path);
}

static enum rc spawn(
	struct process *process, const struct process_spec *spec, struct checked *checked, struct err *err)
{
	DROP(fd_close) int input = -1;
	DROP(fd_close) int output = -1;
	DROP(fd_close) int report = -1;
	DROP(fd_close) int reported = -1;
	struct child child = {0};
	pid_t parent = getpid();

	TRY(fill_child(spec, &child, err));
	TRY(input_open(spec->input, &input, err));
	TRY(above_standard(&input, err));
	TRY(pipe_open(&process->output, &output, err));
	TRY(pipe_open(&reported, &report, err));
	TRY(above_standard(&checked->fd, err));
	child.path = checked->by_path ? checked->resolved : NULL;
	child.program = checked->fd;
	child.input = input;
	child.output = output;
	child.report = report;
	process->pid = fork();
	if (process->pid == 0)
		run_child(&child, parent);
	if (process->pid < 0) {
		process->pid = 0;
		return err_errno(err, "%s: cannot be started", spec->path);
	}
	/* Also here: whoever is first, the group is there before anybody may want to end it. */
	setpgid(process->pid, process->pid);
	fd_close(&report);
	return started(reported, spec->path, err);
}

static enum rc watch(struct process *process, int fd, struct err *err)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0 || epoll_ctl(process->all, EPOLL_CTL_ADD, fd, &event) != 0)
		return err_errno(err, "watching a program");
	return RC_OK;
}

static enum rc watch_all(struct process *process, uint64_t timeout_ms, struct err *err)
{
	struct itimerspec time_out = {0};

	time_out.it_value.tv_sec = (time_t)(timeout_ms / 1000);
	time_out.it_value.tv_nsec = (long)(timeout_ms % 1000) * 1000000;
	process->all = epoll_create1(EPOLL_CLOEXEC);
	process->gone = (int)syscall(SYS_pidfd_open, process->pid, 0);
	process->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (process->all < 0 || process->timer < 0 ||
		timerfd_settime(process->timer, 0, &time_out, NULL) != 0 ||
		fcntl(process->output, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(err, "watching a program");
	TRY(watch(process, process->gone, err));
	TRY(watch(process, process->output, err));
	return watch(process, process->timer, err);
}

enum rc process_start(const struct process_spec *spec, struct process **out, struct err *err)
{
	DROP(process_close) struct process *process = NULL;
	DROP(checked_close) struct checked checked = {.fd = -1};

	TRY(open_checked(spec->path, spec->safe_folders, &checked, err));
	if (spec->timeout_ms == 0 || spec->output_max > PROCESS_OUTPUT_MAX_BYTES)
		return err_set(err, RC_LIMIT, "%s: no time-out, or too much output asked for", spec->path);
	process = calloc(1, sizeof *process);
	if (process == NULL)
		return err_set(err, RC_NOMEM, "%s: out of memory", spec->path);
	process->all = process->gone = process->output = process->timer = -1;
	process->output_max = spec->output_max == 0 ? PROCESS_OUTPUT_MAX_BYTES : spec->output_max;
	process->sink = spec->output;
	process->ctx = spec->ctx;
	TRY(spawn(process, spec, &checked, err));
	TRY(watch_all(process, spec->timeout_ms, err));
	*out = TAKE(process);
	return RC_OK;
}

int process_fd(const struct process *process)
{
	return process->all;
}

int process_id(const struct process *process)
{
	return process->pid;
}

/* Keep what fits, count the rest as lost. */
static enum rc keep(struct process *process, struct span bytes)
{
	size_t room = process->output_max - process->result.output.len;

	if (process->sink != NULL) {
		process->sink(process->ctx, bytes);
		return RC_OK;
	}
	if (bytes.len > room) {
		process->result.output_truncated = true;
		bytes.len = room;
	}
	return blob_append(&process->result.output, bytes);
}

static enum rc read_output(struct process *process, int chunks, struct err *err)
{
	uint8_t buffer[READ_CHUNK_BYTES];

	for (int i = 0; i < chunks && process->output >= 0; i++) {
		ssize_t n = read(process->output, buffer, sizeof buffer);

		if (n < 0 && errno == EAGAIN)
			return RC_OK;
		if (n < 0 && errno != EINTR)
			return err_errno(err, "output of a program");
		if (n == 0)
			fd_close(&process->output);
		if (n > 0 && keep(process, span_of(buffer, (size_t)n)) != RC_OK)
			return err_set(err, RC_NOMEM, "output of a program: out of memory");
	}
	return RC_OK;
}

/* Its group goes before it is waited for: until then nobody else can have got its number. */
static void end_group(struct process *process, siginfo_t *out)
{
	kill(-process->pid, SIGKILL);
	while (waitid(P_PID, (id_t)process->pid, out, WEXITED) != 0 && errno == EINTR)
		continue;
	process->pid = 0;
}

static bool is_readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, 0) > 0;
}

enum rc process_step(struct process *process, bool *out_done, struct process_result *result, struct err *err)
{
	siginfo_t ended = {0};
	bool is_gone = is_readable(process->gone);

	*out_done = false;
	TRY(read_output(process, READ_CHUNKS_STEP, err));
	if (!is_gone && is_readable(process->timer))
		process->result.timed_out = true;
	if (!is_gone && !process->result.timed_out)
		return RC_OK;
	end_group(process, &ended);
	/* What it had written before its end is still in the pipe, which holds no more than that. */
	TRY(read_output(process, (int)(PROCESS_OUTPUT_MAX_BYTES / READ_CHUNK_BYTES), err));
	process->result.status = ended.si_code == CLD_EXITED ? ended.si_status : -1;
	process->result.signal = ended.si_code == CLD_EXITED ? 0 : ended.si_status;
	process_result_release(result);
	*result = TAKE(process->result);
	*out_done = true;
	return RC_OK;
}

void process_close(struct process **process)
{
	struct process *old = *process;
	siginfo_t ended = {0};

	if (old == NULL)
		return;
	if (old->pid > 0)
		end_group(old, &ended);
	fd_close(&old->all);
	fd_close(&old->gone);
	fd_close(&old->output);
	fd_close(&old->timer);
	process_result_release(&old->result);
	free(old);
	*process = NULL;
}

enum rc process_run(const struct process_spec *spec, struct process_result *result, struct err *err)
{
	DROP(process_close) struct process *process = NULL;
	bool done = false;

	TRY(process_start(spec, &process, err));
	while (!done) {
		struct pollfd ready = {.fd = process_fd(process), .events = POLLIN};

		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return err_errno(err, "waiting for %s", spec->path);
		TRY(process_step(process, &done, result, err));
	}
	return RC_OK;
}
