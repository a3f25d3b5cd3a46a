#include "services/tenant/provision_cert.h"

#include "lib/pki/cert_facts.h"
#include "lib/pki/csr.h"
#include "lib/pki/pem.h"
#include "lib/trust/signed.h"

enum { KEY, LEAF, CHAIN, ROOT };

void provision_cert_release(struct provision_cert *cert)
{
	for (size_t i = 0; i < PROVISION_CERT_FILES; i++)
		blob_release(&cert->files[i]);
}

static enum rc order(struct session *session, const uint8_t *node, uint64_t life_ms, struct private_key *key,
	struct answer *answer, struct err *err)
{
	DROP(blob_release) struct blob csr = {0};
	DROP(blob_release) struct blob envelope = {0};
	struct msg body = {.type = MSG_TYPE_certificate_order};
	struct msg put = {.type = MSG_TYPE_certificate_order_put};

	TRY(csr_make(key, NULL, &csr, err));
	body.certificate_order = (struct msg_certificate_order){.node = span_of(node, NODE_ID_BYTES),
		.csr = blob_span(&csr),
		.life_ms = life_ms,
		.time = session_now(session)};
	TRY(signed_make(session_signer(session), &body, &envelope, err));
	put.certificate_order_put.request = blob_span(&envelope);
	return session_ask(session, ROLE_REVOCATION, &put, MSG_TYPE_certificate_info, answer, err);
}

static enum rc check_key(
	const struct msg_certificate_info *info, const struct private_key *key, struct err *err)
{
	DROP(blob_release) struct blob spki = {0};
	struct cert_facts facts;

	if (cert_facts_read(info->certificate, &facts) != RC_OK)
		return err_set(err, RC_MALFORMED, "the CA's answer is no certificate");
	TRY(public_key_to_der(private_key_public(key), &spki, err));
	return span_equal(facts.spki, blob_span(&spki))
	               ? RC_OK
	               : err_set(err, RC_DENIED, "the CA's certificate is for another key than ours");
}

/* The last one of the chain is the root, if the CA has it. */
static enum rc write_files(const struct msg_certificate_info *info, struct provision_cert *out)
{
	struct list rest = info->chain;
	struct elem_certificate above;
	size_t left = info->chain.count;

	TRY(pem_write(PEM_CERTIFICATE, info->certificate, &out->files[LEAF]));
	TRY(pem_write(PEM_CERTIFICATE, info->certificate, &out->files[CHAIN]));
	while (ELEM_NEXT(certificate, &rest, &above))
		TRY(pem_write(PEM_CERTIFICATE, above.der, &out->files[--left == 0 ? ROOT : CHAIN]));
	return RC_OK;
}

enum rc provision_cert_order(struct session *session, const uint8_t node[static NODE_ID_BYTES],
	uint64_t life_ms, struct provision_cert *out, struct err *err)
{
	static const char *const names[PROVISION_CERT_FILES] = {
		"limebus/node.key", "limebus/node.crt", "limebus/chain.crt", "limebus/ca.crt"};
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(answer_release) struct answer answer = {0};

	TRY(private_key_generate(KEY_P256, &key, err));
	TRY(order(session, node, life_ms, key, &answer, err));
	TRY(check_key(&answer.msg.certificate_info, key, err));
	TRY(private_key_to_pem(key, (struct span){0}, &out->files[KEY], err));
	TRY(write_files(&answer.msg.certificate_info, out));
	for (size_t i = 0; i < PROVISION_CERT_FILES; i++)
		out->extras[i] =
			(struct pack_extra){names[i], blob_span(&out->files[i]), i == KEY ? 0600 : 0644};
	return RC_OK;
}
