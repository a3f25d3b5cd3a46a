/* The verifier: conversations of attesting, provisioning and operating (proto/PROTOCOL.md, 5 to 8), wired to
 * the bus, to Redis and to the revocation service. */
#ifndef LIMEBUS_VERIFIER_VERIFIER_H
#define LIMEBUS_VERIFIER_VERIFIER_H

#include "lib/base/err.h"
#include "services/verifier/options.h"

struct verifier;

/* Borrows the configuration. */
MUST_USE enum rc verifier_open(const struct verifier_config *config, struct verifier **out, struct err *err);
void verifier_close(struct verifier **verifier);

/* Until it is told to stop. */
MUST_USE enum rc verifier_run(struct verifier *verifier, struct err *err);

#endif
