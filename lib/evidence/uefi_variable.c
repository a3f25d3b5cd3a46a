#include "lib/evidence/uefi_variable.h"

#include "lib/base/hex.h"
#include "lib/evidence/cursor_le.h"

const uint8_t guid_efi_global[GUID_BYTES] = {
	0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
const uint8_t guid_image_security[GUID_BYTES] = {
	0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f};
const uint8_t guid_shim[GUID_BYTES] = {
	0x50, 0xab, 0x5d, 0x60, 0x46, 0xe0, 0x00, 0x43, 0xab, 0xb6, 0x3d, 0xd8, 0x10, 0xdd, 0x8b, 0x23};

/* Bytes of a GUID in the order of its text; a hyphen follows bytes 3, 5, 7 and 9 of it. */
static const uint8_t text_order[GUID_BYTES] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

static bool hyphen_follows(size_t i)
{
	return i == 3 || i == 5 || i == 7 || i == 9;
}

char *guid_text(const uint8_t guid[static GUID_BYTES], char out[static GUID_TEXT_BYTES])
{
	char *at = out;

	for (size_t i = 0; i < GUID_BYTES; i++) {
		hex_encode(span_of(guid + text_order[i], 1), at);
		at += 2;
		if (hyphen_follows(i))
			*at++ = '-';
	}
	*at = '\0';
	return out;
}

enum rc guid_parse(struct span text, uint8_t out[static GUID_BYTES])
{
	uint8_t guid[GUID_BYTES];
	struct cursor cursor = cursor_at(text);
	struct span part = {0};

	for (size_t i = 0; i < GUID_BYTES; i++) {
		TRY(cursor_bytes(&cursor, 2, &part));
		TRY(hex_decode(part, guid + text_order[i], 1));
		if (!hyphen_follows(i))
			continue;
		TRY(cursor_bytes(&cursor, 1, &part));
		if (!span_is(part, "-"))
			return RC_MALFORMED;
	}
	TRY(cursor_end(&cursor));
	memcpy(out, guid, sizeof guid);
	return RC_OK;
}

enum rc uefi_variable_parse(struct span in, struct uefi_variable *out)
{
	struct uefi_variable variable = {0};
	struct cursor cursor = cursor_at(in);
	struct span guid = {0};
	uint64_t name = 0;
	uint64_t data = 0;

	TRY(cursor_bytes(&cursor, GUID_BYTES, &guid));
	variable.guid = guid.at;
	TRY(cursor_le64(&cursor, &name));
	TRY(cursor_le64(&cursor, &data));
	if (name > cursor.left.len / 2)
		return RC_MALFORMED;
	TRY(cursor_bytes64(&cursor, 2 * name, &variable.name));
	TRY(cursor_bytes64(&cursor, data, &variable.data));
	variable.rest = cursor.left;
	*out = variable;
	return RC_OK;
}

bool uefi_variable_is(const struct uefi_variable *variable, const uint8_t *guid, const char *name)
{
	const size_t len = strlen(name);

	if (variable->name.len != 2 * len || (guid != NULL && memcmp(variable->guid, guid, GUID_BYTES) != 0))
		return false;
	for (size_t i = 0; i < len; i++)
		if (variable->name.at[2 * i] != (uint8_t)name[i] || variable->name.at[2 * i + 1] != 0)
			return false;
	return true;
}

enum rc uefi_load_option_parse(struct span in, struct uefi_load_option *out)
{
	struct uefi_load_option option = {0};
	struct cursor cursor = cursor_at(in);
	struct span unit = {0};
	uint16_t path = 0;
	size_t len = 0;

	TRY(cursor_le32(&cursor, &option.attributes));
	TRY(cursor_le16(&cursor, &path));
	option.description.at = cursor.left.at;
	TRY(cursor_bytes(&cursor, 2, &unit));
	for (; unit.at[0] != 0 || unit.at[1] != 0; len += 2)
		TRY(cursor_bytes(&cursor, 2, &unit));
	option.description.len = len;
	TRY(cursor_bytes(&cursor, path, &option.path));
	option.data = cursor.left;
	*out = option;
	return RC_OK;
}
