#include "lib/bus/actor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/drop.h"

#define STACK_BYTES (512u << 10)

/* jobs: to the thread; results: from it. The thread reads its ends and `options`, nothing else. */
struct actor {
	struct loop *loop;
	struct actor_options options;
	int jobs[2];
	int results[2];
	struct watch watch;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_stopping;
	size_t under_way;
};

/* A pointer is far below PIPE_BUF: it arrives whole or not at all. */
static bool pass_on(int fd, void *job)
{
	ssize_t n;

	do
		n = write(fd, &job, sizeof job);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof job;
}

static bool receive(int fd, void **job)
{
	ssize_t n;

	do
		n = read(fd, job, sizeof *job);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof *job;
}

/* NULL is the handshake: the first thing that comes out, and the last that goes in. */
static void *run(void *arg)
{
	struct actor *actor = arg;
	void *job = NULL;

	if (!pass_on(actor->results[1], NULL))
		return NULL;
	while (receive(actor->jobs[0], &job) && job != NULL) {
		if (!atomic_load(&actor->is_stopping))
			actor->options.work(actor->options.mind, job);
		if (!pass_on(actor->results[1], job))
			return NULL;
	}
	return NULL;
}

static void on_result(void *ctx, unsigned what)
{
	struct actor *actor = ctx;
	void *job = NULL;

	(void)what;
	/* One at a time: the receiver may close the actor. */
	if (!receive(actor->results[0], &job) || job == NULL)
		return;
	actor->under_way--;
	actor->options.done(actor->options.ctx, job);
}

static enum rc start_thread(struct actor *actor, struct err *err)
{
	pthread_attr_t attributes;
	sigset_t all;
	sigset_t before;
	void *ready = actor;
	int failed;

	sigfillset(&all);
	if (pthread_attr_init(&attributes) != 0)
		return err_set(err, RC_NOMEM, "out of memory");
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&actor->thread, &attributes, run, actor);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (failed != 0)
		return err_set(err, RC_IO, "the system gives us no thread");
	actor->has_thread = true;
	if (!receive(actor->results[0], &ready) || ready != NULL)
		return err_set(err, RC_IO, "the new thread does not answer");
	return RC_OK;
}

enum rc actor_open(
	struct loop *loop, const struct actor_options *options, struct actor **out, struct err *err)
{
	DROP(actor_close) struct actor *actor = calloc(1, sizeof *actor);

	if (actor == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	*actor = (struct actor){.loop = loop, .options = *options, .jobs = {-1, -1}, .results = {-1, -1}};
	if (pipe2(actor->jobs, O_CLOEXEC) != 0 || pipe2(actor->results, O_CLOEXEC) != 0)
		return err_errno(err, "a pipe to a thread");
	TRY(start_thread(actor, err));
	if (loop_watch(loop, &actor->watch, actor->results[0], WATCH_READ, on_result, actor) != RC_OK)
		return err_set(err, RC_IO, "the kernel refuses to wait for a thread");
	*out = TAKE(actor);
	return RC_OK;
}

static void close_pipe(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void actor_close(struct actor **actor)
{
	struct actor *a = *actor;
	void *job = NULL;

	if (a == NULL)
		return;
	*actor = NULL;
	loop_unwatch(a->loop, &a->watch);
	if (a->has_thread) {
		atomic_store(&a->is_stopping, true);
		if (pass_on(a->jobs[1], NULL))
			pthread_join(a->thread, NULL);
	}
	for (; a->under_way > 0 && receive(a->results[0], &job); a->under_way--)
		a->options.drop(a->options.ctx, job);
	close_pipe(a->jobs);
	close_pipe(a->results);
	free(a);
}

enum rc actor_give(struct actor *actor, void *job)
{
	if (actor->under_way >= ACTOR_JOBS_MAX)
		return RC_LIMIT;
	if (!pass_on(actor->jobs[1], job))
		return RC_IO;
	actor->under_way++;
	return RC_OK;
}
