/* MD5, which proves nothing: only for comparing files with lists of packages that have nothing better. */
#ifndef LIMEBUS_CRYPTO_MD5_H
#define LIMEBUS_CRYPTO_MD5_H

#include "lib/base/rc.h"
#include "lib/base/span.h"

#define MD5_BYTES 16

/* As struct digest_run. RC_UNSUPPORTED where libcrypto is set up not to have it. */
struct md5_run;
MUST_USE enum rc md5_start(struct md5_run **out);
MUST_USE enum rc md5_add(struct md5_run *run, struct span bytes);
MUST_USE enum rc md5_finish(struct md5_run *run, uint8_t out[static MD5_BYTES]);
void md5_stop(struct md5_run **run);

#endif
