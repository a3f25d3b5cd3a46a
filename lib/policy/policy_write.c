#include "lib/base/drop.h"
#include "lib/policy/ima_builder.h"
#include "lib/policy/policy.h"
#include "lib/policy/policy_date.h"

static void write_head(const struct policy_head *head, struct json_write *w)
{
	char date[POLICY_DATE_BYTES];

	json_write_u64(w, "limebus", POLICY_FORMAT);
	json_write_cstr(w, "name", head->name);
	if (head->comment != NULL && head->comment[0] != '\0')
		json_write_cstr(w, "comment", head->comment);
	if (head->valid_until_ms != 0)
		json_write_cstr(w, "valid-until", policy_date_text(head->valid_until_ms, date));
}

static void write_banks(const struct policy_banks *banks, struct json_write *w)
{
	enum json_style style = w->style;

	json_write_array(w, "banks");
	w->style = JSON_COMPACT;
	for (size_t i = 0; i < banks->count; i++)
		json_write_cstr(w, NULL, digest_name(digest_of_tpm_id(banks->alg[i])));
	json_write_close(w);
	w->style = style;
}

static bool is_default(const struct policy_banks *banks)
{
	return banks->count == 1 && banks->alg[0] == TPM_ALG_SHA256;
}

enum rc policy_write_parts(
	const struct policy_head *head, const struct policy_parts *parts, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	DROP(policy_release) struct policy again = {0};
	struct json_write w = json_write_begin(&text, JSON_PRETTY);

	json_write_object(&w, NULL);
	write_head(head, &w);
	if (parts->banks != NULL && !is_default(parts->banks))
		write_banks(parts->banks, &w);
	if (parts->pcrs != NULL)
		pcr_policy_write(parts->pcrs, &w);
	if (parts->boot != NULL)
		boot_policy_write(parts->boot, &w);
	if (parts->ima != NULL)
		ima_builder_write(parts->ima, &w);
	json_write_close(&w);
	if (json_write_end(&w) != RC_OK)
		return err_set(err, w.rc, "the policy could not be written: %s", rc_words(w.rc));
	/* Whatever is wrong with the head or the rules, the reader says it best. */
	TRY(policy_parse(blob_span(&text), &again, err));
	return blob_append(out, blob_span(&text));
}

enum rc policy_write(
	const struct policy_head *head, const struct pcr_policy *pcrs, struct blob *out, struct err *err)
{
	return policy_write_parts(head, &(struct policy_parts){.pcrs = pcrs}, out, err);
}

static enum rc allow_all(struct pcr_policy *policy, const struct pcr_values *values)
{
	for (size_t i = 0; i < values->selection.count; i++) {
		uint16_t alg = values->selection.banks[i].alg;

		for (unsigned pcr = 0; pcr < PCR_COUNT && alg != TPM_ALG_SHA1; pcr++) {
			struct span value = {0};

			if (pcr_values_get(values, alg, pcr, &value) == RC_OK)
				TRY(pcr_policy_allow(policy, alg, pcr, value));
		}
	}
	return RC_OK;
}

enum rc policy_from_values(const struct policy_head *head, const struct pcr_values *nodes, size_t count,
	struct blob *out, struct err *err)
{
	DROP(pcr_policy_release) struct pcr_policy policy = {0};

	for (size_t i = 0; i < count; i++) {
		enum rc rc = allow_all(&policy, &nodes[i]);

		if (rc != RC_OK)
			return err_set(
				err, rc, "the PCR values of node %zu of %zu: %s", i + 1, count, rc_words(rc));
	}
	return policy_write(head, &policy, out, err);
}
