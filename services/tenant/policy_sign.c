/* limebus policy sign and verify: DSSE envelopes around policy files. */
#include <stdio.h>

#include "lib/base/base64.h"
#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/signing_key.h"
#include "lib/json/json.h"
#include "lib/json/json_write.h"
#include "services/tenant/policy.h"
#include "services/tenant/policy_file.h"
#include "services/tenant/render.h"

/* As policies are bounded, and deep enough for each that is imported. */
static const struct json_limits limits = {.bytes = DSSE_PAYLOAD_MAX, .depth = 32, .values = 16u << 20};

/* ---- sign ---- */

struct sign_options {
	char *key;
	char *certificate;
	char *out;
	unsigned type;
};

static const char *const type_words[] = {"auto", "limebus", "keylime", NULL};

static const struct option sign_options[] = {
	{OPTION_PATH(struct sign_options, key), .name = "key",
		.help = "The private key, in PEM without a passphrase: P-256 or P-384. Only you may be able to read it."},
	{OPTION_PATH(struct sign_options, certificate), .name = "certificate", .fallback = "",
		.help = "A certificate of that key: it stands in the envelope in place of the key's hash, as Keylime's \"x509\" "
			"signer does."},
	{OPTION_PATH(struct sign_options, out), .name = "out", .fallback = "",
		.help = "Where the envelope goes; without it, to standard output."},
	{OPTION_WORD(struct sign_options, type), .name = "type", .fallback = "auto", .words = type_words,
		.help = "Whose policy it is: of limebus, or of Keylime. \"auto\" looks whether \"limebus\" is a member."},
};

