#include "services/tenant/policy_file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/base/file.h"

void policy_keys_release(struct policy_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		public_key_release(&keys->at[i]);
	*keys = (struct policy_keys){0};
}

static enum rc load_file(const char *path, struct policy_keys *out, struct err *err)
{
	DROP(blob_release) struct blob pem = {0};
	enum rc rc;

	if (out->count == POLICY_KEYS_MAX)
		return err_set(err, RC_LIMIT, "%s: more than %d keys for policies", path, POLICY_KEYS_MAX);
	TRY(file_read(path, KEY_FILE_MAX, &pem, err));
	rc = public_key_of_file(blob_span(&pem), &out->at[out->count], err);
	if (rc != RC_OK)
		return err_wrap(err, rc, "%s: ", path);
	out->count++;
	if (public_key_parts(out->at[out->count - 1]).kind == KEY_RSA)
		return err_set(err, RC_UNSUPPORTED,
			"%s: an RSA key; envelopes are signed with keys on P-256 or P-384", path);
	return RC_OK;
}

static int is_key_file(const struct dirent *entry)
{
	static const char *const ends[] = {".pem", ".pub", ".crt"};
	size_t len = strlen(entry->d_name);

	for (size_t i = 0; entry->d_name[0] != '.' && i < COUNT(ends); i++)
		if (len > 4 && strcmp(entry->d_name + len - 4, ends[i]) == 0)
			return 1;
	return 0;
}

struct names {
	struct dirent **at;
	int count;
};

static void names_free(struct names *names)
{
	for (int i = 0; i < names->count; i++)
		free(names->at[i]);
	free(names->at);
}

static enum rc load_folder(const char *folder, struct policy_keys *out, struct err *err)
{
	DROP(names_free) struct names names = {0};

	names.count = scandir(folder, &names.at, is_key_file, alphasort);
	if (names.count < 0)
		return err_errno(err, "%s", folder);
	if (names.count == 0)
		return err_set(err, RC_NOT_FOUND, "%s: no key there (*.pem, *.pub, *.crt)", folder);
	for (int i = 0; i < names.count; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof path, "%s/%s", folder, names.at[i]->d_name) >= PATH_MAX)
			return err_set(err, RC_LIMIT, "%.80s...: path is too long", folder);
		TRY(load_file(path, out, err));
	}
	return RC_OK;
}

enum rc policy_keys_load(const struct text_list *paths, struct policy_keys *out, struct err *err)
{
	DROP(policy_keys_release) struct policy_keys keys = {0};

	for (size_t i = 0; i < paths->count; i++) {
		struct stat st;

		if (stat(paths->at[i], &st) != 0)
			return err_errno(err, "%s", paths->at[i]);
		if (S_ISDIR(st.st_mode))
			TRY(load_folder(paths->at[i], &keys, err));
		else
			TRY(load_file(paths->at[i], &keys, err));
	}
	policy_keys_release(out);
	*out = TAKE(keys);
	return RC_OK;
}

/* The payload of an envelope, if it is signed as the configuration demands. */
static enum rc open_envelope(
	struct span text, const char *type, const struct policy_keys *keys, struct blob *out, struct err *err)
{
	DROP(dsse_release) struct dsse dsse = {0};

	if (keys->count == 0)
		return err_set(err, RC_DENIED,
			"a signed policy, but no key is configured that could vouch for it: name its signer's with "
			"--policy-keys");
	TRY(dsse_parse(text, &dsse, err));
	TRY(dsse_check(&dsse, type, keys->at, keys->count, NULL, err));
	blob_release(out);
	*out = TAKE(dsse.payload);
	return RC_OK;
}

enum rc policy_file_read(const struct tenant_config *config, const char *path, const char *type,
	struct blob *out, struct err *err)
{
	DROP(policy_keys_release) struct policy_keys keys = {0};
	DROP(blob_release) struct blob text = {0};
	enum rc rc;

	TRY(policy_keys_load(&config->policy_keys, &keys, err));
	TRY(file_read(path, DSSE_TEXT_MAX, &text, err));
	if (dsse_is_envelope(blob_span(&text))) {
		rc = open_envelope(blob_span(&text), type, &keys, out, err);
		return rc == RC_OK ? RC_OK : err_wrap(err, rc, "%s: ", path);
	}
	if (keys.count != 0)
		return err_set(err, RC_DENIED,
			"%s: not signed, but keys for policies are configured (policy-keys); sign it: limebus policy sign",
			path);
	blob_release(out);
	*out = TAKE(text);
	return RC_OK;
}
