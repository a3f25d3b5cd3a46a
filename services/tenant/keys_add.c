/* limebus keys add. */
#include "lib/base/file.h"
#include "services/tenant/ca_equip.h"
#include "services/tenant/keys_change.h"
#include "services/tenant/keys_redis.h"

#define SHARED_FILE_MAX_BYTES 1024u
#define CA_FILE_MAX_BYTES     (64u << 10)

enum { PROGRAM_OWN, PROGRAM_GATEWAY, PROGRAM_ACTIONS };
static const char *const program_words[] = {"own", "gateway", "actions", NULL};

static const struct option options[] = {
	CHANGE_ROW_DIR,
	CHANGE_ROW_NUMBER,
	CHANGE_ROW_VALID,
	{OPTION_ENDPOINT(struct change_options, endpoint), .name = "endpoint", .fallback = "",
		.help = "A service: where others reach it. Must be given for registrar, verifier and revocation."},
	{OPTION_ENDPOINT(struct change_options, publisher), .name = "publish", .fallback = "",
		.help = "A service: where others subscribe to it. Must be given as well."},
	{OPTION_TEXT(struct change_options, user), .name = "user", .fallback = "",
		.help = "A service: account to become when started as root; written into its configuration."},
	{OPTION_PATH(struct change_options, redis_socket), .name = "redis-socket", .fallback = "",
		.help = "A service: unix socket of Redis. Default: the one in the deployment's folder."},
	{OPTION_WORD(struct change_options, program), .name = "program", .fallback = "own",
		.words = program_words,
		.help = "A plugin: limebus-gateway, limebus-actions, or a program of your own. The first two get a "
			"configuration."},
};

static const struct program program = {
	.name = "limebus keys add",
	.summary = "add a service, an operator or a plugin to the roster",
	.about =
		"Makes keys for a new member and issues the next roster. Roles are registrar, verifier, revocation (the "
		"services), viewer, provisioner, admin (operators) and plugin (whatever subscribes to notices).\n\n"
		"Services take the new roster within a second once it lies in their folder.",
	.options = options,
	.count = COUNT(options),
	.words = "ROLE NAME",
	.words_min = 2,
	.words_max = 2,
	.exits = exit_texts,
};

/* A file that all services of a role share, from the folder of one that is there. */
static enum rc copy_from_sibling(
	const struct change *change, const struct roster_member *member, const char *name, struct err *err)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct roster_member *sibling = &change->members[i];
		DROP(blob_release) struct blob bytes = {0};
		char folder[PATH_MAX];
		char path[PATH_MAX];

		if (sibling->role != member->role || strcmp(sibling->name, member->name) == 0)
			continue;
		TRY(deployment_path(change->deployment.folder, sibling->name, folder, err));
		TRY(deployment_path(folder, name, path, err));
		if (!change_path_exists(path))
			continue;
		TRY(file_read_secret(path, SHARED_FILE_MAX_BYTES, &bytes, err));
		TRY(deployment_path(change->folder, name, path, err));
		return file_create(path, blob_span(&bytes), 0600, err);
	}
	return err_set(err, RC_NOT_FOUND,
		"no other %s in this deployment's folder has %s: copy it into %s from where one runs",
		role_word(member->role), name, change->folder);
}

/* The CA of another revocation service, if one has any. */
static enum rc equip_revocation(
	const struct change *change, const struct roster_member *member, struct err *err)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct roster_member *sibling = &change->members[i];
		char folder[PATH_MAX];

		if (sibling->role != member->role || strcmp(sibling->name, member->name) == 0)
			continue;
		TRY(deployment_path(change->deployment.folder, sibling->name, folder, err));
		if (change_path_exists(folder))
			return ca_equip(folder, change->folder, err);
	}
	return RC_OK;
}

static enum rc equip_service(const struct change *change, const struct roster_member *member, struct err *err)
{
	const struct change_options *given = change->options;

	TRY(keys_configure_service(change->folder, member,
		given->redis_socket == NULL ? "../redis/redis.sock" : given->redis_socket, given->user, err));
	TRY(copy_from_sibling(change, member, KEYS_REDIS_PASSWORD, err));
	if (member->role == (unsigned)ROLE_REVOCATION)
		return equip_revocation(change, member, err);
	return member->role == (unsigned)ROLE_VERIFIER
	               ? copy_from_sibling(change, member, DEPLOYMENT_SEALING_KEY, err)
	               : RC_OK;
}

