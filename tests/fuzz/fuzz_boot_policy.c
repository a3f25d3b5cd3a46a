/* A section that is read can be written, and reads again as one that allows the same. */
#include "lib/base/drop.h"
#include "lib/policy/boot_policy.h"
#include "lib/policy/boot_words.h"
#include "tests/fuzz/fuzz.h"

static const struct json_limits limits = {.bytes = 1u << 20, .depth = 16, .values = 65536};

static enum rc read(struct span json, const char *key, struct boot_policy *out, struct err *err)
{
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	struct json section;

	TRY(json_parse(json, &limits, &doc, err));
	root = json_root(&doc);
	if (key == NULL)
		return boot_policy_parse(&root, out, err);
	TRY(json_get(&root, key, &section, err));
	return boot_policy_parse(&section, out, err);
}

static void write(const struct boot_policy *policy, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_PRETTY);

	json_write_object(&w, NULL);
	boot_policy_write(policy, &w);
	json_write_close(&w);
	HOLDS(json_write_end(&w) == RC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(boot_policy_release) struct boot_policy again = {0};
	DROP(boot_policy_release) struct boot_policy both = {0};
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob json_again = {0};
	DROP(blob_release) struct blob words = {0};
	struct err err = {0};

	if (read(span_of(at, len), NULL, &policy, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0');
		return 0;
	}
	write(&policy, &json);
	HOLDS(read(blob_span(&json), "boot", &again, NULL) == RC_OK);
	write(&again, &json_again);
	HOLDS(span_equal(blob_span(&json), blob_span(&json_again)));
	HOLDS(boot_diff(&policy, &again, SIZE_MAX, &words) == RC_OK && words.len == 0);
	HOLDS(boot_policy_merge(&both, &policy, NULL) == RC_OK);
	HOLDS(boot_policy_merge(&both, &policy, NULL) == RC_OK);
	HOLDS(boot_show(&both, &words) == RC_OK && boot_warnings(&both, &words) == RC_OK);
	return 0;
}
