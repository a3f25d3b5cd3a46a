#include "tests/support/killer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/test.h"

#define STEP_NS 50000

/* ---- in the process that watches ---- */

static volatile sig_atomic_t is_over;

static void on_over(int signal)
{
	(void)signal;
	is_over = 1;
}

static void by_time(pid_t victim, unsigned step)
{
	uint64_t ns = (uint64_t)step * STEP_NS;
	struct timespec pause = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

	if (step == KILLER_NEVER)
		pause = (struct timespec){3600, 0};
	if (nanosleep(&pause, NULL) == 0)
		kill(victim, SIGKILL);
}

/* From stop to stop until it is the victim's time, it has died, or the test has seen enough. */
static unsigned by_step(pid_t victim, unsigned step)
{
	unsigned count = 0;
	int status;

	if (ptrace(PTRACE_INTERRUPT, victim, 0, 0) != 0)
		return 0;
	for (;;) {
		int sent;

		if (waitpid(victim, &status, __WALL) < 0) {
			if (errno == EINTR && is_over) {
				ptrace(PTRACE_INTERRUPT, victim, 0, 0);
				waitpid(victim, &status, __WALL);
				ptrace(PTRACE_DETACH, victim, 0, 0);
				return count;
			}
			return count;
		}
		if (!WIFSTOPPED(status))
			return count;
		sent = WSTOPSIG(status);
		if (sent == (SIGTRAP | 0x80) && ++count >= step) {
			kill(victim, SIGKILL);
			return count;
		}
		if (is_over) {
			ptrace(PTRACE_DETACH, victim, 0, 0);
			return count;
		}
		sent = sent == (SIGTRAP | 0x80) || status >> 16 != 0 ? 0 : sent;
		ptrace(PTRACE_SYSCALL, victim, 0, (void *)(uintptr_t)sent);
	}
}

static void watch(pid_t victim, unsigned step, int to, int from)
{
	struct sigaction over = {.sa_handler = on_over};
	bool is_traced = ptrace(PTRACE_SEIZE, victim, 0, (void *)PTRACE_O_TRACESYSGOOD) == 0;
	unsigned count = 0;
	char byte = is_traced ? 't' : 'c';

	sigaction(SIGUSR1, &over, NULL);
	if (write(from, &byte, 1) != 1 || read(to, &byte, 1) != 1)
		_exit(1);
	if (is_traced)
		count = by_step(victim, step);
	else
		by_time(victim, step);
	if (write(from, &count, sizeof count) != sizeof count)
		_exit(1);
	_exit(0);
}

/* ---- in the test ---- */

void killer_open(struct killer *out, pid_t victim, unsigned step)
{
	int to[2], from[2];
	char byte;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	*out = (struct killer){.victim = victim, .to = to[1], .from = from[0]};
	out->pid = fork();
	if (out->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(to[1]);
		close(from[0]);
		watch(victim, step, to[0], from[1]);
	}
	assert_true(out->pid > 0);
	close(to[0]);
	close(from[1]);
	assert_int_equal(read(out->from, &byte, 1), 1);
}

void killer_go(struct killer *killer)
{
	assert_int_equal(write(killer->to, "g", 1), 1);
}

bool killer_is_done(const struct killer *killer)
{
	struct pollfd ready = {.fd = killer->from, .events = POLLIN};

	return poll(&ready, 1, 0) == 1;
}

unsigned killer_close(struct killer *killer)
{
	unsigned count = 0;

	if (!killer_is_done(killer))
		kill(killer->pid, SIGUSR1);
	if (read(killer->from, &count, sizeof count) != sizeof count)
		count = 0;
	close(killer->to);
	close(killer->from);
	waitpid(killer->pid, NULL, 0);
	*killer = (struct killer){0};
	return count;
}
