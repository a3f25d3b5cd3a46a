#include "lib/crypto/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/blob.h"

enum rc random_fill(uint8_t *out, size_t len, struct err *err)
{
	size_t at = 0;

	while (at < len) {
		ssize_t n = getrandom(out + at, len - at, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			wipe(out, len);
			return err_set(
				err, RC_CRYPTO, "no random bytes from the kernel: %s", strerror(errno));
		}
		at += (size_t)n;
	}
	return RC_OK;
}
