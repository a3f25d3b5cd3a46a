#include "lib/evidence/tpm_public.h"

#include "lib/evidence/cursor.h"

/* TPM 2.0 Part 2, TPMT_SYM_DEF_OBJECT: nothing follows TPM_ALG_NULL. */
static enum rc symmetric_parse(struct cursor *cursor, struct tpm_public *public)
{
	TRY(cursor_u16(cursor, &public->symmetric));
	switch (public->symmetric) {
	case TPM_ALG_NULL: return RC_OK;
	case TPM_ALG_AES:
	case TPM_ALG_SM4:
	case TPM_ALG_CAMELLIA:
		TRY(cursor_u16(cursor, &public->symmetric_bits));
		return cursor_u16(cursor, &public->symmetric_mode);
	default: return RC_UNSUPPORTED;
	}
}

/* TPM 2.0 Part 2, TPMT_RSA_SCHEME and TPMT_ECC_SCHEME: a hash follows all but null and
 * RSAES. */
static enum rc scheme_parse(struct cursor *cursor, struct tpm_public *public)
{
	bool rsa = public->type == TPM_ALG_RSA;

	TRY(cursor_u16(cursor, &public->scheme));
	switch (public->scheme) {
	case TPM_ALG_NULL: return RC_OK;
	case TPM_ALG_RSAES: return rsa ? RC_OK : RC_MALFORMED;
	case TPM_ALG_RSASSA:
	case TPM_ALG_RSAPSS:
	case TPM_ALG_OAEP: return rsa ? cursor_u16(cursor, &public->scheme_hash) : RC_MALFORMED;
	case TPM_ALG_ECDSA:
	case TPM_ALG_ECDH: return rsa ? RC_MALFORMED : cursor_u16(cursor, &public->scheme_hash);
	default: return RC_UNSUPPORTED;
	}
}

/* TPM 2.0 Part 2, TPMS_RSA_PARMS and TPM2B_PUBLIC_KEY_RSA. */
static enum rc rsa_parse(struct cursor *cursor, struct tpm_public *public)
{
	TRY(symmetric_parse(cursor, public));
	TRY(scheme_parse(cursor, public));
	TRY(cursor_u16(cursor, &public->rsa_bits));
	TRY(cursor_u32(cursor, &public->exponent));
	TRY(cursor_tpm2b(cursor, TPM_RSA_MAX_BYTES, &public->n));
	return public->n.len > 0 && public->n.len * 8 == public->rsa_bits ? RC_OK : RC_MALFORMED;
}

/* TPM 2.0 Part 2, TPMS_ECC_PARMS and TPMS_ECC_POINT. */
static enum rc ecc_parse(struct cursor *cursor, struct tpm_public *public)
{
	size_t max;

	TRY(symmetric_parse(cursor, public));
	TRY(scheme_parse(cursor, public));
	TRY(cursor_u16(cursor, &public->curve));
	TRY(cursor_u16(cursor, &public->kdf));
	if (public->kdf != TPM_ALG_NULL)
		TRY(cursor_u16(cursor, &public->kdf_hash));
	max = tpm_curve_bytes(public->curve);
	if (max == 0)
		return RC_UNSUPPORTED;
	TRY(cursor_tpm2b(cursor, max, &public->x));
	TRY(cursor_tpm2b(cursor, max, &public->y));
	return public->x.len > 0 && public->y.len > 0 ? RC_OK : RC_MALFORMED;
}

enum rc tpm_public_parse(struct span in, struct tpm_public *out)
{
	struct cursor cursor = cursor_at(in);
	struct tpm_public public = {0};

	TRY(cursor_u16(&cursor, &public.type));
	TRY(cursor_u16(&cursor, &public.name_alg));
	TRY(cursor_u32(&cursor, &public.attributes));
	TRY(cursor_tpm2b(&cursor, TPM_HASH_MAX_BYTES, &public.auth_policy));
	switch (public.type) {
	case TPM_ALG_RSA: TRY(rsa_parse(&cursor, &public)); break;
	case TPM_ALG_ECC: TRY(ecc_parse(&cursor, &public)); break;
	default: return RC_UNSUPPORTED;
	}
	TRY(cursor_end(&cursor));
	*out = public;
	return RC_OK;
}

