#include "lib/trust/registration.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/evidence/ak_check.h"
#include "lib/evidence/ek_template.h"

void registration_release(struct registration *registration)
{
	public_key_release(&registration->ak);
	*registration = (struct registration){0};
}

static void cert_drop(struct cert **cert)
{
	if (*cert != NULL)
		cert_release(cert);
}

/* The certificate's key in its template must give exactly the area that is claimed: who could vary the area
 * would have as many node ids as he likes (TCG EK Credential Profile 2.3, annex B). */
static enum rc check_key_match(const struct cert *cert, struct span claimed, struct err *err)
{
	struct key_parts parts;
	struct tpm_area rebuilt;

	if (cert_key(cert) == NULL)
		return err_set(err, RC_UNSUPPORTED,
			"EK certificate %s: its key is of a kind that no EK template has",
			cert_subject(cert));
	parts = public_key_parts(cert_key(cert));
	if (ek_template_rebuild(&parts, &rebuilt) != RC_OK)
		return err_set(err, RC_UNSUPPORTED,
			"EK certificate %s: no EK template has a %s key of this size", cert_subject(cert),
			key_kind_name(parts.kind));
	if (!span_equal(tpm_area_span(&rebuilt), claimed))
		return err_set(err, RC_DENIED,
			"EK certificate %s is for another key than the EK that was sent", cert_subject(cert));
	return RC_OK;
}

static enum rc check_certificate(const struct registration_claim *claim,
	const struct registration_rules *rules, struct registration *out, struct err *err)
{
	DROP(cert_drop) struct cert *cert = NULL;
	struct span chain[CHAIN_MAX];
	struct elem_certificate link;
	struct list rest = claim->chain;
	size_t count = 0;

	TRY(cert_parse(claim->ek_certificate, &cert, err));
	TRY(check_key_match(cert, claim->ek_public, err));
	while (count < COUNT(chain) && ELEM_NEXT(certificate, &rest, &link))
		chain[count++] = link.der;
	if (rules->roots != NULL)
		TRY(cert_verify_ek(cert, chain, count, rules->roots, rules->wall_ms, err));
	snprintf(out->admitted_by, sizeof out->admitted_by, "certificate %s", cert_subject(cert));
	return RC_OK;
}

static enum rc check_ek(const struct registration_claim *claim, const struct registration_rules *rules,
	struct registration *out, struct err *err)
{
	char id[HEX_BYTES(NODE_ID_BYTES)];

	if (!ek_template_holds(claim->ek_public, NULL))
		return err_set(err, RC_DENIED,
			"the EK's public area is none of the TCG templates L-1 (RSA-2048), L-2 (P-256), H-3 (P-384)");
	TRY(node_id_of(claim->ek_public, out->node));
	TRY(tpm_name_of(claim->ek_public, &out->ek_name));
	memcpy(out->ek_area.bytes, claim->ek_public.at, claim->ek_public.len);
	out->ek_area.len = claim->ek_public.len;
	if (claim->ek_certificate.len != 0)
		return check_certificate(claim, rules, out, err);
	snprintf(out->admitted_by, sizeof out->admitted_by, "allow-list");
	if (rules->roots == NULL || (rules->allowed != NULL && allow_list_has(rules->allowed, out->node)))
		return RC_OK;
	return err_set(err, RC_DENIED, "the TPM has no EK certificate, and node %s is not on the allow-list",
		hex_encode(SPAN(out->node), id));
}

static enum rc check_ak(const struct registration_claim *claim, struct registration *out, struct err *err)
{
	struct tpm_public area;
	struct key_parts parts;
	struct ak_verdict verdict;

	if (tpm_public_parse(claim->ak_public, &area) != RC_OK)
		return err_set(err, RC_MALFORMED, "the AK's public area is no TPMT_PUBLIC of a known kind");
	verdict = ak_check(&area);
	for (unsigned i = 0; i < AK_REASON_COUNT; i++) {
		if ((verdict.failed & 1u << i) != 0)
			return err_set(err, RC_DENIED, "the AK is not fit: expected %s (%s)",
				ak_reason_words((enum ak_reason)i), ak_reason_clause((enum ak_reason)i));
	}
	if (!verdict.acceptable)
		return err_set(err, RC_DENIED, "the AK is not fit");
	TRY(tpm_public_key(&area, &parts));
	TRY(public_key_of_parts(&parts, &out->ak, err));
	TRY(tpm_name_of(claim->ak_public, &out->ak_name));
	return tpm_name_qualified(&out->ek_name, &out->ak_name, &out->signer);
}

enum rc registration_check(const struct registration_claim *claim, const struct registration_rules *rules,
	struct registration *out, struct err *err)
{
	DROP(registration_release) struct registration registration = {0};

	TRY(check_ek(claim, rules, &registration, err));
	TRY(check_ak(claim, &registration, err));
	registration_release(out);
	*out = TAKE(registration);
	return RC_OK;
}

enum rc registration_ek(const struct registration *registration, struct credential_ek *out, struct err *err)
{
	struct tpm_public area;
	struct credential_ek ek = {0};

	if (tpm_public_parse(tpm_area_span(&registration->ek_area), &area) != RC_OK ||
		tpm_public_key(&area, &ek.key) != RC_OK)
		return err_set(err, RC_MALFORMED, "the EK's public area cannot be read");
	ek.name_alg = digest_of_tpm_id(area.name_alg);
	ek.symmetric_bits = area.symmetric_bits;
	*out = ek;
	return RC_OK;
}
