#include <stdlib.h>
#include <tss2/tss2_rc.h>

#include "lib/tpm/owner.h"

/*
 * The TSS writes on standard error unless its environment says otherwise, and reads the environment when it
 * first has something to say. Set before main, since setenv races with the getenv of other threads.
 */
__attribute__((constructor)) static void silence_tss(void)
{
	setenv("TSS2_LOG", "all+NONE", 0);
}

static const struct {
	TPM2_RC number;
	enum rc rc;
	const char *advice;
} answers[] = {
	{TPM2_RC_AUTH_FAIL, RC_DENIED, "wrong password"},
	{TPM2_RC_BAD_AUTH, RC_DENIED, "wrong password"},
	{TPM2_RC_LOCKOUT, RC_TPM,
		"the TPM is in dictionary-attack lockout: wait, or run tpm2_dictionarylockout --clear-lockout"},
	{TPM2_RC_FAILURE, RC_TPM, "the TPM is in failure mode: cut its power"},
	{TPM2_RC_RETRY, RC_TPM, "the TPM stays busy: try again later"},
	{TPM2_RC_YIELDED, RC_TPM, "the TPM stays busy: try again later"},
	{TPM2_RC_TESTING, RC_TPM, "the TPM does not end its self tests: try again later"},
	{TPM2_RC_NV_RATE, RC_TPM, "the TPM limits its NV writes: try again later"},
	{TPM2_RC_OBJECT_MEMORY, RC_TPM, "no room for keys: run tpm2_flushcontext -t, or use /dev/tpmrm0"},
	{TPM2_RC_OBJECT_HANDLES, RC_TPM, "no room for keys: run tpm2_flushcontext -t, or use /dev/tpmrm0"},
	{TPM2_RC_SESSION_MEMORY, RC_TPM, "no room for sessions: run tpm2_flushcontext -l"},
	{TPM2_RC_SESSION_HANDLES, RC_TPM, "no room for sessions: run tpm2_flushcontext -l -s"},
	{TPM2_RC_REFERENCE_H0, RC_IO,
		"what we had loaded is gone: the TPM was reset, or another program "
		"flushed it"},
	{TPM2_RC_REFERENCE_H1, RC_IO,
		"what we had loaded is gone: the TPM was reset, or another program "
		"flushed it"},
	{TPM2_RC_REFERENCE_S0, RC_IO,
		"our session is gone: the TPM was reset, or another program flushed it"},
	{TPM2_RC_REBOOT, RC_IO, "the TPM wants a reset before anything else"},
	{TPM2_RC_INTEGRITY, RC_DENIED, "made for another TPM or key, or altered"},
	{TPM2_RC_BINDING, RC_DENIED, "made for another TPM or key, or altered"},
	{TPM2_RC_HANDLE, RC_NOT_FOUND, "there is no such thing in the TPM"},
	{TPM2_RC_HIERARCHY, RC_TPM, "the hierarchy is disabled, by the firmware or by an owner"},
	{TPM2_RC_COMMAND_CODE, RC_UNSUPPORTED, "the TPM does not have this command"},
	{TPM2_RC_CURVE, RC_UNSUPPORTED, "the TPM does not have this curve"},
	{TPM2_RC_NV_LOCKED, RC_DENIED, "locked until the next reset"},
	{TPM2_RC_NV_UNINITIALIZED, RC_NOT_FOUND, "nothing was ever written there"},
	{TPM2_RC_NV_DEFINED, RC_EXISTS, "there is one already"},
	{TPM2_RC_NV_SPACE, RC_LIMIT, "no room left in the TPM's NV memory"},
	{TPM2_RC_NV_AUTHORIZATION, RC_DENIED, "its attributes do not allow that"},
};

TPM2_RC tpm_error_number(TSS2_RC code)
{
	code &= ~(TSS2_RC)TSS2_RC_LAYER_MASK;
	/* TPM 2.0 Part 2, 6.6.3: format one has bit 7 set and its error number in the lower six bits. */
	return (code & TPM2_RC_FMT1) != 0 ? code & (TPM2_RC_FMT1 | 0x3f) : code;
}

