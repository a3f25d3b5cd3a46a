/* Text that is read out of JSON can be written, and reads again as the same text. */
#include "lib/base/drop.h"
#include "lib/json/json.h"
#include "lib/json/json_write.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const struct json_limits limits = {.bytes = 1 << 20, .depth = 32, .values = 1 << 16};
	DROP(json_doc_release) struct json_doc doc = {0};
	DROP(json_doc_release) struct json_doc copy = {0};
	DROP(blob_release) struct blob out = {0};
	struct json_write w = json_write_begin(&out, JSON_COMPACT);
	struct json_walk walk = {0}, again = {0};
	struct json root, text;
	struct span a, b;

	if (json_parse(span_of(at, len), &limits, &doc, NULL) != RC_OK)
		return 0;
	root = json_root(&doc);
	json_write_object(&w, NULL);
	while (json_kind(&root) == JSON_KIND_OBJECT && json_walk(&root, &walk))
		json_write_text(
			&w, walk.key, json_text(&walk.value, len, &a, NULL) == RC_OK ? a : (struct span){0});
	json_write_close(&w);
	HOLDS(json_write_end(&w) == RC_OK && json_parse(blob_span(&out), &limits, &copy, NULL) == RC_OK);
	text = json_root(&copy);
	for (walk = (struct json_walk){0}; json_walk(&text, &again);)
		HOLDS(json_walk(&root, &walk) && strcmp(walk.key, again.key) == 0 &&
			json_text(&again.value, len, &b, NULL) == RC_OK &&
			(json_text(&walk.value, len, &a, NULL) != RC_OK || span_equal(a, b)));
	return 0;
}
