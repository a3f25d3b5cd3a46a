#include "services/agent/paths.h"

#include <stdio.h>

#define COMPONENTS_MAX      16
#define COMPONENT_MAX_BYTES 255

enum rc path_in(const char *folder, const char *name, char out[static PATH_BYTES], struct err *err)
{
	int n = snprintf(out, PATH_BYTES, "%s/%s", folder, name);

	if (n < 0 || n >= PATH_BYTES)
		return err_set(err, RC_LIMIT, "%s/%s: the path is too long", folder, name);
	return RC_OK;
}

static bool is_component(struct span part)
{
	if (part.len == 0 || part.len > COMPONENT_MAX_BYTES || span_is(part, ".") || span_is(part, ".."))
		return false;
	for (size_t i = 0; i < part.len; i++)
		if (part.at[i] < 0x20 || part.at[i] == 0x7f || part.at[i] == '\\')
			return false;
	return true;
}

bool path_is_inside(struct span name)
{
	size_t components = 0;

	if (name.len > 0 && name.at[name.len - 1] == '/')
		name.len--;
	if (name.len == 0)
		return false;
	for (size_t start = 0; start <= name.len;) {
		const uint8_t *slash = memchr(name.at + start, '/', name.len - start);
		size_t end = slash == NULL ? name.len : (size_t)(slash - name.at);

		if (++components > COMPONENTS_MAX || !is_component(span_of(name.at + start, end - start)))
			return false;
		start = end + 1;
	}
	return true;
}

bool path_is_plain(struct span name)
{
	return path_is_inside(name) && memchr(name.at, '/', name.len) == NULL;
}
