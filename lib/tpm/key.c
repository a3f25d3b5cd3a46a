#include "lib/tpm/key.h"

#include "lib/tpm/owner.h"
#include "lib/tpm/template.h"

struct key {
	TPM2B_PUBLIC public;
	TPM2B_PRIVATE private;
};

/* ---- blobs ---- */

static enum rc key_encode(const struct key *key, struct blob *out, struct err *err)
{
	uint8_t bytes[sizeof *key];
	size_t len = 0;

	TRY(tss_encoded(Tss2_MU_TPM2B_PUBLIC_Marshal(&key->public, bytes, sizeof bytes, &len), "key", err));
	TRY(tss_encoded(Tss2_MU_TPM2B_PRIVATE_Marshal(&key->private, bytes, sizeof bytes, &len), "key", err));
	if (blob_copy(out, span_of(bytes, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

/* The public area is our template around a point. */
static enum rc is_ours(const TPMT_PUBLIC *public, struct err *err)
{
	DROP(blob_release) struct blob expected = {0};
	DROP(blob_release) struct blob found = {0};
	TPMT_PUBLIC template;

	template_key(&template);
	template.unique = public->unique;
	TRY(tpm_public_bytes(&template, &expected, err));
	TRY(tpm_public_bytes(public, &found, err));
	if (!span_equal(blob_span(&found), blob_span(&expected)))
		return err_set(err, RC_DENIED, "key blob: not a signing key of the kind we make");
	return RC_OK;
}

static enum rc key_decode(struct span in, struct key *out, struct err *err)
{
	DROP(blob_release) struct blob again = {0};
	size_t at = 0;

	memset(out, 0, sizeof *out);
	if (in.len == 0 || in.len > TPM_KEY_BLOB_MAX_BYTES)
		return err_set(err, RC_MALFORMED, "key blob: %zu bytes", in.len);
	TRY(tss_encoded(Tss2_MU_TPM2B_PUBLIC_Unmarshal(in.at, in.len, &at, &out->public), "key blob", err));
	TRY(tss_encoded(Tss2_MU_TPM2B_PRIVATE_Unmarshal(in.at, in.len, &at, &out->private), "key blob", err));
	/* The TSS does not compare the length of a TPM2B_PUBLIC with what is in it. */
	TRY(key_encode(out, &again, err));
	if (!span_equal(blob_span(&again), in))
		return err_set(err, RC_MALFORMED, "key blob: wrong length, or bytes behind its end");
	return is_ours(&out->public.publicArea, err);
}

enum rc tpm_key_parse(struct span blob, struct tpm_key_parts *out, struct err *err)
{
	struct key key;
	size_t first;

	TRY(key_decode(blob, &key, err));
	first = 2 + ((size_t)blob.at[0] << 8 | blob.at[1]);
	out->public_2b = span_of(blob.at, first);
	out->area = span_of(blob.at + 2, first - 2);
	out->private_2b = span_of(blob.at + first, blob.len - first);
	return RC_OK;
}

/* ---- the TPM's few places ---- */

/* DROP(room_end): the EK has left the TPM, if it had to. */
struct room {
	struct tpm *tpm;
	TPMS_CONTEXT *saved; /* NULL: it is where it was */
	ESYS_TR parent;
	ESYS_TR key;
};

static void room_end(struct room *room)
{
	if (room->tpm == NULL)
		return;
	tpm_flush(room->tpm, &room->key, TCTI_OWN_KEY);
	tpm_flush(room->tpm, &room->parent, TCTI_OWN_PARENT);
	tss_free(&room->saved);
	room->saved = NULL;
}

static enum rc save_ek(struct room *room, struct err *err)
{
	struct tpm *tpm = room->tpm;

	if (!tpm->ek_flush || tpm->tcti.managed)
		return RC_OK;
	TRY(tpm_result(
		tpm, Esys_ContextSave(tpm->esys, tpm->ek, &room->saved), "TPM2_ContextSave of the EK", err));
	tpm_flush(tpm, &tpm->ek, TCTI_OWN_EK);
	return RC_OK;
}

/* Makes room for it first. rc is how it went so far, and what is answered if the EK comes back. */
static enum rc give_back(struct room *room, enum rc rc, struct err *err)
{
	struct tpm *tpm = room->tpm;
	enum rc back;

	tpm_flush(tpm, &room->key, TCTI_OWN_KEY);
	tpm_flush(tpm, &room->parent, TCTI_OWN_PARENT);
	if (room->saved == NULL)
		return rc;
	back = tpm_result(
		tpm, Esys_ContextLoad(tpm->esys, room->saved, &tpm->ek), "TPM2_ContextLoad of the EK", err);
	if (back == RC_OK) {
		tpm_own(tpm, tpm->ek, TCTI_OWN_EK);
		return rc;
	}
	tpm->ek = ESYS_TR_NONE;
	return err_set(err, RC_IO, "the EK could not be brought back into the TPM");
}

static enum rc open_parent(struct room *room, struct err *err)
{
	struct tpm *tpm = room->tpm;
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PUBLIC template = {0};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION pcrs = {0};
	TSS2_RC code;
	TPM2_RC number;

	template_storage(&template.publicArea);
	code = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
		&sensitive, &template, &outside, &pcrs, &room->parent, NULL, NULL, NULL, NULL);
	number = tpm_error_number(code);
	if (number == TPM2_RC_BAD_AUTH || number == TPM2_RC_AUTH_FAIL)
		return err_set(err, RC_UNSUPPORTED,
			"TPM2_CreatePrimary in the owner hierarchy: it has another password (0x%x)", code);
	if (number == TPM2_RC_HIERARCHY)
		return err_set(err, RC_UNSUPPORTED,
			"TPM2_CreatePrimary in the owner hierarchy: it is disabled (0x%x)", code);
	TRY(tpm_result(tpm, code, "TPM2_CreatePrimary in the owner hierarchy", err));
	tpm_own(tpm, room->parent, TCTI_OWN_PARENT);
	return RC_OK;
}

static enum rc room_begin(struct tpm *tpm, struct room *out, struct err *err)
{
	*out = (struct room){.tpm = tpm, .parent = ESYS_TR_NONE, .key = ESYS_TR_NONE};
	if (tpm->ek == ESYS_TR_NONE)
		return err_set(err, RC_DENIED, "no EK is open");
	return save_ek(out, err);
}

/* Load it, and flush the parent: the place may be needed. */
static enum rc load(struct room *room, struct span blob, struct err *err)
{
	struct tpm *tpm = room->tpm;
	struct key key;
	TSS2_RC code;

	TRY(key_decode(blob, &key, err));
	TRY(open_parent(room, err));
	code = Esys_Load(tpm->esys, room->parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &key.private,
		&key.public, &room->key);
	if (tpm_finds_fault(code))
		return err_set(err, RC_DENIED,
			"TPM2_Load of the node's key: made by another TPM or before its owner was cleared, or altered "
			"(0x%x)",
			code);
	TRY(tpm_result(tpm, code, "TPM2_Load of the node's key", err));
	tpm_own(tpm, room->key, TCTI_OWN_KEY);
	tpm_flush(tpm, &room->parent, TCTI_OWN_PARENT);
	return RC_OK;
}

/* ---- making ---- */

static enum rc create(struct room *room, struct blob *out, struct err *err)
{
	struct tpm *tpm = room->tpm;
	TPM2B_SENSITIVE_CREATE sensitive = {0};
	TPM2B_PUBLIC in = {0};
	TPM2B_DATA outside = {0};
	TPML_PCR_SELECTION pcrs = {0};
	DROP(tss_free) TPM2B_PRIVATE *private = NULL;
	DROP(tss_free) TPM2B_PUBLIC *public = NULL;
	struct key key;

	template_key(&in.publicArea);
	TRY(open_parent(room, err));
	TRY(tpm_result(tpm,
		Esys_Create(tpm->esys, room->parent, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
			&in, &outside, &pcrs, &private, &public, NULL, NULL, NULL),
		"TPM2_Create of the node's key", err));
	key.public = *public;
	key.private = *private;
	TRY(is_ours(&key.public.publicArea, err));
	return key_encode(&key, out, err);
}

enum rc tpm_key_create(struct tpm *tpm, struct blob *blob, struct err *err)
{
	DROP(room_end) struct room room = {0};
	DROP(blob_release) struct blob made = {0};

	TRY(room_begin(tpm, &room, err));
	TRY(give_back(&room, create(&room, &made, err), err));
	blob_release(blob);
	*blob = TAKE(made);
	return RC_OK;
}

/* ---- using ---- */

static enum rc take_signature(const TPMT_SIGNATURE *signature, struct blob *out, struct err *err)
{
	uint8_t bytes[sizeof *signature];
	size_t len = 0;

	TRY(tss_encoded(
		Tss2_MU_TPMT_SIGNATURE_Marshal(signature, bytes, sizeof bytes, &len), "signature", err));
	if (blob_copy(out, span_of(bytes, len)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

static enum rc sign(
	struct room *room, struct span blob, const uint8_t *digest, struct blob *out, struct err *err)
{
	struct tpm *tpm = room->tpm;
	TPM2B_DIGEST in = {.size = TPM_KEY_DIGEST_BYTES};
	TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the key's own */
	/* The key is not restricted, so it asks for no proof that the TPM made the digest. */
	TPMT_TK_HASHCHECK ticket = {.tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL};
	DROP(tss_free) TPMT_SIGNATURE *signature = NULL;

	memcpy(in.buffer, digest, TPM_KEY_DIGEST_BYTES);
	TRY(load(room, blob, err));
	TRY(tpm_result(tpm,
		Esys_Sign(tpm->esys, room->key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &in, &scheme,
			&ticket, &signature),
		"TPM2_Sign", err));
	return take_signature(signature, out, err);
}

enum rc tpm_key_sign(struct tpm *tpm, struct span blob, const uint8_t digest[static TPM_KEY_DIGEST_BYTES],
	struct blob *signature, struct err *err)
{
	DROP(room_end) struct room room = {0};
	DROP(blob_release) struct blob made = {0};

	TRY(room_begin(tpm, &room, err));
	TRY(give_back(&room, sign(&room, blob, digest, &made, err), err));
	blob_release(signature);
	*signature = TAKE(made);
	return RC_OK;
}

static enum rc certify(
	struct room *room, struct span blob, struct span qualifying, struct tpm_quote *out, struct err *err)
{
	struct tpm *tpm = room->tpm;
	TPM2B_DATA data = {.size = (uint16_t)qualifying.len};
	TPMT_SIG_SCHEME scheme = {.scheme = TPM2_ALG_NULL}; /* the AK's own */
	DROP(tss_free) TPM2B_ATTEST *attest = NULL;
	DROP(tss_free) TPMT_SIGNATURE *signature = NULL;

	if (qualifying.len != 0)
		memcpy(data.buffer, qualifying.at, qualifying.len);
	TRY(load(room, blob, err));
	TRY(tpm_result(tpm,
		Esys_Certify(tpm->esys, room->key, tpm->ak, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			&data, &scheme, &attest, &signature),
		"TPM2_Certify", err));
	if (blob_copy(&out->attest, span_of(attest->attestationData, attest->size)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return take_signature(signature, &out->signature, err);
}

enum rc tpm_key_certify(
	struct tpm *tpm, struct span blob, struct span qualifying, struct tpm_quote *out, struct err *err)
{
	DROP(room_end) struct room room = {0};
	DROP(tpm_quote_release) struct tpm_quote made = {0};

	if (tpm->ak == ESYS_TR_NONE)
		return err_set(err, RC_DENIED, "no AK is loaded");
	if (qualifying.len > TPM_QUALIFYING_MAX_BYTES)
		return err_set(
			err, RC_LIMIT, "qualifying data has at most %d bytes", TPM_QUALIFYING_MAX_BYTES);
	TRY(room_begin(tpm, &room, err));
	TRY(give_back(&room, certify(&room, blob, qualifying, &made, err), err));
	tpm_quote_release(out);
	*out = TAKE(made);
	return RC_OK;
}

/* ---- persistent handles ---- */

/* DROP(resident_close): what lies at a persistent handle; handle is ESYS_TR_NONE if nothing does. */
struct resident {
	struct tpm *tpm;
	ESYS_TR handle;
	struct blob area;
	bool is_ours;
};

static void resident_close(struct resident *resident)
{
	if (resident->tpm != NULL && resident->handle != ESYS_TR_NONE)
		Esys_TR_Close(resident->tpm->esys, &resident->handle);
	resident->tpm = NULL;
	blob_release(&resident->area);
}

static enum rc look(struct tpm *tpm, uint32_t number, struct resident *out, struct err *err)
{
	DROP(tss_free) TPM2B_PUBLIC *public = NULL;
	TSS2_RC code;

	*out = (struct resident){.tpm = tpm, .handle = ESYS_TR_NONE};
	if (number < TPM_KEY_HANDLE_MIN || number > TPM_KEY_HANDLE_MAX)
		return err_set(err, RC_LIMIT,
			"handle 0x%08x: an owner's persistent ones are 0x%08x to 0x%08x", number,
			TPM_KEY_HANDLE_MIN, TPM_KEY_HANDLE_MAX);
	code = Esys_TR_FromTPMPublic(
		tpm->esys, number, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &out->handle);
	if (tpm_error_number(code) == TPM2_RC_HANDLE) {
		out->handle = ESYS_TR_NONE;
		return RC_OK;
	}
	TRY(tpm_result(tpm, code, "TPM2_ReadPublic of the persistent key", err));
	TRY(tpm_result(tpm,
		Esys_ReadPublic(tpm->esys, out->handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &public,
			NULL, NULL),
		"TPM2_ReadPublic of the persistent key", err));
	out->is_ours = is_ours(&public->publicArea, NULL) == RC_OK;
	return tpm_public_bytes(&public->publicArea, &out->area, err);
}

static enum rc evict(struct resident *resident, uint32_t number, struct err *err)
{
	struct tpm *tpm = resident->tpm;
	ESYS_TR gone = ESYS_TR_NONE;

	return tpm_result(tpm,
		Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, resident->handle, ESYS_TR_PASSWORD,
			ESYS_TR_NONE, ESYS_TR_NONE, number, &gone),
		"TPM2_EvictControl by the owner", err);
}

static enum rc persist(struct room *room, struct span blob, uint32_t number, struct err *err)
{
	struct tpm *tpm = room->tpm;
	ESYS_TR kept = ESYS_TR_NONE;

	TRY(load(room, blob, err));
	TRY(tpm_result(tpm,
		Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, room->key, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			ESYS_TR_NONE, number, &kept),
		"TPM2_EvictControl by the owner", err));
	Esys_TR_Close(tpm->esys, &kept);
	return RC_OK;
}

enum rc tpm_key_keep(struct tpm *tpm, struct span blob, uint32_t handle, struct err *err)
{
	DROP(room_end) struct room room = {0};
	DROP(resident_close) struct resident resident = {0};
	struct tpm_key_parts parts;

	TRY(tpm_key_parse(blob, &parts, err));
	TRY(look(tpm, handle, &resident, err));
	if (resident.handle != ESYS_TR_NONE) {
		if (span_equal(blob_span(&resident.area), parts.area))
			return RC_OK;
		if (!resident.is_ours)
			return err_set(err, RC_EXISTS,
				"handle 0x%08x: something else is there: remove it with tpm2_evictcontrol, or choose "
				"another",
				handle);
		TRY(evict(&resident, handle, err));
	}
	/* What the TSS knows of the handle would not fit what comes there now. */
	resident_close(&resident);
	TRY(room_begin(tpm, &room, err));
	return give_back(&room, persist(&room, blob, handle, err), err);
}

enum rc tpm_key_forget(struct tpm *tpm, struct span blob, uint32_t handle, struct err *err)
{
	DROP(resident_close) struct resident resident = {0};
	struct tpm_key_parts parts;

	TRY(tpm_key_parse(blob, &parts, err));
	TRY(look(tpm, handle, &resident, err));
	if (resident.handle == ESYS_TR_NONE || !span_equal(blob_span(&resident.area), parts.area))
		return RC_OK;
	return evict(&resident, handle, err);
}
