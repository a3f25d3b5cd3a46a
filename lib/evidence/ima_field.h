/* The fields that templates are made of (Linux, ima_template.c: supported_fields). Internal to lib/evidence.
 */
#ifndef LIMEBUS_EVIDENCE_IMA_FIELD_H
#define LIMEBUS_EVIDENCE_IMA_FIELD_H

#include "lib/evidence/ima_template.h"

/* How the ASCII list writes a field (enum data_formats of the kernel). */
enum ima_field_text {
	IMA_TEXT_DIGEST, /* hexadecimal */
	IMA_TEXT_WORDS,  /* "sha256:" as text, then a NUL that is not shown, then hexadecimal */
	IMA_TEXT_STRING, /* as it stands, without the NUL at its end */
	IMA_TEXT_HEX,
	IMA_TEXT_U16,
	IMA_TEXT_U32,
};

/* X(name, the kernel's id, form) */
#define IMA_FIELD_LIST(X)                                                                                    \
	X(D, "d", DIGEST)                                                                                    \
	X(N, "n", STRING)                                                                                    \
	X(D_NG, "d-ng", WORDS)                                                                               \
	X(D_NGV2, "d-ngv2", WORDS)                                                                           \
	X(N_NG, "n-ng", STRING)                                                                              \
	X(SIG, "sig", HEX)                                                                                   \
	X(BUF, "buf", HEX)                                                                                   \
	X(D_MODSIG, "d-modsig", WORDS)                                                                       \
	X(MODSIG, "modsig", HEX)                                                                             \
	X(EVMSIG, "evmsig", HEX)                                                                             \
	X(IUID, "iuid", U32)                                                                                 \
	X(IGID, "igid", U32)                                                                                 \
	X(IMODE, "imode", U16)                                                                               \
	X(XATTRNAMES, "xattrnames", STRING)                                                                  \
	X(XATTRLENGTHS, "xattrlengths", HEX)                                                                 \
	X(XATTRVALUES, "xattrvalues", HEX)

#define IMA_FIELD_ENUM(name, id, text) IMA_FIELD_##name,
enum ima_field { IMA_FIELD_NONE, IMA_FIELD_LIST(IMA_FIELD_ENUM) IMA_FIELD_COUNT };
#undef IMA_FIELD_ENUM

/* The fields of a template in order; the rest is IMA_FIELD_NONE, all of it for unknown templates. `custom`
 * has room for those of a template that is not in the table. */
const uint8_t *ima_template_fields(
	enum ima_template template, struct span name, uint8_t custom[static IMA_FIELDS_MAX + 1]);

enum ima_field_text ima_field_text(enum ima_field field);

/* 32 bits in the byte order of a list. */
static inline uint32_t ima_u32(const uint8_t at[static 4], bool big_endian)
{
	uint32_t little =
		(uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

	return big_endian ? __builtin_bswap32(little) : little;
}

#endif
