#include "lib/tpm/owner.h"
#include "lib/tpm/session.h"
#include "lib/tpm/template.h"

static const char *const kind_names[TPM_AK_KIND_COUNT] = {
	[TPM_AK_ECC_P256] = "p256",
	[TPM_AK_RSA_2048] = "rsa2048",
};

const char *tpm_ak_kind_name(enum tpm_ak_kind kind)
{
	return (size_t)kind < COUNT(kind_names) ? kind_names[kind] : "unknown";
}

enum rc tpm_ak_kind_parse(struct span text, enum tpm_ak_kind *out)
{
	for (size_t i = 0; i < COUNT(kind_names); i++) {
		if (span_is(text, kind_names[i])) {
			*out = (enum tpm_ak_kind)i;
			return RC_OK;
		}
	}
	return RC_NOT_FOUND;
}

struct span tpm_ak_public(const struct tpm *tpm)
{
	return blob_span(&tpm->ak_public);
}

void tpm_ak_close(struct tpm *tpm)
{
	tpm_flush(tpm, &tpm->ak, TCTI_OWN_AK);
	blob_release(&tpm->ak_public);
}

/* A key of ours: what the TPM gives for a template, or what lay on disk. */
struct ak_parts {
	TPM2B_PUBLIC public;
	TPM2B_PRIVATE private;
};

/* TPM2_CreateLoaded saves two or three commands against Create and Load. */
static enum rc create_loaded(struct tpm *tpm, struct session *session, const TPMT_PUBLIC *template,
	struct ak_parts *out, bool *unknown, struct err *err)
{
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_TEMPLATE packed = {0};
	DROP(tss_free) TPM2B_PRIVATE *private = NULL;
	DROP(tss_free) TPM2B_PUBLIC *public = NULL;
	size_t len = 0;
	TSS2_RC code;

	TRY(tss_encoded(Tss2_MU_TPMT_PUBLIC_Marshal(template, packed.buffer, sizeof packed.buffer, &len),
		"AK template", err));
	packed.size = (uint16_t)len;
	code = Esys_CreateLoaded(tpm->esys, tpm->ek, session->handle, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
		&packed, &tpm->ak, &private, &public);
	*unknown = tpm_error_number(code) == TPM2_RC_COMMAND_CODE;
	if (*unknown)
		return RC_OK;
	TRY(session_result(session, code, "TPM2_CreateLoaded of the AK", err));
	tpm_own(tpm, tpm->ak, TCTI_OWN_AK);
	out->public = *public;
	out->private = *private;
	return RC_OK;
}

static enum rc create(struct tpm *tpm, struct session *session, const TPMT_PUBLIC *template,
	struct ak_parts *out, struct err *err)
{
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PUBLIC in = {.publicArea = *template};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION pcrs = {0};
	DROP(tss_free) TPM2B_PRIVATE *private = NULL;
	DROP(tss_free) TPM2B_PUBLIC *public = NULL;

	TRY(session_result(session,
		Esys_Create(tpm->esys, tpm->ek, session->handle, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &in,
			&outside, &pcrs, &private, &public, NULL, NULL, NULL),
		"TPM2_Create of the AK", err));
	out->public = *public;
	out->private = *private;
	return RC_OK;
}

static enum rc load(struct tpm *tpm, const struct ak_parts *parts, struct err *err)
{
	DROP(session_end) struct session session = {0};
	TSS2_RC code;

	TRY(session_policy(tpm, &session, err));
	TRY(session_allow(&session, true, err));
	code = Esys_Load(tpm->esys, tpm->ek, session.handle, ESYS_TR_NONE, ESYS_TR_NONE, &parts->private,
		&parts->public, &tpm->ak);
	if (tpm_finds_fault(code))
		return err_set(err, RC_DENIED,
			"TPM2_Load of the AK: made by another TPM or under another EK, or altered (0x%x)",
			code);
	TRY(session_result(&session, code, "TPM2_Load of the AK", err));
	tpm_own(tpm, tpm->ak, TCTI_OWN_AK);
	return RC_OK;
}

/* Make the key and leave it loaded. */
static enum rc make(struct tpm *tpm, enum tpm_ak_kind kind, struct ak_parts *out, struct err *err)
{
	DROP(session_end) struct session session = {0};
	TPMT_PUBLIC template;
	bool unknown;

	template_ak(kind, &template);
	TRY(session_policy(tpm, &session, err));
	TRY(session_allow(&session, true, err));
	TRY(create_loaded(tpm, &session, &template, out, &unknown, err));
	if (!unknown)
		return RC_OK;
	/* The command did not run, so the policy is still satisfied. */
	TRY(create(tpm, &session, &template, out, err));
	return load(tpm, out, err);
}

static enum rc parts_encode(const struct ak_parts *parts, struct blob *out, struct err *err)
{
	uint8_t bytes[sizeof *parts];
	size_t len = 0;

