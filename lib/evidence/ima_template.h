/*
 * The data of one entry of the kernel's IMA list: which template it has, what its fields say, and the hash
 * that the kernel makes of it. Pure and without allocation: all spans borrow from the data.
 *
 * After Linux, security/integrity/ima/ima_template.c (templates and their formats), ima_template_lib.c
 * (fields) and ima_crypto.c (ima_calc_field_array_hash). Template data are fields, each behind its length (32
 * bits); only the first template of all, "ima", has a fixed layout of its own.
 */
#ifndef LIMEBUS_EVIDENCE_IMA_TEMPLATE_H
#define LIMEBUS_EVIDENCE_IMA_TEMPLATE_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/evidence/kernel_hash.h"

/* X(name, the kernel's name); the fields of each are listed in ima_template.c. CUSTOM is any other name that
 * is a format itself, "d-ng|n-ng|sig", made of fields that we know (boot parameter ima_template_fmt=): the
 * kernel then writes the format in place of a name. */
#define IMA_TEMPLATE_LIST(X)                                                                                 \
	X(IMA, "ima")                                                                                        \
	X(NG, "ima-ng")                                                                                      \
	X(NGV2, "ima-ngv2")                                                                                  \
	X(SIG, "ima-sig")                                                                                    \
	X(SIGV2, "ima-sigv2")                                                                                \
	X(BUF, "ima-buf")                                                                                    \
	X(MODSIG, "ima-modsig")                                                                              \
	X(EVM_SIG, "evm-sig")

#define IMA_TEMPLATE_ENUM(name, words) IMA_TEMPLATE_##name,
enum ima_template {
	IMA_TEMPLATE_UNKNOWN,
	IMA_TEMPLATE_LIST(IMA_TEMPLATE_ENUM) IMA_TEMPLATE_CUSTOM,
	IMA_TEMPLATE_COUNT
};
#undef IMA_TEMPLATE_ENUM

/* 15 fields (IMA_TEMPLATE_NUM_FIELDS_MAX) of at most 16 characters (IMA_TEMPLATE_FIELD_ID_MAX_LEN) each, with
 * what separates them. */
#define IMA_FIELDS_MAX        15
#define IMA_TEMPLATE_NAME_MAX (IMA_FIELDS_MAX * 17)

/* The name of a template "ima" is cut at 255 bytes and hashed as 256 (IMA_EVENT_NAME_LEN_MAX). */
#define IMA_OLD_NAME_MAX 255

/* What a digest is of. PLAIN: the field does not say, so it is of the file's content (d, d-ng). */
enum ima_digest_type { IMA_DIGEST_PLAIN, IMA_DIGEST_IMA, IMA_DIGEST_VERITY, IMA_DIGEST_OTHER };

/*
 * A digest as a field has it. `name` is the kernel's word for the algorithm, `hash` is that algorithm, or
 * KERNEL_HASH_COUNT if we never heard of it. `has_size`: value is as long as the algorithm wants. Violations
 * have zeros, in older kernels 20 bytes whatever the algorithm.
 */
struct ima_digest {
	enum ima_digest_type type;
	enum kernel_hash hash;
	bool has_size;
	struct span name;
	struct span value;
};

/*
 * The fields of one entry. What a template lacks, or what the kernel left empty, is an empty span.
 * `understood`: the template is known and the data follow its format to the last byte; a custom one has the
 * digest first and the name second, no field twice, and no buffer. If it is false everything here is empty:
 * such an entry can be replayed, but not judged.
 */
struct ima_fields {
	enum ima_template template;
	bool understood;
	struct ima_digest digest;    /* d, d-ng, d-ngv2 */
	struct span name;            /* n, n-ng, without the NUL; spaces are "_" (the kernel's doing) */
	struct span signature;       /* sig: security.ima, or a portable security.evm (first byte 3 or 5) */
	struct span buffer;          /* buf */
	struct ima_digest modsig_of; /* d-modsig */
	struct span modsig;          /* modsig: PKCS #7, DER */
	struct span evm_signature;   /* evmsig */
	struct span xattr_names;     /* separated by '|', without the NUL */
	struct span xattr_lengths;   /* 32 bits each, in the byte order of the list */
	struct span xattr_values;
	bool has_owner; /* iuid, igid, imode were all there */
	uint32_t uid, gid;
	uint16_t mode;
};

/* "ima-ng"; "unknown" and "custom" for these two; never NULL. */
const char *ima_template_name(enum ima_template template);

/* The template of a name as a list has it. */
enum ima_template ima_template_of_name(struct span name);

/*
 * The fields in `data`. Never fails: what is not as it should be leaves `understood` false. big_endian: byte
 * order of the machine that wrote the list (a kernel with ima_canonical_fmt writes little-endian anywhere).
 */
void ima_template_parse(struct span name, struct span data, bool big_endian, struct ima_fields *out);

/*
 * The hash that the kernel makes of an entry in a bank: over the template data as they stand, except for the
 * template "ima": over its digest and its name padded with zeros to 256 bytes (RC_MALFORMED if the data are
 * not of that form). `template` decides which. out has digest_size(alg) room.
 */
MUST_USE enum rc ima_template_hash(
	enum digest_alg alg, enum ima_template template, struct span data, bool big_endian, uint8_t *out);

#endif
