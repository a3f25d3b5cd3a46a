#include "services/tenant/selection.h"

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"

static enum rc wrong(const char *text, struct err *err)
{
	return err_set(err, RC_MALFORMED,
		"\"%.80s\": expected PCRs such as sha256:0-7,14 (banks sha256, sha384 and sha512, PCRs 0 to 23, banks "
		"joined by +)",
		text);
}

/* A PCR's number: one or two digits. */
static bool take_number(const char **at, unsigned *out)
{
	unsigned number = 0;
	size_t digits = strspn(*at, "0123456789");

	if (digits == 0 || digits > 2)
		return false;
	for (size_t i = 0; i < digits; i++)
		number = number * 10 + (unsigned)((*at)[i] - '0');
	*at += digits;
	*out = number;
	return number < PCR_COUNT;
}

/* "0-7" or "14" */
static bool take_range(const char **at, uint16_t alg, struct pcr_selection *out)
{
	unsigned from, to;

	if (!take_number(at, &from))
		return false;
	to = from;
	if (**at == '-') {
		(*at)++;
		if (!take_number(at, &to) || to < from)
			return false;
	}
	for (unsigned pcr = from; pcr <= to; pcr++)
		if (pcr_selection_add(out, alg, pcr) != RC_OK)
			return false;
	return true;
}

static bool take_bank(const char **at, struct pcr_selection *out)
{
	size_t len = strcspn(*at, ":");
	enum digest_alg alg = digest_of_name(span_of(*at, len));

	if ((*at)[len] != ':' || (alg != DIGEST_SHA256 && alg != DIGEST_SHA384 && alg != DIGEST_SHA512))
		return false;
	for (size_t i = 0; i < out->count; i++)
		if (out->banks[i].alg == digest_tpm_id(alg))
			return false;
	*at += len;
	do {
		(*at)++;
		if (!take_range(at, digest_tpm_id(alg), out))
			return false;
	} while (**at == ',');
	return true;
}

enum rc selection_parse(const char *text, struct pcr_selection *out, struct err *err)
{
	struct pcr_selection selection = {0};
	const char *at = text;

	while (take_bank(&at, &selection)) {
		if (*at == '\0') {
			*out = selection;
			return RC_OK;
		}
		if (*at != '+')
			break;
		at++;
	}
	return wrong(text, err);
}
