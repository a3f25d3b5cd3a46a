/* Private to lib/crypto and lib/pki: libcrypto's error queue as our error text. */
#ifndef LIMEBUS_CRYPTO_FAULT_H
#define LIMEBUS_CRYPTO_FAULT_H

#include "lib/base/err.h"

/* "what: reason that libcrypto gave". RC_NOMEM if memory was the reason, else RC_CRYPTO. The queue is empty
 * afterwards, so that no later failure shows an old reason. err may be NULL. */
enum rc fault(struct err *err, const char *what);

/* A check failed, and libcrypto said why in its queue: empty it. */
void fault_forget(void);

#endif
