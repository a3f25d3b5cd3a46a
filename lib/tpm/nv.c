#include "lib/base/drop.h"
#include "lib/tpm/session.h"

#define NUMBER_BYTES  8
#define CONTENT_BYTES (NUMBER_BYTES + TPM_NV_SECRET_BYTES)

/* TPM 2.0 Part 1, 37.2.3: handles of indices that owners define. */
#define OWNER_FIRST 0x01800000u
#define OWNER_LAST  0x01bfffffu

#define SHARE_ATTRIBUTES                                                                                     \
	(TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_WRITEALL | TPMA_NV_READ_STCLEAR | TPMA_NV_NO_DA |    \
		(TPM2_NT_ORDINARY << TPMA_NV_TPM2_NT_SHIFT))

void tpm_nv_share_release(struct tpm_nv_share *share)
{
	wipe(share, sizeof *share);
}

/* DROP(index_close) struct index i = {0}: an NV index as the TSS knows it. */
struct index {
	struct tpm *tpm;
	ESYS_TR handle;
};

static void index_close(struct index *index)
{
	if (index->tpm != NULL)
		Esys_TR_Close(index->tpm->esys, &index->handle);
	index->tpm = NULL;
}

static enum rc check_arguments(const struct tpm *tpm, uint32_t index, struct err *err)
{
	if (index < OWNER_FIRST || index > OWNER_LAST)
		return err_set(err, RC_LIMIT, "NV index 0x%08x: an owner's are 0x%08x to 0x%08x", index,
			OWNER_FIRST, OWNER_LAST);
	if (tpm->ek == ESYS_TR_NONE)
		return err_set(err, RC_DENIED, "no EK is open");
	return RC_OK;
}

static enum rc index_open(struct tpm *tpm, uint32_t number, struct index *out, struct err *err)
{
	DROP(index_close) struct index index = {0};
	TSS2_RC code = Esys_TR_FromTPMPublic(
		tpm->esys, number, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &index.handle);

	if (tpm_error_number(code) == TPM2_RC_HANDLE)
		return err_set(err, RC_NOT_FOUND, "there is no NV index 0x%08x", number);
	TRY(tpm_result(tpm, code, "TPM2_NV_ReadPublic", err));
	index.tpm = tpm;
	*out = TAKE(index);
	return RC_OK;
}

/* Somebody else's index may have other attributes, and so tell others what is in it. */
static enum rc is_ours(struct index *index, uint32_t number, struct err *err)
{
	DROP(tss_free) TPM2B_NV_PUBLIC *public = NULL;
	const TPMS_NV_PUBLIC *found;

	TRY(tpm_result(index->tpm,
		Esys_NV_ReadPublic(index->tpm->esys, index->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			&public, NULL),
		"TPM2_NV_ReadPublic", err));
	found = &public->nvPublic;
	if ((found->attributes & ~(TPMA_NV)(TPMA_NV_WRITTEN | TPMA_NV_READLOCKED)) != SHARE_ATTRIBUTES ||
		found->dataSize != CONTENT_BYTES || found->authPolicy.size != 0)
		return err_set(err, RC_DENIED,
			"NV index 0x%08x is not ours (attributes 0x%08x, %u bytes): remove it with "
			"tpm2_nvundefine, or choose another",
			number, found->attributes, found->dataSize);
	return RC_OK;
}

static void password_of(const struct tpm_nv_slot *slot, TPM2B_AUTH *out)
{
	*out = (TPM2B_AUTH){.size = TPM_NV_PASSWORD_BYTES};
	memcpy(out->buffer, slot->password, TPM_NV_PASSWORD_BYTES);
}

/* Open the index, check it, and tell the TSS its password. */
static enum rc slot_open(struct tpm *tpm, const struct tpm_nv_slot *slot, struct index *out, struct err *err)
{
	DROP(index_close) struct index index = {0};
	TPM2B_AUTH password;
	TSS2_RC code;

	TRY(check_arguments(tpm, slot->index, err));
	TRY(index_open(tpm, slot->index, &index, err));
	TRY(is_ours(&index, slot->index, err));
	password_of(slot, &password);
	code = Esys_TR_SetAuth(tpm->esys, index.handle, &password);
	wipe(&password, sizeof password);
	TRY(tpm_result(tpm, code, "password of the NV index", err));
	*out = TAKE(index);
	return RC_OK;
}

