#include <sysexits.h>

#include "services/gateway/gateway.h"
#include "services/gateway/options.h"

static void config_drop(struct gateway_config *config)
{
	program_release(&gateway_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct gateway_config config = {0};
	DROP(gateway_close) struct gateway *gateway = NULL;
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&gateway_program, argc, argv, &config, &start);

	if (status != PROGRAM_GO)
		return status;
	if (gateway_open(&config, &gateway, &err) != RC_OK)
		return program_die(&gateway_program, EX_UNAVAILABLE, &err);
	if (gateway_run(gateway, &err) != RC_OK)
		return program_die(&gateway_program, EX_SOFTWARE, &err);
	return EX_OK;
}
