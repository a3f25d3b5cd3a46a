/* Memory of the verifier for one connected and trusted node: how far its resident set grows while nodes come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/crowd.h"

#define GOAL_KIB 64

static const char help[] =
	"usage: bench_memory [--nodes N]\n\n"
	"Growth of the verifier's private memory for each node that is connected, provisioned and trusted, with N software\n"
	"nodes (1000), after the first 50, which pay for buffers that all share.\n"
	"Goal: at most 64 KiB a node. LIMEBUS_BUILD names the build folder.\n";

static unsigned long private_kib(pid_t pid)
{
	char path[64], line[256];
	unsigned long sum = 0, value;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "Private_Clean: %lu kB", &value) == 1 ||
			sscanf(line, "Private_Dirty: %lu kB", &value) == 1)
			sum += value;
	fclose(file);
	return sum;
}

static void bring_up(struct rig *rig, size_t count, struct crowd *out)
{
	crowd_open(rig, count, CROWD_ECDSA, out);
	crowd_join(out);
	crowd_trust(out);
	rig_pass_ms(rig, 1000);
}

int main(int argc, char **argv)
{
	size_t nodes = 1000;
	unsigned long before, after;
	struct crowd first, rest;
	void *state = NULL;
	double each;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--nodes") == 0)
		nodes = strtoul(argv[2], NULL, 10);
	if (getenv("LIMEBUS_BUILD") == NULL || (argc != 1 && argc != 3) || nodes < 1 || nodes > 4000) {
		fputs(help, stderr);
		return 64;
	}
	rig_setup.links = (unsigned)nodes + 66;
	rig_setup.policy = crowd_policy();
	rig_setup.config = "class = default:interval=2s:lapse=1d:redeliver=1d:stale=1h\n"
			   "challenge-timeout = 60s\nlease = 30s\nlog-level = warn\n";
	assert_int_equal(rig_open(&state), 0);
	bring_up(state, 50, &first);
	before = private_kib(first.rig->pid);
	bring_up(state, nodes, &rest);
	after = private_kib(first.rig->pid);
	each = (double)(after - before) / (double)nodes;
	printf("verifier: %lu KiB with 50 nodes, %lu KiB with %zu: %.1f KiB a node (goal: at most %d): %s\n",
		before, after, nodes + 50, each, GOAL_KIB, each <= GOAL_KIB ? "reached" : "MISSED");
	crowd_close(&rest);
	crowd_close(&first);
	rig_close(&state);
	return each <= GOAL_KIB ? 0 : 1;
}
