#include "services/agent/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/crypto/random.h"
#include "services/agent/paths.h"

#define AK_FILE   "ak.blob"
#define HELD_FILE "held"
static const char *const password_files[KEYS_SLOTS] = {"nv-a.password", "nv-b.password"};
static const uint32_t indices[KEYS_SLOTS] = {TPM_NV_SHARE_A, TPM_NV_SHARE_B};

enum rc keys_load_ak(const char *state, struct blob *out, struct err *err)
{
	char path[PATH_BYTES];
	enum rc rc;

	TRY(path_in(state, AK_FILE, path, err));
	rc = file_read_secret(path, TPM_AK_BLOB_MAX_BYTES, out, err);
	if (rc != RC_NOT_FOUND)
		return rc;
	if (err != NULL)
		*err = (struct err){0};
	return RC_OK;
}

enum rc keys_save_ak(const char *state, struct span blob, struct err *err)
{
	char path[PATH_BYTES];

	TRY(path_in(state, AK_FILE, path, err));
	return file_replace(path, blob, 0600, err);
}

void held_release(struct held *held)
{
	wipe(held, sizeof *held);
	held->active = KEYS_NO_SLOT;
}

static enum rc load_password(const char *state, unsigned slot, struct tpm_nv_slot *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	char path[PATH_BYTES];
	enum rc rc;

	TRY(path_in(state, password_files[slot], path, err));
	out->index = indices[slot];
	rc = file_read_secret(path, TPM_NV_PASSWORD_BYTES, &bytes, err);
	if (rc == RC_OK && bytes.len == sizeof out->password) {
		memcpy(out->password, bytes.at, sizeof out->password);
		return RC_OK;
	}
	if (rc == RC_OK)
		return err_set(err, RC_MALFORMED, "%s: %zu bytes, expected %zu", path, bytes.len,
			sizeof out->password);
	if (rc != RC_NOT_FOUND)
		return rc;
	TRY(random_fill(out->password, sizeof out->password, err));
	return file_replace(path, SPAN(out->password), 0600, err);
}

/* "a 1764000000000\n": slot and number. */
static enum rc read_held(const char *path, struct held *out, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char line[64] = {0};
	char *end = NULL;
	enum rc rc = file_read_secret(path, sizeof line - 1, &text, err);

	if (rc != RC_OK)
		return rc;
	memcpy(line, text.at, text.len);
	if ((line[0] != 'a' && line[0] != 'b') || line[1] != ' ' || line[2] < '1' || line[2] > '9')
		return err_set(err, RC_MALFORMED, "%s: no slot and number in it", path);
	errno = 0;
	out->number = strtoull(line + 2, &end, 10);
	if (errno != 0 || strcmp(end, "\n") != 0)
		return err_set(err, RC_MALFORMED, "%s: no slot and number in it", path);
	out->active = line[0] == 'a' ? KEYS_SLOT_A : KEYS_SLOT_B;
	return RC_OK;
}

enum rc held_load(const char *state, struct held *out, struct err *err)
{
	DROP(held_release) struct held held = {.active = KEYS_NO_SLOT};
	char path[PATH_BYTES];
	enum rc rc;

	for (unsigned i = 0; i < KEYS_SLOTS; i++)
		TRY(load_password(state, i, &held.slots[i], err));
	TRY(path_in(state, HELD_FILE, path, err));
	rc = read_held(path, &held, err);
	if (rc != RC_OK && rc != RC_NOT_FOUND)
		return rc;
	if (err != NULL)
		*err = (struct err){0};
	*out = held;
	return RC_OK;
}

enum rc held_save(const char *state, struct held *held, unsigned active, uint64_t number, struct err *err)
{
	char path[PATH_BYTES];
	char line[64];

	TRY(path_in(state, HELD_FILE, path, err));
	snprintf(line, sizeof line, "%c %llu\n", active == KEYS_SLOT_A ? 'a' : 'b',
		(unsigned long long)number);
	TRY(file_replace(path, span_text(line), 0600, err));
	held->active = active;
	held->number = number;
	return RC_OK;
}

void held_remove(const char *state, struct held *held)
{
	char path[PATH_BYTES];

	for (unsigned i = 0; i < KEYS_SLOTS; i++)
		if (path_in(state, password_files[i], path, NULL) == RC_OK)
			unlink(path);
	if (path_in(state, HELD_FILE, path, NULL) == RC_OK)
		unlink(path);
	held_release(held);
}