static bool is_of_tpm(TSS2_RC code)
{
	TSS2_RC layer = code & TSS2_RC_LAYER_MASK;

	return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER ||
	       layer == TSS2_RESMGR_RC_LAYER;
}

static enum rc connection_result(const struct tcti *tcti, const char *what, struct err *err)
{
	if (tcti->failure == RC_TIMEOUT)
		return err_set(
			err, RC_TIMEOUT, "%s: no answer from the TPM in %u ms", what, tcti->timeout_ms);
	if (tcti->failure == RC_MALFORMED)
		return err_set(err, RC_MALFORMED, "%s: the TPM's answer is malformed", what);
	return err_set(err, RC_IO, "%s: the connection to the TPM is lost: %s", what, strerror(tcti->reason));
}

/* Codes that the TSS makes itself. */
static enum rc software_result(struct tpm *tpm, TSS2_RC code, const char *what, struct err *err)
{
	if (tpm->tcti.failure != RC_OK)
		return connection_result(&tpm->tcti, what, err);
	switch (code & ~(TSS2_RC)TSS2_RC_LAYER_MASK) {
	case TSS2_BASE_RC_MEMORY: return err_set(err, RC_NOMEM, "%s: out of memory", what);
	case TSS2_BASE_RC_RSP_AUTH_FAILED:
		return err_set(err, RC_DENIED, "%s: the answer was altered on its way from the TPM", what);
	case TSS2_BASE_RC_MALFORMED_RESPONSE:
	case TSS2_BASE_RC_INSUFFICIENT_RESPONSE:
	case TSS2_BASE_RC_INSUFFICIENT_BUFFER:
		return err_set(err, RC_MALFORMED, "%s: the TPM's answer is malformed", what);
	case TSS2_BASE_RC_BAD_SEQUENCE:
		return err_set(
			err, RC_IO, "%s: an earlier answer of the TPM was no good: open it again", what);
	default: return err_set(err, RC_TPM, "%s: %s", what, Tss2_RC_Decode(code));
	}
}

enum rc tpm_result(struct tpm *tpm, TSS2_RC code, const char *what, struct err *err)
{
	if (code == TSS2_RC_SUCCESS)
		return RC_OK;
	if (!is_of_tpm(code))
		return software_result(tpm, code, what, err);
	for (size_t i = 0; i < COUNT(answers); i++)
		if (answers[i].number == tpm_error_number(code))
			return err_set(err, answers[i].rc, "%s: %s (0x%x)", what, answers[i].advice, code);
	return err_set(err, RC_TPM, "%s: %s (0x%x)", what, Tss2_RC_Decode(code), code);
}

/* TPM 2.0 Part 2, 6.6.3: in format one, bit 6 says that the number in bits 8 to 11 is that of a parameter. */
bool tpm_finds_fault(TSS2_RC code)
{
	return is_of_tpm(code) && (code & TPM2_RC_FMT1) != 0 && (code & TPM2_RC_P) != 0;
}

enum rc tpm_public_bytes(const TPMT_PUBLIC *public, struct blob *out, struct err *err)
{
	uint8_t bytes[sizeof *public];
	size_t len = 0;

