/* Kills a process (SIGKILL) at a certain system call of its first thread: entries and returns count as one
 * step each, so that it dies before and after everything that it does. */
#ifndef LIMEBUS_TESTS_SUPPORT_KILLER_H
#define LIMEBUS_TESTS_SUPPORT_KILLER_H

#include <stdbool.h>
#include <sys/types.h>

struct killer {
	pid_t pid; /* the process that watches; 0: none */
	pid_t victim;
	int to;   /* a byte says: count from now on */
	int from; /* the number of steps, when the victim is dead or was let go */
};

#define KILLER_NEVER (~0u)

/* Watch the victim, a child of this process; the count begins with killer_go. KILLER_NEVER only counts. Where
 * tracing is not allowed, a step is 50 us. */
void killer_open(struct killer *out, pid_t victim, unsigned step);
void killer_go(struct killer *killer);

/* Is the victim dead already? It stays to be waited for. */
bool killer_is_done(const struct killer *killer);

/* End the watch; a victim that lives is let go. How many steps it made. */
unsigned killer_close(struct killer *killer);

#endif
