/* The process of a module: the notice comes as it comes to a program, and the module as a shared object. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/action/notice_read.h"
#include "lib/base/file.h"
#include "services/actions/host.h"

#define MODULE_CONFIG_MAX (1u << 20)

struct module {
	int (*open)(const char *config, size_t config_bytes, void **state);
	int (*notice)(void *state, const struct lime_notice *notice);
	void (*close)(void *state);
};

static int say(const char *path, const char *text)
{
	fprintf(stderr, "%s: %s\n", path, text);
	return LIME_GIVE_UP;
}

static int load(const char *path, struct module *out)
{
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const uint32_t *abi;

	if (object == NULL)
		return say(path, dlerror());
	abi = dlsym(object, "lime_action_abi");
	if (abi == NULL || *abi == 0 || *abi > LIME_ACTION_ABI)
		return say(path, abi == NULL ? "has no lime_action_abi"
					     : "its lime_action_abi is none that is known here");
	/* The way that POSIX has for functions. */
	*(void **)&out->open = dlsym(object, "lime_action_open");
	*(void **)&out->notice = dlsym(object, "lime_action_notice");
	*(void **)&out->close = dlsym(object, "lime_action_close");
	if (out->open == NULL || out->notice == NULL || out->close == NULL)
		return say(path, "lacks lime_action_open, lime_action_notice or lime_action_close");
	return LIME_DONE;
}

static int act(const struct module *module, struct blob *config, const struct lime_notice *notice)
{
	void *state = NULL;
	int status = module->open((const char *)config->at, config->len - 1, &state);

	blob_release(config);
	if (status != LIME_DONE)
		return status;
	status = module->notice(state, notice);
	module->close(state);
	return status;
}

int module_main(const char *path)
{
	DROP(notice_read_release) struct notice_read read = {0};
	DROP(blob_release) struct blob config = {0};
	const char *file = getenv("LIMEBUS_ACTION_CONFIG");
	struct module module = {0};
	struct err err = {0};
	int status;

	if (notice_read_fd(STDIN_FILENO, &read, &err) != RC_OK)
		return say(path, err.text);
	if ((file != NULL && file_read(file, MODULE_CONFIG_MAX, &config, &err) != RC_OK) ||
		blob_append(&config, span_of("", 1)) != RC_OK)
		return say(path, err.text);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	status = load(path, &module);
	if (status == LIME_DONE)
		status = act(&module, &config, &read.notice);
	/* Another byte of the status is no success. */
	return status == LIME_DONE || status == LIME_GIVE_UP ? status : LIME_RETRY;
}
