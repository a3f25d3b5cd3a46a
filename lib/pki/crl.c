/* Lists of revoked certificates, written. */
#include "lib/pki/crl.h"

#include "lib/base/drop.h"
#include "lib/pki/issue_inside.h"
#include "lib/pki/name_der.h"
#include "lib/pki/oid.h"
#include "lib/pki/signed_der.h"

/* SEQUENCE, INTEGER of 16 octets, time of at most 15, extension with the reason. */
#define ENTRY_BYTES_MAX (2 + 2 + SERIAL_BYTES + 2 + 15 + 14)

const char *crl_reason_word(enum crl_reason reason)
{
	switch (reason) {
#define CRL_WORD(name, word, number)                                                                         \
	case CRL_##name: return word;
		CRL_REASON_LIST(CRL_WORD)
#undef CRL_WORD
	}
	return NULL;
}

enum rc crl_reason_of_word(struct span word, enum crl_reason *out)
{
	for (int number = CRL_UNSPECIFIED; number <= CRL_AA_COMPROMISE; number++) {
		const char *known = crl_reason_word((enum crl_reason)number);

		if (known != NULL && span_is(word, known)) {
			*out = (enum crl_reason)number;
			return RC_OK;
		}
	}
	return RC_NOT_FOUND;
}

static bool entry_holds(const struct crl_entry *entry, bool delta)
{
	if (entry->serial[0] == 0 || entry->serial[0] > 0x7f || entry->time_ms > DER_TIME_MAX_MS ||
		crl_reason_word((enum crl_reason)entry->reason) == NULL)
		return false;
	return delta || entry->reason != CRL_REMOVE_FROM_CRL;
}

static enum rc check(const struct crl_order *order, struct err *err)
{
	if (order->count > CRL_ENTRIES_MAX)
		return err_set(err, RC_LIMIT, "list: %zu entries, at most %d", order->count, CRL_ENTRIES_MAX);
	if (order->number == 0 || (order->base != 0 && order->base >= order->number))
		return err_set(err, RC_DENIED, "list: its number is zero, or not above the full list's");
	if (order->this_ms / 1000 >= order->next_ms / 1000 || order->next_ms > DER_TIME_MAX_MS)
		return err_set(err, RC_DENIED, "list: it ends before it begins, or after 9999");
	if (order->delta_url != NULL && (order->base != 0 || !url_holds(order->delta_url)))
		return err_set(err, RC_DENIED, "list: a full one names the delta, by http or https");
	for (size_t i = 0; i < order->count; i++)
		if (!entry_holds(&order->entries[i], order->base != 0))
			return err_set(err, RC_DENIED,
				"list: entry %zu has no serial of ours, or a reason that is none here",
				i + 1);
	return RC_OK;
}

/* RFC 5280, 5.3.1: unspecified is said by saying nothing. */
static void put_reason(struct der *der, uint8_t reason)
{
	/* SEQUENCE { SEQUENCE { OID, OCTET STRING { ENUMERATED } } } */
	const uint8_t whole[14] = {0x30, 12, 0x30, 10, 0x06, 3, oid_crl_reason[0], oid_crl_reason[1],
		oid_crl_reason[2], 0x04, 3, DER_ENUMERATED, 1, reason};

	if (reason != CRL_UNSPECIFIED)
		der_raw(der, SPAN(whole));
}

/* An entry has fewer than 128 octets, so its length is one octet that is known at the end: no move. */
static void put_entry(struct der *der, const struct crl_entry *entry)
{
	size_t begun = der_begin(der, DER_SEQUENCE);

	der_put(der, DER_INTEGER, SPAN(entry->serial));
	der_time(der, entry->time_ms);
	put_reason(der, entry->reason);
	der_end(der, begun);
}

static void put_number(struct der *der, struct span id, bool critical, uint64_t number)
{
	struct extension_begun begun = extension_begin(der, id, critical);

	der_number(der, DER_INTEGER, number);
	extension_end(der, begun);
}

static void put_extensions(struct der *der, const struct issuer *issuer, const struct crl_order *order)
{
	size_t wrapped = der_begin(der, DER_NESTED(0));
	size_t list = der_begin(der, DER_SEQUENCE);

	extension_put_issuer_key(der, issuer_key_id(issuer));
	put_number(der, SPAN(oid_crl_number), false, order->number);
	if (order->base != 0)
		put_number(der, SPAN(oid_delta_crl), true, order->base);
	if (order->delta_url != NULL)
		extension_put_point(der, SPAN(oid_freshest_crl), order->delta_url);
	der_end(der, list);
	der_end(der, wrapped);
}

/* TBSCertList, RFC 5280, 5.1.2. */
enum rc crl_build(const struct issuer *issuer, const struct crl_order *order, struct blob *to_be_signed,
	struct err *err)
{
	struct der der = {.out = to_be_signed};
	size_t fields, entries;

	TRY(check(order, err));
	der.rc = blob_reserve(to_be_signed, order->count * ENTRY_BYTES_MAX + 1024);
	fields = der_begin(&der, DER_SEQUENCE);
	der_number(&der, DER_INTEGER, 1); /* version 2 */
	der_raw(&der, signature_algorithm_of(issuer->key));
	der_raw(&der, issuer_name(issuer));
	der_time(&der, order->this_ms);
	der_time(&der, order->next_ms);
	if (order->count != 0) { /* 5.1.2.6: left out if there is none */
		entries = der_begin(&der, DER_SEQUENCE);
		for (size_t i = 0; i < order->count; i++)
			put_entry(&der, &order->entries[i]);
		der_end(&der, entries);
	}
	put_extensions(&der, issuer, order);
	der_end(&der, fields);
	return der.rc == RC_OK ? RC_OK : err_set(err, der.rc, "writing a list");
}

enum rc crl_sign(struct issuer *issuer, struct span to_be_signed, struct blob *out, struct err *err)
{
	return signed_der_make(issuer->key, to_be_signed, out, err);
}

enum rc crl_make(struct issuer *issuer, const struct crl_order *order, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob fields = {0};

	TRY(crl_build(issuer, order, &fields, err));
	return crl_sign(issuer, blob_span(&fields), out, err);
}
