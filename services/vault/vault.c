#include "services/vault/vault.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/file.h"

#define TOKEN_MAX   4096
#define FILE_MAX    (1u << 20)
#define URL_BYTES   2048
#define PATH_BYTES  4200
#define FIELD_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:"

/* ---- lines and answers ---- */

/* Letters, digits and . _ - : in parts between slashes; no part is ".." or empty. */
static bool is_path(const char *text)
{
	if (text[0] == '\0' || text[0] == '/')
		return false;
	while (*text != '\0') {
		size_t len = strspn(text, FIELD_CHARS);

		if (len == 0 || (len <= 2 && strspn(text, ".") >= len) ||
			(text[len] != '\0' && text[len] != '/'))
			return false;
		text += len + (text[len] == '/');
	}
	return true;
}

static bool is_word(const char *text)
{
	return is_path(text) && strchr(text, '/') == NULL;
}

enum rc vault_line_parse(const char *text, struct vault_line *out)
{
	struct vault_line line = {0};
	char rest[2];

	while (isspace((unsigned char)*text))
		text++;
	if (*text == '\0' || *text == '#')
		return RC_NOT_FOUND;
	if (sscanf(text, "accessor %511s %1s", line.value, rest) == 1 && is_word(line.value))
		line.kind = VAULT_ACCESSOR;
	else if (sscanf(text, "leases %511s %1s", line.value, rest) == 1 && is_path(line.value))
		line.kind = VAULT_LEASES;
	else if (sscanf(text, "certificate %255s %511s %1s", line.mount, line.value, rest) == 2 &&
		 is_path(line.mount) && is_word(line.value))
		line.kind = VAULT_CERTIFICATE;
	else
		return RC_MALFORMED;
	*out = line;
	return RC_OK;
}

enum rc vault_serial(const char *hex, char *out, size_t out_len)
{
	size_t len = strlen(hex);
	size_t n = 0;

	if (len == 0 || len % 2 != 0 || strspn(hex, "0123456789abcdefABCDEF") != len)
		return RC_MALFORMED;
	if (len / 2 * 3 > out_len)
		return RC_LIMIT;
	for (size_t i = 0; i < len; i += 2) {
		if (i > 0)
			out[n++] = ':';
		out[n++] = (char)tolower((unsigned char)hex[i]);
		out[n++] = (char)tolower((unsigned char)hex[i + 1]);
	}
	out[n] = '\0';
	return RC_OK;
}

static bool mentions(struct span body, const char *text)
{
	return body.len > 0 && memmem(body.at, body.len, text, strlen(text)) != NULL;
}

int vault_judge(unsigned status, struct span body)
{
	/* Not that there is nothing to revoke: a mount or an address of the configuration is wrong. */
	if (mentions(body, "no handler for route") || mentions(body, "unsupported path"))
		return LIME_GIVE_UP;
	if ((status >= 200 && status < 300) || status == 404)
		return LIME_DONE;
	if ((status == 400 || status == 500) &&
		(mentions(body, "invalid accessor") || mentions(body, "not found") ||
			mentions(body, "already revoked")))
		return LIME_DONE;
	/* 412: a replica that is behind; 472, 473: one that cannot write. */
	if (status == 408 || status == 412 || status == 429 || status == 472 || status == 473 ||
		status >= 500)
		return LIME_RETRY;
	return LIME_GIVE_UP;
}

/* ---- asking ---- */

struct asking {
	const struct vault_config *config;
	struct fetch *fetch;
	char token[TOKEN_MAX + 32];
	char name_space[OPTION_TEXT_MAX_BYTES + 32];
	int worst;
	unsigned done;
};

/* What can be tried again is; else somebody has to be told. */
static void note(struct asking *asking, int status)
{
	if (status == LIME_DONE)
		asking->done++;
	else if (asking->worst != LIME_RETRY)
		asking->worst = status;
}

