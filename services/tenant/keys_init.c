/* limebus keys init: a whole deployment's keys and configuration. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/hex.h"
#include "lib/config/value.h"
#include "lib/crypto/random.h"
#include "lib/json/json_write.h"
#include "lib/sandbox/account.h"
#include "services/tenant/keys.h"
#include "services/tenant/keys_redis.h"

#define SERVICES      3
#define OPERATORS_MAX 32u
#define FIRST_PORT    8891u

struct init_options {
	char *host;
	char *ipc;
	char *endpoints[SERVICES];
	char *publishers[SERVICES];
	struct text_list operators;
	char *user;
	char *redis_data;
	char *redis_socket;
	uint64_t valid_ms;
};

#define ENDPOINT_ROWS(index, word)                                                                           \
	{OPTION_ENDPOINT(struct init_options, endpoints[index]), .name = word, .fallback = "",               \
		.help = "Where others reach this service (" word "), instead of what --host or --ipc say."}, \
	{                                                                                                    \
		OPTION_ENDPOINT(struct init_options, publishers[index]),                                     \
			.name = word "-publish", .fallback = "",                                             \
			.help = "Where others subscribe to this service (" word ")."                         \
	}

static const struct option options[] = {
	{OPTION_TEXT(struct init_options, host), .name = "host", .fallback = "127.0.0.1",
		.help = "Name or address under which all services are reached, on ports 8891 to 8896."},
	{OPTION_PATH(struct init_options, ipc), .name = "ipc", .fallback = "",
		.help = "Folder for unix sockets, instead of --host: for a deployment on one machine."},
	ENDPOINT_ROWS(0, "registrar"),
	ENDPOINT_ROWS(1, "verifier"),
	ENDPOINT_ROWS(2, "revocation"),
	{OPTION_LIST(struct init_options, operators, TEXT), .name = "operators", .fallback = "admin:admin",
		.min = 1, .max = OPERATORS_MAX,
		.help = "Operators as NAME:ROLE; roles are viewer, provisioner and admin."},
	{OPTION_TEXT(struct init_options, user), .name = "user", .fallback = "",
		.help = "Account that the services become when they are started as root (a name or UID:GID); written into "
			"their configurations."},
	{OPTION_PATH(struct init_options, redis_data), .name = "redis-data", .fallback = "",
		.help = "Folder in which Redis will keep its data, and find users.acl. Default: DIR/redis."},
	{OPTION_PATH(struct init_options, redis_socket), .name = "redis-socket", .fallback = "",
		.help = "Unix socket of Redis. Default: redis.sock in its data folder."},
	{OPTION_DURATION(struct init_options, valid_ms), .name = "valid", .fallback = KEYS_VALID_DEFAULT,
		.min = KEYS_VALID_MIN_MS, .max = KEYS_VALID_MAX_MS,
		.help = "How long the keys are good for."},
};

static const struct program program = {
	.name = "limebus keys init",
	.summary = "make the keys and the configuration of a deployment",
	.about =
		"Makes a folder with everything that a deployment starts with: the root key, the first roster signed by "
		"it, a folder for each service with its keys and configuration, the same for each operator, what "
		"every agent needs, and a private Redis' configuration with its users.\n\n"
		"Nothing is overwritten: the folder must be new or empty. Afterwards copy each folder to where it "
		"belongs, and put root/ where no network reaches it: whoever has root/root.key is the deployment.",
	.options = options,
	.count = COUNT(options),
	.words = "DIR",
	.words_min = 1,
	.words_max = 1,
	.exits = exit_texts,
};

static const struct {
	const char *name;
	unsigned role;
} services[SERVICES] = {
	{"registrar", ROLE_REGISTRAR}, {"verifier", ROLE_VERIFIER}, {"revocation", ROLE_REVOCATION}};

/* Everything about one init. */
struct making {
	const char *folder;
	const struct init_options *options;
	uint64_t now_ms;
	struct roster_member members[SERVICES + OPERATORS_MAX];
	size_t count;
	struct deployment deployment;
};

static void making_release(struct making *making)
{
	deployment_release(&making->deployment);
}

static void options_release(struct init_options *init)
{
	program_release(&program, init);
}

/* A path as it is from "/" on, without touching the disk: what goes into files must not depend on where we
 * are. */
static enum rc absolute(const char *path, char out[static PATH_MAX], struct err *err)
{
	char here[PATH_MAX] = "";

	if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
		return err_errno(err, "the present folder");
	if (snprintf(out, PATH_MAX, "%s%s%s", here, path[0] == '/' ? "" : "/", path) >= PATH_MAX)
		return err_set(err, RC_LIMIT, "%.80s...: path is too long", path);
	return RC_OK;
}

