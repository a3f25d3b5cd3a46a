#include "lib/evidence/ima_signature.h"

#include "lib/base/drop.h"
#include "lib/evidence/cursor.h"
#include "lib/evidence/kernel_hash.h"

static bool is_known_form(const struct ima_signature *signature)
{
	if (signature->hash == DIGEST_NONE)
		return false;
	if (signature->type == IMA_XATTR_VERITY_DIGSIG)
		return signature->version == 3;
	return signature->type == IMA_XATTR_DIGSIG && (signature->version == 2 || signature->version == 3);
}

enum rc ima_signature_parse(struct span in, struct ima_signature *out)
{
	struct cursor cursor = cursor_at(in);
	struct ima_signature signature = {0};
	uint16_t len = 0;

	TRY(cursor_u8(&cursor, &signature.type));
	TRY(cursor_u8(&cursor, &signature.version));
	TRY(cursor_u8(&cursor, &signature.hash_number));
	signature.hash = kernel_hash_digest((enum kernel_hash)signature.hash_number);
	if (!is_known_form(&signature))
		return RC_UNSUPPORTED;
	TRY(cursor_u32(&cursor, &signature.key_id));
	TRY(cursor_u16(&cursor, &len));
	if (len > IMA_SIGNATURE_MAX)
		return RC_LIMIT;
	TRY(cursor_bytes(&cursor, len, &signature.bytes));
	TRY(cursor_end(&cursor));
	*out = signature;
	return RC_OK;
}

/* A positive INTEGER in DER: the fewest bytes that have no sign bit (X.690, 8.3.2). */
static enum rc der_integer(struct cursor *cursor, struct span *out)
{
	uint8_t tag = 0;
	uint8_t len = 0;

	TRY(cursor_u8(cursor, &tag));
	TRY(cursor_u8(cursor, &len));
	if (tag != 0x02 || len == 0 || len > 0x7f)
		return RC_MALFORMED;
	TRY(cursor_bytes(cursor, len, out));
	if ((out->at[0] & 0x80) != 0 || (len > 1 && out->at[0] == 0 && (out->at[1] & 0x80) == 0))
		return RC_MALFORMED;
	return RC_OK;
}

/* ECDSA-Sig-Value, RFC 3279, 2.2.3; those of P-256 and P-384 have one byte of length. */
static enum rc ecdsa_parse(struct span in, struct signature *out)
{
	struct cursor cursor = cursor_at(in);
	uint8_t tag = 0;
	uint8_t len = 0;

	TRY(cursor_u8(&cursor, &tag));
	TRY(cursor_u8(&cursor, &len));
	if (tag != 0x30 || len > 0x7f || len != cursor.left.len)
		return RC_MALFORMED;
	TRY(der_integer(&cursor, &out->r));
	TRY(der_integer(&cursor, &out->s));
	return cursor_end(&cursor);
}

/* What version 3 signs: calc_file_id_hash (linux/security/integrity/digsig.c … evm/ima appraisal). */
static enum rc file_id_digest(
	const struct ima_signature *signature, struct span digest, uint8_t out[static DIGEST_BYTES_MAX])
{
	uint8_t head[] = {signature->type, signature->hash_number};
	struct span spans[] = {SPAN(head), digest};

	return digest_spans(signature->hash, spans, COUNT(spans), out);
}

enum rc ima_signature_verify(const struct ima_signature *signature, struct public_key *key,
	enum digest_alg alg, struct span digest)
{
	struct signature claim = {.hash = signature->hash, .rsa = signature->bytes};
	uint8_t file_id[DIGEST_BYTES_MAX];

	if (alg != signature->hash || digest.len != digest_size(alg))
		return RC_DENIED;
	if (alg == DIGEST_SHA1 || alg == DIGEST_SM3)
		return RC_UNSUPPORTED;
	claim.scheme = public_key_parts(key).kind == KEY_RSA ? SIGNATURE_RSASSA : SIGNATURE_ECDSA;
	if (claim.scheme == SIGNATURE_ECDSA && ecdsa_parse(signature->bytes, &claim) != RC_OK)
		return RC_DENIED;
	if (signature->version == 3) {
		TRY(file_id_digest(signature, digest, file_id));
		digest = span_of(file_id, digest.len);
	}
	return public_key_verify(key, &claim, digest, NULL);
}

/* A length in DER that is written in three bytes, since it is above 255. */
static size_t put_length(uint8_t *at, size_t len)
{
	at[0] = 0x82;
	at[1] = (uint8_t)(len >> 8);
	at[2] = (uint8_t)len;
	return 3;
}

/* RSAPublicKey, RFC 8017, A.1.1: 2048 to 4096 bits, so that both lengths take three bytes. */
static enum rc rsa_key_hash(const struct key_parts *parts, uint8_t out[static DIGEST_SHA1_BYTES])
{
	static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
	uint8_t head[10] = {0x30};
	size_t at = 1;
	struct span spans[3];

	_Static_assert(KEY_RSA_EXPONENT == 0x010001, "the exponent above");
	_Static_assert(KEY_RSA_BYTES_MIN > 0xff, "lengths of three bytes");
	/* The modulus' top bit is set: a zero stands in front. */
	at += put_length(head + at, 1 + 3 + 1 + parts->n.len + sizeof exponent);
	head[at++] = 0x02;
	at += put_length(head + at, 1 + parts->n.len);
	head[at++] = 0x00;
	spans[0] = span_of(head, at);
	spans[1] = parts->n;
	spans[2] = SPAN(exponent);
	return digest_spans(DIGEST_SHA1, spans, COUNT(spans), out);
}

enum rc ima_key_id(const struct public_key *key, uint32_t *out)
{
	struct key_parts parts = public_key_parts(key);
	uint8_t hash[DIGEST_SHA1_BYTES];
	uint8_t uncompressed = 0x04;
	struct span point[] = {{&uncompressed, 1}, parts.x, parts.y};
	struct cursor cursor = cursor_at(span_of(hash + sizeof hash - 4, 4));

	if (parts.kind == KEY_RSA)
		TRY(rsa_key_hash(&parts, hash));
	else
		TRY(digest_spans(DIGEST_SHA1, point, COUNT(point), hash));
	return cursor_u32(&cursor, out);
}
