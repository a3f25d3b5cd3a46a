#include "lib/http/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum rc malformed(const char *text, struct err *err)
{
	return err_set(err, RC_MALFORMED,
		"%s: expected a numeric address and a port, such as 127.0.0.1:80 or [::1]:8080", text);
}

static bool port_parse(const char *text, in_port_t *out)
{
	char *end = NULL;
	unsigned long number = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || number > UINT16_MAX)
		return false;
	*out = htons((uint16_t)number);
	return true;
}

enum rc socket_address_parse(
	const char *text, struct sockaddr_storage *out, socklen_t *out_len, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char host[HTTP_ENDPOINT_MAX] = "";
	struct sockaddr_storage address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&address;
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);
	in_port_t port = 0;

	if (len == 0 || len >= sizeof host || !port_parse(colon + 1, &port))
		return malformed(text, err);
	memcpy(host, text, len);
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = port;
		*out_len = sizeof *v4;
	} else {
		if (host[0] != '[' || host[len - 1] != ']')
			return malformed(text, err);
		host[len - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) != 1)
			return malformed(text, err);
		v6->sin6_family = AF_INET6;
		v6->sin6_port = port;
		*out_len = sizeof *v6;
	}
	*out = address;
	return RC_OK;
}

const char *socket_address_text(const struct sockaddr_storage *address, char out[static HTTP_ENDPOINT_MAX])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET) {
		(void)inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
		snprintf(out, HTTP_ENDPOINT_MAX, "%s:%u", host, ntohs(v4->sin_port));
	} else {
		(void)inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
		snprintf(out, HTTP_ENDPOINT_MAX, "[%s]:%u", host, ntohs(v6->sin6_port));
	}
	return out;
}

void socket_address_key(const struct sockaddr_storage *address, uint8_t out[static SOCKET_ADDRESS_KEY_BYTES])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

	memset(out, 0, SOCKET_ADDRESS_KEY_BYTES);
	if (address->ss_family == AF_INET6)
		memcpy(out, &v6->sin6_addr, SOCKET_ADDRESS_KEY_BYTES);
	else if (address->ss_family == AF_INET) {
		/* No IPv6 network of peers begins so: 0100::/64 is where packets are thrown away (RFC 6666).
		 */
		out[0] = 1;
		memcpy(out + SOCKET_ADDRESS_KEY_BYTES - sizeof v4->sin_addr, &v4->sin_addr,
			sizeof v4->sin_addr);
	}
}
