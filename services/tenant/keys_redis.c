#include "services/tenant/keys_redis.h"

#include <limits.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/random.h"
#include "lib/store/redis_conf.h"
#include "services/tenant/deployment.h"

/* Whose password lies where. */
static const struct {
	enum redis_user user;
	const char *file;
} places[] = {
	{REDIS_REGISTRAR, "registrar/" KEYS_REDIS_PASSWORD},
	{REDIS_VERIFIER, "verifier/" KEYS_REDIS_PASSWORD},
	{REDIS_REVOCATION, "revocation/" KEYS_REDIS_PASSWORD},
	{REDIS_DOCTOR, "redis/doctor.password"},
};

/* 32 random bytes in hexadecimal, in a file; its hash for the ACL. */
static enum rc make_password(
	const char *path, uint8_t out_sha256[static DIGEST_SHA256_BYTES], struct err *err)
{
	DROP(secret32_release) struct secret32 random = {0};
	DROP(blob_release) struct blob text = {0};

	TRY(random_fill(random.bytes, sizeof random.bytes, err));
	if (blob_resize(&text, HEX_BYTES(sizeof random.bytes)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	hex_encode(SPAN(random.bytes), (char *)text.at);
	text.len--;
	if (digest_bytes(DIGEST_SHA256, blob_span(&text), out_sha256) != RC_OK)
		return err_set(err, RC_CRYPTO, "SHA-256 failed");
	/* The NUL's place becomes the end of the line. */
	text.at[text.len++] = '\n';
	return file_create(path, blob_span(&text), 0600, err);
}

static enum rc make_users(const char *folder, struct err *err)
{
	struct redis_acl users[COUNT(places)] = {0};
	DROP(blob_release) struct blob acl = {0};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(places); i++) {
		users[i].user = places[i].user;
		TRY(deployment_path(folder, places[i].file, path, err));
		TRY(make_password(path, users[i].password_sha256, err));
	}
	TRY(redis_acl_print(users, COUNT(users), &acl, err));
	TRY(deployment_path(folder, "redis/" REDIS_ACL_FILE, path, err));
	return file_create(path, blob_span(&acl), 0600, err);
}

enum rc keys_redis_make(const char *folder, const char *data, const char *socket, struct err *err)
{
	DROP(blob_release) struct blob conf = {0};
	char path[PATH_MAX];
	char absolute[PATH_MAX];

	TRY(deployment_path(folder, "redis", path, err));
	TRY(deployment_folder(path, err));
	if (realpath(path, absolute) == NULL)
		return err_errno(err, "%s", path);
	TRY(make_users(folder, err));
	TRY(redis_conf_print(
		&(struct redis_conf){.dir = data == NULL ? absolute : data, .socket = socket}, &conf, err));
	TRY(deployment_path(folder, "redis/redis.conf", path, err));
	return file_create(path, blob_span(&conf), 0600, err);
}
