/* limebus ca show. */
#include <stdio.h>

#include "lib/pki/chain.h"
#include "lib/pki/pem.h"
#include "services/tenant/ca.h"
#include "services/tenant/issued.h"
#include "services/tenant/render.h"

struct show_options {
	bool pem;
};

static const struct option options[] = {
	{OPTION_BOOL(struct show_options, pem), .name = "pem", .fallback = "no",
		.help = "Only the certificate, as PEM; of the CA what is above it, too."},
};

static const struct program program = {
	.name = "limebus ca show",
	.summary = "one certificate, or the CA itself",
	.about =
		"Shows the certificate with this serial number (limebus ca list), what became of it and why; without one the "
		"certificate of the CA.\n\n"
		"Example: limebus ca show --pem > ca.pem",
	.options = options,
	.count = COUNT(options),
	.words = "[SERIAL]",
	.words_max = 1,
	.exits = exit_texts,
};

struct showing {
	bool pem;
	unsigned count;
};

static enum rc print_certificate(struct span der, bool pem, struct err *err)
{
	DROP(blob_release) struct blob text = {0};

	TRY(pem ? pem_write(PEM_CERTIFICATE, der, &text) : chain_text(der, &text, err));
	if (fwrite(text.at, 1, text.len, stdout) != text.len)
		return err_set(err, RC_IO, "standard output cannot be written");
	return RC_OK;
}

static enum rc show_one(void *ctx, const struct issued_view *view, struct err *err)
{
	struct showing *showing = ctx;
	const struct elem_certificate_item *item = &view->item;
	char when[CLOCK_TEXT_BYTES];

	showing->count++;
	if (!showing->pem) {
		printf("serial  %s\nstate   %.*s", view->serial, SPAN_FMT(item->state));
		if (item->since != 0)
			printf(" since %s", clock_text(item->since, when));
		if (item->notice != 0)
			printf(", by notice %llu", (unsigned long long)item->notice);
		printf("\nkey     %.*s\n", SPAN_FMT(view->entry.msg.issued.key));
	}
	return print_certificate(view->entry.msg.issued.certificate, showing->pem, err);
}

static enum rc show_ca(struct session *session, bool pem, struct err *err)
{
	DROP(answer_release) struct answer answer = {0};
	struct msg request = {.type = MSG_TYPE_ca_get};
	struct elem_certificate above;
	struct list rest;

	TRY(session_ask(session, ROLE_REVOCATION, &request, MSG_TYPE_ca_info, &answer, err));
	TRY(print_certificate(answer.msg.ca_info.certificate, pem, err));
	rest = answer.msg.ca_info.chain;
	while (pem && ELEM_NEXT(certificate, &rest, &above))
		TRY(print_certificate(above.der, true, err));
	return RC_OK;
}

static enum rc show(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct show_options *given = options_given;
	struct showing showing = {.pem = given->pem};
	uint8_t serial[SERIAL_MAX] = {0};
	struct msg_certificates_get filter = {.serial = span_of(serial, 0)};

	(void)status;
	if (start->word_count == 0)
		return show_ca(session, given->pem, err);
	TRY(issued_serial(start->words[0], serial, &filter.serial.len, err));
	TRY(issued_each(session, &filter, show_one, &showing, err));
	if (showing.count == 0)
		return err_set(err, RC_NOT_FOUND, "the CA issued no certificate with the serial number %.60s",
			start->words[0]);
	return RC_OK;
}

int ca_show(const struct tenant_config *config, int argc, char **argv)
{
	struct show_options given = {0};

	return session_command(&program, config, argc, argv, &given, show);
}
