#include "lib/policy/verdict.h"

#include <stdio.h>

#include "lib/base/drop.h"

static const char *const names[] = {
#define FINDING_NAME(name, wire, wrong, next) wire,
	FINDING_CHECKS(FINDING_NAME)
#undef FINDING_NAME
};

enum finding_weight finding_weight_of(enum finding_check check)
{
	static const enum finding_check unjudged[] = {FINDING_PCR_MISSING, FINDING_BOOT_BANK,
		FINDING_POLICY_EXPIRED, FINDING_IMA_TEMPLATE, FINDING_IMA_AGGREGATE_OPEN, FINDING_IMA_TRIMMED,
		FINDING_IMA_MISSING, FINDING_INTERNAL};

	for (size_t i = 0; i < COUNT(unjudged); i++)
		if (check == unjudged[i])
			return FINDING_UNJUDGED;
	return FINDING_FAILS;
}

void verdict_clear(struct verdict *verdict)
{
	/* Not the findings, some 40 KiB: each is cleared when it is added. */
	verdict->trusted = verdict->could_judge = verdict->rebooted = false;
	verdict->kept = verdict->total = verdict->failures = verdict->unjudged = 0;
}

void verdict_count(struct verdict *verdict, enum finding_weight weight, size_t count)
{
	verdict->total += count;
	verdict->failures += weight == FINDING_FAILS ? count : 0;
	verdict->unjudged += weight == FINDING_UNJUDGED ? count : 0;
	verdict->trusted = verdict->trusted && weight == FINDING_REPORTED;
}

/* Where a finding of this weight goes: the end, or the last of what weighs less, or nowhere. */
static struct finding *place(struct verdict *verdict, enum finding_weight weight)
{
	if (verdict->kept < VERDICT_FINDINGS_MAX)
		return &verdict->findings[verdict->kept++];
	for (size_t i = verdict->kept; i-- > 0;)
		if (verdict->findings[i].weight > weight)
			return &verdict->findings[i];
	return &verdict->findings[VERDICT_FINDINGS_MAX];
}

struct finding *verdict_add_weighed(
	struct verdict *verdict, enum finding_check check, enum finding_weight weight, const char *subject)
{
	struct finding *finding = place(verdict, weight);

	verdict_count(verdict, weight, 1);
	memset(finding, 0, sizeof *finding);
	finding->check = check;
	finding->weight = weight;
	snprintf(finding->subject, sizeof finding->subject, "%s", subject);
	return finding;
}

struct finding *verdict_add(struct verdict *verdict, enum finding_check check, const char *subject)
{
	return verdict_add_weighed(verdict, check, finding_weight_of(check), subject);
}

void verdict_close(struct verdict *verdict)
{
	verdict->could_judge = verdict->failures > 0 || verdict->unjudged == 0;
	verdict->trusted = verdict->failures == 0 && verdict->unjudged == 0;
}

const char *finding_name(enum finding_check check)
{
	return (size_t)check < COUNT(names) ? names[check] : names[FINDING_UNKNOWN];
}

enum finding_check finding_of_name(struct span name)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (span_is(name, names[i]))
			return (enum finding_check)i;
	return FINDING_UNKNOWN;
}

const char *finding_weight_name(enum finding_weight weight)
{
	switch (weight) {
	case FINDING_FAILS: return "fails";
	case FINDING_UNJUDGED: return "unjudged";
	case FINDING_REPORTED: return "reported";
	}
	return "fails";
}

/* One byte as text in at most four characters; returns their number. */
static size_t byte_text(uint8_t byte, char out[static 5])
{
	if (byte == '\\')
		return (size_t)snprintf(out, 5, "\\\\");
	if (byte >= 0x20 && byte < 0x7f)
		return (size_t)snprintf(out, 5, "%c", byte);
	return (size_t)snprintf(out, 5, "\\x%02x", byte);
}

/* As many of the bytes as fit into `room` characters, from the front. */
static size_t fitting(struct span name, size_t room, size_t *out_chars)
{
	char text[5];
	size_t bytes = 0;

	for (*out_chars = 0; bytes < name.len; bytes++) {
		size_t more = byte_text(name.at[bytes], text);

		if (more > room - *out_chars)
			break;
		*out_chars += more;
	}
	return bytes;
}

static char *put(struct span name, char *at)
{
	char text[5];

	for (size_t i = 0; i < name.len; i++) {
		size_t len = byte_text(name.at[i], text);

		memcpy(at, text, len);
		at += len;
	}
	*at = '\0';
	return at;
}

#define CUT "..."

char *finding_name_text(struct span name, char *out, size_t room)
{
	size_t chars = 0;
	size_t left = 0;
	size_t head;
	size_t tail;
	char text[5];

	if (room == 0)
		return out;
	if (fitting(name, room - 1, &chars) == name.len || room <= sizeof CUT) {
		put(span_of(name.at, fitting(name, room - 1, &chars)), out);
		return out;
	}
	left = room - sizeof CUT;
	head = fitting(name, left / 2, &chars);
	left -= chars;
	for (tail = name.len; tail > head; tail--) {
		size_t more = byte_text(name.at[tail - 1], text);

		if (more > left)
			break;
		left -= more;
	}
	memcpy(put(span_of(name.at, head), out), CUT, sizeof CUT);
	put(span_of(name.at + tail, name.len - tail), out + strlen(out));
	return out;
}
