/* Typed values out of configuration text. Nothing here touches a file. */
#ifndef LIMEBUS_CONFIG_VALUE_H
#define LIMEBUS_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/rc.h"

/* The longest path of a unix socket: sun_path with its NUL. */
#define SOCKET_PATH_MAX_BYTES 107u

/* Decimal digits only: no sign, no blanks, no overflow. RC_MALFORMED or RC_LIMIT. */
MUST_USE enum rc value_u64(const char *text, uint64_t *out);

/* "500ms", "30s", "5m", "24h", "90d" to milliseconds. A number without its unit is malformed. */
MUST_USE enum rc value_duration(const char *text, uint64_t *out_ms);

/* "4096", "64k", "16M", "1G" to bytes; units are powers of 1024, of either case. */
MUST_USE enum rc value_size(const char *text, uint64_t *out_bytes);

/* yes/no, true/false, on/off. */
MUST_USE enum rc value_bool(const char *text, bool *out);

/* "tcp://HOST:PORT" (a name, an IPv4 address, "[IPv6]" or "*"; port 1 to 65535) or "ipc://PATH". Nothing else
 * that ZeroMQ would take: no inproc, no wildcard ports, no abstract sockets. */
bool value_is_endpoint(const char *text);

/* The largest unit that divides the value: 90000 gives "90s", 86400000 "1d". out has VALUE_TEXT_BYTES. */
#define VALUE_TEXT_BYTES 32
char *value_duration_text(uint64_t ms, char out[VALUE_TEXT_BYTES]);
char *value_size_text(uint64_t bytes, char out[VALUE_TEXT_BYTES]);

#endif
