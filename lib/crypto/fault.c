#include "lib/crypto/fault.h"

#include <openssl/err.h>

enum rc fault(struct err *err, const char *what)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);
	enum rc rc = ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? RC_NOMEM : RC_CRYPTO;

	err_set(err, rc, "%s: libcrypto: %s", what, reason == NULL ? "no reason given" : reason);
	ERR_clear_error();
	return rc;
}

void fault_forget(void)
{
	ERR_clear_error();
}
