#include "lib/pki/ca_folder.h"

#include <stdio.h>

#include "lib/base/file.h"
#include "lib/config/keyvalue.h"
#include "lib/pki/pem.h"

void ca_folder_release(struct ca_folder *folder)
{
	blob_release(&folder->certificate);
	for (size_t i = 0; i < CA_FOLDER_CHAIN_MAX; i++)
		blob_release(&folder->chain[i]);
	*folder = (struct ca_folder){0};
}

static enum rc join(const char *path, const char *name, char out[static 4096], struct err *err)
{
	int n = snprintf(out, 4096, "%s/%s", path, name);

	if (n < 0 || n >= 4096)
		return err_set(err, RC_LIMIT, "%.200s…: the path is too long", path);
	return RC_OK;
}

/* ---- ca.conf ---- */

static enum rc set_home(struct ca_folder *folder, const struct keyvalue *line, struct err *err)
{
	for (int home = PRIVATE_KEY_SOFTWARE; home <= PRIVATE_KEY_TOKEN; home++)
		if (strcmp(line->value, private_key_home_name((enum private_key_home)home)) == 0) {
			folder->home = (enum private_key_home)home;
			return RC_OK;
		}
	return err_set(err, RC_MALFORMED, "line %u: home is software, tpm or token, found \"%.40s\"",
		line->line, line->value);
}

static enum rc set_line(struct ca_folder *folder, const struct keyvalue *line, struct err *err)
{
	const struct {
		const char *name;
		char *at;
		size_t room;
	} texts[] = {
		{"key", folder->key, sizeof folder->key},
		{"module", folder->module, sizeof folder->module},
		{"tcti", folder->tcti, sizeof folder->tcti},
		{"url", folder->url, sizeof folder->url},
	};

	if (strcmp(line->name, "home") == 0)
		return set_home(folder, line, err);
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (strcmp(line->name, texts[i].name) != 0)
			continue;
		if (strlen(line->value) >= texts[i].room)
			return err_set(err, RC_LIMIT, "line %u: %s has more than %zu bytes", line->line,
				line->name, texts[i].room - 1);
		memcpy(texts[i].at, line->value, strlen(line->value) + 1);
		return RC_OK;
	}
	return err_set(err, RC_MALFORMED, "line %u: \"%.64s\" is none of home, key, module, tcti, url",
		line->line, line->name);
}

static enum rc check_texts(const struct ca_folder *folder, struct err *err)
{
	size_t len = strlen(folder->url);

	if (folder->key[0] == '\0')
		return err_set(err, RC_MALFORMED, "no line \"key = …\" says where the CA's key is");
	if (len != 0 && strncmp(folder->url, "http://", 7) != 0 && strncmp(folder->url, "https://", 8) != 0)
		return err_set(err, RC_MALFORMED, "url: expected http:// or https://, found \"%.100s\"",
			folder->url);
	if (len != 0 && folder->url[len - 1] == '/')
		return err_set(err, RC_MALFORMED, "url: ends with a slash: \"%.100s\"", folder->url);
	for (size_t i = 0; i < len; i++)
		if (folder->url[i] <= ' ' || folder->url[i] > '~')
			return err_set(err, RC_MALFORMED, "url: visible ASCII only");
	return RC_OK;
}

static enum rc read_conf(struct span text, struct ca_folder *folder, struct err *err)
{
	struct keyvalue_walk walk = {.left = text};
	struct keyvalue line;
	enum rc rc;

	for (;;) {
		rc = keyvalue_next(&walk, &line, err);
		if (rc == RC_NOT_FOUND)
			break;
		if (rc != RC_OK)
			return rc;
		TRY(set_line(folder, &line, err));
	}
	return check_texts(folder, err);
}

static enum rc load_conf(const char *path, struct ca_folder *folder, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char name[4096];
	enum rc rc;

	TRY(join(path, CA_FOLDER_CONF, name, err));
	TRY(file_read(name, CA_FOLDER_FILE_MAX, &text, err));
	rc = read_conf(blob_span(&text), folder, err);
	return rc == RC_OK ? RC_OK : err_wrap(err, rc, "%s: ", name);
}

/* ---- certificates ---- */

static enum rc load_certificate(const char *path, struct ca_folder *folder, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char name[4096];
	enum rc rc;

	TRY(join(path, CA_FOLDER_CERTIFICATE, name, err));
	TRY(file_read(name, CA_FOLDER_FILE_MAX, &text, err));
	rc = pem_read(PEM_CERTIFICATE, blob_span(&text), &folder->certificate, NULL);
	return rc == RC_OK ? RC_OK : err_set(err, rc, "%s: no certificate in PEM", name);
}

