#include <sysexits.h>

#include "services/verifier/options.h"
#include "services/verifier/verifier.h"

static void config_drop(struct verifier_config *config)
{
	program_release(&verifier_program, config);
}

int main(int argc, char **argv)
{
	DROP(config_drop) struct verifier_config config = {0};
	DROP(verifier_close) struct verifier *verifier = NULL;
	struct program_start start = {0};
	struct err err = {0};
	int status = program_begin(&verifier_program, argc, argv, &config, &start);

	if (status != PROGRAM_GO)
		return status;
	if (verifier_open(&config, &verifier, &err) != RC_OK)
		return program_die(&verifier_program, EX_UNAVAILABLE, &err);
	if (verifier_run(verifier, &err) != RC_OK)
		return program_die(&verifier_program, EX_SOFTWARE, &err);
	return EX_OK;
}
