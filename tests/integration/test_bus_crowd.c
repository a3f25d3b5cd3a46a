#include "tests/integration/bus_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES 300
#define CROWD 2000

/* Another process that opens CROWD connections to the port, says nothing, and holds them until it is killed.
 */
static pid_t crowd(uint16_t port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct rlimit limit = {CROWD + 64, CROWD + 64};
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		_exit(1);
	for (unsigned i = 0; i < CROWD; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

		if (fd < 0 || (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
				      errno != EINPROGRESS))
			_exit(2);
	}
	for (;;)
		pause();
}

static void a_crowd_beyond_the_limit_on_files_hurts_nobody_who_is_connected(void **state)
{
	struct rig *rig = *state;
	struct rlimit before;
	struct rlimit low;
	struct client *client;
	struct client *late;
	pid_t pid;
	int fd;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	low = before;
	low.rlim_cur = FILES;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	rig_serve(rig, "tcp://127.0.0.1:*");
	client = rig_client(rig, &rig->node);
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 1);

	pid = crowd((uint16_t)atoi(strrchr(rig->endpoint, ':') + 1));
	RIG_UNTIL(rig, bus_is_full(rig->bus));
	rig_call(rig, client, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 2);
	assert_int_equal(rig->reply_rc, RC_OK);

	/* What was accepted says nothing, and is given up; then there is room again for whoever speaks CURVE.
	 */
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	RIG_UNTIL(rig, !bus_is_full(rig->bus));
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	close(fd);
	late = rig_client(rig, &rig->admin);
	rig_call(rig, late, MSG_TYPE_status_get, 60000);
	RIG_UNTIL(rig, rig->replies == 3);
	assert_int_equal(rig->reply_rc, RC_OK);
	assert_int_equal(rig->downs, 0);
	client_close(&late);
	client_close(&client);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_crowd_beyond_the_limit_on_files_hurts_nobody_who_is_connected, rig_open, rig_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