/* The answer's status for us; body, if not NULL, gets what it said. */
static int ask(
	struct asking *asking, const char *method, const char *path, const char *body, struct blob *out)
{
	DROP(fetch_answer_release) struct fetch_answer answer = {0};
	char url[URL_BYTES];
	const char *base = asking->config->fetch.url;
	size_t len = strlen(base);
	struct fetch_request request = {.method = method,
		.url = url,
		.headers = {asking->token, "X-Vault-Request: true", "Content-Type: application/json"},
		.body = span_text(body)};
	struct err err = {0};
	enum rc rc;
	int status;

	while (len > 0 && base[len - 1] == '/')
		len--;
	snprintf(url, sizeof url, "%.*s/v1/%s", (int)len, base, path);
	if (asking->name_space[0] != '\0')
		request.headers[3] = asking->name_space;
	rc = fetch_do(asking->fetch, &request, &answer, &err);
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", err.text);
		return rc == RC_MALFORMED || rc == RC_UNSUPPORTED ? LIME_GIVE_UP : LIME_RETRY;
	}
	status = vault_judge(answer.status, blob_span(&answer.body));
	if (status != LIME_DONE)
		fprintf(stderr, "%s %s: status %u: %.*s\n", method, path, answer.status,
			answer.body.len < 200 ? (int)answer.body.len : 200, (const char *)answer.body.at);
	if (out != NULL && answer.status == 200)
		*out = TAKE(answer.body);
	return status;
}

static void revoke_certificate(struct asking *asking, const char *mount, const char *serial)
{
	char path[512];
	char body[640];

	snprintf(path, sizeof path, "%s/revoke", mount);
	snprintf(body, sizeof body, "{\"serial_number\":\"%s\"}", serial);
	note(asking, ask(asking, "POST", path, body, NULL));
}

static void revoke_line(struct asking *asking, const struct vault_line *line)
{
	char text[1024];

	switch (line->kind) {
	case VAULT_ACCESSOR:
		snprintf(text, sizeof text, "{\"accessor\":\"%s\"}", line->value);
		note(asking, ask(asking, "POST", "auth/token/revoke-accessor", text, NULL));
		break;
	case VAULT_LEASES:
		snprintf(text, sizeof text, "sys/leases/revoke-prefix/%s", line->value);
		note(asking, ask(asking, "PUT", text, "", NULL));
		break;
	case VAULT_CERTIFICATE: revoke_certificate(asking, line->mount, line->value); break;
	}
}

/* ---- what the node has ---- */

static enum rc read_node(
	const struct vault_config *config, const char *node, struct blob *out, struct err *err)
{
	const char *state = getenv("LIMEBUS_ACTION_STATE");
	char path[PATH_BYTES];
	int len = -1;

	if (config->nodes != NULL)
		len = snprintf(path, sizeof path, "%s/%s", config->nodes, node);
	else if (state != NULL)
		len = snprintf(path, sizeof path, "%s/nodes/%s", state, node);
	if (len < 0 || (size_t)len >= sizeof path)
		return err_set(err, RC_MALFORMED, "no folder of nodes: set \"nodes\"");
	return file_read(path, FILE_MAX, out, err);
}

static void revoke_node(struct asking *asking, const char *node)
{
	DROP(blob_release) struct blob text = {0};
	struct err err = {0};
	enum rc rc = read_node(asking->config, node, &text, &err);
	char *rest;
	char *line;

	if (rc == RC_NOT_FOUND)
		return;
	if (rc == RC_OK)
		rc = blob_append(&text, span_of("", 1));
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", err.text);
		note(asking, rc == RC_NOMEM || rc == RC_IO ? LIME_RETRY : LIME_GIVE_UP);
		return;
	}
	rest = (char *)text.at;
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct vault_line parsed;

		rc = vault_line_parse(line, &parsed);
		if (rc == RC_OK)
			revoke_line(asking, &parsed);
		if (rc != RC_OK && rc != RC_NOT_FOUND) {
			fprintf(stderr, "node %s: not understood: %.100s\n", node, line);
			note(asking, LIME_GIVE_UP);
		}
	}
}

