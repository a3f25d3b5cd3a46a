#include "services/agent/certificate_folder.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/log.h"
#include "services/agent/paths.h"

#define KEY_FILE       "node.key"
#define LEAF_FILE      "node.crt"
#define CHAIN_FILE     "chain.crt"
#define ROOTS_FILE     "ca.crt"
#define LEAF_MAX_BYTES 8192

enum rc certificate_folder_check(const char *folder, struct err *err)
{
	struct stat st;

	if (stat(folder, &st) != 0)
		return err_errno(err, "folder of certificates %s", folder);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
		return err_set(err, RC_DENIED,
			"folder of certificates %s: expected a folder of uid %u that nobody else can write to, found uid %u "
			"and mode %04o",
			folder, geteuid(), st.st_uid, st.st_mode & 07777);
	return RC_OK;
}

enum rc certificate_folder_key(const char *folder, struct node_key *out, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_BYTES];

	TRY(path_in(folder, KEY_FILE, path, err));
	TRY(file_read_secret(path, NODE_KEY_FILE_MAX, &text, err));
	return node_key_of_file(blob_span(&text), out, err);
}

enum rc certificate_folder_leaf(
	const char *folder, struct span spki, struct certificate_dates *out, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char path[PATH_BYTES];

	TRY(path_in(folder, LEAF_FILE, path, err));
	TRY(file_read(path, LEAF_MAX_BYTES, &text, err));
	return certificate_read(blob_span(&text), spki, out, err);
}

static enum rc replace(const char *folder, const char *name, struct span text, mode_t mode, struct err *err)
{
	char path[PATH_BYTES];

	TRY(path_in(folder, name, path, err));
	return file_replace(path, text, mode, err);
}

enum rc certificate_folder_put_key(const char *folder, const struct node_key *key, struct err *err)
{
	certificate_folder_remove(folder);
	return replace(folder, KEY_FILE, blob_span(&key->pem), 0600, err);
}

enum rc certificate_folder_put(const char *folder, const struct certificate_files *files, struct err *err)
{
	TRY(replace(folder, ROOTS_FILE, blob_span(&files->roots), 0644, err));
	TRY(replace(folder, CHAIN_FILE, blob_span(&files->chain), 0644, err));
	return replace(folder, LEAF_FILE, blob_span(&files->leaf), 0644, err);
}

static void discard(const char *folder, const char *name)
{
	struct err err = {0};
	char path[PATH_BYTES];

	if (path_in(folder, name, path, &err) == RC_OK && (unlink(path) == 0 || errno == ENOENT))
		return;
	log_event(LOG_ERROR, "certificate.unremoved", "file=%s errno=%d", name, errno);
}

void certificate_folder_remove(const char *folder)
{
	discard(folder, LEAF_FILE);
	discard(folder, CHAIN_FILE);
}

void certificate_folder_remove_all(const char *folder)
{
	certificate_folder_remove(folder);
	discard(folder, KEY_FILE);
}
