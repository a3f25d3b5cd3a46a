/* What a job means: in the runner, with the rights of the start, out of the files alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox/sandbox.h"
#include "services/actions/inner.h"

#define MODULE_MEMORY (512u << 20)

/* The other state of a program is its own name, for it starts itself. */
static char myself[PATH_BYTES];

enum rc path_in(const char *folder, const char *name, char out[static PATH_BYTES], struct err *err)
{
	int len = snprintf(out, PATH_BYTES, "%s/%s", folder, name);

	return len > 0 && len < PATH_BYTES ? RC_OK : err_set(err, RC_LIMIT, "%s/%s: too long", folder, name);
}

enum rc run_find_myself(struct err *err)
{
	ssize_t len = readlink("/proc/self/exe", myself, sizeof myself - 1);

	if (len <= 0)
		return err_errno(err, "/proc/self/exe");
	myself[len] = '\0';
	return RC_OK;
}

static enum rc find_account(const struct conf *conf, struct account *out, struct err *err)
{
	if (conf->user == NULL && geteuid() == 0)
		return err_set(err, RC_DENIED,
			"%s: no user: the host is started as root, so each action says whom it runs as",
			conf->name);
	*out = (struct account){.uid = geteuid(), .gid = getegid()};
	if (conf->user == NULL)
		return RC_OK;
	TRY(account_find(conf->user, out, err));
	if (geteuid() != 0 && out->uid != geteuid())
		return err_set(err, RC_DENIED,
			"%s: user %s: the host was started as user %u and cannot be another", conf->name,
			conf->user, (unsigned)geteuid());
	return RC_OK;
}

/* Nobody but the one who starts the host may make or move folders there, so what is in it can be given away.
 */
static enum rc make_state(const struct actions_config *config, const struct conf *conf,
	const struct account *account, char *out, struct err *err)
{
	struct stat st;

	TRY(process_check_path(config->action_state, err));
	TRY(path_in(config->action_state, conf->name, out, err));
	if (mkdir(out, 0700) != 0 && errno != EEXIST)
		return err_errno(err, "%s", out);
	if (lstat(out, &st) != 0)
		return err_errno(err, "%s", out);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, RC_DENIED, "%s: not a folder", out);
	if (st.st_uid != account->uid && lchown(out, account->uid, account->gid) != 0)
		return err_errno(err, "%s: cannot be given to user %u", out, (unsigned)account->uid);
	return RC_OK;
}

static enum rc fill_environment(
	const struct runner_job *job, const struct conf *conf, struct runner_plan *plan, struct err *err)
{
	TRY(runner_variable(plan, err, "LIMEBUS_NOTICE_SEQ=%llu", (unsigned long long)job->number));
	TRY(runner_variable(plan, err, "LIMEBUS_NOTICE_KIND=%s", job->word));
	TRY(runner_variable(plan, err, "LIMEBUS_NOTICE_AGAIN=%d", job->again ? 1 : 0));
	TRY(runner_variable(plan, err, "LIMEBUS_ACTION_STATE=%s", plan->folder));
	return conf->file == NULL ? RC_OK
	                          : runner_variable(plan, err, "LIMEBUS_ACTION_CONFIG=%s", conf->file);
}

static enum rc fill_program(const struct conf *conf, struct runner_plan *plan, struct err *err)
{
	uint64_t memory = conf->memory_max;

	if (conf->run != NULL) {
		snprintf(plan->path, sizeof plan->path, "%s", conf->run);
	} else {
		TRY(process_check_path(conf->module, err));
		snprintf(plan->path, sizeof plan->path, "%s", myself);
		snprintf(plan->module, sizeof plan->module, "%s", conf->module);
		plan->arguments[0] = "--module";
		plan->arguments[1] = plan->module;
		plan->spec.arguments = plan->arguments;
		/* The run time of a sanitizer takes terabytes of addresses. */
		memory = sandbox_is_sanitized() ? 0 : memory == 0 ? MODULE_MEMORY : memory;
	}
	plan->spec.limits.memory = memory;
	return RC_OK;
}

enum rc run_prepare(void *ctx, const struct runner_job *job, struct runner_plan *plan, struct err *err)
{
	const struct actions_config *config = ctx;
	DROP(conf_release) struct conf conf = {0};
	char file[RUNNER_NAME_MAX + sizeof CONF_SUFFIX];
	char name[CONF_NAME_MAX + 1];

	snprintf(file, sizeof file, "%s" CONF_SUFFIX, job->name);
	if (!conf_name_of(file, name))
		return err_set(err, RC_DENIED, "no such action");
	TRY(conf_load(config->actions, name, &conf, err));
	TRY(find_account(&conf, &plan->account, err));
	TRY(make_state(config, &conf, &plan->account, plan->folder, err));
	TRY(fill_program(&conf, plan, err));
	plan->spec.path = plan->path;
	plan->spec.folder = plan->folder;
	plan->spec.account = &plan->account;
	plan->spec.no_new_privs = true;
	plan->spec.safe_folders = true;
	return fill_environment(job, &conf, plan, err);
}

static enum rc check_program(const char *path, struct err *err)
{
	TRY(process_check(path, err));
	return process_check_path(path, err);
}

enum rc run_check(const struct actions_config *config, const struct conf *conf, struct err *err)
{
	struct account account;
	struct stat st;

	TRY(find_account(conf, &account, err));
	TRY(conf->run != NULL ? check_program(conf->run, err) : process_check_path(conf->module, err));
	if (conf->file != NULL && stat(conf->file, &st) != 0)
		return err_errno(err, "config %s", conf->file);
	return process_check_path(config->action_state, err);
}
