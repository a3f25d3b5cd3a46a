#include "services/tenant/keys.h"

#include <stdio.h>

#include "lib/base/file.h"

enum rc keys_listen(const char *endpoint, char out[static ENDPOINT_MAX + 1], struct err *err)
{
	static const char *const own[] = {"127.", "[::1]:"};
	const char *host = endpoint + strlen("tcp://");
	const char *port = strrchr(endpoint, ':');
	int n = -1;

	if (strncmp(endpoint, "tcp://", 6) != 0) {
		n = snprintf(out, ENDPOINT_MAX + 1, "%s", endpoint);
	} else if (strncmp(host, own[0], strlen(own[0])) == 0 || strncmp(host, own[1], strlen(own[1])) == 0) {
		n = snprintf(out, ENDPOINT_MAX + 1, "%s", endpoint);
	} else if (strncmp(host, "localhost:", 10) == 0) {
		n = snprintf(out, ENDPOINT_MAX + 1, "tcp://127.0.0.1%s", port);
	} else {
		n = snprintf(out, ENDPOINT_MAX + 1, "tcp://%s%s", host[0] == '[' ? "[::]" : "*", port);
	}
	if (n < 0 || n > ENDPOINT_MAX)
		return err_set(
			err, RC_LIMIT, "%.80s...: endpoint is longer than %u bytes", endpoint, ENDPOINT_MAX);
	return RC_OK;
}

enum rc keys_generate(const char *identity_folder, struct roster_member *member, struct err *err)
{
	DROP(identity_release) struct identity identity = {0};

	TRY(identity_generate(&identity, err));
	TRY(deployment_folder(identity_folder, err));
	TRY(identity_create(identity_folder, &identity, err));
	memcpy(member->curve, identity.curve.public, sizeof member->curve);
	memcpy(member->sign, identity.sign.public, sizeof member->sign);
	return RC_OK;
}

static enum rc fit(char *out, size_t len, const char *what, const char *text, struct err *err)
{
	if (text != NULL && strlen(text) >= len)
		return err_set(
			err, RC_LIMIT, "%s \"%.80s...\": expected at most %zu bytes", what, text, len - 1);
	snprintf(out, len, "%s", text == NULL ? "" : text);
	return RC_OK;
}

enum rc keys_describe(const char *name, unsigned role, const char *endpoint, const char *publisher,
	uint64_t now_ms, uint64_t valid_ms, struct roster_member *out, struct err *err)
{
	struct roster_member member = {.role = role};

	TRY(deployment_check_name(name, err));
	TRY(fit(member.name, sizeof member.name, "name", name, err));
	TRY(fit(member.endpoint, sizeof member.endpoint, "endpoint", endpoint, err));
	TRY(fit(member.publisher, sizeof member.publisher, "endpoint", publisher, err));
	member.not_before = now_ms - DEPLOYMENT_SKEW_MS;
	member.not_after = now_ms + valid_ms;
	*out = member;
	return RC_OK;
}

static enum rc add_line(struct blob *out, const char *name, const char *value)
{
	const char *const parts[] = {name, " = ", value, "\n"};

	for (size_t i = 0; i < COUNT(parts); i++)
		TRY(blob_append(out, span_text(parts[i])));
	return RC_OK;
}

enum rc keys_configure(const char *folder, const char *file, const char *program,
	const struct keys_setting *settings, size_t count, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	char head[256];
	char path[PATH_MAX];

	snprintf(head, sizeof head,
		"# Made by limebus keys. What is not here has its default; \"%s --print-config\" explains all.\n",
		program);
	if (blob_append(&text, span_text(head)) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		if (settings[i].value != NULL && settings[i].value[0] != '\0' &&
			add_line(&text, settings[i].name, settings[i].value) != RC_OK)
			return err_set(err, RC_NOMEM, "out of memory");
	TRY(deployment_path(folder, file, path, err));
	return file_create(path, blob_span(&text), 0600, err);
}

enum rc keys_configure_service(const char *folder, const struct roster_member *member,
	const char *redis_socket, const char *user, struct err *err)
{
	char listen[ENDPOINT_MAX + 1];
	char publish[ENDPOINT_MAX + 1];
	char program[32];
	char file[32];

	TRY(keys_listen(member->endpoint, listen, err));
	TRY(keys_listen(member->publisher, publish, err));
	snprintf(program, sizeof program, "limebus-%s", role_word(member->role));
	snprintf(file, sizeof file, "%s.conf", role_word(member->role));
	return keys_configure(folder, file, program,
		(const struct keys_setting[]){
			{"listen", listen},
			{"publish", publish},
			{"redis-socket", redis_socket},
			{"user", user},
		},
		4, err);
}
