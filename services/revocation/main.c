#include <sysexits.h>

#include "services/revocation/options.h"
#include "services/revocation/revocation.h"

static void config_drop(struct revocation_config *config)
{
	program_release(&revocation_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct revocation_config config = {0};
	DROP(revocation_close) struct revocation *revocation = NULL;
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&revocation_program, argc, argv, &config, &start);

	if (status != PROGRAM_GO)
		return status;
	if (revocation_open(&config, &revocation, &err) != RC_OK)
		return program_die(&revocation_program, EX_UNAVAILABLE, &err);
	if (revocation_run(revocation, &err) != RC_OK)
		return program_die(&revocation_program, EX_SOFTWARE, &err);
	return EX_OK;
}
