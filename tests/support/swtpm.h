/*
 * A private software TPM for one test program, by way of swtpm.sh. Whatever goes wrong here fails the test.
 *   static struct swtpm tpm;      in the group's set-up: swtpm_new(&tpm, &scratch, "node")
 */
#ifndef LIMEBUS_TESTS_SUPPORT_SWTPM_H
#define LIMEBUS_TESTS_SUPPORT_SWTPM_H

#include "lib/base/blob.h"
#include "tests/support/test.h"

/* ca is shared by all TPMs of a scratch folder: <ca>/roots/root.pem and <ca>/intermediate.pem certify their
 * EKs. tcti is valid while the TPM is on; it is also the value of TPM2TOOLS_TCTI. */
struct swtpm {
	char dir[SCRATCH_FILE_BYTES];
	char ca[SCRATCH_FILE_BYTES];
	char tcti[SCRATCH_FILE_BYTES];
};

/* Make a TPM with certificates in <scratch>/<name> and switch it on. Takes a second. */
void swtpm_new(struct swtpm *out, const struct scratch *scratch, const char *name);

/* Orderly shutdown and power on again: the reset count moves. */
void swtpm_reboot(struct swtpm *tpm);

/* Power cut; power on; power on without TPM2_Startup. */
void swtpm_kill(struct swtpm *tpm);
void swtpm_on(struct swtpm *tpm);
void swtpm_on_unstarted(struct swtpm *tpm);

/* Switch off for good. Accepts {0}. */
void swtpm_release(struct swtpm *tpm);

/* Run a shell command with TPM2TOOLS_TCTI set, in the TPM's folder. What it writes on standard output goes to
 * *out, which may be NULL. Returns whether it ended with 0. */
bool swtpm_try(const struct swtpm *tpm, const char *command, struct blob *out);

/* As above; the test fails if the command does. */
void swtpm_run(const struct swtpm *tpm, const char *command, struct blob *out);

/* Write a file into the TPM's folder, for such a command. */
void swtpm_put(const struct swtpm *tpm, const char *name, struct span content);

/* The test fails if the TPM holds transient objects or loaded sessions. */
void swtpm_assert_empty(const struct swtpm *tpm);

#endif
