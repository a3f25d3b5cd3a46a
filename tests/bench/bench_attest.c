/* Verifier CPU for one attestation, end to end, beside the floor of floor.c: both serve the same crowd of
 * software nodes over CURVE, measured from outside by the CPU clock of their process, in turns. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/crowd.h"

#define ROUNDS_MAX  15
#define INTERVAL_MS 50
#define GOAL_US     40

static struct {
	size_t nodes;
	uint64_t attestations; /* a round */
	unsigned rounds;
	bool ecdsa, rsa;
} wanted = {100, 10000, 3, true, true};

static const char help[] =
	"usage: bench_attest [--nodes N] [--attestations N] [--rounds N] [--only ecdsa|rsa]\n\n"
	"Verifier CPU for one attestation (evidence of 1 kB: 24 PCR values and the quote; CURVE, msgpack, PCR policy),\n"
	"and that of a bare ROUTER that only unpacks and verifies. Both serve the same nodes, in turns; medians are told.\n"
	"Goal: at most 40 us above the floor. LIMEBUS_BUILD names the build folder.\n\n"
	"  --nodes N         software nodes, each with its own connection and AK (100)\n"
	"  --attestations N  in each round, of each program (10000)\n"
	"  --rounds N        1 to 15 (3)\n"
	"  --only KIND       only AKs of this kind\n";

/* ---- the floor ---- */

struct floor {
	pid_t pid;
	struct hpke_pair keys;
	char endpoint[ENDPOINT_MAX];
};

static void put(FILE *out, const void *bytes, size_t len)
{
	uint32_t size = (uint32_t)len;

	fwrite(&size, sizeof size, 1, out);
	fwrite(bytes, 1, len, out);
}

static void put_challenge(FILE *out)
{
	static const uint8_t nonce[NONCE_BYTES] = "any nonce will do for the floor";
	DROP(blob_release) struct blob banks = {0};
	DROP(blob_release) struct blob frame = {0};
	struct elem_bank bank = {TPM_ALG_SHA256, 0xffffff};
	struct msg msg = {.type = MSG_TYPE_challenge, .id = 1, .ttl_ms = 10000};

	assert_ok(ELEM_APPEND(bank, &bank, &banks));
	msg.challenge = (struct msg_challenge){SPAN(nonce), {blob_span(&banks), 1}};
	assert_ok(msg_encode(&msg, &frame));
	put(out, frame.at, frame.len);
}

