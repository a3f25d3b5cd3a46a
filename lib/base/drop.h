/*
 * Ownership in three words.
 *   DROP(blob_release) struct blob b = {0};   released when the scope ends
 *   *out = TAKE(b);                           ownership leaves, b is empty again
 *   TRY(file_read(...));                      return the callee's code unless it is RC_OK
 * TRY is the only macro in the tree that hides control flow.
 */
#ifndef LIMEBUS_BASE_DROP_H
#define LIMEBUS_BASE_DROP_H

#include <stddef.h>
#include <string.h>

#include "lib/base/rc.h"

#define DROP(release) __attribute__((cleanup(release)))

#define TAKE(x)                                                                                              \
	__extension__({                                                                                      \
		__typeof__(x) take_value_ = (x);                                                             \
		memset(&(x), 0, sizeof(x));                                                                  \
		take_value_;                                                                                 \
	})

#define TRY(call)                                                                                            \
	do {                                                                                                 \
		enum rc try_rc_ = (call);                                                                    \
		if (try_rc_ != RC_OK)                                                                        \
			return try_rc_;                                                                      \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
