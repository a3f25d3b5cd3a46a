#include "lib/pki/san.h"

#include <arpa/inet.h>

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool label_holds(struct span label)
{
	if (label.len == 0 || label.len > 63 || label.at[0] == '-' || label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_letter(label.at[i]) && !is_digit(label.at[i]) && label.at[i] != '-')
			return false;
	return true;
}

static bool all_digits(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_digit(text.at[i]))
			return false;
	return true;
}

static bool dns_holds(struct span text)
{
	struct span label = {0};

	if (text.len == 0 || text.len > SAN_DNS_MAX)
		return false;
	for (;;) {
		const uint8_t *dot = memchr(text.at, '.', text.len);

		label = span_of(text.at, dot == NULL ? text.len : (size_t)(dot - text.at));
		if (!label_holds(label))
			return false;
		if (dot == NULL)
			return !all_digits(label);
		text = span_of(dot + 1, text.len - label.len - 1);
		if (text.len == 0)
			return false;
	}
}

static bool uri_holds(struct span text)
{
	size_t scheme = 0;

	if (text.len > SAN_URI_MAX || text.len == 0 || !is_letter(text.at[0]))
		return false;
	while (scheme < text.len && (is_letter(text.at[scheme]) || is_digit(text.at[scheme]) ||
					    memchr("+-.", text.at[scheme], 3) != NULL))
		scheme++;
	if (scheme + 1 >= text.len || text.at[scheme] != ':')
		return false;
	/* RFC 3986, appendix A, leaves these out beside blanks, controls and everything beyond ASCII. */
	for (size_t i = scheme; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] >= 0x7f || memchr("\"<>\\^`{|}", text.at[i], 9) != NULL)
			return false;
	return true;
}

enum rc san_ip(struct span text, uint8_t out[static SAN_IP_BYTES], size_t *out_len)
{
	char terminated[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof terminated || memchr(text.at, '\0', text.len) != NULL)
		return RC_MALFORMED;
	memcpy(terminated, text.at, text.len);
	terminated[text.len] = '\0';
	if (inet_pton(AF_INET, terminated, out) == 1)
		*out_len = 4;
	else if (inet_pton(AF_INET6, terminated, out) == 1)
		*out_len = 16;
	else
		return RC_MALFORMED;
	return RC_OK;
}

bool san_holds(struct san san)
{
	uint8_t octets[SAN_IP_BYTES];
	size_t len;

	switch (san.kind) {
	case SAN_DNS: return dns_holds(san.text);
	case SAN_IP: return san_ip(san.text, octets, &len) == RC_OK;
	case SAN_URI: return uri_holds(san.text);
	}
	return false;
}

bool common_name_holds(struct span text)
{
	if (text.len == 0 || text.len > COMMON_NAME_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < ' ' || text.at[i] >= 0x7f)
			return false;
	return true;
}
