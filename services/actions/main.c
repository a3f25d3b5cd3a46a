#include <stdio.h>
#include <sysexits.h>

#include "services/actions/conf.h"
#include "services/actions/host.h"

static void config_drop(struct actions_config *config)
{
	program_release(&actions_program, config);
}

static int print_action(void)
{

	DROP(blob_release) struct blob text = {0};

	if (program_sample(&conf_program, &text) != RC_OK)
		return EX_OSERR;
	fwrite(text.at, 1, text.len, stdout);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int serve(const struct actions_config *config)
{
	DROP(host_close) struct host *host = NULL;
	struct err err = {0};

	if (host_open(config, &host, &err) != RC_OK)
		return program_die(&actions_program, EX_UNAVAILABLE, &err);
	if (host_run(host, &err) != RC_OK)
		return program_die(&actions_program, EX_SOFTWARE, &err);
	return EX_OK;
}

static int run(const struct actions_config *config, const struct program_start *start)
{
	struct err err = {0};

	if ((config->try != NULL) != (start->word_count == 1)) {
		err_set(&err, RC_MALFORMED, "--try NAME needs the FILE with a notice, and nothing else does");
		return program_die(&actions_program, EX_USAGE, &err);
	}
	if (config->try != NULL)
		return host_try(config, start->words[0]);
	if (config->sample)
		return print_action();
	return config->status ? status_print(config) : serve(config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct actions_config config = {0};
	struct program_start start = {0};
	struct err err = {0};
	int status;

	/* The host starts itself so, as the user of a module. */
	if (argc == 3 && strcmp(argv[1], "--module") == 0)
		return module_main(argv[2]);
	if (program_load(&actions_program, argc, argv, &config, &start, &err) == RC_OK &&
		start.ask == PROGRAM_CHECK)
		return host_check(&config);
	program_release(&actions_program, &config);
	status = program_begin(&actions_program, argc, argv, &config, &start);
	return status == PROGRAM_GO ? run(&config, &start) : status;
}
