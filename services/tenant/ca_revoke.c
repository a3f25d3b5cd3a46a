/* limebus ca revoke. */
#include <stdio.h>

#include "lib/pki/crl.h"
#include "services/tenant/ca.h"
#include "services/tenant/issued.h"
#include "services/tenant/render.h"

struct revoke_options {
	char *reason;
	char *text;
};

static const struct option options[] = {
	{OPTION_TEXT(struct revoke_options, reason), .name = "reason", .fallback = "superseded",
		.help = "unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation or "
			"privilege-withdrawn (RFC 5280, 5.3.1)."},
	{OPTION_TEXT(struct revoke_options, text), .name = "text", .fallback = "", .max = 256,
		.help = "Why, for people; it stands in the notice."},
};

static const struct program program = {
	.name = "limebus ca revoke",
	.summary = "end a certificate now",
	.about =
		"Signs that the certificate with this serial number (limebus ca list) ends: CRL, OCSP and a notice say so. Needs "
		"the role admin. The node stays trusted, and asks for another certificate: to take trust from the node, use "
		"limebus node suspend.\n\n"
		"Example: limebus ca revoke 4f1c09aa... --reason key-compromise",
	.options = options,
	.count = COUNT(options),
	.words = "SERIAL",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

struct found {
	unsigned count;
	uint8_t node[NODE_ID_BYTES];
};

static enum rc note(void *ctx, const struct issued_view *view, struct err *err)
{
	struct found *found = ctx;

	(void)err;
	found->count++;
	memcpy(found->node, view->entry.msg.issued.node.at, NODE_ID_BYTES);
	return RC_OK;
}

static enum rc read_reason(const char *word, enum crl_reason *out, struct err *err)
{
	if (crl_reason_of_word(span_text(word), out) == RC_OK && *out != CRL_CERTIFICATE_HOLD &&
		*out != CRL_REMOVE_FROM_CRL && *out != CRL_CA_COMPROMISE && *out != CRL_AA_COMPROMISE)
		return RC_OK;
	return err_set(err, RC_MALFORMED,
		"--reason: expected unspecified, key-compromise, affiliation-changed, superseded, "
		"cessation-of-operation or privilege-withdrawn, found \"%.40s\"",
		word);
}

static enum rc revoke(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct revoke_options *given = options_given;
	DROP(answer_release) struct answer answer = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg body = {.type = MSG_TYPE_certificate_revoke};
	struct msg put = {.type = MSG_TYPE_certificate_revoke_put};
	uint8_t serial[SERIAL_MAX] = {0};
	struct msg_certificates_get filter = {.serial = span_of(serial, 0)};
	struct found found = {0};
	enum crl_reason reason = CRL_UNSPECIFIED;

	(void)status;
	TRY(read_reason(given->reason, &reason, err));
	TRY(issued_serial(start->words[0], serial, &filter.serial.len, err));
	TRY(issued_each(session, &filter, note, &found, err));
	if (found.count == 0)
		return err_set(err, RC_NOT_FOUND, "the CA issued no certificate with the serial number %.60s",
			start->words[0]);
	body.certificate_revoke = (struct msg_certificate_revoke){.node = SPAN(found.node),
		.serial = filter.serial,
		.reason = reason,
		.text = span_text(given->text == NULL ? "" : given->text),
		.time = session_now(session)};
	TRY(signed_make(session_signer(session), &body, &envelope, err));
	put.certificate_revoke_put.request = blob_span(&envelope);
	TRY(session_ask(session, ROLE_REVOCATION, &put, MSG_TYPE_ok, &answer, err));
	if (!session_config(session)->json)
		printf("%s is revoked: %s\n", start->words[0], given->reason);
	return RC_OK;
}

int ca_revoke(const struct tenant_config *config, int argc, char **argv)
{
	struct revoke_options given = {0};

	return session_command(&program, config, argc, argv, &given, revoke);
}
