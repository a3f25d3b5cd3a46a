/* A text that the pulling reader takes is one that the other reader takes too, and with the same content. */
#include <string.h>

#include "lib/base/drop.h"
#include "lib/json/json.h"
#include "lib/json/json_pull.h"
#include "tests/fuzz/fuzz.h"

static enum rc read_list(struct span in, struct json *list, size_t *count)
{
	DROP(json_pull_release) struct json_pull pull = {.text = in};
	struct json item;
	struct span ours, theirs;
	bool more = true;

	TRY(json_pull_open(&pull, '[', NULL));
	for (*count = 0;; ++*count) {
		TRY(json_pull_more(&pull, ']', *count, &more, NULL));
		if (!more)
			return json_pull_end(&pull, NULL);
		TRY(json_pull_text(&pull, in.len, &ours, NULL));
		if (list == NULL)
			continue;
		HOLDS(json_item(list, *count, &item, NULL) == RC_OK);
		HOLDS(json_text(&item, in.len, &theirs, NULL) == RC_OK);
		HOLDS(span_equal(ours, theirs));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const struct json_limits limits = {.bytes = 1 << 20, .depth = 64, .values = 1 << 20};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	size_t count = 0;

	if (read_list(span_of(at, len), NULL, &count) != RC_OK)
		return 0;
	HOLDS(json_parse(span_of(at, len), &limits, &doc, NULL) == RC_OK);
	root = json_root(&doc);
	HOLDS(read_list(span_of(at, len), &root, &count) == RC_OK);
	HOLDS(count == json_count(&root));
	return 0;
}
