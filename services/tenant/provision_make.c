/* The keys and the payload of a provisioning. */
#include <stdio.h>

#include "services/tenant/provision.h"
#include "services/tenant/provision_cert.h"

void provisioning_release(struct provisioning *p)
{
	vouch_release(&p->vouch);
	known_node_release(&p->node);
	registration_release(&p->registration);
	known_policy_release(&p->policy);
	secret32_release(&p->kb);
	secret32_release(&p->u);
	secret32_release(&p->v);
	blob_release(&p->ciphertext);
}

/* A script of the payload: a relative path without "..". */
static enum rc check_run(const struct provisioning *p, const char *run, struct err *err)
{
	const char *part = run;

	if (!p->is_archive && strcmp(run, p->file) != 0)
		return err_set(err, RC_MALFORMED, "--run: the payload is the single file \"%s\"", p->file);
	if (run[0] == '/' || strlen(run) > 256)
		return err_set(err, RC_MALFORMED, "--run: expected a path inside the payload");
	while (part != NULL) {
		size_t len = strcspn(part, "/");

		if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
			return err_set(err, RC_MALFORMED,
				"--run %s: expected a plain path inside the payload, without . and ..", run);
		part = part[len] == '\0' ? NULL : part + len + 1;
	}
	return RC_OK;
}

static enum rc encrypt(struct provisioning *p, struct span plain, struct err *err)
{
	struct share_for who = {known_node_body(&p->node)->node.at, p->number};
	DROP(blob_release) struct blob chunk = {0};

	for (struct payload_place place = {0}; !place.last; place.index++) {
		struct span part = {plain.at, plain.len};

		place.last = plain.len <= PAYLOAD_PLAIN_BYTES;
		if (!place.last)
			part.len = PAYLOAD_PLAIN_BYTES;
		TRY(payload_seal(&p->kb, who, place, part, &chunk, err));
		TRY(blob_append(&p->ciphertext, blob_span(&chunk)));
		plain = span_of(plain.at + part.len, plain.len - part.len);
	}
	return digest_bytes(DIGEST_SHA256, blob_span(&p->ciphertext), p->payload_hash);
}

enum rc provisioning_make(struct provisioning *p, struct err *err)
{
	DROP(packed_release) struct packed packed = {0};
	DROP(provision_cert_release) struct provision_cert cert = {0};
	size_t max = (size_t)(PAYLOAD_MAX - payload_chunks(PAYLOAD_MAX) * 16);

	if (p->options->cert)
		TRY(provision_cert_order(p->session, known_node_body(&p->node)->node.at,
			p->options->cert_life_ms, &cert, err));
	TRY(pack(p->options->payload, max, cert.extras, p->options->cert ? PROVISION_CERT_FILES : 0, &packed,
		err));
	p->is_archive = packed.is_archive;
	memcpy(p->file, packed.file, sizeof p->file);
	if (p->options->run != NULL)
		TRY(check_run(p, p->options->run, err));
	TRY(share_split(&p->kb, &p->u, &p->v, err));
	TRY(share_proof(&p->kb, known_node_body(&p->node)->node.at, p->proof));
	TRY(encrypt(p, blob_span(&packed.bytes), err));
	secret32_release(&p->kb);
	progress_step(&p->progress, "encrypted", "%s: %zu bytes encrypted, number %llu",
		p->is_archive ? "folder" : "file", packed.bytes.len, (unsigned long long)p->number);
	return RC_OK;
}
