/* UEFI variables as events hold them (UEFI_VARIABLE_DATA), and GUIDs. */
#ifndef LIMEBUS_EVIDENCE_UEFI_VARIABLE_H
#define LIMEBUS_EVIDENCE_UEFI_VARIABLE_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

#define GUID_BYTES      16
#define GUID_TEXT_BYTES 37

/* "8be4df61-93ca-11d2-aa0d-00e098032b8c": the first three groups are stored little-endian (RFC 9562 has them
 * the other way). Returns out. */
char *guid_text(const uint8_t guid[static GUID_BYTES], char out[static GUID_TEXT_BYTES]);

/* Text of either case to stored form; RC_MALFORMED for anything else. */
MUST_USE enum rc guid_parse(struct span text, uint8_t out[static GUID_BYTES]);

/* Vendors of variables, as they are stored. */
extern const uint8_t guid_efi_global[GUID_BYTES];     /* PK, KEK, SecureBoot, Boot0000 */
extern const uint8_t guid_image_security[GUID_BYTES]; /* db, dbx */
extern const uint8_t guid_shim[GUID_BYTES];           /* MokListRT, SbatLevel, Shim */

/* Borrows. name is UTF-16, little-endian, without terminator. rest is what stands behind the structure: old
 * versions of shim log one byte too many, which the digest does not cover. */
struct uefi_variable {
	const uint8_t *guid;
	struct span name;
	struct span data;
	struct span rest;
};

/* UEFI_VARIABLE_DATA (PC Client Platform Firmware Profile). RC_MALFORMED if a length does not fit. */
MUST_USE enum rc uefi_variable_parse(struct span in, struct uefi_variable *out);

/* The name is this ASCII text; guid may be NULL for any. */
bool uefi_variable_is(const struct uefi_variable *variable, const uint8_t *guid, const char *name);

/* EFI_LOAD_OPTION in Boot#### and the like (UEFI 2.10, 3.1.3). description is UTF-16 without terminator. */
struct uefi_load_option {
	uint32_t attributes;
	struct span description;
	struct span path;
	struct span data;
};
MUST_USE enum rc uefi_load_option_parse(struct span in, struct uefi_load_option *out);

#endif
