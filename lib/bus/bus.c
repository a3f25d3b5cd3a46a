#include "lib/bus/bus.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <zmq.h>

#include "lib/base/drop.h"
#include "lib/base/log.h"
#include "lib/bus/bus_inside.h"

/* Logs, the store, the TPM, notify descriptors, libzmq's own threads. */
#define FILES_OWN      96u
#define FILES_A_PEER   1u
#define FILES_A_LINK   4u /* connection, mailbox, and the two ends of its monitor */
#define LINKS_DEFAULT  8u
#define SOCKETS_A_LINK 3u
#define SOCKETS_OWN    64u
#define IO_THREADS     1u

static unsigned links(const struct bus_options *options)
{
	return options->links_max == 0 ? LINKS_DEFAULT : options->links_max;
}

enum rc bus_check_limits(const struct bus_options *options, bool *enough, struct err *err)
{
	uint64_t need = (uint64_t)FILES_OWN + (uint64_t)FILES_A_PEER * options->peers_max +
	                (uint64_t)FILES_A_LINK * links(options);
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err_errno(err, "limit on open files");
	if (limit.rlim_cur < need) {
		limit.rlim_cur = need < limit.rlim_max ? (rlim_t)need : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
			return err_errno(err, "limit on open files");
	}
	*enough = limit.rlim_cur >= need;
	if (!*enough)
		err_set(err, RC_LIMIT,
			"limit on open files is %llu, and %u peers need %llu: set LimitNOFILE= or ulimit -n "
			"to that",
			(unsigned long long)limit.rlim_cur, options->peers_max, (unsigned long long)need);
	return RC_OK;
}

static enum rc context_open(const struct bus_options *options, void **out, struct err *err)
{
	int threads = (int)(options->io_threads == 0 ? IO_THREADS : options->io_threads);
	int sockets = (int)(SOCKETS_OWN + SOCKETS_A_LINK * links(options));
	void *context;

	if (zmq_has("curve") == 0)
		return err_set(err, RC_UNSUPPORTED, "libzmq was built without CURVE");
	context = zmq_ctx_new();
	if (context == NULL)
		return err_set(err, RC_IO, "libzmq: %s", zmq_strerror(zmq_errno()));
	if (zmq_ctx_set(context, ZMQ_IO_THREADS, threads) != 0 ||
		zmq_ctx_set(context, ZMQ_MAX_SOCKETS, sockets) != 0 ||
		zmq_ctx_set(context, ZMQ_BLOCKY, 0) != 0) {
		zmq_ctx_term(context);
		return err_set(
			err, RC_LIMIT, "libzmq refuses %d I/O threads and %d sockets", threads, sockets);
	}
	*out = context;
	return RC_OK;
}

enum rc bus_open(struct loop *loop, const struct bus_options *options, struct bus **out, struct err *err)
{
	struct bus *bus = calloc(1, sizeof *bus);
	struct err limits = {0};
	bool enough = false;
	enum rc rc;

	if (bus == NULL)
		return err_set(err, RC_NOMEM, "no memory for the bus");
	bus->loop = loop;
	rc = bus_check_limits(options, &enough, &limits);
	if (rc != RC_OK || !enough)
		log_event(LOG_WARN, "bus.files", "why=\"%s\"", limits.text);
	rc = context_open(options, &bus->context, err);
	if (rc == RC_OK) {
		rc = zap_open(loop, bus->context, &bus->zap, err);
		if (rc != RC_OK)
			zmq_ctx_term(bus->context);
	}
	if (rc != RC_OK) {
		free(bus);
		return rc;
	}
	*out = bus;
	return RC_OK;
}

void bus_close(struct bus **bus)
{
	struct bus *self = *bus;

	if (self == NULL)
		return;
	zap_close(&self->zap);
	zmq_ctx_term(self->context);
	free(self);
	*bus = NULL;
}

struct loop *bus_loop(struct bus *bus)
{
	return bus->loop;
}

enum rc bus_admit(struct bus *bus, uint64_t token, bool yes)
{
	return zap_answer(&bus->zap, token, yes);
}

const struct bus_admissions *bus_admissions(const struct bus *bus)
{
	return &bus->zap.counts;
}

bool bus_is_full(const struct bus *bus)
{
	return bus->gate.is_closed;
}
