/* A log that can be learned from is accepted by what was learned, also when that was written and read again.
 */
#include "lib/base/drop.h"
#include "lib/evidence/event_replay.h"
#include "lib/policy/boot_appraise.h"
#include "lib/policy/boot_learn.h"
#include "lib/policy/boot_words.h"
#include "tests/fuzz/fuzz.h"

/* All PCRs as they are after the log, but no empty bank. */
struct quoted {
	uint8_t bytes[PCR_VALUES_MAX_BYTES];
	struct pcr_values values;
	uint16_t banks[DIGEST_COUNT];
	size_t count;
};

static void quote(struct span log, struct quoted *out)
{
	struct event_log parsed = {0};
	struct event_replay replay = {0};
	struct pcr_selection selection = {0};
	size_t at = 0;

	HOLDS(event_log_parse(log, &parsed) == RC_OK && event_replay(&parsed, &replay) == RC_OK);
	for (size_t i = 0; i < replay.bank_count; i++) {
		out->banks[out->count++] = replay.banks[i].alg;
		for (unsigned pcr = 0; pcr < PCR_COUNT; pcr++) {
			struct span value = {0};

			HOLDS(event_replay_get(&replay, replay.banks[i].alg, pcr, &value) == RC_OK);
			HOLDS(pcr_selection_add(&selection, replay.banks[i].alg, pcr) == RC_OK);
			memcpy(out->bytes + at, value.at, value.len);
			at += value.len;
		}
	}
	HOLDS(pcr_values_parse(&selection, span_of(out->bytes, at), &out->values) == RC_OK);
}

static void write(const struct boot_policy *policy, struct blob *out)
{
	struct json_write w = json_write_begin(out, JSON_COMPACT);

	json_write_object(&w, NULL);
	boot_policy_write(policy, &w);
	json_write_close(&w);
	HOLDS(json_write_end(&w) == RC_OK);
}

static bool read(struct span json, struct boot_policy *out)
{
	static const struct json_limits limits = {.bytes = 64u << 20, .depth = 16, .values = 4u << 20};
	DROP(json_doc_release) struct json_doc doc = {0};
	struct json root;
	struct json section;

	HOLDS(json_parse(json, &limits, &doc, NULL) == RC_OK);
	root = json_root(&doc);
	HOLDS(json_has(&root, "boot", &section));
	return boot_policy_parse(&section, out, NULL) == RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};
	DROP(boot_policy_release) struct boot_policy again = {0};
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob words = {0};
	struct quoted quoted = {0};
	struct verdict verdict;
	struct boot_evidence evidence = {.log = span_of(at, len), .quoted = &quoted.values};
	struct err err = {0};

	if (boot_learn(span_of(at, len), NULL, &policy, &words, &err) != RC_OK) {
		HOLDS(err.text[0] != '\0');
		return 0;
	}
	quote(span_of(at, len), &quoted);
	write(&policy, &json);
	HOLDS(read(blob_span(&json), &again));
	blob_clear(&words);
	HOLDS(boot_diff(&policy, &again, SIZE_MAX, &words) == RC_OK && words.len == 0);
	HOLDS(boot_show(&again, &words) == RC_OK && words.len > 0);
	evidence.banks = quoted.banks;
	evidence.bank_count = quoted.count;
	verdict_clear(&verdict);
	boot_appraise(&again, &evidence, &verdict);
	verdict_close(&verdict);
	/* A log that has events, but no digest whose hash we know, cannot be judged. */
	HOLDS(verdict.failures == 0 && (verdict.trusted || quoted.count == 0));
	return 0;
}