static void revoke_certificates(struct asking *asking, const struct lime_notice *notice)
{
	for (size_t i = 0; asking->config->pki != NULL && notice->certificates[i] != NULL; i++) {
		char serial[256];

		if (vault_serial(notice->certificates[i], serial, sizeof serial) == RC_OK)
			revoke_certificate(asking, asking->config->pki, serial);
	}
}

/* "data": {"id": …}; an answer without it: there is no such entity. */
static enum rc entity_id(struct span answer, char out[static 128])
{
	static const struct json_limits limits = {FETCH_ANSWER_MAX, 16, 100000};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root, data, id;
	struct span text;

	TRY(json_parse(answer, &limits, &doc, NULL));
	root = json_root(&doc);
	TRY(json_get(&root, "data", &data, NULL));
	TRY(json_get(&data, "id", &id, NULL));
	TRY(json_text(&id, 127, &text, NULL));
	snprintf(out, 128, "%.*s", SPAN_FMT(text));
	return is_word(out) ? RC_OK : RC_MALFORMED;
}

static void disable_entity(struct asking *asking, const char *node)
{
	DROP(blob_release) struct blob answer = {0};
	const char *mount = asking->config->alias_mount;
	char body[1400];
	char path[256];
	char id[128];
	int status;

	if (mount == NULL)
		return;
	snprintf(body, sizeof body, "{\"alias_name\":\"%s\",\"alias_mount_accessor\":\"%s\"}", node, mount);
	status = ask(asking, "POST", "identity/lookup/entity", body, &answer);
	if (status != LIME_DONE) {
		note(asking, status);
		return;
	}
	if (entity_id(blob_span(&answer), id) != RC_OK)
		return;
	snprintf(path, sizeof path, "identity/entity/id/%s", id);
	note(asking, ask(asking, "POST", path, "{\"disabled\":true}", NULL));
}

/* ---- the whole ---- */

static enum rc prepare(struct asking *asking, struct err *err)
{
	const struct vault_config *config = asking->config;
	DROP(blob_release) struct blob token = {0};
	struct fetch_options options = fetch_options_of(&config->fetch);

	TRY(file_read_secret(config->token, TOKEN_MAX, &token, err));
	while (token.len > 0 && isspace(token.at[token.len - 1]))
		token.len--;
	if (token.len == 0)
		return err_set(err, RC_MALFORMED, "%s: empty", config->token);
	if ((config->pki != NULL && !is_path(config->pki)) ||
		(config->alias_mount != NULL && !is_word(config->alias_mount)))
		return err_set(err, RC_MALFORMED, "pki, alias-mount: letters, digits and . _ - : only");
	snprintf(asking->token, sizeof asking->token, "X-Vault-Token: %.*s", (int)token.len,
		(const char *)token.at);
	if (config->name_space != NULL)
		snprintf(asking->name_space, sizeof asking->name_space, "X-Vault-Namespace: %s",
			config->name_space);
	return fetch_open(&options, &asking->fetch, err);
}

static bool ends_trust(const char *kind)
{
	static const char *const kinds[] = {"revoked", "suspended", "node-removed"};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

int vault_send(const struct vault_config *config, const struct notice_read *notice)
{
	struct asking asking = {.config = config, .worst = LIME_DONE};
	struct err err = {0};

	if (!ends_trust(notice->notice.kind)) {
		printf("%s: nothing to do\n", notice->notice.kind);
		return LIME_DONE;
	}
	if (prepare(&asking, &err) != RC_OK) {
		fprintf(stderr, "%s\n", err.text);
		return LIME_GIVE_UP;
	}
	/* First what ends everything at once. */
	disable_entity(&asking, notice->notice.node);
	revoke_node(&asking, notice->notice.node);
	revoke_certificates(&asking, &notice->notice);
	fetch_close(&asking.fetch);
	wipe(asking.token, sizeof asking.token);
	printf("%s of %.16s: %u revoked\n", notice->notice.kind, notice->notice.node, asking.done);
	return asking.worst;
}