/* The gateway serves what leads back to the root of the CA; one that is made before the CA gets it by hand.
 */
static enum rc equip_gateway(const struct change *change, struct err *err)
{
	DROP(blob_release) struct blob root = {0};
	char path[PATH_MAX];
	enum rc rc;

	TRY(deployment_path(change->deployment.folder, "ca-root/root.crt", path, err));
	rc = file_read(path, CA_FILE_MAX_BYTES, &root, err);
	if (rc == RC_NOT_FOUND) {
		*err = (struct err){0};
		return RC_OK;
	}
	TRY(rc);
	TRY(deployment_path(change->folder, "ca.pem", path, err));
	return file_create(path, blob_span(&root), 0644, err);
}

static enum rc equip_plugin(const struct change *change, struct err *err)
{
	const struct keys_setting user = {"user", change->options->user};

	if (change->options->program == PROGRAM_ACTIONS)
		return keys_configure(change->folder, "actions.conf", "limebus-actions", &user, 1, err);
	if (change->options->program != PROGRAM_GATEWAY)
		return RC_OK;
	TRY(keys_configure(change->folder, "gateway.conf", "limebus-gateway", &user, 1, err));
	return equip_gateway(change, err);
}

static enum rc make_folders(const struct change *change, unsigned role, struct err *err)
{
	const char *group = NULL;
	char path[PATH_MAX];

	if ((role & ROLES_VIEW) != 0)
		group = "operators";
	else if (role == (unsigned)ROLE_PLUGIN)
		group = "plugins";
	if (group != NULL) {
		TRY(deployment_path(change->deployment.folder, group, path, err));
		if (!change_path_exists(path))
			TRY(deployment_folder(path, err));
	}
	return deployment_folder(change->folder, err);
}

static enum rc plan_add(struct change *change, const char *role_text, const char *name,
	struct roster_member *out, struct err *err)
{
	const struct change_options *given = change->options;
	enum role role = ROLE_UNKNOWN;
	bool is_service;

	if (!role_parse(span_text(role_text), &role) || (role & ROLES_ROSTERED) == 0)
		return err_set(err, RC_MALFORMED,
			"\"%.40s\" is no role: expected registrar, verifier, revocation, viewer, provisioner, admin "
			"or plugin",
			role_text);
	is_service = (role & ROLES_SERVICE) != 0;
	if (is_service && (given->endpoint == NULL || given->publisher == NULL))
		return err_set(err, RC_MALFORMED, "a %s needs --endpoint and --publish", role_text);
	if (!is_service && (given->endpoint != NULL || given->publisher != NULL))
		return err_set(err, RC_MALFORMED, "a %s listens nowhere: leave --endpoint and --publish out",
			role_text);
	if (given->program != PROGRAM_OWN && role != ROLE_PLUGIN)
		return err_set(err, RC_MALFORMED, "--program is for plugins");
	if (change_find(change, name) != NULL)
		return err_set(err, RC_EXISTS,
			"%s is in the roster already; new keys: limebus keys rotate %s", name, name);
	TRY(keys_describe(
		name, role, given->endpoint, given->publisher, change->now_ms, given->valid_ms, out, err));
	TRY(deployment_member_folder(change->deployment.folder, role, name, change->folder, err));
	return change_path_exists(change->folder)
	               ? err_set(err, RC_EXISTS, "%s: is there already", change->folder)
	               : RC_OK;
}

static enum rc add_member(struct change *change, const struct program_start *start, struct err *err)
{
	struct roster_member *member = &change->members[change->count];
	char identity[PATH_MAX];

	TRY(change_check_number(change, err));
	TRY(plan_add(change, start->words[0], start->words[1], member, err));
	TRY(make_folders(change, member->role, err));
	TRY(deployment_path(change->folder, DEPLOYMENT_IDENTITY, identity, err));
	TRY(keys_generate(identity, member, err));
	change->count++;
	TRY(change_issue(change, err));
	TRY(deployment_equip(&change->deployment, change->folder, err));
	if ((member->role & ROLES_SERVICE) != 0)
		return equip_service(change, member, err);
	if (member->role == (unsigned)ROLE_PLUGIN)
		return equip_plugin(change, err);
	if ((member->role & ROLES_VIEW) != 0)
		return keys_configure(change->folder, "limebus.conf", "limebus", NULL, 0, err);
	return RC_OK;
}

int keys_add(const struct tenant_config *config, int argc, char **argv)
{
	return change_run(&program, config, argc, argv, add_member, "made");
}