enum rc tpm_nv_define(struct tpm *tpm, const struct tpm_nv_slot *slot, struct err *err)
{
	DROP(session_end) struct session session = {0};
	DROP(index_close) struct index index = {.handle = ESYS_TR_NONE};
	TPM2B_NV_PUBLIC public = {.nvPublic = {
					  .nvIndex = slot->index,
					  .nameAlg = TPM2_ALG_SHA256,
					  .attributes = SHARE_ATTRIBUTES,
					  .dataSize = CONTENT_BYTES,
				  }};
	TPM2B_AUTH password;
	TSS2_RC code;

	TRY(check_arguments(tpm, slot->index, err));
	TRY(session_secret(tpm, TPMA_SESSION_DECRYPT, &session, err));
	password_of(slot, &password);
	code = Esys_NV_DefineSpace(tpm->esys, ESYS_TR_RH_OWNER, session.handle, ESYS_TR_NONE, ESYS_TR_NONE,
		&password, &public, &index.handle);
	wipe(&password, sizeof password);
	if (code == TSS2_RC_SUCCESS)
		index.tpm = tpm;
	return session_result(&session, code, "TPM2_NV_DefineSpace by the owner", err);
}

enum rc tpm_nv_write(
	struct tpm *tpm, const struct tpm_nv_slot *slot, const struct tpm_nv_share *share, struct err *err)
{
	DROP(session_end) struct session session = {0};
	DROP(index_close) struct index index = {0};
	TPM2B_MAX_NV_BUFFER content = {.size = CONTENT_BYTES};
	TSS2_RC code;

	TRY(slot_open(tpm, slot, &index, err));
	TRY(session_secret(tpm, TPMA_SESSION_DECRYPT, &session, err));
	for (size_t i = 0; i < NUMBER_BYTES; i++)
		content.buffer[i] = (uint8_t)(share->number >> (8 * (NUMBER_BYTES - 1 - i)));
	memcpy(content.buffer + NUMBER_BYTES, share->secret.bytes, TPM_NV_SECRET_BYTES);
	code = Esys_NV_Write(tpm->esys, index.handle, index.handle, session.handle, ESYS_TR_NONE,
		ESYS_TR_NONE, &content, 0);
	wipe(&content, sizeof content);
	return session_result(&session, code, "TPM2_NV_Write", err);
}

static void decode(const uint8_t *content, struct tpm_nv_share *out)
{
	out->number = 0;
	for (size_t i = 0; i < NUMBER_BYTES; i++)
		out->number = out->number << 8 | content[i];
	memcpy(out->secret.bytes, content + NUMBER_BYTES, TPM_NV_SECRET_BYTES);
}

enum rc tpm_nv_read(
	struct tpm *tpm, const struct tpm_nv_slot *slot, struct tpm_nv_share *out, struct err *err)
{
	DROP(session_end) struct session session = {0};
	DROP(index_close) struct index index = {0};
	DROP(tss_free) TPM2B_MAX_NV_BUFFER *content = NULL;

	TRY(slot_open(tpm, slot, &index, err));
	TRY(session_secret(tpm, TPMA_SESSION_ENCRYPT, &session, err));
	TRY(session_result(&session,
		Esys_NV_Read(tpm->esys, index.handle, index.handle, session.handle, ESYS_TR_NONE,
			ESYS_TR_NONE, CONTENT_BYTES, 0, &content),
		"TPM2_NV_Read", err));
	if (content->size != CONTENT_BYTES)
		return err_set(err, RC_MALFORMED, "TPM2_NV_Read: other length than asked for");
	decode(content->buffer, out);
	wipe(content, sizeof *content);
	return RC_OK;
}

enum rc tpm_nv_read_lock(struct tpm *tpm, const struct tpm_nv_slot *slot, struct err *err)
{
	DROP(session_end) struct session session = {0};
	DROP(index_close) struct index index = {0};

	TRY(slot_open(tpm, slot, &index, err));
	TRY(session_secret(tpm, 0, &session, err));
	return session_result(&session,
		Esys_NV_ReadLock(
			tpm->esys, index.handle, index.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE),
		"TPM2_NV_ReadLock", err);
}

enum rc tpm_nv_undefine(struct tpm *tpm, uint32_t number, struct err *err)
{
	DROP(session_end) struct session session = {0};
	DROP(index_close) struct index index = {0};
	TSS2_RC code;

	TRY(check_arguments(tpm, number, err));
	TRY(index_open(tpm, number, &index, err));
	TRY(session_secret(tpm, 0, &session, err));
	code = Esys_NV_UndefineSpace(
		tpm->esys, ESYS_TR_RH_OWNER, index.handle, session.handle, ESYS_TR_NONE, ESYS_TR_NONE);
	if (code == TSS2_RC_SUCCESS)
		index.tpm = NULL; /* the TSS has forgotten it as well */
	return session_result(&session, code, "TPM2_NV_UndefineSpace by the owner", err);
}
