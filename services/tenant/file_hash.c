#include "services/tenant/file_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define PIECE_BYTES (256u << 10)

/* Written whole or not at all, and never mixed with another's (pipe(7)). */
_Static_assert(sizeof(struct hashed_file) <= PIPE_BUF, "a result is one write");

/* ---- in a worker ---- */

struct worker {
	const struct file_list *list;
	const struct file_hash_options *options;
	struct digest_run *run;
	struct md5_run *md5;
	uint8_t *piece;
};

/* Below the root, through no symbolic link. */
static int open_listed(const struct file_list *list, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, list->root, path + 1, &how, sizeof how);
}

static ssize_t read_piece(int fd, uint8_t *at)
{
	size_t len = 0;

	while (len < PIECE_BYTES) {
		ssize_t n = read(fd, at + len, PIECE_BYTES - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool is_elf(const uint8_t *at, ssize_t len)
{
	return len >= 4 && memcmp(at, "\177ELF", 4) == 0;
}

static enum rc add(struct worker *worker, bool has_md5, struct span piece)
{
	TRY(digest_add(worker->run, piece));
	return has_md5 ? md5_add(worker->md5, piece) : RC_OK;
}

static enum rc finish(struct worker *worker, const struct listed_file *file, struct hashed_file *out)
{
	uint8_t md5[MD5_BYTES];

	TRY(digest_finish(worker->run, out->digest));
	if (!file->has_md5)
		return RC_OK;
	TRY(md5_finish(worker->md5, md5));
	out->differs = memcmp(md5, file->md5, sizeof md5) != 0;
	return RC_OK;
}

/* RC_IO: errno says why. */
static enum rc hash_open(
	struct worker *worker, int fd, const struct listed_file *file, struct hashed_file *out)
{
	bool is_first = true;
	ssize_t len;

	do {
		len = read_piece(fd, worker->piece);
		if (len < 0)
			return RC_IO;
		if (is_first && worker->options->only_code && !file->is_code && !is_elf(worker->piece, len)) {
			out->outcome = FILE_PASSED_OVER;
			return RC_OK;
		}
		is_first = false;
		TRY(add(worker, file->has_md5, span_of(worker->piece, (size_t)len)));
	} while (len == PIECE_BYTES);
	out->outcome = FILE_HASHED;
	return finish(worker, file, out);
}

/* False: this worker cannot go on. */
static bool work_one(struct worker *worker, uint32_t index, struct hashed_file *out)
{
	const struct listed_file *file = file_list_at(worker->list, index);
	int fd = open_listed(worker->list, file_list_path(worker->list, index));
	enum rc rc = RC_IO;

	*out = (struct hashed_file){.index = index, .outcome = FILE_UNREADABLE};
	if (fd >= 0)
		rc = hash_open(worker, fd, file, out);
	if (rc == RC_OK) {
		close(fd);
		return true;
	}
	out->outcome = FILE_UNREADABLE;
	out->why = errno;
	if (fd >= 0)
		close(fd);
	/* What was hashed of it must not go into the next one. */
	digest_stop(&worker->run);
	md5_stop(&worker->md5);
	return rc == RC_IO && digest_start(worker->options->alg, &worker->run) == RC_OK &&
	       md5_start(&worker->md5) == RC_OK;
}

static void work(struct worker *worker, int jobs, int results)
{
	uint32_t index;
	struct hashed_file result;

	while (read(jobs, &index, sizeof index) == sizeof index && index < worker->list->count) {
		if (!work_one(worker, index, &result) ||
			write(results, &result, sizeof result) != sizeof result)
			return;
	}
}

static void worker_main(
	const struct file_list *list, const struct file_hash_options *options, int jobs, int results)
{
	struct worker worker = {.list = list, .options = options, .piece = malloc(PIECE_BYTES)};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (worker.piece != NULL && digest_start(options->alg, &worker.run) == RC_OK &&
		md5_start(&worker.md5) == RC_OK)
		work(&worker, jobs, results);
	_exit(0);
}

/* ---- in the parent ---- */

struct pool {
	struct file_list *list;
	const struct file_hash_options *options;
	int jobs, results;
	pid_t workers[WORKERS_MAX];
	size_t worker_count;
	size_t given, done;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void pool_close(struct pool *pool)
{
	close_fd(&pool->jobs);
	close_fd(&pool->results);
	for (size_t i = 0; i < pool->worker_count; i++) {
		kill(pool->workers[i], SIGKILL);
		while (waitpid(pool->workers[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	pool->worker_count = 0;
}

static size_t worker_count(const struct file_hash_options *options, size_t files)
{
	cpu_set_t set;
	size_t count = options->workers;

	if (count == 0 && sched_getaffinity(0, sizeof set, &set) == 0)
		count = (size_t)CPU_COUNT(&set);
	if (count > WORKERS_MAX)
		count = WORKERS_MAX;
	if (count > files)
		count = files;
	return count == 0 ? 1 : count;
}

static enum rc start_workers(struct pool *pool, int jobs, int results, struct err *err)
{
	size_t count = worker_count(pool->options, pool->list->count);

	for (size_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return err_errno(err, "starting a process that hashes");
		if (pid == 0) {
			close(pool->jobs);
			close(pool->results);
			worker_main(pool->list, pool->options, jobs, results);
		}
		pool->workers[pool->worker_count++] = pid;
	}
	return RC_OK;
}

static enum rc pool_open(struct pool *pool, struct err *err)
{
	int jobs[2] = {-1, -1};
	int results[2] = {-1, -1};
	enum rc rc;

	if (pipe2(jobs, O_CLOEXEC) != 0)
		return err_errno(err, "a pipe");
	pool->jobs = jobs[1];
	if (pipe2(results, O_CLOEXEC) != 0) {
		close(jobs[0]);
		return err_errno(err, "a pipe");
	}
	pool->results = results[0];
	rc = start_workers(pool, jobs[0], results[1], err);
	close(jobs[0]);
	close(results[1]);
	if (rc == RC_OK && fcntl(pool->jobs, F_SETFL, O_NONBLOCK) != 0)
		return err_errno(err, "a pipe");
	return rc;
}

static enum rc give(struct pool *pool, struct err *err)
{
	while (pool->given < pool->list->count) {
		uint32_t index = (uint32_t)pool->given;
		ssize_t n = write(pool->jobs, &index, sizeof index);

		if (n < 0 && errno == EAGAIN)
			return RC_OK;
		if (n != sizeof index)
			return err_set(err, RC_IO, "the processes that hash have ended");
		pool->given++;
	}
	close_fd(&pool->jobs);
	return RC_OK;
}

static enum rc take(struct pool *pool, struct err *err)
{
	struct hashed_file result;
	ssize_t n = read(pool->results, &result, sizeof result);

	if (n != sizeof result)
		return err_set(err, RC_IO, "the processes that hash have ended before their work was done");
	pool->done++;
	if (result.outcome == FILE_UNREADABLE &&
		file_list_problem(pool->list, file_list_path(pool->list, result.index), result.why) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return pool->options->each(pool->options->ctx, pool->list, &result, err);
}

static enum rc turn(struct pool *pool, struct err *err)
{
	struct pollfd fds[] = {{pool->results, POLLIN, 0}, {pool->jobs, POLLOUT, 0}};

	if (poll(fds, 2, -1) < 0)
		return errno == EINTR ? RC_OK : err_errno(err, "waiting for hashes");
	/* Results first: a full pipe of them stops the workers. */
	if (fds[0].revents != 0)
		TRY(take(pool, err));
	if (pool->jobs >= 0 && fds[1].revents != 0)
		TRY(give(pool, err));
	return RC_OK;
}

static enum rc run(struct pool *pool, struct err *err)
{
	TRY(pool_open(pool, err));
	while (pool->done < pool->list->count) {
		TRY(turn(pool, err));
		if (pool->options->progress != NULL &&
			(pool->done % 64 == 0 || pool->done == pool->list->count))
			pool->options->progress(pool->options->ctx, pool->done, pool->list->count);
	}
	return RC_OK;
}

enum rc file_hash(struct file_list *list, const struct file_hash_options *options, struct err *err)
{
	struct pool pool = {.list = list, .options = options, .jobs = -1, .results = -1};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;
	enum rc rc;

	if (list->count == 0)
		return RC_OK;
	/* A worker that is gone is an error to report, not the end. */
	if (sigaction(SIGPIPE, &ignore, &before) != 0)
		return err_errno(err, "SIGPIPE");
	rc = run(&pool, err);
	pool_close(&pool);
	(void)!sigaction(SIGPIPE, &before, NULL);
	return rc;
}
