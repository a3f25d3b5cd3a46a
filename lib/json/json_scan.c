#include "lib/json/json_scan.h"

/* The index of the quote that ends the string which begins at `at`, or the end of the text. */
static size_t string_end(struct span text, size_t at)
{
	for (at++; at < text.len && text.at[at] != '"'; at++)
		if (text.at[at] == '\\')
			at++;
	return at;
}

enum rc json_scan(struct span text, const struct json_limits *limits, struct err *err)
{
	size_t depth = 0;
	size_t values = 1;

	if (text.len > limits->bytes)
		return err_set(
			err, RC_LIMIT, "%zu bytes of JSON, at most %zu are read", text.len, limits->bytes);
	for (size_t at = 0; at < text.len; at++) {
		switch (text.at[at]) {
		case '"': at = string_end(text, at); break;
		case '{':
		case '[':
			depth++;
			values++;
			break;
		case '}':
		case ']': depth -= depth > 0; break;
		case ',': values++; break;
		default: break;
		}
		if (depth > limits->depth)
			return err_set(
				err, RC_LIMIT, "objects and arrays nest deeper than %zu", limits->depth);
		if (values > limits->values)
			return err_set(err, RC_LIMIT, "more than %zu values", limits->values);
	}
	return RC_OK;
}
