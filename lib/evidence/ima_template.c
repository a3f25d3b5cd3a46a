#include "lib/evidence/ima_template.h"

#include "lib/evidence/ima_field.h"

#define D_SHA1_BYTES 20

static const struct {
	const char *words;
	size_t len;
} names[IMA_TEMPLATE_COUNT] = {[IMA_TEMPLATE_UNKNOWN] = {"unknown", 7},
	[IMA_TEMPLATE_CUSTOM] = {"custom", 6},
#define TEMPLATE_NAME(name, words) [IMA_TEMPLATE_##name] = {words, sizeof(words) - 1},
	IMA_TEMPLATE_LIST(TEMPLATE_NAME)
#undef TEMPLATE_NAME
};

static const uint8_t fields[IMA_TEMPLATE_COUNT][IMA_FIELDS_MAX + 1] = {
	[IMA_TEMPLATE_IMA] = {IMA_FIELD_D, IMA_FIELD_N},
	[IMA_TEMPLATE_NG] = {IMA_FIELD_D_NG, IMA_FIELD_N_NG},
	[IMA_TEMPLATE_NGV2] = {IMA_FIELD_D_NGV2, IMA_FIELD_N_NG},
	[IMA_TEMPLATE_SIG] = {IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_SIG},
	[IMA_TEMPLATE_SIGV2] = {IMA_FIELD_D_NGV2, IMA_FIELD_N_NG, IMA_FIELD_SIG},
	[IMA_TEMPLATE_BUF] = {IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_BUF},
	[IMA_TEMPLATE_MODSIG] = {IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_SIG, IMA_FIELD_D_MODSIG,
		IMA_FIELD_MODSIG},
	[IMA_TEMPLATE_EVM_SIG] = {IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_EVMSIG, IMA_FIELD_XATTRNAMES,
		IMA_FIELD_XATTRLENGTHS, IMA_FIELD_XATTRVALUES, IMA_FIELD_IUID, IMA_FIELD_IGID,
		IMA_FIELD_IMODE},
};

static const struct {
	const char *id;
	enum ima_field_text text;
} kinds[IMA_FIELD_COUNT] = {
#define FIELD_KIND(name, id, text) [IMA_FIELD_##name] = {id, IMA_TEXT_##text},
	IMA_FIELD_LIST(FIELD_KIND)
#undef FIELD_KIND
};

const char *ima_template_name(enum ima_template template)
{
	return names[(unsigned)template >= IMA_TEMPLATE_COUNT ? IMA_TEMPLATE_UNKNOWN : template].words;
}

enum ima_field_text ima_field_text(enum ima_field field)
{
	return kinds[field].text;
}

static enum ima_field field_of_id(struct span id)
{
	for (unsigned field = IMA_FIELD_NONE + 1; field < IMA_FIELD_COUNT; field++)
		if (span_is(id, kinds[field].id))
			return (enum ima_field)field;
	return IMA_FIELD_NONE;
}

/* "d-ng|n-ng|sig"; false if a part of it is no field that we know, or if they are too many. */
static bool format_parse(struct span format, uint8_t out[static IMA_FIELDS_MAX + 1])
{
	memset(out, IMA_FIELD_NONE, IMA_FIELDS_MAX + 1);
	for (size_t i = 0; i < IMA_FIELDS_MAX; i++) {
		const uint8_t *bar = format.len == 0 ? NULL : memchr(format.at, '|', format.len);
		size_t len = bar == NULL ? format.len : (size_t)(bar - format.at);

		out[i] = (uint8_t)field_of_id(span_of(format.at, len));
		if (out[i] == IMA_FIELD_NONE)
			return false;
		if (bar == NULL)
			return true;
		format = span_of(bar + 1, format.len - len - 1);
	}
	return false;
}

enum ima_template ima_template_of_name(struct span name)
{
	uint8_t custom[IMA_FIELDS_MAX + 1];

	for (unsigned i = IMA_TEMPLATE_UNKNOWN + 1; i < IMA_TEMPLATE_CUSTOM; i++)
		if (span_equal(name, span_of(names[i].words, names[i].len)))
			return (enum ima_template)i;
	return format_parse(name, custom) ? IMA_TEMPLATE_CUSTOM : IMA_TEMPLATE_UNKNOWN;
}

const uint8_t *ima_template_fields(
	enum ima_template template, struct span name, uint8_t custom[static IMA_FIELDS_MAX + 1])
{
	if (template != IMA_TEMPLATE_CUSTOM)
		return fields[(unsigned)template >= IMA_TEMPLATE_COUNT ? IMA_TEMPLATE_UNKNOWN : template];
	if (!format_parse(name, custom))
		memset(custom, IMA_FIELD_NONE, IMA_FIELDS_MAX + 1);
	return custom;
}

