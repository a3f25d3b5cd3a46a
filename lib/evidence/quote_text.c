#include <stdio.h>

#include "lib/base/hex.h"
#include "lib/evidence/quote_check.h"

/* Bytes of any length as hex; what does not fit is cut. */
static void hex_text(char out[static QUOTE_TEXT_BYTES], struct span bytes)
{
	if (bytes.len == 0)
		snprintf(out, QUOTE_TEXT_BYTES, "nothing");
	else if (HEX_BYTES(bytes.len) <= QUOTE_TEXT_BYTES)
		hex_encode(bytes, out);
	else
		hex_encode(span_of(bytes.at, (QUOTE_TEXT_BYTES - 1) / 2), out);
}

static void type_texts(const struct attest *attest, struct quote_texts *out)
{
	snprintf(out->expected, sizeof out->expected, "magic %08x, type %04x (quote)", ATTEST_GENERATED,
		ATTEST_TYPE_QUOTE);
	snprintf(out->found, sizeof out->found, "magic %08x, type %04x", attest->magic, attest->type);
}

static void signature_texts(const struct signature *signature, struct quote_texts *out)
{
	snprintf(out->expected, sizeof out->expected, "a signature by the registered AK");
	snprintf(out->found, sizeof out->found, "%s with %s that does not verify",
		tpm_alg_name((uint16_t)signature->scheme), digest_name(signature->hash));
}

static void scheme_texts(const struct signature *signature, struct quote_texts *out)
{
	snprintf(
		out->expected, sizeof out->expected, "rsassa, rsapss or ecdsa with sha256, sha384 or sha512");
	snprintf(out->found, sizeof out->found, "%s with %s", tpm_alg_name((uint16_t)signature->scheme),
		digest_name(signature->hash));
}

static void selection_texts(const struct quote_claim *claim, struct quote_texts *out)
{
	_Static_assert(PCR_SELECTION_TEXT_BYTES <= QUOTE_TEXT_BYTES, "a selection's text fits");
	pcr_selection_text(claim->asked, out->expected);
	pcr_selection_text(&claim->attest->selection, out->found);
}

static void digest_texts(const struct quote_claim *claim, struct quote_texts *out)
{
	struct pcr_values values = {0};
	uint8_t digest[TPM_HASH_MAX_BYTES];
	size_t len = 0;

	hex_text(out->expected, claim->attest->pcr_digest);
	if (pcr_values_parse(claim->asked, claim->values, &values) != RC_OK)
		snprintf(out->found, sizeof out->found, "%zu bytes of values, which do not fit the selection",
			claim->values.len);
	else if (pcr_values_digest(&values, digest_tpm_id(claim->signature->hash), digest, &len) == RC_OK)
		hex_text(out->found, span_of(digest, len));
	else
		snprintf(out->found, sizeof out->found, "a digest that cannot be computed");
}

static void counter_texts(const struct quote_claim *claim, struct quote_texts *out)
{
	const struct attest *now = claim->attest;
	const struct quote_counters *last = &claim->last;

	snprintf(out->expected, sizeof out->expected,
		"at least reset count %u, and with it restart count %u and clock %llu ms", last->reset_count,
		last->restart_count, (unsigned long long)last->clock);
	snprintf(out->found, sizeof out->found, "reset count %u, restart count %u, clock %llu ms%s",
		now->reset_count, now->restart_count, (unsigned long long)now->clock,
		now->safe ? "" : " (the TPM says that this clock may repeat)");
}

void quote_reason_texts(const struct quote_claim *claim, enum quote_reason reason, struct quote_texts *out)
{
	memset(out, 0, sizeof *out);
	switch (reason) {
	case QUOTE_TYPE: type_texts(claim->attest, out); break;
	case QUOTE_SIGNATURE: signature_texts(claim->signature, out); break;
	case QUOTE_SCHEME: scheme_texts(claim->signature, out); break;
	case QUOTE_DATA:
		hex_text(out->expected, claim->data);
		hex_text(out->found, claim->attest->extra_data);
		break;
	case QUOTE_SELECTION: selection_texts(claim, out); break;
	case QUOTE_DIGEST: digest_texts(claim, out); break;
	case QUOTE_SIGNER:
		hex_text(out->expected, claim->signer);
		hex_text(out->found, claim->attest->qualified_signer);
		break;
	case QUOTE_RESET:
	case QUOTE_CLOCK: counter_texts(claim, out); break;
	case QUOTE_REASON_COUNT:
	default: break;
	}
}
