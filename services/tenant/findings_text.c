#include "services/tenant/findings_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/policy/explain.h"

#define LINE_BYTES (FINDING_SUBJECT_BYTES + 2 * FINDING_TEXT_BYTES + 64)

__attribute__((format(printf, 2, 3))) static enum rc line(struct blob *out, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	TRY(blob_append(out, span_text(text)));
	return blob_append(out, span_text("\n"));
}

/* The first of its kind, or not? */
static bool is_first(const struct finding *findings, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (findings[i].check == findings[index].check &&
			findings[i].weight == findings[index].weight)
			return false;
	return true;
}

static const char *weight_words(enum finding_weight weight)
{
	switch (weight) {
	case FINDING_FAILS: return "wrong";
	case FINDING_UNJUDGED: return "could not be judged";
	case FINDING_REPORTED: return "only reported";
	}
	return "wrong";
}

static enum rc place(const struct finding *finding, struct blob *out)
{
	const char *subject = finding->subject[0] == '\0' ? "-" : finding->subject;

	if (finding->expected[0] != '\0' && finding->found[0] != '\0')
		return line(
			out, "      %s: expected %s, found %s", subject, finding->expected, finding->found);
	if (finding->expected[0] != '\0')
		return line(out, "      %s: expected %s", subject, finding->expected);
	if (finding->found[0] != '\0')
		return line(out, "      %s: found %s", subject, finding->found);
	return line(out, "      %s", subject);
}

/* All of one kind, from the first on. */
static enum rc kind(const struct finding *findings, size_t count, size_t first, struct blob *out)
{
	const struct finding *head = &findings[first];

	TRY(line(out, "  - %s (%s, %s)", explain_wrong(head->check), finding_name(head->check),
		weight_words(head->weight)));
	for (size_t i = first; i < count; i++)
		if (findings[i].check == head->check && findings[i].weight == head->weight)
			TRY(place(&findings[i], out));
	return line(out, "    %s.", explain_next(head->check));
}

enum rc findings_text(const struct finding *findings, size_t count, uint64_t total, struct blob *out)
{
	for (int weight = FINDING_FAILS; weight <= FINDING_REPORTED; weight++)
		for (size_t i = 0; i < count; i++)
			if ((int)findings[i].weight == weight && is_first(findings, i))
				TRY(kind(findings, count, i, out));
	if (total > count)
		TRY(line(out, "  and %" PRIu64 " more", total - count));
	return RC_OK;
}
