#include "services/tenant/verdict_view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/base/hex.h"
#include "lib/policy/explain.h"
#include "services/tenant/findings_text.h"

/* Which part of a policy a check belongs to. */
enum part { PART_QUOTE, PART_POLICY, PART_PCRS, PART_BOOT, PART_IMA };

/*
 * What is shown as one check: all findings whose names begin with one of the texts, the first row that fits.
 * The quote's own have a row each, in the order of QUOTE_CHECKS.
 */
static const struct check {
	const char *name;
	enum part part;
	const char *findings[6];
	const char *holds;
} checks[] = {
	{"ak", PART_QUOTE, {"ak"}, "the attestation key is one that only a TPM can use"},
#define QUOTE_ROW(id, function, name, words, clause) {NULL, PART_QUOTE, {NULL}, words},
	QUOTE_CHECKS(QUOTE_ROW)
#undef QUOTE_ROW
		{"policy-date", PART_POLICY, {"policy-expired"}, "the policy is valid at this time"},
	{"evidence", PART_POLICY, {"internal", "unknown"}, "everything could be looked at"},
	{"pcrs", PART_PCRS, {"pcr-"}, "the PCRs have values that the policy allows"},
	{"boot-log", PART_BOOT, {"boot-log", "boot-replay", "boot-digest", "boot-bank"},
		"the firmware's event log leads to the quoted PCRs, and its events say what was hashed"},
	{"boot", PART_BOOT, {"boot-"}, "everything that took part in the boot is allowed"},
	{"ima-list", PART_IMA,
		{"ima-list", "ima-replay", "ima-entry", "ima-template", "ima-trimmed", "ima-missing"},
		"the measurement list leads to the quoted PCR 10, and its entries say what was hashed"},
	{"ima-boot-aggregate", PART_IMA, {"ima-boot-aggregate"}, "the measurement list belongs to this boot"},
	{"ima-files", PART_IMA, {"ima-"}, "everything that was measured since is allowed"},
};

/* The first row of the quote's own; the last three are those that compare it with what else is known. */
#define QUOTE_ROWS 1
_Static_assert(QUOTE_SIGNER + 1 == QUOTE_RESET && QUOTE_RESET + 1 == QUOTE_CLOCK, "one after the other");

