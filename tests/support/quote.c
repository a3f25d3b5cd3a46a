#include "tests/support/quote.h"

#include <stdio.h>

#include "lib/evidence/tpm_public.h"
#include "tests/support/test.h"

#define NAME_BYTES 96

static struct span file(const char *vm, const char *stem, const char *suffix)
{
	char name[NAME_BYTES];

	assert_true(snprintf(name, sizeof name, "%s/%s%s", vm, stem, suffix) < NAME_BYTES);
	return vector(name);
}

static struct tpm_name name_of(struct span file_2b)
{
	struct tpm_name name = {0};

	assert_ok(tpm_name_of(span_of(file_2b.at + 2, file_2b.len - 2), &name));
	return name;
}

void captured_open(struct captured *out, const char *vm, const char *key, const char *stem, const char *nonce)
{
	char ak_file[NAME_BYTES];
	struct tpm_public ak = {0};
	struct key_parts parts = {0};
	struct tpm_name ek_name = name_of(file(vm, "ek_rsa", ".pub"));
	struct tpm_name ak_name;

	memset(out, 0, sizeof *out);
	assert_true(snprintf(ak_file, sizeof ak_file, "ak_%s", key) < NAME_BYTES);
	ak_name = name_of(file(vm, ak_file, ".pub"));
	assert_ok(tpm_public_parse_2b(file(vm, ak_file, ".pub"), &ak, NULL));
	assert_ok(tpm_public_key(&ak, &parts));
	assert_ok(public_key_of_parts(&parts, &out->ak, NULL));
	assert_ok(tpm_name_qualified(&ek_name, &ak_name, &out->signer));
	assert_ok(attest_parse(file(vm, stem, ".msg"), &out->attest));
	assert_ok(tpm_signature_parse(file(vm, stem, ".sig"), &out->signature));
	out->asked = out->attest.selection;
	out->claim = (struct quote_claim){
		.attest = &out->attest,
		.signature = &out->signature,
		.ak = out->ak,
		.data = file(vm, nonce, ""),
		.asked = &out->asked,
		.values = file(vm, stem, ".pcrs"),
		.signer = tpm_name_span(&out->signer),
	};
}

void captured_release(struct captured *captured)
{
	public_key_release(&captured->ak);
}