static const struct program sign_program = {
	.name = "limebus policy sign",
	.summary = "put a policy into an envelope with a signature",
	.about =
		"The envelope is DSSE, signed with ECDSA and SHA-256, as Keylime's tools make and read it. FILE may be an "
		"envelope already: then one more signature is added to it.\n\n"
		"Example: limebus policy sign web.json --key policy.key --out web.signed.json",
	.options = sign_options,
	.count = COUNT(sign_options),
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

/* What is signed must at least be JSON; whose it is shows in it. */
static enum rc type_of(struct span payload, unsigned asked, const char **out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root, ignored;

	TRY(json_parse(payload, &limits, &doc, err));
	root = json_root(&doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	*out = asked == 1 || (asked == 0 && json_has(&root, "limebus", &ignored)) ? DSSE_TYPE_POLICY
	                                                                          : DSSE_TYPE_KEYLIME;
	return RC_OK;
}

/* Hex of the SHA-256 of the PEM SubjectPublicKeyInfo, or base64 of the PEM certificate. */
static enum rc key_id(struct public_key *key, const char *certificate, struct blob *out, struct err *err)
{
	DROP(public_key_release) struct public_key *certified = NULL;
	DROP(blob_release) struct blob pem = {0};
	DROP(blob_release) struct blob again = {0};
	uint8_t hash[DIGEST_SHA256_BYTES];
	char digits[HEX_BYTES(sizeof hash)];

	TRY(public_key_to_pem(key, &pem, err));
	if (certificate == NULL) {
		TRY(digest_bytes(DIGEST_SHA256, blob_span(&pem), hash));
		return blob_append(out, span_text(hex_encode(SPAN(hash), digits)));
	}
	TRY(file_read(certificate, DSSE_KEYID_MAX / 4 * 3, &again, err));
	if (public_key_of_file(blob_span(&again), &certified, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", certificate);
	blob_clear(&pem);
	TRY(base64_encode(blob_span(&again), out));
	blob_clear(&again);
	TRY(public_key_to_pem(key, &pem, err));
	TRY(public_key_to_pem(certified, &again, err));
	if (!span_equal(blob_span(&pem), blob_span(&again)))
		return err_set(err, RC_DENIED, "%s: the certificate of another key", certificate);
	return RC_OK;
}

static enum rc add_signature(const struct sign_options *given, struct dsse *dsse, struct err *err)
{
	DROP(signing_key_release) struct signing_key *key = NULL;
	DROP(blob_release) struct blob pem = {0};
	struct dsse_signature *signature = &dsse->signatures[dsse->count];
	uint8_t digest[DIGEST_SHA256_BYTES];
	uint8_t bytes[SIGNING_KEY_SIGNATURE_MAX];
	struct public_key *public;

	if (dsse->count == DSSE_SIGNATURES_MAX)
		return err_set(err, RC_LIMIT, "more than %d signatures", DSSE_SIGNATURES_MAX);
	TRY(file_read_secret(given->key, KEY_FILE_MAX, &pem, err));
	if (signing_key_of_pem(blob_span(&pem), &key, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", given->key);
	public = signing_key_public(key);
	if (dsse_check(dsse, dsse->type, &public, 1, NULL, NULL) == RC_OK)
		return err_set(err, RC_EXISTS, "this key has signed already");
	dsse->count++; /* before what may fail: the key id is released with the rest */
	TRY(key_id(public, given->certificate, &signature->keyid, err));
	TRY(dsse_digest(dsse->type, blob_span(&dsse->payload), digest));
	TRY(signing_key_sign(key, DIGEST_SHA256, SPAN(digest), bytes, &signature->len, err));
	memcpy(signature->bytes, bytes, signature->len);
	return RC_OK;
}

static enum rc sign(const struct sign_options *given, const char *path, struct err *err)
{
	DROP(dsse_release) struct dsse dsse = {0};
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob out = {0};
	const char *type = NULL;

	TRY(file_read(path, DSSE_TEXT_MAX, &text, err));
	if (dsse_is_envelope(blob_span(&text))) {
		if (dsse_parse(blob_span(&text), &dsse, err) != RC_OK)
			return err_wrap(err, err->rc, "%s: ", path);
	} else {
		dsse.payload = TAKE(text);
	}
	if (type_of(blob_span(&dsse.payload), given->type, &type, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	if (dsse.count != 0 && strcmp(dsse.type, type) != 0)
		return err_set(err, RC_MALFORMED, "%s: an envelope of type %s around something else", path,
			dsse.type);
	snprintf(dsse.type, sizeof dsse.type, "%s", type);
	TRY(add_signature(given, &dsse, err));
	TRY(dsse_write(dsse.type, blob_span(&dsse.payload), dsse.signatures, dsse.count, &out));
	if (given->out != NULL)
		return file_replace(given->out, blob_span(&out), 0644, err);
	if (fwrite(out.at, 1, out.len, stdout) != out.len)
		return err_set(err, RC_IO, "standard output cannot be written");
	return RC_OK;
}

int policy_sign(const struct tenant_config *config, int argc, char **argv)
{
	struct sign_options given = {0};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&sign_program, argc, argv, &given, &start);

	(void)config;
	if (status != PROGRAM_GO)
		return status;
	if (sign(&given, start.words[0], &err) != RC_OK)
		status = command_failed(&sign_program, &err);
	else
		status = EXIT_DONE;
	program_release(&sign_program, &given);
	return status;
}

/* ---- verify ---- */

struct verify_options {
	struct text_list key;
};

static const struct option verify_options[] = {
	{OPTION_LIST(struct verify_options, key, PATH), .name = "key", .fallback = "", .repeats = true,
		.help = "Public keys or certificates in PEM, or folders with them; without it, the configured policy-keys."},
};

static const struct program verify_program = {
	.name = "limebus policy verify",
	.summary = "is a policy's envelope signed by a key of ours?",
	.about =
		"Prints what the envelope holds and which key has signed it. Ends with 77 if none of the keys has.\n\n"
		"Example: limebus policy verify web.signed.json --key policy.pub",
	.options = verify_options,
	.count = COUNT(verify_options),
	.words = "FILE",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static enum rc say_verified(
	const struct dsse *dsse, const struct public_key *signer, bool as_json, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	DROP(blob_release) struct blob pem = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);
	uint8_t id[DIGEST_SHA256_BYTES];
	uint8_t hash[DIGEST_SHA256_BYTES];
	char digits[HEX_BYTES(sizeof id)];

	TRY(public_key_to_pem(signer, &pem, err));
	TRY(digest_bytes(DIGEST_SHA256, blob_span(&pem), id));
	TRY(digest_bytes(DIGEST_SHA256, blob_span(&dsse->payload), hash));
	if (!as_json) {
		printf("type     %s\n", dsse->type);
		printf("policy   %s\n", hex_encode(SPAN(hash), digits));
		printf("signed   %s\n", hex_encode(SPAN(id), digits));
		return RC_OK;
	}
	json_write_object(&w, NULL);
	json_write_cstr(&w, "type", dsse->type);
	json_write_hex(&w, "policy", SPAN(hash));
	json_write_hex(&w, "key", SPAN(id));
	json_write_u64(&w, "signatures", dsse->count);
	json_write_close(&w);
	return render_json(&w);
}

static enum rc verify(
	const struct tenant_config *config, const struct text_list *named, const char *path, struct err *err)
{
	DROP(policy_keys_release) struct policy_keys keys = {0};
	DROP(dsse_release) struct dsse dsse = {0};
	DROP(blob_release) struct blob text = {0};
	const char *type;
	size_t signer = 0;

	TRY(policy_keys_load(named->count != 0 ? named : &config->policy_keys, &keys, err));
	if (keys.count == 0)
		return err_set(err, RC_MALFORMED, "no key to verify with: --key, or policy-keys");
	TRY(file_read(path, DSSE_TEXT_MAX, &text, err));
	if (dsse_parse(blob_span(&text), &dsse, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	type = strcmp(dsse.type, DSSE_TYPE_POLICY) == 0 ? DSSE_TYPE_POLICY : DSSE_TYPE_KEYLIME;
	if (dsse_check(&dsse, type, keys.at, keys.count, &signer, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	return say_verified(&dsse, keys.at[signer], config->json, err);
}

int policy_verify(const struct tenant_config *config, int argc, char **argv)
{
	struct verify_options given = {0};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&verify_program, argc, argv, &given, &start);

	if (status != PROGRAM_GO)
		return status;
	if (verify(config, &given.key, start.words[0], &err) != RC_OK)
		status = command_failed(&verify_program, &err);
	else
		status = EXIT_DONE;
	program_release(&verify_program, &given);
	return status;
}