/* Endpoint 0 is where requests go, endpoint 1 the publisher. */
static enum rc address(const struct making *making, size_t service, unsigned which, const char *given,
	char out[static PATH_MAX + 16], struct err *err)
{
	static const char *const suffix[] = {"sock", "pub"};
	const struct init_options *init = making->options;
	char folder[PATH_MAX];

	if (given != NULL) {
		snprintf(out, PATH_MAX, "%s", given);
	} else if (init->ipc != NULL) {
		TRY(absolute(init->ipc, folder, err));
		snprintf(out, PATH_MAX + 16, "ipc://%.3000s/%s.%s", folder, services[service].name,
			suffix[which]);
	} else {
		snprintf(
			out, PATH_MAX, "tcp://%s:%u", init->host, FIRST_PORT + 2 * (unsigned)service + which);
	}
	if (!value_is_endpoint(out))
		return err_set(err, RC_MALFORMED, "%.120s: expected tcp://HOST:PORT or ipc://PATH", out);
	return RC_OK;
}

static enum rc plan_services(struct making *making, struct err *err)
{
	for (size_t i = 0; i < SERVICES; i++) {
		char endpoint[PATH_MAX + 16];
		char publisher[PATH_MAX + 16];

		TRY(address(making, i, 0, making->options->endpoints[i], endpoint, err));
		TRY(address(making, i, 1, making->options->publishers[i], publisher, err));
		TRY(keys_describe(services[i].name, services[i].role, endpoint, publisher, making->now_ms,
			making->options->valid_ms, &making->members[making->count++], err));
	}
	return RC_OK;
}

static enum rc plan_operator(struct making *making, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	enum role role = ROLE_UNKNOWN;
	char name[NAME_MAX_BYTES + 2];

	if (colon == NULL || !role_parse(span_text(colon + 1), &role) || (role & ROLES_VIEW) == 0)
		return err_set(err, RC_MALFORMED,
			"--operators: expected NAME:ROLE with role viewer, provisioner or admin, found \"%.80s\"",
			text);
	snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
	for (size_t i = 0; i < making->count; i++)
		if (strcmp(making->members[i].name, name) == 0)
			return err_set(err, RC_EXISTS, "--operators: there is a %s already", name);
	return keys_describe(name, role, NULL, NULL, making->now_ms, making->options->valid_ms,
		&making->members[making->count++], err);
}

/* All that can be wrong in what was asked for is found before the first file is made. */
static enum rc plan(struct making *making, struct err *err)
{
	const struct init_options *init = making->options;
	struct account account;

	TRY(plan_services(making, err));
	for (size_t i = 0; i < init->operators.count; i++)
		TRY(plan_operator(making, init->operators.at[i], err));
	if (init->user != NULL)
		TRY(account_find(init->user, &account, err));
	if ((init->redis_data != NULL && init->redis_data[0] != '/') ||
		(init->redis_socket != NULL && init->redis_socket[0] != '/'))
		return err_set(err, RC_MALFORMED, "--redis-data and --redis-socket: expected absolute paths");
	return RC_OK;
}

static enum rc check_empty(const char *path, struct err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	bool empty = true;
	struct stat st;

	if (dir == NULL)
		return err_errno(err, "%s", path);
	for (entry = readdir(dir); entry != NULL && empty; entry = readdir(dir))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		        strcmp(entry->d_name, "lost+found") == 0;
	closedir(dir);
	if (!empty)
		return err_set(err, RC_EXISTS, "%s: is not empty, and nothing is overwritten here", path);
	if (stat(path, &st) != 0 || st.st_uid != geteuid())
		return err_set(err, RC_DENIED, "%s: belongs to somebody else", path);
	return RC_OK;
}

static enum rc make_folder(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0 && errno == ENOENT)
		return deployment_folder(path, err);
	TRY(check_empty(path, err));
	return chmod(path, 0700) == 0 ? RC_OK : err_errno(err, "%s", path);
}

static enum rc make_root(struct making *making, struct err *err)
{
	struct deployment *deployment = &making->deployment;
	char path[PATH_MAX];

	TRY(sign_generate(&deployment->root, err));
	snprintf(deployment->folder, sizeof deployment->folder, "%s", making->folder);
	TRY(deployment_path(making->folder, "root", path, err));
	TRY(deployment_folder(path, err));
	TRY(deployment_path(making->folder, "root/" DEPLOYMENT_ROOT_KEY, path, err));
	TRY(keyfile_create(path, KEYFILE_SIGN_SECRET, deployment->root.seed, err));
	TRY(deployment_path(making->folder, "root/" DEPLOYMENT_ROOT_PUB, path, err));
	return keyfile_create(path, KEYFILE_SIGN_PUBLIC, deployment->root.public, err);
}

static enum rc make_member(const struct making *making, struct roster_member *member, struct err *err)
{
	char folder[PATH_MAX];
	char identity[PATH_MAX];

	TRY(deployment_member_folder(making->folder, member->role, member->name, folder, err));
	TRY(deployment_folder(folder, err));
	TRY(deployment_path(folder, DEPLOYMENT_IDENTITY, identity, err));
	return keys_generate(identity, member, err);
}

static enum rc make_members(struct making *making, struct err *err)
{
	static const char *const groups[] = {"operators", "plugins", "agent"};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(groups); i++) {
		TRY(deployment_path(making->folder, groups[i], path, err));
		TRY(deployment_folder(path, err));
	}
	for (size_t i = 0; i < making->count; i++)
		TRY(make_member(making, &making->members[i], err));
	return RC_OK;
}

