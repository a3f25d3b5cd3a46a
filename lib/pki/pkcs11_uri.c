#include "lib/pki/pkcs11_uri.h"

#include "lib/base/drop.h"
#include "lib/base/hex.h"

#define SCHEME "pkcs11:"

/* Percent-decoding, RFC 3986, 2.1. */
static enum rc decode(struct span text, uint8_t *out, size_t max, size_t *out_len)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t octet = text.at[i];

		if (len == max)
			return RC_LIMIT;
		if (octet == '%') {
			if (text.len - i < 3 || hex_decode(span_of(text.at + i + 1, 2), &octet, 1) != RC_OK)
				return RC_MALFORMED;
			i += 2;
		}
		out[len++] = octet;
	}
	*out_len = len;
	return len == 0 ? RC_MALFORMED : RC_OK;
}

static enum rc take(struct span name, struct span value, struct pkcs11_uri *uri)
{
	if (span_is(name, "token"))
		return decode(value, uri->token, sizeof uri->token, &uri->token_len);
	if (span_is(name, "object"))
		return decode(value, uri->object, sizeof uri->object, &uri->object_len);
	if (span_is(name, "id"))
		return decode(value, uri->id, sizeof uri->id, &uri->id_len);
	if (span_is(name, "type"))
		return span_is(value, "private") ? RC_OK : RC_UNSUPPORTED;
	return RC_UNSUPPORTED;
}

/* Up to the separator; the rest is what stands behind it. */
static struct span part(struct span *rest, char separator)
{
	const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->at, separator, rest->len);
	size_t len = end == NULL ? rest->len : (size_t)(end - rest->at);
	struct span found = span_of(rest->at, len);
	size_t used = end == NULL ? len : len + 1;

	*rest = span_of(rest->at + used, rest->len - used);
	return found;
}

enum rc pkcs11_uri_parse(const char *text, struct pkcs11_uri *out, struct err *err)
{
	struct pkcs11_uri uri = {0};
	struct span rest = span_text(text);

	if (rest.len < strlen(SCHEME) || memcmp(text, SCHEME, strlen(SCHEME)) != 0)
		return err_set(err, RC_MALFORMED, "token: the name of a key begins with " SCHEME);
	rest = span_of(rest.at + strlen(SCHEME), rest.len - strlen(SCHEME));
	if (memchr(text, '?', strlen(text)) != NULL)
		return err_set(err, RC_DENIED,
			"token: the PIN and the module are set by themselves, not in the name of the key");
	while (rest.len != 0) {
		struct span value = part(&rest, ';');
		struct span name = part(&value, '=');
		enum rc rc = take(name, value, &uri);

		if (rc != RC_OK)
			return err_set(err, rc,
				"token: the name of a key has token, object, id and type=private, percent-encoded");
	}
	if (uri.token_len == 0 || (uri.object_len == 0 && uri.id_len == 0))
		return err_set(
			err, RC_MALFORMED, "token: the name of a key has a token, and an object or id");
	*out = uri;
	return RC_OK;
}