static void floor_start(const struct crowd *crowd, struct floor *out)
{
	char program[512];
	int ends[2];
	FILE *input;

	assert_ok(hpke_generate(&out->keys, NULL));
	snprintf(out->endpoint, sizeof out->endpoint, "ipc://%.80s/floor", crowd->rig->dir.path);
	snprintf(program, sizeof program, "%s/tests/bench/floor", getenv("LIMEBUS_BUILD"));
	assert_int_equal(pipe(ends), 0);
	out->pid = fork();
	assert_true(out->pid >= 0);
	if (out->pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		execl(program, program, out->endpoint, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	input = fdopen(ends[1], "w");
	assert_non_null(input);
	put(input, out->keys.secret, CURVE_KEY_BYTES);
	put_challenge(input);
	for (size_t i = 0; i < crowd->count; i++) {
		uint8_t *der = NULL;
		int len = i2d_PUBKEY(crowd->nodes[i].tpm.ak_key, &der);

		assert_true(len > 0);
		put(input, der, (size_t)len);
		OPENSSL_free(der);
	}
	fclose(input);
}

static void floor_stop(struct floor *floor)
{
	kill(floor->pid, SIGKILL);
	waitpid(floor->pid, NULL, 0);
}

/* ---- measuring ---- */

/* For one answer of the crowd. */
struct cost {
	double cpu_us;
	double wakes; /* of all threads */
	double rate;  /* answers a second */
};

static struct cost measure(struct crowd *crowd, pid_t pid)
{
	uint64_t from, start_ms;
	unsigned long wakes;
	double start, count;

	rig_pass_ms(crowd->rig, 500);
	from = crowd->answers;
	start_ms = clock_mono_ms(clock_system());
	wakes = crowd_wakes(pid);
	start = crowd_cpu_us(pid);
	while (crowd->answers - from < wanted.attestations) {
		uint64_t before = crowd->answers;

		rig_pass_ms(crowd->rig, 50);
		assert_true(crowd->answers > before || kill(pid, 0) == 0);
	}
	count = (double)(crowd->answers - from);
	return (struct cost){
		.cpu_us = (crowd_cpu_us(pid) - start) / count,
		.wakes = (double)(crowd_wakes(pid) - wakes) / count,
		.rate = 1000 * count / (double)(clock_mono_ms(clock_system()) - start_ms),
	};
}

static struct cost measure_floor(struct crowd *crowd)
{
	struct msg ready = {.type = MSG_TYPE_measured};
	struct floor floor;
	struct cost result;

	floor_start(crowd, &floor);
	crowd->pause_ms = INTERVAL_MS;
	crowd_dial(crowd, floor.endpoint, floor.keys.public);
	for (size_t i = 0; i < crowd->count; i++)
		assert_ok(client_send(crowd->nodes[i].client, &ready));
	result = measure(crowd, floor.pid);
	crowd->pause_ms = 0;
	crowd_leave(crowd);
	floor_stop(&floor);
	return result;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof *values, compare);
	return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* A verifier of its own for each round, which has nothing to do while the floor is measured. */
static bool compare_kind(const char *name, enum crowd_ak kind)
{
	double floor_us[ROUNDS_MAX], verifier_us[ROUNDS_MAX], above[ROUNDS_MAX];
	void *state = NULL;
	struct crowd crowd;
	struct cost least, full;
	double base, ours, difference;

	for (unsigned round = 0; round < wanted.rounds; round++) {
		assert_int_equal(rig_open(&state), 0);
		crowd_open(state, wanted.nodes, kind, &crowd);
		least = measure_floor(&crowd);
		floor_us[round] = least.cpu_us;
		crowd_join(&crowd);
		crowd_trust(&crowd);
		full = measure(&crowd, crowd.rig->pid);
		verifier_us[round] = full.cpu_us;
		above[round] = verifier_us[round] - floor_us[round];
		printf("  %s round %u: floor %.1f us, verifier %.1f us, %.1f us above, ratio %.2f (evidence %zu bytes)\n",
			name, round + 1, floor_us[round], verifier_us[round], above[round],
			verifier_us[round] / floor_us[round], crowd.evidence_bytes);
		printf("    floor slept %.2f times an attestation at %.0f a second, verifier %.2f times at %.0f\n",
			least.wakes, least.rate, full.wakes, full.rate);
		fflush(stdout);
		crowd_close(&crowd);
		rig_close(&state);
	}
	base = median(floor_us, wanted.rounds);
	ours = median(verifier_us, wanted.rounds);
	difference = median(above, wanted.rounds);
	printf("%s: floor %.1f us, verifier %.1f us, ratio %.2f, %.1f us above the floor (goal: at most %d): %s\n",
		name, base, ours, ours / base, difference, GOAL_US,
		difference <= GOAL_US ? "reached" : "MISSED");
	return difference <= GOAL_US;
}

static unsigned long number(const char *text, unsigned long most)
{
	char *end = NULL;
	unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);

	if (value >= 1 && value <= most && *end == '\0')
		return value;
	fprintf(stderr, "bench_attest: expected a number from 1 to %lu\n%s", most, help);
	exit(64);
}

static void read_options(char **argv)
{
	for (; *argv != NULL; argv += 2) {
		if (strcmp(*argv, "--help") == 0) {
			fputs(help, stdout);
			exit(0);
		}
		if (strcmp(*argv, "--nodes") == 0) {
			wanted.nodes = number(argv[1], 2000);
		} else if (strcmp(*argv, "--attestations") == 0) {
			wanted.attestations = number(argv[1], 10000000);
		} else if (strcmp(*argv, "--rounds") == 0) {
			wanted.rounds = (unsigned)number(argv[1], ROUNDS_MAX);
		} else if (strcmp(*argv, "--only") == 0 && argv[1] != NULL) {
			wanted.ecdsa = strcmp(argv[1], "ecdsa") == 0;
			wanted.rsa = strcmp(argv[1], "rsa") == 0;
		} else {
			fprintf(stderr, "bench_attest: unknown: %s\n%s", *argv, help);
			exit(64);
		}
	}
}

int main(int argc, char **argv)
{
	bool reached = true;

	(void)argc;
	read_options(argv + 1);
	if (getenv("LIMEBUS_BUILD") == NULL) {
		fputs("bench_attest: set LIMEBUS_BUILD to the build folder\n", stderr);
		return 64;
	}
	rig_setup.links = (unsigned)wanted.nodes + 16;
	rig_setup.policy = crowd_policy();
	rig_setup.config = "class = default:interval=50ms:lapse=1d:redeliver=1d:stale=1h\n"
			   "challenge-timeout = 60s\nlease = 30s\nlog-level = warn\n";
	if (wanted.ecdsa)
		reached &= compare_kind("ECDSA P-256", CROWD_ECDSA);
	if (wanted.rsa)
		reached &= compare_kind("RSA-2048", CROWD_RSA);
	return reached ? 0 : 1;
}