/* One sealing key for all verifiers, so that any of them can take over from another. */
static enum rc make_sealing_key(const struct making *making, struct err *err)
{
	DROP(secret32_release) struct secret32 key = {0};
	char path[PATH_MAX];

	TRY(random_fill(key.bytes, sizeof key.bytes, err));
	TRY(deployment_path(making->folder, "verifier/" DEPLOYMENT_SEALING_KEY, path, err));
	return keyfile_create(path, KEYFILE_SEALING, key.bytes, err);
}

/* Where the services find Redis: relative to their folders, unless it was placed elsewhere. */
static enum rc redis_socket(const struct init_options *init, char out[static PATH_MAX], struct err *err)
{
	if (init->redis_socket != NULL)
		return deployment_path("", init->redis_socket + 1, out, err);
	if (init->redis_data != NULL)
		return deployment_path(init->redis_data, "redis.sock", out, err);
	return deployment_path("..", "redis/redis.sock", out, err);
}

/* The manufacturers' CA certificates that this operator trusts go into ek-roots. */
static enum rc make_operator(const char *folder, struct err *err)
{
	char path[PATH_MAX];

	TRY(keys_configure(folder, "limebus.conf", "limebus", NULL, 0, err));
	TRY(deployment_path(folder, "ek-roots", path, err));
	return deployment_folder(path, err);
}

static enum rc make_configurations(const struct making *making, struct err *err)
{
	char folder[PATH_MAX];
	char socket[PATH_MAX];

	TRY(redis_socket(making->options, socket, err));
	for (size_t i = 0; i < making->count; i++) {
		const struct roster_member *member = &making->members[i];

		TRY(deployment_member_folder(making->folder, member->role, member->name, folder, err));
		TRY(deployment_equip(&making->deployment, folder, err));
		if ((member->role & ROLES_SERVICE) != 0)
			TRY(keys_configure_service(folder, member, socket, making->options->user, err));
		else
			TRY(make_operator(folder, err));
	}
	TRY(deployment_path(making->folder, "agent", folder, err));
	TRY(deployment_equip(&making->deployment, folder, err));
	TRY(keys_configure(folder, "agent.conf", "limebus-agent", NULL, 0, err));
	/* Manufacturers' CA certificates go there. */
	TRY(deployment_path(making->folder, "registrar/ek-roots", folder, err));
	return deployment_folder(folder, err);
}

static enum rc make_all(struct making *making, struct err *err)
{
	TRY(make_root(making, err));
	TRY(make_members(making, err));
	TRY(make_sealing_key(making, err));
	TRY(keys_redis_make(making->folder, making->options->redis_data, making->options->redis_socket, err));
	TRY(deployment_issue(&making->deployment, 0, making->now_ms, making->members, making->count, err));
	return make_configurations(making, err);
}

static void say(const struct making *making)
{
	char root[HEX_BYTES(SIGN_KEY_BYTES)];

	hex_encode(SPAN(making->deployment.root.public), root);
	printf("%s: roster 1 with %zu members, signed by root key %.16s...\n", making->folder, making->count,
		root);
	printf("  root/                 signs every later roster: keep it offline, and a copy of it safe\n");
	for (size_t i = 0; i < SERVICES; i++)
		printf("  %-21s to the host of limebus-%s, %s\n", services[i].name, services[i].name,
			making->members[i].endpoint);
	printf("  registrar/ek-roots    for the CA certificates of your TPMs' manufacturers\n");
	printf("  redis/                the store: redis-server %s/redis/redis.conf\n", making->folder);
	printf("  agent/                to every node\n");
	for (size_t i = SERVICES; i < making->count; i++)
		printf("  operators/%-11s %s: limebus --config %s/operators/%s/limebus.conf ...\n",
			making->members[i].name, role_word(making->members[i].role), making->folder,
			making->members[i].name);
}

static void say_json(const struct making *making)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);

	json_write_object(&w, NULL);
	json_write_cstr(&w, "folder", making->folder);
	json_write_hex(&w, "root", SPAN(making->deployment.root.public));
	json_write_u64(&w, "roster", roster_number(making->deployment.roster));
	json_write_close(&w);
	if (json_write_end(&w) == RC_OK)
		printf("%.*s\n", SPAN_FMT(blob_span(&text)));
}

int keys_init(const struct tenant_config *config, int argc, char **argv)
{
	DROP(options_release) struct init_options init = {0};
	DROP(making_release) struct making making = {0};
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&program, argc, argv, &init, &start);

	if (status != PROGRAM_GO)
		return status;
	making.folder = start.words[0];
	making.options = &init;
	making.now_ms = clock_wall_ms(clock_system());
	if (plan(&making, &err) != RC_OK || make_folder(making.folder, &err) != RC_OK)
		return command_failed(&program, &err);
	if (make_all(&making, &err) != RC_OK) {
		err_wrap(&err, err.rc, "%s is not finished, remove it and begin again: ", making.folder);
		return command_failed(&program, &err);
	}
	if (config->json)
		say_json(&making);
	else
		say(&making);
	return EXIT_DONE;
}
