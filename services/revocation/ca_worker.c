#include "services/revocation/ca_worker.h"

#include "lib/base/log.h"

static void feed(struct ca_worker *worker)
{
	while (worker->first != NULL && worker->given < CA_WORKER_GIVEN_MAX) {
		struct ca_job *job = worker->first;

		if (actor_give(worker->actor, job) != RC_OK)
			return;
		worker->first = job->next;
		if (worker->first == NULL)
			worker->last = &worker->first;
		worker->waiting--;
		worker->given++;
	}
}

static void on_work(void *mind, void *at)
{
	struct ca_job *job = at;

	job->work(mind, job);
}

static void on_done(void *ctx, void *at)
{
	struct ca_worker *worker = ctx;
	struct ca_job *job = at;

	worker->given--;
	feed(worker);
	job->done(worker->ctx, job);
}

static void on_drop(void *ctx, void *at)
{
	struct ca_job *job = at;

	(void)ctx;
	job->drop(job);
}

enum rc ca_worker_open(struct ca_worker *worker, struct loop *loop, void *mind, void *ctx, struct err *err)
{
	struct actor_options options = {
		.work = on_work, .mind = mind, .done = on_done, .drop = on_drop, .ctx = worker};

	*worker = (struct ca_worker){.mind = mind, .ctx = ctx};
	worker->last = &worker->first;
	return actor_open(loop, &options, &worker->actor, err);
}

void ca_worker_close(struct ca_worker *worker)
{
	actor_close(&worker->actor);
	while (worker->first != NULL) {
		struct ca_job *job = worker->first;

		worker->first = job->next;
		job->drop(job);
	}
	worker->last = &worker->first;
}

enum rc ca_worker_give(struct ca_worker *worker, struct ca_job *job)
{
	if (worker->actor == NULL || worker->waiting >= CA_WORKER_WAITING_MAX)
		return RC_LIMIT;
	job->next = NULL;
	*worker->last = job;
	worker->last = &job->next;
	worker->waiting++;
	feed(worker);
	return RC_OK;
}
