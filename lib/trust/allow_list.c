#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/base/hex.h"
#include "lib/trust/registration.h"

void allow_list_release(struct allow_list *list)
{
	free(list->ids);
	*list = (struct allow_list){0};
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, NODE_ID_BYTES);
}

bool allow_list_has(const struct allow_list *list, const uint8_t node[static NODE_ID_BYTES])
{
	return list->count != 0 && bsearch(node, list->ids, list->count, NODE_ID_BYTES, compare) != NULL;
}

/* The next line without its end, its comment and the blanks around it. */
static struct span next_line(struct span *text)
{
	const uint8_t *end = text->len == 0 ? NULL : memchr(text->at, '\n', text->len);
	struct span line = {text->at, end == NULL ? text->len : (size_t)(end - text->at)};
	const uint8_t *comment = line.len == 0 ? NULL : memchr(line.at, '#', line.len);
	size_t taken = line.len + (end != NULL);

	text->at += taken;
	text->len -= taken;
	if (comment != NULL)
		line.len = (size_t)(comment - line.at);
	while (line.len != 0 && (line.at[0] == ' ' || line.at[0] == '\t')) {
		line.at++;
		line.len--;
	}
	while (line.len != 0 && strchr(" \t\r", line.at[line.len - 1]) != NULL)
		line.len--;
	return line;
}

static enum rc parse(struct span text, const char *path, struct allow_list *list, struct err *err)
{
	/* No id takes less than its digits. */
	list->ids = calloc(text.len / (2 * NODE_ID_BYTES) + 1, sizeof *list->ids);
	if (list->ids == NULL)
		return err_set(err, RC_NOMEM, "%s: out of memory", path);
	for (unsigned number = 1; text.len != 0; number++) {
		struct span line = next_line(&text);

		if (line.len == 0)
			continue;
		if (hex_decode(line, list->ids[list->count], NODE_ID_BYTES) != RC_OK)
			return err_set(err, RC_MALFORMED, "%s:%u: expected a node id, %d hexadecimal digits",
				path, number, 2 * NODE_ID_BYTES);
		list->count++;
	}
	qsort(list->ids, list->count, NODE_ID_BYTES, compare);
	return RC_OK;
}

enum rc allow_list_load(const char *path, struct allow_list *out, struct err *err)
{
	DROP(allow_list_release) struct allow_list list = {0};
	DROP(blob_release) struct blob text = {0};

	TRY(file_read(path, ALLOW_LIST_MAX_BYTES, &text, err));
	TRY(parse(blob_span(&text), path, &list, err));
	allow_list_release(out);
	*out = TAKE(list);
	return RC_OK;
}
