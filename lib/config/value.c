#include "lib/config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit size_units[] = {{"G", 1u << 30}, {"M", 1u << 20}, {"k", 1u << 10}, {"", 1}};

#define UNITS(array) (array), sizeof(array) / sizeof((array)[0])

/* Digits at the start of text; *out_rest is what follows them. */
static enum rc digits(const char *text, uint64_t *out, const char **out_rest)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return RC_LIMIT;
		value = value * 10 + digit;
	}
	if (at == text)
		return RC_MALFORMED;
	*out = value;
	*out_rest = at;
	return RC_OK;
}

enum rc value_u64(const char *text, uint64_t *out)
{
	uint64_t value = 0;
	const char *rest = NULL;

	if (digits(text, &value, &rest) == RC_LIMIT)
		return RC_LIMIT;
	if (rest == NULL || *rest != '\0')
		return RC_MALFORMED;
	*out = value;
	return RC_OK;
}

static enum rc with_unit(const char *text, const struct unit *units, size_t count,
	int (*compare)(const char *, const char *), uint64_t *out)
{
	uint64_t value = 0;
	const char *rest = NULL;
	enum rc rc = digits(text, &value, &rest);

	if (rc != RC_OK)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (compare(rest, units[i].name) != 0)
			continue;
		if (value > UINT64_MAX / units[i].factor)
			return RC_LIMIT;
		*out = value * units[i].factor;
		return RC_OK;
	}
	return RC_MALFORMED;
}

enum rc value_duration(const char *text, uint64_t *out_ms)
{
	return with_unit(text, UNITS(duration_units), strcmp, out_ms);
}

enum rc value_size(const char *text, uint64_t *out_bytes)
{
	return with_unit(text, UNITS(size_units), strcasecmp, out_bytes);
}

enum rc value_bool(const char *text, bool *out)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{"yes", true}, {"true", true}, {"on", true}, {"no", false}, {"false", false}, {"off", false}};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(text, words[i].word) == 0) {
			*out = words[i].value;
			return RC_OK;
		}
	}
	return RC_MALFORMED;
}

/* Length of the host part at the start of text, 0 if there is none that we take. */
static size_t host_length(const char *text)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t n;

	if (text[0] == '*')
		return 1;
	if (text[0] != '[')
		return strspn(text, name);
	n = strspn(text + 1, "0123456789abcdefABCDEF:.");
	return n != 0 && text[1 + n] == ']' ? n + 2 : 0;
}

bool value_is_endpoint(const char *text)
{
	uint64_t port = 0;
	size_t host;

	if (strncmp(text, "ipc://", 6) == 0) {
		size_t n = strlen(text + 6);

		return n != 0 && n <= SOCKET_PATH_MAX_BYTES && text[6] != '@' && text[6] != '*';
	}
	if (strncmp(text, "tcp://", 6) != 0)
		return false;
	host = host_length(text + 6);
	if (host == 0 || host > 255 || text[6 + host] != ':')
		return false;
	return value_u64(text + 6 + host + 1, &port) == RC_OK && port >= 1 && port <= 65535;
}

static char *in_units(uint64_t value, const struct unit *units, size_t count, char out[VALUE_TEXT_BYTES])
{
	size_t i = 0;

	while (i + 1 < count && (value == 0 || value % units[i].factor != 0))
		i++;
	snprintf(out, VALUE_TEXT_BYTES, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
	return out;
}

char *value_duration_text(uint64_t ms, char out[VALUE_TEXT_BYTES])
{
	return in_units(ms, UNITS(duration_units), out);
}

char *value_size_text(uint64_t bytes, char out[VALUE_TEXT_BYTES])
{
	return in_units(bytes, UNITS(size_units), out);
}
