#include "lib/tpm/template.h"

#include <string.h>

/* TCG EK Credential Profile 2.3, 2.2.1.4 and 2.2.1.5 (NV indices), TCG Provisioning Guidance 7.8 (handles).
 */
static const struct template_place places[TPM_EK_KIND_COUNT] = {
	[TPM_EK_RSA_2048] = {0x81010001, 0x01c00002, TPM2_ALG_SHA256, EK_RSA_2048},
	[TPM_EK_ECC_P256] = {0x8101000a, 0x01c0000a, TPM2_ALG_SHA256, EK_ECC_P256},
	[TPM_EK_ECC_P384] = {0x81010016, 0x01c00016, TPM2_ALG_SHA384, EK_ECC_P384},
};

/* B.6.2: PolicyA, SHA-256. */
static const TPM2B_DIGEST policy_a_sha256 = {
	.size = 32,
	.buffer = {0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7,
		0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14,
		0x69, 0xaa},
};

/* B.6.3: PolicyB, SHA-384. */
static const TPM2B_DIGEST policy_b_sha384 = {
	.size = 48,
	.buffer = {0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc, 0xf5, 0xfd, 0x3a,
		0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4, 0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4,
		0x19, 0xca, 0xcb, 0x47, 0xba, 0x09, 0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3,
		0xf8, 0x0e, 0x12},
};

/* PolicyA and PolicyC, SHA-384. */
const TPML_DIGEST template_policy_b_sha384 =
	{
		.count = 2,
		.digests =
			{
				{.size = 48,
					.buffer = {0x8b, 0xbf, 0x22, 0x66, 0x53, 0x7c, 0x17, 0x1c, 0xb5, 0x6e,
						0x40, 0x3c, 0x4d, 0xc1, 0xd4, 0xb6, 0x4f, 0x43, 0x26, 0x11,
						0xdc, 0x38, 0x6e, 0x6f, 0x53, 0x20, 0x50, 0xc3, 0x27, 0x8c,
						0x93, 0x0e, 0x14, 0x3e, 0x8b, 0xb1, 0x13, 0x38, 0x24, 0xcc,
						0xb4, 0x31, 0x05, 0x38, 0x71, 0xc6, 0xdb, 0x53}},
				{.size = 48,
					.buffer = {0xd6, 0x03, 0x2c, 0xe6, 0x1f, 0x2f, 0xb3, 0xc2, 0x40, 0xeb,
						0x3c, 0xf6, 0xa3, 0x32, 0x37, 0xef, 0x2b, 0x6a, 0x16, 0xf4,
						0x29, 0x3c, 0x22, 0xb4, 0x55, 0xe2, 0x61, 0xcf, 0xfd, 0x21,
						0x7a, 0xd5, 0xb4, 0x94, 0x7c, 0x2d, 0x73, 0xe6, 0x30, 0x05,
						0xee, 0xd2, 0xdc, 0x2b, 0x35, 0x93, 0xd1, 0x65}},
			},
};

const struct template_place *template_place(enum tpm_ek_kind kind)
{
	return &places[kind];
}

static void fill_rsa_2048(TPMT_PUBLIC *out)
{
	TPMS_RSA_PARMS *rsa = &out->parameters.rsaDetail;

	out->type = TPM2_ALG_RSA;
	rsa->symmetric.algorithm = TPM2_ALG_NULL;
	rsa->scheme.scheme = TPM2_ALG_NULL;
	rsa->keyBits = 2048;
}

static void fill_ecc(TPMI_ECC_CURVE curve, TPMT_PUBLIC *out)
{
	TPMS_ECC_PARMS *ecc = &out->parameters.eccDetail;

	out->type = TPM2_ALG_ECC;
	ecc->symmetric.algorithm = TPM2_ALG_NULL;
	ecc->scheme.scheme = TPM2_ALG_NULL;
	ecc->curveID = curve;
	ecc->kdf.scheme = TPM2_ALG_NULL;
}

void template_ek(enum tpm_ek_kind kind, TPMT_PUBLIC *out)
{
	memset(out, 0, sizeof *out);
	if (kind == TPM_EK_RSA_2048)
		fill_rsa_2048(out);
	else
		fill_ecc(kind == TPM_EK_ECC_P384 ? TPM2_ECC_NIST_P384 : TPM2_ECC_NIST_P256, out);
	/* The symmetric definition is the first field of asymDetail, whatever the type (Part 2, 12.2.3.4). */
	out->parameters.asymDetail.symmetric.algorithm = TPM2_ALG_AES;
	out->parameters.asymDetail.symmetric.keyBits.aes = kind == TPM_EK_ECC_P384 ? 256 : 128;
	out->parameters.asymDetail.symmetric.mode.aes = TPM2_ALG_CFB;
	out->nameAlg = places[kind].name_alg;
	out->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
	                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_ADMINWITHPOLICY |
	                        TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
	if (kind == TPM_EK_ECC_P384) {
		out->objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
		out->authPolicy = policy_b_sha384;
		return;
	}
	/* The L templates seed the key with zeros of full length, the H templates with nothing. */
	out->authPolicy = policy_a_sha256;
	if (kind == TPM_EK_RSA_2048) {
		out->unique.rsa.size = 256;
	} else {
		out->unique.ecc.x.size = 32;
		out->unique.ecc.y.size = 32;
	}
}

void template_ak(enum tpm_ak_kind kind, TPMT_PUBLIC *out)
{
	memset(out, 0, sizeof *out);
	if (kind == TPM_AK_RSA_2048) {
		fill_rsa_2048(out);
		out->parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSASSA;
		out->parameters.rsaDetail.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
	} else {
		fill_ecc(TPM2_ECC_NIST_P256, out);
		out->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
		out->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
	}
	out->nameAlg = TPM2_ALG_SHA256;
	out->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
	                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
	                        TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;
}

void template_key(TPMT_PUBLIC *out)
{
	memset(out, 0, sizeof *out);
	fill_ecc(TPM2_ECC_NIST_P256, out);
	/* strongSwan asks the key for its scheme, and uses none that has none. */
	out->parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
	out->parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
	out->nameAlg = TPM2_ALG_SHA256;
	out->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
	                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
	                        TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT;
}

void template_storage(TPMT_PUBLIC *out)
{
	memset(out, 0, sizeof *out);
	fill_ecc(TPM2_ECC_NIST_P256, out);
	out->parameters.eccDetail.symmetric.algorithm = TPM2_ALG_AES;
	out->parameters.eccDetail.symmetric.keyBits.aes = 128;
	out->parameters.eccDetail.symmetric.mode.aes = TPM2_ALG_CFB;
	out->nameAlg = TPM2_ALG_SHA256;
	out->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
	                        TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
	                        TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
}
