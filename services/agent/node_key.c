#include "services/agent/node_key.h"

#include "lib/evidence/tpm_public.h"
#include "lib/pki/tpm_key_file.h"
#include "lib/tpm/key.h"

void node_key_release(struct node_key *key)
{
	private_key_release(&key->software);
	blob_release(&key->in_tpm);
	blob_release(&key->area);
	blob_release(&key->pem);
	blob_release(&key->spki);
}

static enum rc spki_of_area(struct span area, struct blob *out, struct err *err)
{
	DROP(public_key_release) struct public_key *key = NULL;
	struct tpm_public public = {0};
	struct key_parts parts = {0};

	if (tpm_public_parse(area, &public) != RC_OK || tpm_public_key(&public, &parts) != RC_OK)
		return err_set(err, RC_MALFORMED, "public area of the node's key: of no kind that is known");
	TRY(public_key_of_parts(&parts, &key, err));
	return public_key_to_der(key, out, err);
}

enum rc node_key_of_tpm(struct span blob, struct node_key *out, struct err *err)
{
	DROP(node_key_release) struct node_key key = {.home = NODE_KEY_TPM};
	struct tpm_key_file file = {.parent = TPM_KEY_PARENT};
	struct tpm_key_parts parts;

	TRY(tpm_key_parse(blob, &parts, err));
	TRY(blob_copy(&key.in_tpm, blob));
	TRY(blob_copy(&key.area, parts.area));
	TRY(spki_of_area(parts.area, &key.spki, err));
	file.public_2b = parts.public_2b;
	file.private_2b = parts.private_2b;
	TRY(tpm_key_file_write(&file, &key.pem));
	node_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

static enum rc of_software(struct private_key **software, struct node_key *out, struct err *err)
{
	DROP(node_key_release) struct node_key key = {.home = NODE_KEY_SOFTWARE};

	key.software = TAKE(*software);
	TRY(public_key_to_der(private_key_public(key.software), &key.spki, err));
	TRY(private_key_to_pem(key.software, (struct span){0}, &key.pem, err));
	node_key_release(out);
	*out = TAKE(key);
	return RC_OK;
}

enum rc node_key_generate(struct node_key *out, struct err *err)
{
	DROP(private_key_release) struct private_key *software = NULL;

	TRY(private_key_generate(KEY_P256, &software, err));
	return of_software(&software, out, err);
}

static enum rc of_tpm_file(struct span text, struct node_key *out, struct err *err)
{
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob blob = {0};
	struct tpm_key_file file;

	TRY(tpm_key_file_read(text, &der, &file, err));
	if (file.parent != TPM_KEY_PARENT)
		return err_set(err, RC_UNSUPPORTED, "key file: its parent is 0x%08x, not the owner hierarchy",
			file.parent);
	TRY(blob_copy(&blob, file.public_2b));
	TRY(blob_append(&blob, file.private_2b));
	return node_key_of_tpm(blob_span(&blob), out, err);
}

enum rc node_key_of_file(struct span text, struct node_key *out, struct err *err)
{
	static const char mark[] = "-----BEGIN " TPM_KEY_FILE_LABEL "-----";
	DROP(private_key_release) struct private_key *software = NULL;

	if (text.len >= sizeof mark - 1 && memcmp(text.at, mark, sizeof mark - 1) == 0)
		return of_tpm_file(text, out, err);
	TRY(private_key_of_pem(text, (struct span){0}, &software, err));
	return of_software(&software, out, err);
}
