#include "services/tenant/ca_equip.h"

#include <limits.h>

#include "lib/base/file.h"
#include "lib/pki/ca_folder.h"
#include "services/tenant/deployment.h"

#define CONFIG_MAX (64u << 10)

enum rc ca_configure(const char *service, bool has_secret, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_MAX];

	TRY(deployment_path(service, "revocation.conf", path, err));
	TRY(file_read(path, CONFIG_MAX, &text, err));
	TRY(blob_append(&text, span_text("\nca = " CA_EQUIP_FOLDER "\n")));
	if (has_secret)
		TRY(blob_append(&text, span_text("ca-passphrase = " CA_EQUIP_SECRET "\n")));
	return file_replace(path, blob_span(&text), 0600, err);
}

/* *out_copied is false if there is none. */
static enum rc copy(
	const char *from, const char *to, const char *name, bool is_secret, bool *out_copied, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_MAX];
	enum rc rc;

	TRY(deployment_path(from, name, path, err));
	rc = is_secret ? file_read_secret(path, CA_FOLDER_FILE_MAX, &bytes, err)
	               : file_read(path, CA_FOLDER_FILE_MAX, &bytes, err);
	*out_copied = rc == RC_OK;
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	TRY(deployment_path(to, name, path, err));
	return file_create(path, blob_span(&bytes), is_secret ? 0600 : 0644, err);
}

enum rc ca_equip(const char *from, const char *to, struct err *err)
{
	static const char *const files[] = {
		CA_FOLDER_CONF, CA_FOLDER_CERTIFICATE, CA_FOLDER_CHAIN, CA_FOLDER_KEY};
	char source[PATH_MAX], target[PATH_MAX];
	DROP(ca_folder_release) struct ca_folder folder = {0};
	bool has_secret = false, copied = false;
	enum rc rc;

	TRY(deployment_path(from, CA_EQUIP_FOLDER, source, err));
	TRY(deployment_path(to, CA_EQUIP_FOLDER, target, err));
	rc = ca_folder_load(source, &folder, err);
	if (rc == RC_NOT_FOUND) {
		*err = (struct err){0};
		return RC_OK;
	}
	TRY(rc);
	TRY(deployment_folder(target, err));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		TRY(copy(source, target, files[i], i == 3, &copied, err));
	TRY(copy(from, to, CA_EQUIP_SECRET, true, &has_secret, err));
	return ca_configure(to, has_secret, err);
}