/* ---- the values of fields ---- */

/* "sha256:", or "verity:sha256:" when it has a type; then a NUL and the digest. Nothing at all is a digest
 * that the kernel did not have. */
static bool digest_read(struct span value, bool has_type, struct ima_digest *out)
{
	const uint8_t *nul = value.len == 0 ? NULL : memchr(value.at, '\0', value.len);
	struct ima_digest digest = {.hash = KERNEL_HASH_COUNT};

	if (value.len == 0)
		return true;
	if (nul == NULL || nul == value.at || nul[-1] != ':')
		return false;
	digest.value = span_of(nul + 1, (size_t)(value.at + value.len - (nul + 1)));
	digest.name = span_of(value.at, (size_t)(nul - 1 - value.at));
	if (has_type) {
		const uint8_t *colon =
			digest.name.len == 0 ? NULL : memchr(digest.name.at, ':', digest.name.len);
		struct span type;

		if (colon == NULL)
			return false;
		type = span_of(digest.name.at, (size_t)(colon - digest.name.at));
		digest.name = span_of(colon + 1, digest.name.len - type.len - 1);
		digest.type = span_is(type, "ima")      ? IMA_DIGEST_IMA
		              : span_is(type, "verity") ? IMA_DIGEST_VERITY
		                                        : IMA_DIGEST_OTHER;
	}
	digest.hash = kernel_hash_of_name(digest.name);
	digest.has_size = digest.value.len != 0 && digest.value.len == kernel_hash_size(digest.hash);
	*out = digest;
	return true;
}

/* ima_eventdigest_init: SHA-1, or MD5, whose length cannot be told in the template "ima", so that nobody uses
 * it. */
static bool old_digest_read(struct span value, struct ima_digest *out)
{
	enum kernel_hash hash =
		value.len == kernel_hash_size(KERNEL_HASH_MD5) ? KERNEL_HASH_MD5 : KERNEL_HASH_SHA1;

	if (value.len != kernel_hash_size(hash))
		return false;
	*out = (struct ima_digest){
		.hash = hash, .has_size = true, .name = span_text(kernel_hash_name(hash)), .value = value};
	return true;
}

/* Text with one NUL, at its end. */
static bool string_read(struct span value, struct span *out)
{
	if (value.len == 0 || memchr(value.at, '\0', value.len) != value.at + value.len - 1)
		return false;
	*out = span_of(value.at, value.len - 1);
	return true;
}

