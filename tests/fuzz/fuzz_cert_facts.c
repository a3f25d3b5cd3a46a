/* What is read lies within the certificate, and one byte less is none. */
#include "lib/pki/cert_facts.h"
#include "tests/fuzz/fuzz.h"

static bool within(struct span part, const uint8_t *at, size_t len)
{
	return part.len == 0 || (part.at >= at && part.len <= len && part.at + part.len <= at + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct cert_facts facts;
	struct san name;
	struct span rest;

	if (cert_facts_read(span_of(at, len), &facts) != RC_OK)
		return 0;
	HOLDS(facts.serial.len >= 1 && facts.serial.len <= CERT_SERIAL_MAX);
	HOLDS(within(facts.subject, at, len) && within(facts.spki, at, len) && within(facts.key_id, at, len));
	HOLDS(within(facts.issuer_key_id, at, len) && within(facts.signature, at, len));
	rest = facts.names;
	while (cert_facts_next_name(&rest, &name))
		HOLDS(within(name.text, at, len));
	HOLDS(cert_facts_read(span_of(at, len - 1), &facts) == RC_MALFORMED);
	return 0;
}
