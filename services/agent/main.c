#include <sysexits.h>

#include "services/agent/agent.h"
#include "services/agent/options.h"

static void config_drop(struct agent_config *config)
{
	program_release(&agent_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct agent_config config = {0};
	DROP(agent_close) struct agent *agent = NULL;
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&agent_program, argc, argv, &config, &start);

	if (status != PROGRAM_GO)
		return status;
	if (agent_open(&config, &agent, &err) != RC_OK)
		return program_die(&agent_program, EX_UNAVAILABLE, &err);
	if (agent_run(agent, &err) != RC_OK)
		return program_die(&agent_program, EX_SOFTWARE, &err);
	return EX_OK;
}
