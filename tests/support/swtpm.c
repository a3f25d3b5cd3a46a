#include "tests/support/swtpm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"

#define OUTPUT_MAX_BYTES (1u << 20)

static void child(const struct swtpm *tpm, const char *command, int output)
{
	char owner[16];

	snprintf(owner, sizeof owner, "%d", (int)getppid());
	dup2(output, STDOUT_FILENO);
	if (setenv("SWTPM_OWNER", owner, 1) != 0 || setenv("TPM2TOOLS_TCTI", tpm->tcti, 1) != 0 ||
		setenv("TSS2_LOG", "all+NONE", 1) != 0 || (tpm->dir[0] != '\0' && chdir(tpm->dir) != 0))
		_exit(127);
	execl("/bin/bash", "bash", "-c", command, (char *)NULL);
	_exit(127);
}

static void collect(int input, struct blob *out)
{
	uint8_t piece[4096];

	for (;;) {
		ssize_t got = read(input, piece, sizeof piece);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		if (out != NULL && out->len < OUTPUT_MAX_BYTES)
			assert_ok(blob_append(out, span_of(piece, (size_t)got)));
	}
}

bool swtpm_try(const struct swtpm *tpm, const char *command, struct blob *out)
{
	int ends[2];
	int status;
	pid_t pid;

	if (out != NULL)
		blob_clear(out);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child(tpm, command, ends[1]);
	close(ends[1]);
	collect(ends[0], out);
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void swtpm_run(const struct swtpm *tpm, const char *command, struct blob *out)
{
	if (!swtpm_try(tpm, command, out))
		fail_msg("failed: %s", command);
}

/* swtpm.sh VERB <dir> MORE; if it prints the TCTI, keep it. The programs that it leaves behind must not hold
 * the pipe, so the answer goes through a file. */
static void script(struct swtpm *tpm, const char *verb, const char *more)
{
	DROP(blob_release) struct blob answer = {0};
	const char *source = getenv("LIMEBUS_SOURCE");
	char command[4 * SCRATCH_FILE_BYTES];
	char path[SCRATCH_FILE_BYTES + 8];
	struct err err = {0};

	snprintf(command, sizeof command, "'%s/tests/support/swtpm.sh' %s . %s >answer",
		source != NULL ? source : ".", verb, more);
	swtpm_run(tpm, command, NULL);
	snprintf(path, sizeof path, "%s/answer", tpm->dir);
	if (file_read(path, sizeof tpm->tcti - 2, &answer, &err) != RC_OK)
		fail_msg("%s", err.text);
	if (answer.len > 0)
		snprintf(tpm->tcti, sizeof tpm->tcti, "%.*s", (int)answer.len - 1, (const char *)answer.at);
}

void swtpm_new(struct swtpm *out, const struct scratch *scratch, const char *name)
{
	char command[4 * SCRATCH_FILE_BYTES];

	memset(out, 0, sizeof *out);
	scratch_file(scratch, "ca", out->ca);
	snprintf(command, sizeof command, "mkdir -p '%s/%s'", scratch->path, name);
	swtpm_run(out, command, NULL);
	scratch_file(scratch, name, out->dir);
	snprintf(command, sizeof command, "'%s'", out->ca);
	script(out, "make", command);
	swtpm_on(out);
}

void swtpm_on(struct swtpm *tpm)
{
	script(tpm, "start", "");
}

void swtpm_on_unstarted(struct swtpm *tpm)
{
	script(tpm, "start", "unstarted");
}

void swtpm_kill(struct swtpm *tpm)
{
	script(tpm, "kill", "");
}

void swtpm_reboot(struct swtpm *tpm)
{
	script(tpm, "reboot", "");
}

void swtpm_release(struct swtpm *tpm)
{
	if (tpm->dir[0] != '\0')
		script(tpm, "stop", "");
	memset(tpm, 0, sizeof *tpm);
}

void swtpm_put(const struct swtpm *tpm, const char *name, struct span content)
{
	char path[2 * SCRATCH_FILE_BYTES];
	struct err err = {0};

	snprintf(path, sizeof path, "%s/%s", tpm->dir, name);
	if (file_replace(path, content, 0600, &err) != RC_OK)
		fail_msg("%s", err.text);
}

void swtpm_assert_empty(const struct swtpm *tpm)
{
	DROP(blob_release) struct blob found = {0};

	swtpm_run(tpm, "tpm2_getcap handles-transient && tpm2_getcap handles-loaded-session", &found);
	if (found.len != 0)
		fail_msg("left in the TPM: %.*s", (int)found.len, (const char *)found.at);
}
