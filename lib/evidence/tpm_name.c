#include "lib/evidence/tpm_name.h"

#include "lib/evidence/cursor.h"

/* hash ‖ H_hash(first ‖ second). */
static enum rc make(uint16_t hash, struct span first, struct span second, struct tpm_name *out)
{
	const struct span parts[] = {first, second};
	struct tpm_name name = {.bytes = {(uint8_t)(hash >> 8), (uint8_t)hash}};

	if (digest_of_tpm_id(hash) == DIGEST_NONE)
		return RC_UNSUPPORTED;
	TRY(digest_spans(digest_of_tpm_id(hash), parts, COUNT(parts), name.bytes + 2));
	name.len = 2 + digest_size(digest_of_tpm_id(hash));
	*out = name;
	return RC_OK;
}

enum rc tpm_name_of(struct span area, struct tpm_name *out)
{
	struct cursor cursor = cursor_at(area);
	uint16_t type = 0;
	uint16_t name_alg = 0;

	TRY(cursor_u16(&cursor, &type));
	TRY(cursor_u16(&cursor, &name_alg));
	return make(name_alg, area, (struct span){0}, out);
}

/* QN(child) = nameAlg(child) ‖ H(parent's QN ‖ Name(child)). */
static enum rc qualify(struct span parent, const struct tpm_name *child, struct tpm_name *out)
{
	if (child->len < 2)
		return RC_MALFORMED;
	return make((uint16_t)(child->bytes[0] << 8 | child->bytes[1]), parent, tpm_name_span(child), out);
}

enum rc tpm_name_qualified(const struct tpm_name *ek, const struct tpm_name *ak, struct tpm_name *out)
{
	static const uint8_t hierarchy[] = {TPM_RH_ENDORSEMENT >> 24, TPM_RH_ENDORSEMENT >> 16 & 0xff,
		TPM_RH_ENDORSEMENT >> 8 & 0xff, TPM_RH_ENDORSEMENT & 0xff};
	struct tpm_name parent = {0};

	TRY(qualify(SPAN(hierarchy), ek, &parent));
	return qualify(tpm_name_span(&parent), ak, out);
}