enum rc tpm_public_parse_2b(struct span in, struct tpm_public *out, struct span *area)
{
	struct cursor cursor = cursor_at(in);
	struct span body = {0};

	TRY(cursor_tpm2b(&cursor, TPM_AREA_MAX_BYTES, &body));
	TRY(cursor_end(&cursor));
	TRY(tpm_public_parse(body, out));
	if (area != NULL)
		*area = body;
	return RC_OK;
}

static void put_uint(struct tpm_area *area, uint32_t value, size_t bytes)
{
	while (bytes-- > 0)
		area->bytes[area->len++] = (uint8_t)(value >> 8 * bytes);
}

static void put_2b(struct tpm_area *area, struct span bytes)
{
	put_uint(area, (uint32_t)bytes.len, 2);
	if (bytes.len > 0)
		memcpy(area->bytes + area->len, bytes.at, bytes.len);
	area->len += bytes.len;
}

static void put_algorithms(struct tpm_area *area, const struct tpm_public *public)
{
	put_uint(area, public->symmetric, 2);
	if (public->symmetric != TPM_ALG_NULL) {
		put_uint(area, public->symmetric_bits, 2);
		put_uint(area, public->symmetric_mode, 2);
	}
	put_uint(area, public->scheme, 2);
	if (public->scheme != TPM_ALG_NULL && public->scheme != TPM_ALG_RSAES)
		put_uint(area, public->scheme_hash, 2);
}

static void put_rsa(struct tpm_area *area, const struct tpm_public *public)
{
	put_uint(area, public->rsa_bits, 2);
	put_uint(area, public->exponent, 4);
	put_2b(area, public->n);
}

static void put_ecc(struct tpm_area *area, const struct tpm_public *public)
{
	put_uint(area, public->curve, 2);
	put_uint(area, public->kdf, 2);
	if (public->kdf != TPM_ALG_NULL)
		put_uint(area, public->kdf_hash, 2);
	put_2b(area, public->x);
	put_2b(area, public->y);
}

/* The fixed fields take at most 30 bytes. */
_Static_assert(30 + 2 + TPM_HASH_MAX_BYTES + 2 + TPM_RSA_MAX_BYTES <= TPM_AREA_MAX_BYTES, "RSA areas fit");
_Static_assert(
	30 + 2 + TPM_HASH_MAX_BYTES + 4 + 2 * TPM_ECC_MAX_BYTES <= TPM_AREA_MAX_BYTES, "ECC areas fit");

enum rc tpm_public_encode(const struct tpm_public *public, struct tpm_area *out)
{
	struct tpm_area area = {0};

	if (public->auth_policy.len > TPM_HASH_MAX_BYTES || public->n.len > TPM_RSA_MAX_BYTES ||
		public->x.len > TPM_ECC_MAX_BYTES || public->y.len > TPM_ECC_MAX_BYTES)
		return RC_LIMIT;
	if (public->type != TPM_ALG_RSA && public->type != TPM_ALG_ECC)
		return RC_UNSUPPORTED;
	put_uint(&area, public->type, 2);
	put_uint(&area, public->name_alg, 2);
	put_uint(&area, public->attributes, 4);
	put_2b(&area, public->auth_policy);
	put_algorithms(&area, public);
	if (public->type == TPM_ALG_RSA)
		put_rsa(&area, public);
	else
		put_ecc(&area, public);
	*out = area;
	return RC_OK;
}

enum rc tpm_public_key(const struct tpm_public *public, struct key_parts *out)
{
	if (public->type == TPM_ALG_RSA && (public->exponent == 0 || public->exponent == KEY_RSA_EXPONENT)) {
		*out = (struct key_parts){.kind = KEY_RSA, .n = public->n, .exponent = KEY_RSA_EXPONENT};
		return RC_OK;
	}
	if (public->type == TPM_ALG_ECC &&
		(public->curve == TPM_CURVE_P256 || public->curve == TPM_CURVE_P384)) {
		*out = (struct key_parts){.kind = public->curve == TPM_CURVE_P256 ? KEY_P256 : KEY_P384,
			.x = public->x,
			.y = public->y};
		return RC_OK;
	}
	return RC_UNSUPPORTED;
}
