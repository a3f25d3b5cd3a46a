/* Addresses of peers and of our own sockets. */
#ifndef LIMEBUS_HTTP_SOCKET_ADDRESS_H
#define LIMEBUS_HTTP_SOCKET_ADDRESS_H

#include <sys/socket.h>

#include "lib/base/err.h"
#include "lib/http/http.h"

#define SOCKET_ADDRESS_KEY_BYTES 8

/* "127.0.0.1:80", "[::1]:8080": numbers only. RC_MALFORMED. */
MUST_USE enum rc socket_address_parse(
	const char *text, struct sockaddr_storage *out, socklen_t *out_len, struct err *err);

/* The other way round. Returns out. */
const char *socket_address_text(const struct sockaddr_storage *address, char out[static HTTP_ENDPOINT_MAX]);

/* Whom connections are counted for: an IPv4 address, or the first 64 bits of an IPv6 address, which is what
 * one customer has. No two peers of different kinds have the same key. */
void socket_address_key(const struct sockaddr_storage *address, uint8_t out[static SOCKET_ADDRESS_KEY_BYTES]);

#endif