static const char *name_of(size_t row)
{
	if (checks[row].name != NULL)
		return checks[row].name;
	return finding_name((enum finding_check)(FINDING_QUOTE_TYPE + (row - QUOTE_ROWS)));
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static size_t row_of(const struct finding *finding)
{
	const char *name = finding_name(finding->check);

	for (size_t row = 0; row < COUNT(checks); row++) {
		if (checks[row].name == NULL && strcmp(name_of(row), name) == 0)
			return row;
		for (size_t i = 0; i < COUNT(checks[row].findings) && checks[row].findings[i] != NULL; i++)
			if (begins(name, checks[row].findings[i]))
				return row;
	}
	return COUNT(checks) - 1;
}

enum result { PASSED, FAILED, UNJUDGED, SKIPPED };
static const char *const results[] = {"passed", "failed", "unjudged", "skipped"};

/* What became of each check, and how many findings it has. */
struct tally {
	enum result result[COUNT(checks)];
	size_t count[COUNT(checks)];
	const struct finding *worst[COUNT(checks)];
};

/* Needs an earlier quote of the node, or its EK: kept evidence has neither. */
static bool is_unknowable(size_t row)
{
	return row >= QUOTE_ROWS + QUOTE_SIGNER && row <= QUOTE_ROWS + QUOTE_CLOCK;
}

static bool is_demanded(const struct verdict_view *view, enum part part)
{
	switch (part) {
	case PART_PCRS: return view->policy->pcrs.count != 0;
	case PART_BOOT: return view->policy->boot.there;
	case PART_IMA: return view->policy->has_ima;
	case PART_QUOTE:
	case PART_POLICY: break;
	}
	return true;
}

static void tally_up(const struct verdict_view *view, struct tally *out)
{
	const struct verdict *verdict = &view->run->verdict;

	for (size_t row = 0; row < COUNT(checks); row++)
		if (is_unknowable(row) || !is_demanded(view, checks[row].part) ||
			(checks[row].part != PART_QUOTE && !view->run->proves))
			out->result[row] = SKIPPED;
	for (size_t i = 0; i < verdict->kept; i++) {
		const struct finding *finding = &verdict->findings[i];
		size_t row = row_of(finding);

		out->count[row]++;
		if (out->worst[row] == NULL || finding->weight < out->worst[row]->weight)
			out->worst[row] = finding;
		if (out->result[row] == FAILED || finding->weight == FINDING_REPORTED)
			continue;
		out->result[row] = finding->weight == FINDING_FAILS ? FAILED : UNJUDGED;
	}
}

static const char *skipped_words(const struct verdict_view *view, size_t row)
{
	if (is_unknowable(row))
		return "not known from kept evidence";
	if (!is_demanded(view, checks[row].part))
		return "the policy does not ask for it";
	return "not looked at, since the quote proves nothing";
}

/* Why it holds, or what is wrong first. */
static const char *words_of(const struct verdict_view *view, const struct tally *tally, size_t row,
	char out[static EXPLAIN_BYTES])
{
	if (tally->result[row] == SKIPPED)
		return skipped_words(view, row);
	if (tally->result[row] == PASSED)
		return checks[row].holds;
	return explain(tally->worst[row], out);
}

const char *verdict_view_word(const struct verdict *verdict)
{
	if (verdict->trusted)
		return "trusted";
	return verdict->could_judge ? "untrusted" : "unjudged";
}

/* ---- for people ---- */

__attribute__((format(printf, 2, 3))) static enum rc line(struct blob *out, const char *format, ...)
{
	char text[EXPLAIN_BYTES + 256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	TRY(blob_append(out, span_text(text)));
	return blob_append(out, span_text("\n"));
}

static enum rc facts(const struct verdict_view *view, struct blob *out)
{
	char digits[HEX_BYTES(POLICY_ID_BYTES)];
	char selection[PCR_SELECTION_TEXT_BYTES];

	TRY(line(out, "%s (quote %s): %s", view->evidence, view->quote,
		verdict_view_word(&view->run->verdict)));
	TRY(line(out, "  policy %s (%.16s...)", view->policy->name,
		hex_encode(SPAN(view->policy->id), digits)));
	TRY(line(out, "  quoted %s", pcr_selection_text(&view->run->quoted, selection)));
	if (view->policy->has_ima && view->run->proves)
		TRY(line(out, "  %" PRIu64 " entries of the measurement list are proven%s",
			view->run->entries,
			view->run->behind == 0 ? "" : "; what follows them waits for another quote"));
	return RC_OK;
}

enum rc verdict_view_text(const struct verdict_view *view, struct blob *out)
{
	const struct verdict *verdict = &view->run->verdict;
	struct tally tally = {0};
	char words[EXPLAIN_BYTES];

	tally_up(view, &tally);
	TRY(facts(view, out));
	for (size_t row = 0; row < COUNT(checks); row++) {
		enum result result = tally.result[row];

		if (result == FAILED || result == UNJUDGED)
			TRY(line(out, "  %-8s %-18s %zu finding%s", results[result], name_of(row),
				tally.count[row], tally.count[row] == 1 ? "" : "s"));
		else
			TRY(line(out, "  %-8s %-18s %s", results[result], name_of(row),
				words_of(view, &tally, row, words)));
	}
	return findings_text(verdict->findings, verdict->kept, verdict->total, out);
}

/* ---- JSON ---- */

static void checks_json(const struct verdict_view *view, struct json_write *w)
{
	struct tally tally = {0};
	char words[EXPLAIN_BYTES];

	tally_up(view, &tally);
	json_write_array(w, "checks");
	for (size_t row = 0; row < COUNT(checks); row++) {
		json_write_object(w, NULL);
		json_write_cstr(w, "name", name_of(row));
		json_write_cstr(w, "result", results[tally.result[row]]);
		json_write_cstr(w, "text", words_of(view, &tally, row, words));
		json_write_close(w);
	}
	json_write_close(w);
}

static void findings_json(const struct verdict *verdict, struct json_write *w)
{
	char words[EXPLAIN_BYTES];

	json_write_array(w, "findings");
	for (size_t i = 0; i < verdict->kept; i++) {
		const struct finding *finding = &verdict->findings[i];

		json_write_object(w, NULL);
		json_write_cstr(w, "check", finding_name(finding->check));
		json_write_cstr(w, "weight", finding_weight_name(finding->weight));
		json_write_cstr(w, "subject", finding->subject);
		json_write_cstr(w, "expected", finding->expected);
		json_write_cstr(w, "found", finding->found);
		json_write_cstr(w, "text", explain(finding, words));
		json_write_close(w);
	}
	json_write_close(w);
}

void verdict_view_json(const struct verdict_view *view, struct json_write *w)
{
	char selection[PCR_SELECTION_TEXT_BYTES];

	json_write_object(w, NULL);
	json_write_cstr(w, "verdict", verdict_view_word(&view->run->verdict));
	json_write_cstr(w, "policy", view->policy->name);
	json_write_hex(w, "hash", SPAN(view->policy->id));
	json_write_cstr(w, "evidence", view->evidence);
	json_write_cstr(w, "quote", view->quote);
	json_write_cstr(w, "selection", pcr_selection_text(&view->run->quoted, selection));
	json_write_u64(w, "entries", view->run->entries);
	checks_json(view, w);
	findings_json(&view->run->verdict, w);
	json_write_u64(w, "findings_count", view->run->verdict.total);
	json_write_close(w);
}