static bool number_read(struct span value, size_t bytes, bool big_endian, uint32_t *out)
{
	uint32_t number = 0;

	if (value.len != bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		number |= (uint32_t)value.at[i] << 8 * (big_endian ? bytes - 1 - i : i);
	*out = number;
	return true;
}

static bool mode_read(struct span value, bool big_endian, uint16_t *out)
{
	uint32_t mode = 0;

	if (!number_read(value, sizeof *out, big_endian, &mode))
		return false;
	*out = (uint16_t)mode;
	return true;
}

/* Every field but names may be empty: the kernel had nothing to put there. */
static bool field_read(enum ima_field field, struct span value, bool big_endian, struct ima_fields *out)
{
	switch (field) {
	case IMA_FIELD_D: return old_digest_read(value, &out->digest);
	case IMA_FIELD_D_NG: return digest_read(value, false, &out->digest);
	case IMA_FIELD_D_NGV2: return digest_read(value, true, &out->digest);
	case IMA_FIELD_D_MODSIG: return digest_read(value, false, &out->modsig_of);
	case IMA_FIELD_N:
	case IMA_FIELD_N_NG: return string_read(value, &out->name);
	case IMA_FIELD_SIG: out->signature = value; return true;
	case IMA_FIELD_BUF: out->buffer = value; return true;
	case IMA_FIELD_MODSIG: out->modsig = value; return true;
	case IMA_FIELD_EVMSIG: out->evm_signature = value; return true;
	case IMA_FIELD_XATTRNAMES: return value.len == 0 || string_read(value, &out->xattr_names);
	case IMA_FIELD_XATTRLENGTHS: out->xattr_lengths = value; return true;
	case IMA_FIELD_XATTRVALUES: out->xattr_values = value; return true;
	case IMA_FIELD_IUID: return value.len == 0 || number_read(value, 4, big_endian, &out->uid);
	case IMA_FIELD_IGID: return value.len == 0 || number_read(value, 4, big_endian, &out->gid);
	case IMA_FIELD_IMODE: return value.len == 0 || mode_read(value, big_endian, &out->mode);
	case IMA_FIELD_NONE:
	case IMA_FIELD_COUNT: break;
	}
	return false;
}

/* Each field stands behind its length, and the last one ends where the data end. */
static bool fields_read(const uint8_t *format, struct span data, bool big_endian, struct ima_fields *out)
{
	unsigned owner = 0;

	for (; *format != IMA_FIELD_NONE; format++) {
		struct span value;

		if (data.len < 4)
			return false;
		value = span_of(data.at + 4, ima_u32(data.at, big_endian));
		if (value.len > data.len - 4)
			return false;
		data = span_of(value.at + value.len, data.len - 4 - value.len);
		if (!field_read((enum ima_field) * format, value, big_endian, out))
			return false;
		if (*format >= IMA_FIELD_IUID && *format <= IMA_FIELD_IMODE && value.len != 0)
			owner |= 1u << (*format - IMA_FIELD_IUID);
	}
	out->has_owner = owner == 7;
	return data.len == 0;
}

/* The template "ima" as the binary list shows it: 20 bytes of digest without a length, then the length of the
 * name without its NUL, and the name. */
static bool old_split(struct span data, bool big_endian, struct span *digest, struct span *name)
{
	if (data.len < D_SHA1_BYTES + 4)
		return false;
	*digest = span_of(data.at, D_SHA1_BYTES);
	*name = span_of(data.at + D_SHA1_BYTES + 4, data.len - D_SHA1_BYTES - 4);
	return name->len <= IMA_OLD_NAME_MAX && name->len == ima_u32(data.at + D_SHA1_BYTES, big_endian);
}

static bool old_read(struct span data, bool big_endian, struct ima_fields *out)
{
	struct span digest = {0}, name = {0};

	if (!old_split(data, big_endian, &digest, &name) || memchr(name.at, '\0', name.len) != NULL)
		return false;
	out->name = name;
	return old_digest_read(digest, &out->digest);
}

static void clear(enum ima_template template, struct ima_fields *out)
{
	memset(out, 0, sizeof *out);
	out->template = template;
	out->digest.hash = out->modsig_of.hash = KERNEL_HASH_COUNT;
}

static bool is_digest(uint8_t field)
{
	return field == IMA_FIELD_D || field == IMA_FIELD_D_NG || field == IMA_FIELD_D_NGV2;
}

static bool is_name(uint8_t field)
{
	return field == IMA_FIELD_N || field == IMA_FIELD_N_NG;
}

/*
 * Templates are not hashed, so whoever sends a list chooses the format. All of the kernel's have the digest
 * first, then the name: with another order some field that a node's owner writes as he likes (attributes of a
 * file, in evm-sig) would be shown as the digest or the name. No field may come twice, as the last would be
 * taken.
 */
static bool format_is_plain(const uint8_t *format)
{
	uint32_t seen = 0;

	if (!is_digest(format[0]) || !is_name(format[1]))
		return false;
	for (size_t i = 0; format[i] != IMA_FIELD_NONE; i++) {
		if ((seen >> format[i] & 1) != 0 || (i > 0 && is_digest(format[i])) ||
			(i > 1 && is_name(format[i])))
			return false;
		seen |= 1u << format[i];
	}
	return true;
}

static bool custom_read(const uint8_t *format, struct span data, bool big_endian, struct ima_fields *out)
{
	/* Buffers are only in ima-buf; with another format the field is there, but empty. */
	return format_is_plain(format) && fields_read(format, data, big_endian, out) && out->buffer.len == 0;
}

void ima_template_parse(struct span name, struct span data, bool big_endian, struct ima_fields *out)
{
	enum ima_template template = ima_template_of_name(name);
	const uint8_t *format;
	uint8_t custom[IMA_FIELDS_MAX + 1];

	clear(template, out);
	if (template == IMA_TEMPLATE_UNKNOWN)
		return;
	format = ima_template_fields(template, name, custom);
	out->understood = template == IMA_TEMPLATE_IMA      ? old_read(data, big_endian, out)
	                  : template == IMA_TEMPLATE_CUSTOM ? custom_read(format, data, big_endian, out)
	                                                    : fields_read(format, data, big_endian, out);
	if (!out->understood)
		clear(template, out);
}

enum rc ima_template_hash(
	enum digest_alg alg, enum ima_template template, struct span data, bool big_endian, uint8_t *out)
{
	static const uint8_t zeros[IMA_OLD_NAME_MAX + 1];
	struct span parts[3] = {{0}};

	if (template != IMA_TEMPLATE_IMA)
		return digest_bytes(alg, data, out);
	if (!old_split(data, big_endian, &parts[0], &parts[1]))
		return RC_MALFORMED;
	parts[2] = span_of(zeros, sizeof zeros - parts[1].len);
	return digest_spans(alg, parts, COUNT(parts), out);
}
