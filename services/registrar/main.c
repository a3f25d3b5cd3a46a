#include <sysexits.h>

#include "services/registrar/options.h"
#include "services/registrar/registrar.h"

static void config_drop(struct registrar_config *config)
{
	program_release(&registrar_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct registrar_config config = {0};
	DROP(registrar_close) struct registrar *registrar = NULL;
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&registrar_program, argc, argv, &config, &start);

	if (status != PROGRAM_GO)
		return status;
	if (registrar_open(&config, &registrar, &err) != RC_OK)
		return program_die(&registrar_program, EX_UNAVAILABLE, &err);
	if (registrar_run(registrar, &err) != RC_OK)
		return program_die(&registrar_program, EX_SOFTWARE, &err);
	return EX_OK;
}
