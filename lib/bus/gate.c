#include "lib/bus/gate.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/log.h"

/* An eighth of all descriptors, 256 at most, is kept for those that are accepted between two looks and for
 * files. */
#define RESERVE_PART 8
#define RESERVE_MAX  256

/* The kernel gives the lowest free number and refuses numbers from the limit on, so that number says how near
 * it is. */
static uint64_t lowest_free(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		return UINT64_MAX;
	close(fd);
	return (uint64_t)fd;
}

static void set_filter(int fd, bool is_closed)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = {.len = 1, .filter = &nothing};
	const int unused = 0;

	/* If the kernel refuses, things are as they would be without a gate. */
	if (is_closed)
		(void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
	else
		(void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}

static void look(void *ctx)
{
	struct gate *gate = ctx;
	struct rlimit limit;
	uint64_t reserve;
	uint64_t used = lowest_free();
	bool is_closed;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	reserve = limit.rlim_cur / RESERVE_PART < RESERVE_MAX ? limit.rlim_cur / RESERVE_PART : RESERVE_MAX;
	/* It opens a little later than it closes, lest it flutter. */
	is_closed = used >= limit.rlim_cur - (gate->is_closed ? reserve + reserve / 2 : reserve);
	if (is_closed == gate->is_closed)
		return;
	gate->is_closed = is_closed;
	gate->closings += is_closed;
	for (size_t i = 0; i < gate->count; i++)
		set_filter(gate->listeners[i], is_closed);
	log_event(LOG_WARN, is_closed ? "bus.full" : "bus.room", "files=%llu limit=%llu",
		(unsigned long long)used, (unsigned long long)limit.rlim_cur);
}

enum rc gate_add(struct gate *gate, struct loop *loop, int fd)
{
	if (fd < 0)
		return RC_OK;
	if (gate->count == COUNT(gate->listeners))
		return RC_LIMIT;
	if (gate->count == 0) {
		gate->loop = loop;
		gate->is_closed = false;
		TRY(loop_every(loop, &gate->timer, GATE_LOOK_MS, look, gate));
	}
	gate->listeners[gate->count++] = fd;
	if (gate->is_closed)
		set_filter(fd, true);
	return RC_OK;
}

void gate_remove(struct gate *gate, int fd)
{
	for (size_t i = 0; i < gate->count; i++) {
		if (gate->listeners[i] != fd)
			continue;
		gate->listeners[i] = gate->listeners[--gate->count];
		if (gate->count == 0)
			loop_cancel(gate->loop, &gate->timer);
		return;
	}
}
