#include "tests/support/tpm_node.h"

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/evidence/tpm_name.h"

void node_ok(enum rc rc, const struct err *err)
{
	if (rc != RC_OK)
		fail_msg("%s: %s", rc_words(rc), err->text);
}

struct tpm *node_open(const struct swtpm *swtpm, const struct tpm_options *options)
{
	struct tpm *tpm = NULL;
	struct err err = {0};

	node_ok(tpm_open(swtpm->tcti, options, &tpm, &err), &err);
	return tpm;
}

void node_enrol(struct tpm *tpm, enum tpm_ek_kind ek, enum tpm_ak_kind ak, struct blob *blob)
{
	struct err err = {0};

	node_ok(tpm_ek_open(tpm, ek, &err), &err);
	node_ok(tpm_ak_create(tpm, ak, blob, &err), &err);
}

void node_put_2b(const struct swtpm *swtpm, const char *name, struct span content)
{
	DROP(blob_release) struct blob file = {0};
	uint8_t size[2] = {(uint8_t)(content.len >> 8), (uint8_t)content.len};

	assert_ok(blob_append(&file, SPAN(size)));
	assert_ok(blob_append(&file, content));
	swtpm_put(swtpm, name, blob_span(&file));
}

void node_credential_release(struct node_credential *credential)
{
	blob_release(&credential->object);
	blob_release(&credential->encrypted);
}

void node_make_credential(
	const struct swtpm *swtpm, const struct tpm *tpm, struct node_credential *credential)
{
	DROP(blob_release) struct blob file = {0};
	char hex[HEX_BYTES(TPM_NAME_MAX_BYTES)];
	char command[512];
	char path[SCRATCH_FILE_BYTES + 16];
	struct tpm_name name;
	struct err err = {0};
	size_t object_len;

	assert_ok(tpm_name_of(tpm_ak_public(tpm), &name));
	node_put_2b(swtpm, "ek.pub", tpm_ek_public(tpm));
	swtpm_put(swtpm, "secret", span_text(NODE_SECRET));
	snprintf(command, sizeof command,
		"tpm2_makecredential -Q -u ek.pub -s secret -n %s -o credential.out",
		hex_encode(tpm_name_span(&name), hex));
	swtpm_run(swtpm, command, NULL);
	snprintf(path, sizeof path, "%s/credential.out", swtpm->dir);
	node_ok(file_read(path, 4096, &file, &err), &err);
	/* tpm2-tools put a magic number and a version in front (4 bytes each). */
	assert_true(file.len > 10);
	object_len = 2 + ((size_t)file.at[8] << 8 | file.at[9]);
	assert_true(8 + object_len < file.len);
	assert_ok(blob_copy(&credential->object, span_of(file.at + 8, object_len)));
	assert_ok(blob_copy(
		&credential->encrypted, span_of(file.at + 8 + object_len, file.len - 8 - object_len)));
}

void node_activates(const struct swtpm *swtpm, struct tpm *tpm)
{
	DROP(node_credential_release) struct node_credential credential = {0};
	DROP(blob_release) struct blob secret = {0};
	struct err err = {0};

	node_make_credential(swtpm, tpm, &credential);
	node_ok(tpm_activate(
			tpm, blob_span(&credential.object), blob_span(&credential.encrypted), &secret, &err),
		&err);
	assert_spans_equal(blob_span(&secret), span_text(NODE_SECRET));
}

void node_quote_verifies(const struct swtpm *swtpm, struct tpm *tpm)
{
	static const uint8_t nonce[32] = {0xaa, 0xbb, 1};
	DROP(tpm_quote_release) struct tpm_quote quote = {0};
	struct pcr_selection selection = {0};
	char hex[HEX_BYTES(sizeof nonce)];
	char command[512];
	struct err err = {0};

	for (unsigned pcr = 0; pcr < 12; pcr++)
		assert_ok(pcr_selection_add(&selection, TPM_ALG_SHA256, pcr));
	node_ok(tpm_quote(tpm, &selection, SPAN(nonce), &quote, &err), &err);
	assert_int_equal(quote.values.len, 12 * 32);
	node_put_2b(swtpm, "ak.pub", tpm_ak_public(tpm));
	swtpm_put(swtpm, "attest", blob_span(&quote.attest));
	swtpm_put(swtpm, "signature", blob_span(&quote.signature));
	swtpm_put(swtpm, "values", blob_span(&quote.values));
	hex_encode(SPAN(nonce), hex);
	snprintf(command, sizeof command,
		"tpm2_checkquote -Q -u ak.pub -m attest -s signature -q %s -g sha256 && tail -c 32 attest | cmp - <(openssl "
		"dgst -sha256 -binary values) && tpm2_pcrread -Q sha256:0,1,2,3,4,5,6,7,8,9,10,11 -F values -o now && cmp now "
		"values",
		hex);
	swtpm_run(swtpm, command, NULL);
	hex[0] = 'b';
	snprintf(command, sizeof command,
		"tpm2_checkquote -u ak.pub -m attest -s signature -q %s -g sha256 2>&1", hex);
	assert_false(swtpm_try(swtpm, command, NULL));
}