	TRY(tss_encoded(Tss2_MU_TPM2B_PUBLIC_Marshal(&parts->public, bytes, sizeof bytes, &len), "AK", err));
	TRY(tss_encoded(
		Tss2_MU_TPM2B_PRIVATE_Marshal(&parts->private, bytes, sizeof bytes, &len), "AK", err));
	if (blob_copy(out, span_of(bytes, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

static enum rc parts_decode(struct span in, struct ak_parts *out, struct err *err)
{
	DROP(blob_release) struct blob again = {0};
	size_t at = 0;

	memset(out, 0, sizeof *out);
	if (in.len == 0 || in.len > TPM_AK_BLOB_MAX_BYTES)
		return err_set(err, RC_MALFORMED, "AK blob: %zu bytes", in.len);
	TRY(tss_encoded(Tss2_MU_TPM2B_PUBLIC_Unmarshal(in.at, in.len, &at, &out->public), "AK blob", err));
	TRY(tss_encoded(Tss2_MU_TPM2B_PRIVATE_Unmarshal(in.at, in.len, &at, &out->private), "AK blob", err));
	/* The TSS does not compare the length of a TPM2B_PUBLIC with what is in it. */
	TRY(parts_encode(out, &again, err));
	if (!span_equal(blob_span(&again), in))
		return err_set(err, RC_MALFORMED, "AK blob: wrong length, or bytes behind its end");
	return RC_OK;
}

/* The public area is one of our templates around a key. *area gets it. */
static enum rc is_ours(const TPMT_PUBLIC *public, struct blob *area, struct err *err)
{
	DROP(blob_release) struct blob expected = {0};
	TPMT_PUBLIC template;

	template_ak(public->type == TPM2_ALG_RSA ? TPM_AK_RSA_2048 : TPM_AK_ECC_P256, &template);
	template.unique = public->unique;
	TRY(tpm_public_bytes(&template, &expected, err));
	TRY(tpm_public_bytes(public, area, err));
	if (!span_equal(blob_span(area), blob_span(&expected)))
		return err_set(err, RC_DENIED, "AK blob: not a restricted signing key of the kind we make");
	return RC_OK;
}

static enum rc need_ek(const struct tpm *tpm, struct err *err)
{
	return tpm->ek != ESYS_TR_NONE ? RC_OK : err_set(err, RC_DENIED, "no EK is open");
}

enum rc tpm_ak_create(struct tpm *tpm, enum tpm_ak_kind kind, struct blob *blob, struct err *err)
{
	DROP(blob_release) struct blob area = {0};
	DROP(blob_release) struct blob encoded = {0};
	struct ak_parts parts = {0};
	enum rc rc;

	tpm_ak_close(tpm);
	TRY(need_ek(tpm, err));
	rc = make(tpm, kind, &parts, err);
	if (rc == RC_OK)
		rc = is_ours(&parts.public.publicArea, &area, err);
	if (rc == RC_OK)
		rc = parts_encode(&parts, &encoded, err);
	if (rc != RC_OK) {
		tpm_ak_close(tpm);
		return rc;
	}
	tpm->ak_public = TAKE(area);
	blob_release(blob);
	*blob = TAKE(encoded);
	return RC_OK;
}

enum rc tpm_ak_load(struct tpm *tpm, struct span blob, struct err *err)
{
	DROP(blob_release) struct blob area = {0};
	struct ak_parts parts;

	tpm_ak_close(tpm);
	TRY(need_ek(tpm, err));
	TRY(parts_decode(blob, &parts, err));
	TRY(is_ours(&parts.public.publicArea, &area, err));
	TRY(load(tpm, &parts, err));
	tpm->ak_public = TAKE(area);
	return RC_OK;
}

static enum rc credential_decode(struct span credential, struct span encrypted, TPM2B_ID_OBJECT *object,
	TPM2B_ENCRYPTED_SECRET *secret, struct err *err)
{
	size_t at = 0;

	TRY(tss_encoded(Tss2_MU_TPM2B_ID_OBJECT_Unmarshal(credential.at, credential.len, &at, object),
		"credential", err));
	if (at != credential.len)
		return err_set(err, RC_MALFORMED, "credential: bytes behind its end");
	at = 0;
	TRY(tss_encoded(Tss2_MU_TPM2B_ENCRYPTED_SECRET_Unmarshal(encrypted.at, encrypted.len, &at, secret),
		"encrypted secret", err));
	if (at != encrypted.len)
		return err_set(err, RC_MALFORMED, "encrypted secret: bytes behind its end");
	return RC_OK;
}

static enum rc keep_secret(TPM2B_DIGEST *answer, struct blob *secret, struct err *err)
{
	enum rc rc = blob_copy(secret, span_of(answer->buffer, answer->size));

	wipe(answer, sizeof *answer);
	return rc == RC_OK ? rc : err_set(err, rc, "out of memory");
}

/* libtpms answers TPM_RC_FAILURE for an RSA secret that it cannot decrypt, and goes on as if nothing were. In
 * real failure mode no such command works (TPM 2.0 Part 1, 12.3). */
static bool still_works(struct tpm *tpm)
{
	uint32_t counter;

	return tpm_pcr_update_counter(tpm, &counter, NULL) == RC_OK;
}

enum rc tpm_activate(
	struct tpm *tpm, struct span credential, struct span encrypted, struct blob *secret, struct err *err)
{
	DROP(session_end) struct session session = {0};
	DROP(tss_free) TPM2B_DIGEST *answer = NULL;
	TPM2B_ID_OBJECT object = {0};
	TPM2B_ENCRYPTED_SECRET seed = {0};
	TSS2_RC code;

	TRY(need_ek(tpm, err));
	if (tpm->ak == ESYS_TR_NONE)
		return err_set(err, RC_DENIED, "no AK is loaded");
	TRY(credential_decode(credential, encrypted, &object, &seed, err));
	TRY(session_policy(tpm, &session, err));
	TRY(session_allow(&session, true, err));
	code = Esys_ActivateCredential(tpm->esys, tpm->ak, tpm->ek, ESYS_TR_PASSWORD, session.handle,
		ESYS_TR_NONE, &object, &seed, &answer);
	if (tpm_finds_fault(code) || (tpm_error_number(code) == TPM2_RC_FAILURE && still_works(tpm)))
		return err_set(err, RC_DENIED,
			"TPM2_ActivateCredential: not made for this EK and AK, or altered (0x%x)", code);
	TRY(session_result(&session, code, "TPM2_ActivateCredential", err));
	return keep_secret(answer, secret, err);
}
