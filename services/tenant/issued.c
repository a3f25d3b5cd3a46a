#include "services/tenant/issued.h"

#include <stdio.h>

#include "lib/base/hex.h"

static enum rc open_item(struct session *session, const struct elem_certificate_item *item,
	struct issued_view *out, struct err *err)
{
	const struct msg_issued *issued;

	*out = (struct issued_view){.item = *item};
	TRY(signed_open(item->issued, MSG_TYPE_issued, &out->entry, err));
	issued = &out->entry.msg.issued;
	TRY(roster_may_sign(session_roster(session), out->entry.key, MSG_TYPE_issued, ROLE_REVOCATION,
		issued->time, err));
	if (cert_facts_read(issued->certificate, &out->facts) != RC_OK ||
		!span_equal(out->facts.serial, issued->serial))
		return err_set(err, RC_MALFORMED,
			"entry %llu of the log of certificates is not about its certificate",
			(unsigned long long)issued->seq);
	hex_encode(issued->serial, out->serial);
	return RC_OK;
}

static enum rc page_each(struct session *session, const struct msg_certificates *page, issued_each_fn *each,
	void *ctx, struct err *err)
{
	struct elem_certificate_item item;
	struct list rest = page->certificates;

	while (ELEM_NEXT(certificate_item, &rest, &item)) {
		struct issued_view view;

		TRY(open_item(session, &item, &view, err));
		TRY(each(ctx, &view, err));
	}
	return RC_OK;
}

enum rc issued_each(struct session *session, const struct msg_certificates_get *filter, issued_each_fn *each,
	void *ctx, struct err *err)
{
	struct msg request = {.type = MSG_TYPE_certificates_get, .certificates_get = *filter};

	for (;;) {
		DROP(answer_release) struct answer answer = {0};

		TRY(session_ask(session, ROLE_REVOCATION, &request, MSG_TYPE_certificates, &answer, err));
		TRY(page_each(session, &answer.msg.certificates, each, ctx, err));
		if (answer.msg.certificates.next <= request.certificates_get.after)
			return RC_OK;
		request.certificates_get.after = answer.msg.certificates.next;
	}
}

enum rc issued_serial(const char *text, uint8_t out[static SERIAL_MAX], size_t *out_len, struct err *err)
{
	char digits[2 * SERIAL_MAX + 1];
	size_t len = 0;

	for (const char *c = text; *c != '\0' && len < sizeof digits - 1; c++)
		if (*c != ':')
			digits[len++] = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
	if (len == 0 || len % 2 != 0 ||
		hex_decode(span_of((const uint8_t *)digits, len), out, len / 2) != RC_OK)
		return err_set(err, RC_MALFORMED,
			"expected a serial number in hexadecimal digits, as limebus ca list shows it, found \"%.60s\"",
			text);
	*out_len = len / 2;
	return RC_OK;
}
