#include "lib/pki/pkcs11.h"

#include <dlfcn.h>

#include "lib/base/drop.h"

#define SLOTS_MAX       64
#define ATTRIBUTE_BYTES 1024

enum rc pkcs11_fault(struct err *err, const char *what, ck_rv_t code)
{
	switch (code) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE: return err_set(err, RC_DENIED, "token: %s: wrong PIN", what);
	case CKR_PIN_LOCKED: return err_set(err, RC_DENIED, "token: %s: the PIN is locked", what);
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_TOKEN_WRITE_PROTECTED:
		return err_set(err, RC_DENIED, "token: %s: not permitted (PKCS #11 error 0x%lx)", what, code);
	default: return err_set(err, RC_IO, "token: %s: PKCS #11 error 0x%lx", what, code);
	}
}

void pkcs11_close(struct pkcs11 *pkcs11)
{
	if (pkcs11->open)
		pkcs11->call->C_CloseSession(pkcs11->session);
	if (pkcs11->started)
		pkcs11->call->C_Finalize(NULL);
	if (pkcs11->object != NULL)
		dlclose(pkcs11->object);
	*pkcs11 = (struct pkcs11){0};
}

static enum rc load(const char *module, struct pkcs11 *out, struct err *err)
{
	CK_C_GetFunctionList list;
	ck_rv_t code;

	if (module == NULL || module[0] != '/')
		return err_set(err, RC_UNSUPPORTED, "token: the module is named by its absolute path");
	out->object = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	if (out->object == NULL)
		return err_set(err, RC_UNSUPPORTED, "token: module %s: %s", module, dlerror());
	/* POSIX: a pointer of dlsym may be taken as one to a function. */
	list = __extension__(CK_C_GetFunctionList) dlsym(out->object, "C_GetFunctionList");
	if (list == NULL || list(&out->call) != CKR_OK || out->call == NULL)
		return err_set(err, RC_UNSUPPORTED, "token: %s is not a PKCS #11 module", module);
	code = out->call->C_Initialize(NULL);
	if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return pkcs11_fault(err, "starting the module", code);
	out->started = code == CKR_OK;
	return RC_OK;
}

/* Labels are padded with blanks. */
static bool is_named(const struct ck_token_info *info, struct span label)
{
	size_t len = sizeof info->label;

	while (len != 0 && info->label[len - 1] == ' ')
		len--;
	return span_equal(span_of(info->label, len), label);
}

static enum rc find_slot(const struct pkcs11 *pkcs11, struct span token, ck_slot_id_t *out, struct err *err)
{
	ck_slot_id_t slots[SLOTS_MAX];
	unsigned long count = SLOTS_MAX;
	ck_rv_t code = pkcs11->call->C_GetSlotList(1, slots, &count);
	size_t found = 0;

	if (code != CKR_OK)
		return pkcs11_fault(err, "listing tokens", code);
	for (unsigned long i = 0; i < count; i++) {
		struct ck_token_info info;

		if (pkcs11->call->C_GetTokenInfo(slots[i], &info) != CKR_OK || !is_named(&info, token))
			continue;
		*out = slots[i];
		found++;
	}
	if (found > 1)
		return err_set(err, RC_EXISTS, "token: %zu tokens are called %.*s", found, SPAN_FMT(token));
	return found == 1 ? RC_OK : err_set(err, RC_NOT_FOUND, "token: none is called %.*s", SPAN_FMT(token));
}

enum rc pkcs11_open(const char *module, struct span token, struct span pin, bool write, struct pkcs11 *out,
	struct err *err)
{
	DROP(pkcs11_close) struct pkcs11 pkcs11 = {0};
	ck_slot_id_t slot = 0;
	ck_rv_t code;

	TRY(load(module, &pkcs11, err));
	TRY(find_slot(&pkcs11, token, &slot, err));
	code = pkcs11.call->C_OpenSession(
		slot, CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0), NULL, NULL, &pkcs11.session);
	if (code != CKR_OK)
		return pkcs11_fault(err, "opening a session", code);
	pkcs11.open = true;
	code = pkcs11.call->C_Login(pkcs11.session, CKU_USER, (unsigned char *)pin.at, pin.len);
	if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN)
		return pkcs11_fault(err, "logging in", code);
	*out = TAKE(pkcs11);
	return RC_OK;
}

enum rc pkcs11_find(const struct pkcs11 *pkcs11, const struct ck_attribute *attributes, size_t count,
	ck_object_handle_t *out, struct err *err)
{
	ck_object_handle_t found[2];
	unsigned long got = 0;
	ck_rv_t code =
		pkcs11->call->C_FindObjectsInit(pkcs11->session, (struct ck_attribute *)attributes, count);

	if (code != CKR_OK)
		return pkcs11_fault(err, "looking for an object", code);
	code = pkcs11->call->C_FindObjects(pkcs11->session, found, COUNT(found), &got);
	pkcs11->call->C_FindObjectsFinal(pkcs11->session);
	if (code != CKR_OK)
		return pkcs11_fault(err, "looking for an object", code);
	if (got == 0)
		return err_set(err, RC_NOT_FOUND, "token: there is no such key");
	if (got > 1)
		return err_set(err, RC_EXISTS, "token: several keys have this name");
	*out = found[0];
	return RC_OK;
}

enum rc pkcs11_read(const struct pkcs11 *pkcs11, ck_object_handle_t object, ck_attribute_type_t type,
	struct blob *out, struct err *err)
{
	uint8_t value[ATTRIBUTE_BYTES];
	struct ck_attribute attribute = {type, value, sizeof value};
	ck_rv_t code = pkcs11->call->C_GetAttributeValue(pkcs11->session, object, &attribute, 1);

	if (code == CKR_ATTRIBUTE_TYPE_INVALID || code == CKR_ATTRIBUTE_SENSITIVE)
		return err_set(err, RC_NOT_FOUND, "token: the key lacks an attribute");
	if (code != CKR_OK || attribute.value_len > sizeof value)
		return pkcs11_fault(err, "reading a key's attribute", code);
	if (blob_append(out, span_of(value, attribute.value_len)) != RC_OK)
		return err_set(err, RC_NOMEM, "token: out of memory");
	return RC_OK;
}
