#include "lib/trust/keyfile.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"

#define KEYFILE_MAX_BYTES 256

static const struct {
	const char *line;
	bool secret;
} kinds[KEYFILE_KIND_COUNT] = {
#define KEYFILE_ROW(name, line, secret) [KEYFILE_##name] = {line, secret},
	KEYFILE_LIST(KEYFILE_ROW)
#undef KEYFILE_ROW
};

/* "<first line>\n<64 digits>\n", the last line end being optional. */
static enum rc parse(struct span text, enum keyfile_kind kind, uint8_t out[static KEYFILE_KEY_BYTES])
{
	struct span line = span_text(kinds[kind].line);

	if (text.len <= line.len || memcmp(text.at, line.at, line.len) != 0 || text.at[line.len] != '\n')
		return RC_MALFORMED;
	text.at += line.len + 1;
	text.len -= line.len + 1;
	if (text.len != 0 && text.at[text.len - 1] == '\n')
		text.len--;
	return hex_decode(text, out, KEYFILE_KEY_BYTES);
}

enum rc keyfile_load(const char *path, enum keyfile_kind kind, struct secret32 *out, struct err *err)
{
	DROP(blob_release) struct blob text = {0};

	if (kinds[kind].secret)
		TRY(file_read_secret(path, KEYFILE_MAX_BYTES, &text, err));
	else
		TRY(file_read(path, KEYFILE_MAX_BYTES, &text, err));
	if (parse(blob_span(&text), kind, out->bytes) != RC_OK)
		return err_set(err, RC_MALFORMED, "%s: expected the line \"%s\" and 64 hexadecimal digits",
			path, kinds[kind].line);
	return RC_OK;
}

enum rc keyfile_load_public(
	const char *path, enum keyfile_kind kind, uint8_t out[static KEYFILE_KEY_BYTES], struct err *err)
{
	struct secret32 key;

	TRY(keyfile_load(path, kind, &key, err));
	memcpy(out, key.bytes, KEYFILE_KEY_BYTES);
	return RC_OK;
}

enum rc keyfile_create(const char *path, enum keyfile_kind kind, const uint8_t key[static KEYFILE_KEY_BYTES],
	struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char digits[HEX_BYTES(KEYFILE_KEY_BYTES)];
	enum rc rc;

	TRY(blob_append(&text, span_text(kinds[kind].line)));
	TRY(blob_append(&text, span_text("\n")));
	TRY(blob_append(&text, span_text(hex_encode(span_of(key, KEYFILE_KEY_BYTES), digits))));
	wipe(digits, sizeof digits);
	TRY(blob_append(&text, span_text("\n")));
	rc = file_create(path, blob_span(&text), kinds[kind].secret ? 0600 : 0644, err);
	return rc;
}

void identity_release(struct identity *identity)
{
	hpke_pair_release(&identity->curve);
	sign_pair_release(&identity->sign);
}

enum rc identity_generate(struct identity *out, struct err *err)
{
	DROP(identity_release) struct identity identity = {0};

	TRY(hpke_generate(&identity.curve, err));
	TRY(sign_generate(&identity.sign, err));
	*out = TAKE(identity);
	return RC_OK;
}

static enum rc in_folder(const char *folder, const char *file, char out[static PATH_MAX], struct err *err)
{
	if (snprintf(out, PATH_MAX, "%s/%s", folder, file) >= PATH_MAX)
		return err_set(err, RC_LIMIT, "%s: path is too long", folder);
	return RC_OK;
}

enum rc identity_load(const char *folder, struct identity *out, struct err *err)
{
	DROP(identity_release) struct identity identity = {0};
	DROP(secret32_release) struct secret32 curve = {0};
	DROP(secret32_release) struct secret32 sign = {0};
	char path[PATH_MAX];

	TRY(in_folder(folder, IDENTITY_CURVE_FILE, path, err));
	TRY(keyfile_load(path, KEYFILE_CURVE_SECRET, &curve, err));
	TRY(in_folder(folder, IDENTITY_SIGN_FILE, path, err));
	TRY(keyfile_load(path, KEYFILE_SIGN_SECRET, &sign, err));
	TRY(hpke_pair_of_secret(curve.bytes, &identity.curve, err));
	TRY(sign_pair_of_seed(sign.bytes, &identity.sign, err));
	*out = TAKE(identity);
	return RC_OK;
}

enum rc identity_create(const char *folder, const struct identity *identity, struct err *err)
{
	char path[PATH_MAX];

	TRY(in_folder(folder, IDENTITY_CURVE_FILE, path, err));
	TRY(keyfile_create(path, KEYFILE_CURVE_SECRET, identity->curve.secret, err));
	TRY(in_folder(folder, IDENTITY_SIGN_FILE, path, err));
	return keyfile_create(path, KEYFILE_SIGN_SECRET, identity->sign.seed, err);
}
