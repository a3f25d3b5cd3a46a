#include "services/agent/certificate_check.h"

#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/hex.h"
#include "lib/crypto/public_key.h"
#include "lib/pki/cert_facts.h"
#include "lib/pki/chain.h"
#include "lib/pki/pem.h"

#define NODE_URI "urn:limebus:node:"

void certificate_files_release(struct certificate_files *files)
{
	blob_release(&files->leaf);
	blob_release(&files->chain);
	blob_release(&files->roots);
}

/* ---- one certificate ---- */

/* There is more than one way to write a key as DER: the numbers are compared. */
static enum rc has_our_key(struct span found, struct span ours, struct err *err)
{
	DROP(public_key_release) struct public_key *a = NULL;
	DROP(public_key_release) struct public_key *b = NULL;
	struct key_parts x, y;

	TRY(public_key_of_der(ours, &b, err));
	if (public_key_of_der(found, &a, NULL) == RC_OK) {
		x = public_key_parts(a);
		y = public_key_parts(b);
		if (x.kind == y.kind && span_equal(x.n, y.n) && span_equal(x.x, y.x) && span_equal(x.y, y.y))
			return RC_OK;
	}
	return err_set(err, RC_DENIED, "certificate: it is for another key than this node's");
}

static enum rc names_us(const struct cert_facts *facts, const uint8_t *node, struct err *err)
{
	char uri[sizeof NODE_URI + HEX_BYTES(NODE_ID_BYTES)] = NODE_URI;
	struct span rest = facts->names;
	struct san name;

	hex_encode(span_of(node, NODE_ID_BYTES), uri + sizeof NODE_URI - 1);
	while (cert_facts_next_name(&rest, &name))
		if (name.kind == SAN_URI && span_is(name.text, uri))
			return RC_OK;
	return err_set(err, RC_DENIED, "certificate: it does not name %s", uri);
}

static void dates_of(const struct cert_facts *facts, uint64_t renew, struct certificate_dates *out)
{
	*out = (struct certificate_dates){.from = facts->from_ms, .until = facts->until_ms};
	out->renew = renew;
	if (renew <= facts->from_ms || renew >= facts->until_ms)
		out->renew = facts->from_ms + (facts->until_ms - facts->from_ms) / 3 * 2;
	out->serial_len = facts->serial.len;
	memcpy(out->serial, facts->serial.at, facts->serial.len);
}

static enum rc read_facts(struct span der, struct cert_facts *out, struct err *err)
{
	if (cert_facts_read(der, out) != RC_OK || out->serial.len == 0 || out->serial.len > SERIAL_MAX ||
		out->until_ms <= out->from_ms)
		return err_set(err, RC_MALFORMED, "certificate: not of its form");
	return RC_OK;
}

static enum rc is_valid(const struct cert_facts *facts, uint64_t now, struct err *err)
{
	char from[CLOCK_TEXT_BYTES];
	char until[CLOCK_TEXT_BYTES];

	if (now < facts->until_ms && facts->from_ms <= now + CERTIFICATE_SKEW_MS)
		return RC_OK;
	return err_set(err, RC_DENIED, "certificate: it is valid from %s to %s, and that is not now",
		clock_text(facts->from_ms, from), clock_text(facts->until_ms, until));
}

/* ---- its chain ---- */

struct links {
	struct span at[CHAIN_CERTIFICATES_MAX];
	size_t count;
};

_Static_assert(2 * CHAIN_MAX <= CHAIN_CERTIFICATES_MAX, "both lists fit");

static void add_links(struct links *links, struct list list)
{
	struct elem_certificate link;

	while (links->count < CHAIN_CERTIFICATES_MAX && ELEM_NEXT(certificate, &list, &link))
		links->at[links->count++] = link.der;
}

/* What is above everything that the CA named. */
static struct span root_of(const struct msg_ca_info *ca)
{
	struct list chain = ca->chain;
	struct elem_certificate link = {ca->certificate};

	while (ELEM_NEXT(certificate, &chain, &link))
		;
	return link.der;
}

static enum rc leads_to_root(const struct certificate_want *want, const struct msg_certificate_info *info,
	uint64_t at, struct err *err)
{
	struct links links = {0};
	struct span root = root_of(want->ca);
	struct chain chain = {.certificate = info->certificate,
		.intermediates = links.at,
		.roots = &root,
		.roots_count = 1,
		.wall_ms = at};
	enum rc rc;

	add_links(&links, info->chain);
	/* The issuer and what is between it and the root; the root itself does no harm as a link. */
	if (links.count == 0)
		links.at[links.count++] = want->ca->certificate;
	chain.intermediates_count = links.count;
	rc = chain_verify(&chain, err);
	return rc == RC_OK || rc == RC_NOMEM || rc == RC_CRYPTO ? rc
	                                                        : err_wrap(err, RC_DENIED, "certificate: ");
}

/* ---- files ---- */

static enum rc write_files(const struct certificate_want *want, const struct msg_certificate_info *info,
	struct certificate_files *out)
{
	struct span root = root_of(want->ca);
	struct list chain = info->chain;
	struct elem_certificate link;

	TRY(pem_write(PEM_CERTIFICATE, info->certificate, &out->leaf));
	TRY(blob_copy(&out->chain, blob_span(&out->leaf)));
	while (ELEM_NEXT(certificate, &chain, &link))
		if (!span_equal(link.der, root))
			TRY(pem_write(PEM_CERTIFICATE, link.der, &out->chain));
	return pem_write(PEM_CERTIFICATE, root, &out->roots);
}

enum rc certificate_check(const struct certificate_want *want, const struct msg_certificate_info *info,
	struct certificate_dates *dates, struct certificate_files *files, struct err *err)
{
	DROP(certificate_files_release) struct certificate_files made = {0};
	struct cert_facts facts = {0};

	TRY(read_facts(info->certificate, &facts, err));
	TRY(has_our_key(facts.spki, want->spki, err));
	TRY(names_us(&facts, want->node, err));
	TRY(is_valid(&facts, want->wall_ms, err));
	TRY(leads_to_root(want, info, facts.from_ms > want->wall_ms ? facts.from_ms : want->wall_ms, err));
	TRY(write_files(want, info, &made));
	dates_of(&facts, info->renew, dates);
	certificate_files_release(files);
	*files = TAKE(made);
	return RC_OK;
}

enum rc certificate_read(
	struct span leaf_pem, struct span spki, struct certificate_dates *out, struct err *err)
{
	DROP(blob_release) struct blob der = {0};
	struct cert_facts facts = {0};

	if (pem_read(PEM_CERTIFICATE, leaf_pem, &der, NULL) != RC_OK)
		return err_set(err, RC_MALFORMED, "certificate: not PEM");
	TRY(read_facts(blob_span(&der), &facts, err));
	TRY(has_our_key(facts.spki, spki, err));
	dates_of(&facts, 0, out);
	return RC_OK;
}

uint64_t certificate_renewal(const struct certificate_dates *dates, uint32_t random)
{
	uint64_t spread = (dates->until - dates->from) / 20;
	uint64_t earlier = spread == 0 ? 0 : random % spread;

	return dates->renew > dates->from + earlier ? dates->renew - earlier : dates->from;
}