static enum rc load_chain(const char *path, struct ca_folder *folder, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct span rest;
	char name[4096];
	enum rc rc;

	TRY(join(path, CA_FOLDER_CHAIN, name, err));
	rc = file_read(name, CA_FOLDER_FILE_MAX, &text, err);
	if (rc == RC_NOT_FOUND)
		return RC_OK;
	TRY(rc);
	rest = blob_span(&text);
	while (folder->chain_count < CA_FOLDER_CHAIN_MAX) {
		rc = pem_read(PEM_CERTIFICATE, rest, &folder->chain[folder->chain_count], &rest);
		if (rc == RC_NOT_FOUND)
			return RC_OK;
		if (rc != RC_OK)
			return err_set(
				err, rc, "%s: certificate %zu is not PEM", name, folder->chain_count + 1);
		folder->chain_count++;
	}
	rc = pem_read(PEM_CERTIFICATE, rest, &text, NULL);
	return rc == RC_NOT_FOUND
	               ? RC_OK
	               : err_set(err, RC_LIMIT, "%s: more than %d certificates", name, CA_FOLDER_CHAIN_MAX);
}

enum rc ca_folder_load(const char *path, struct ca_folder *out, struct err *err)
{
	DROP(ca_folder_release) struct ca_folder folder = {0};

	TRY(load_conf(path, &folder, err));
	TRY(load_certificate(path, &folder, err));
	TRY(load_chain(path, &folder, err));
	ca_folder_release(out);
	*out = TAKE(folder);
	return RC_OK;
}

/* ---- writing ---- */

static enum rc add_line(struct blob *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return RC_OK;
	TRY(blob_append(out, span_text(name)));
	TRY(blob_append(out, span_text(" = ")));
	TRY(blob_append(out, span_text(value)));
	return blob_append(out, span_text("\n"));
}

static enum rc make_conf(const struct ca_folder *folder, struct blob *out)
{
	TRY(blob_append(
		out, span_text("# The CA of limebus-revocation, as \"limebus ca init\" wrote it.\n")));
	TRY(add_line(out, "home", private_key_home_name(folder->home)));
	TRY(add_line(out, "key", folder->key));
	TRY(add_line(out, "module", folder->module));
	TRY(add_line(out, "tcti", folder->tcti));
	return add_line(out, "url", folder->url);
}

static enum rc save_conf(const char *path, const struct ca_folder *folder, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	DROP(ca_folder_release) struct ca_folder again = {0};
	char name[4096];

	TRY(join(path, CA_FOLDER_CONF, name, err));
	if (make_conf(folder, &text) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", name);
	/* What would be read otherwise than it was written is not written. */
	TRY(read_conf(blob_span(&text), &again, err));
	if (again.home != folder->home || strcmp(again.key, folder->key) != 0 ||
		strcmp(again.module, folder->module) != 0 || strcmp(again.tcti, folder->tcti) != 0 ||
		strcmp(again.url, folder->url) != 0)
		return err_set(err, RC_MALFORMED,
			"%s: a value begins or ends with blanks, or has several lines", name);
	return file_replace(name, blob_span(&text), 0644, err);
}

enum rc ca_folder_save(const char *path, const struct ca_folder *folder, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char name[4096];

	TRY(save_conf(path, folder, err));
	TRY(join(path, CA_FOLDER_CERTIFICATE, name, err));
	TRY(pem_write(PEM_CERTIFICATE, blob_span(&folder->certificate), &text));
	TRY(file_replace(name, blob_span(&text), 0644, err));
	if (folder->chain_count == 0)
		return RC_OK;
	blob_clear(&text);
	for (size_t i = 0; i < folder->chain_count; i++)
		TRY(pem_write(PEM_CERTIFICATE, blob_span(&folder->chain[i]), &text));
	TRY(join(path, CA_FOLDER_CHAIN, name, err));
	return file_replace(name, blob_span(&text), 0644, err);
}

/* ---- what follows from it ---- */

enum rc ca_folder_place(const struct ca_folder *folder, const char *path, struct span secret,
	char room[static 4096], struct ca_key_place *out, struct err *err)
{
	bool is_name = folder->home == PRIVATE_KEY_TOKEN ||
	               (folder->home == PRIVATE_KEY_TPM && strncmp(folder->key, "handle:", 7) == 0);
	struct ca_key_place place = {
		.home = folder->home,
		.at = folder->key,
		.secret = secret,
		.tcti = folder->tcti[0] == '\0' ? NULL : folder->tcti,
		.module = folder->module[0] == '\0' ? NULL : folder->module,
	};

	if (!is_name && folder->key[0] != '/') {
		TRY(join(path, folder->key, room, err));
		place.at = room;
	}
	*out = place;
	return RC_OK;
}

const char *ca_folder_url(const struct ca_folder *folder, enum ca_url which, char out[static ISSUE_URL_MAX])
{
	static const char *const paths[CA_URL_COUNT] = {
		[CA_URL_CERTIFICATE] = "/ca.crt",
		[CA_URL_CRL] = "/ca.crl",
		[CA_URL_DELTA] = "/ca-delta.crl",
		[CA_URL_OCSP] = "/ocsp",
	};

	if (folder->url[0] == '\0' || which >= CA_URL_COUNT)
		return NULL;
	snprintf(out, ISSUE_URL_MAX, "%s%s", folder->url, paths[which]);
	return out;
}
