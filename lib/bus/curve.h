/* CURVE key pairs (Curve25519): whom the bus talks to. */
#ifndef LIMEBUS_BUS_CURVE_H
#define LIMEBUS_BUS_CURVE_H

#include <stdint.h>

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/base/rc.h"
#include "proto/schema.h"

/* The secret is wiped by curve_pair_release. */
struct curve_pair {
	uint8_t public_key[CURVE_KEY_BYTES];
	struct secret32 secret;
};
void curve_pair_release(struct curve_pair *pair);

/* A fresh pair. RC_CRYPTO if libzmq was built without CURVE. */
MUST_USE enum rc curve_pair_make(struct curve_pair *out, struct err *err);

/* The pair of a stored secret. */
MUST_USE enum rc curve_pair_from(const struct secret32 *secret, struct curve_pair *out, struct err *err);

#endif
