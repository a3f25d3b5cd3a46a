#include "services/tenant/exit.h"

#include <stddef.h>

const char *const exit_texts[][2] = {
#define EXIT_TEXT(name, number, meaning) {#number, meaning},
	EXIT_LIST(EXIT_TEXT)
#undef EXIT_TEXT
		{NULL, NULL},
};

enum exit_status exit_of(enum rc rc)
{
	switch (rc) {
	case RC_OK: return EXIT_DONE;
	case RC_MALFORMED:
	case RC_LIMIT:
	case RC_UNSUPPORTED:
	case RC_STALE: return EXIT_MALFORMED;
	case RC_DENIED: return EXIT_DENIED;
	case RC_NOT_FOUND: return EXIT_NOT_FOUND;
	case RC_EXISTS: return EXIT_EXISTS;
	case RC_TIMEOUT: return EXIT_TIMEOUT;
	case RC_IO: return EXIT_IO;
	case RC_NOMEM: return EXIT_OS;
	case RC_TPM:
	case RC_CRYPTO:
	case RC_COUNT: break;
	}
	return EXIT_SOFTWARE;
}