	TRY(tss_encoded(Tss2_MU_TPMT_PUBLIC_Marshal(public, bytes, sizeof bytes, &len), "public area", err));
	if (blob_copy(out, span_of(bytes, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

enum rc tss_encoded(TSS2_RC code, const char *what, struct err *err)
{
	if (code == TSS2_RC_SUCCESS)
		return RC_OK;
	return err_set(err, RC_MALFORMED, "%s: not of its form", what);
}

void tpm_own(struct tpm *tpm, ESYS_TR handle, enum tcti_own which)
{
	TPM2_HANDLE number = 0;

	if (Esys_TR_GetTpmHandle(tpm->esys, handle, &number) != TSS2_RC_SUCCESS)
		number = 0;
	tpm->tcti.own[which] = number;
}

void tpm_flush(struct tpm *tpm, ESYS_TR *handle, enum tcti_own which)
{
	if (*handle == ESYS_TR_NONE)
		return;
	if (Esys_FlushContext(tpm->esys, *handle) == TSS2_RC_SUCCESS) {
		tpm->tcti.own[which] = 0;
	} else {
		/* After some errors the TSS does nothing any more. */
		tcti_flush(&tpm->tcti, which);
		Esys_TR_Close(tpm->esys, handle);
	}
	*handle = ESYS_TR_NONE;
}

/* A command that any TPM answers shows that there is one; its answer is the NV chunk size. */
static enum rc greet(struct tpm *tpm, struct err *err)
{
	DROP(tss_free) TPMS_CAPABILITY_DATA *data = NULL;
	TPMI_YES_NO more;

	TRY(tpm_result(tpm,
		Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			TPM2_CAP_TPM_PROPERTIES, TPM2_PT_NV_BUFFER_MAX, 1, &more, &data),
		"TPM2_GetCapability", err));
	tpm->nv_chunk = 512;
	if (data->data.tpmProperties.count == 1 &&
		data->data.tpmProperties.tpmProperty[0].property == TPM2_PT_NV_BUFFER_MAX &&
		data->data.tpmProperties.tpmProperty[0].value >= 64 &&
		data->data.tpmProperties.tpmProperty[0].value <= TPM2_MAX_NV_BUFFER_SIZE)
		tpm->nv_chunk = (uint16_t)data->data.tpmProperties.tpmProperty[0].value;
	return RC_OK;
}

/* Empty passwords need no setting. */
static enum rc set_password(struct tpm *tpm, ESYS_TR hierarchy, struct span password, struct err *err)
{
	TPM2B_AUTH value = {0};
	enum rc rc;

	if (password.len == 0)
		return RC_OK;
	if (password.len > sizeof value.buffer)
		return err_set(err, RC_LIMIT, "passwords of hierarchies have at most %zu bytes",
			sizeof value.buffer);
	value.size = (uint16_t)password.len;
	memcpy(value.buffer, password.at, password.len);
	rc = tpm_result(tpm, Esys_TR_SetAuth(tpm->esys, hierarchy, &value), "password", err);
	wipe(&value, sizeof value);
	return rc;
}

enum rc tpm_open(const char *tcti, const struct tpm_options *options, struct tpm **out, struct err *err)
{
	static const struct tpm_options defaults;
	DROP(tpm_close) struct tpm *tpm = calloc(1, sizeof *tpm);
	enum rc rc;

	if (tpm == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	if (options == NULL)
		options = &defaults;
	tpm->ek = ESYS_TR_NONE;
	tpm->ak = ESYS_TR_NONE;
	TRY(tcti_open(tcti,
		options->command_timeout_ms != 0 ? options->command_timeout_ms : TPM_COMMAND_TIMEOUT_MS,
		&tpm->tcti, err));
	TRY(tpm_result(
		tpm, Esys_Initialize(&tpm->esys, tcti_context(&tpm->tcti), NULL), "Esys_Initialize", err));
	TRY(set_password(tpm, ESYS_TR_RH_OWNER, options->owner_password, err));
	TRY(set_password(tpm, ESYS_TR_RH_ENDORSEMENT, options->endorsement_password, err));
	rc = greet(tpm, err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", tcti);
	*out = TAKE(tpm);
	return RC_OK;
}

void tpm_close(struct tpm **tpm)
{
	struct tpm *gone = *tpm;

	if (gone == NULL)
		return;
	tpm_ek_close(gone);
	Esys_Finalize(&gone->esys);
	tcti_close(&gone->tcti);
	free(gone);
	*tpm = NULL;
}

uint64_t tpm_commands(const struct tpm *tpm)
{
	return tpm->tcti.commands;
}

uint64_t tpm_busy_us(const struct tpm *tpm)
{
	return tpm->tcti.busy_us;
}
