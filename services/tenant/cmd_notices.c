/* limebus notices. */
#include <stdio.h>

#include "lib/base/hex.h"
#include "lib/trust/notice.h"
#include "services/tenant/commands.h"
#include "services/tenant/dial.h"
#include "services/tenant/notices_verify.h"
#include "services/tenant/render.h"
#include "services/tenant/session.h"

/* Heads come every second (proto/PROTOCOL.md, 9). */
#define BLIND_MS 5000

/* Revocation services that are listened to at once. */
#define LISTEN_MAX 4

struct notices_options {
	uint64_t from;
	bool follow;
};

static const struct option options[] = {
	{OPTION_U64(struct notices_options, from), .name = "from", .fallback = "1", .min = 1,
		.help = "Number of the first notice. What comes before it is not checked."},
	{OPTION_BOOL(struct notices_options, follow), .name = "follow", .fallback = "no",
		.help = "Go on until Ctrl-C, and say so when the revocation service is silent for 5 s: notices could be withheld."},
};

static const struct program program = {
	.name = "limebus notices",
	.summary = "show the revocation notices",
	.about =
		"Fetches the notices and checks them here: that the revocation service signed each, that none is missing or "
		"was exchanged, and that a verifier or an operator signed what each is about. Ends with 77 if one does not "
		"hold.\n\n"
		"limebus notices verify FILE checks a copy of the log without any service.\n\n"
		"Example: limebus notices --follow --json",
	.options = options,
	.count = COUNT(options),
	.exits = exit_texts,
};

struct reading {
	struct session *session;
	struct notice_place place;
	bool has_place;
	bool is_behind; /* there are notices that we have not seen */
	bool is_blind;
	size_t services;  /* that we listen to */
	uint64_t head_ms; /* monotonic: the last good head */
	enum rc rc;
	struct err err;
};

static void print_text(const struct msg_notice *notice)
{
	char when[CLOCK_TEXT_BYTES];
	char digits[HEX_BYTES(NODE_ID_BYTES)];

	printf("%6llu  %s  %-11.*s  %.16s", (unsigned long long)notice->seq, clock_text(notice->time, when),
		SPAN_FMT(notice->kind), hex_encode(notice->node, digits));
	if (notice->reason.len != 0)
		printf("  %.*s", SPAN_FMT(notice->reason));
	putchar('\n');
}

static void print_json(const struct msg_notice *notice)
{
	DROP(blob_release) struct blob text = {0};
	struct json_write w = json_write_begin(&text, JSON_COMPACT);

	json_write_object(&w, NULL);
	json_write_u64(&w, "seq", notice->seq);
	json_write_u64(&w, "time", notice->time);
	json_write_text(&w, "kind", notice->kind);
	json_write_hex(&w, "node", notice->node);
	json_write_u64(&w, "severity", notice->severity);
	json_write_text(&w, "reason", notice->reason);
	json_write_close(&w);
	(void)!render_json(&w);
}

/* Check one notice and show it. RC_NOT_FOUND: there is a gap before it. */
static enum rc take(struct reading *reading, struct span bytes, struct err *err)
{
	struct session *session = reading->session;
	struct notice_view view;
	enum rc rc;

	TRY(notice_open(session_roster(session), bytes, session_now(session), &view, err));
	if (!reading->has_place) {
		const struct msg_notice *first = &view.signed_msg.msg.notice;

		/* Of the first one of a range only its own predecessor's name is known. */
		reading->place = (struct notice_place){.seq = first->seq - 1};
		memcpy(reading->place.hash, first->previous.at, HASH_BYTES);
		reading->has_place = true;
	}
	rc = notice_follow(&reading->place, &view, bytes, err);
	if (rc == RC_EXISTS)
		return RC_OK;
	TRY(rc);
	if (session_config(session)->json)
		print_json(&view.signed_msg.msg.notice);
	else
		print_text(&view.signed_msg.msg.notice);
	fflush(stdout);
	return RC_OK;
}

static enum rc take_head(struct reading *reading, struct span bytes, uint64_t *seq, struct err *err)
{
	struct signed_msg head;

	TRY(notice_head_open(session_roster(reading->session), bytes, &reading->place,
		session_now(reading->session), &head, err));
	*seq = head.msg.head.seq;
	reading->head_ms = session_mono_ms(reading->session);
	return RC_OK;
}

/* Everything from there up to the present head. */
static enum rc fetch(struct reading *reading, uint64_t from, struct err *err)
{
	for (;;) {
		DROP(answer_release) struct answer answer = {0};
		struct msg request = {.type = MSG_TYPE_notices_get};
		struct elem_item item;
		struct list rest;
		uint64_t before = reading->place.seq;
		uint64_t head = 0;

		request.notices_get.from = reading->has_place ? reading->place.seq + 1 : from;
		TRY(session_ask(reading->session, ROLE_REVOCATION, &request, MSG_TYPE_notices, &answer, err));
		rest = answer.msg.notices.notices;
		while (ELEM_NEXT(item, &rest, &item)) {
			/* The range that was asked for, not another one. */
			bool is_first = !reading->has_place;

			TRY(take(reading, item.bytes, err));
			if (is_first && reading->place.seq != from)
				return err_set(err, RC_DENIED, "asked for notice %llu, got %llu",
					(unsigned long long)from, (unsigned long long)reading->place.seq);
		}
		TRY(take_head(reading, answer.msg.notices.head, &head, err));
		if (!reading->has_place && head >= from)
			return err_set(err, RC_DENIED, "notices up to %llu are said to be there, none came",
				(unsigned long long)head);
		if (!reading->has_place || reading->place.seq >= head)
			return RC_OK;
		if (reading->place.seq == before)
			return err_set(err, RC_DENIED, "notices behind %llu are withheld: the head is %llu",
				(unsigned long long)before, (unsigned long long)head);
	}
}

/* ---- follow ---- */

static void on_message(void *ctx, struct span topic, const struct msg *msg, struct span frame)
{
	struct reading *reading = ctx;
	bool is_head = span_is(topic, "head");
	bool is_notice = topic.len >= 7 && span_is(span_of(topic.at, 7), "notice.");
	uint64_t seq = 0;
	struct err err = {0};
	enum rc rc;

	if (reading->rc != RC_OK || reading->is_behind || (!is_head && !is_notice))
		return;
	/* Before the first notice there is no place that a number could follow. Many at once are fetched:
	 * that checks them in the same way. */
	if (!is_head && (!reading->has_place || msg->type == MSG_TYPE_notices)) {
		reading->is_behind = true;
		return;
	}
	rc = is_head ? take_head(reading, frame, &seq, &err) : take(reading, frame, &err);
	if (rc == RC_NOT_FOUND || (rc == RC_OK && is_head && seq > reading->place.seq)) {
		reading->is_behind = true;
	} else if (rc != RC_OK && is_head) {
		/* An old head says nothing: we become blind if no good one comes. Of several services one may
		 * lag. */
		if (reading->services == 1)
			fprintf(stderr, "%s: a head was refused: %s\n", program.name, err.text);
	} else if (rc != RC_OK) {
		reading->rc = rc;
		reading->err = err;
	}
}

static void look_for_silence(struct reading *reading)
{
	bool is_blind = session_mono_ms(reading->session) - reading->head_ms > BLIND_MS;

	if (is_blind == reading->is_blind)
		return;
	reading->is_blind = is_blind;
	fprintf(stderr, "%s: %s\n", program.name,
		is_blind ? "BLIND: no head for 5 s; what happens now may be withheld from us"
			 : "heads come again");
}

/* All of them tell the same; should one end, we go on hearing. */
static enum rc listen(struct reading *reading, struct err *err)
{
	struct session *session = reading->session;
	struct follow how = {.topic = "", .message = on_message, .ctx = reading};
	size_t count = dial_choices(session_roster(session), ROLE_REVOCATION, session_now(session));

	for (; reading->services < count && reading->services < LISTEN_MAX; reading->services++)
		TRY(session_follow(session,
			dial(session_roster(session), ROLE_REVOCATION, session_now(session),
				reading->services),
			&how, err));
	if (reading->services == 0)
		return err_set(err, RC_NOT_FOUND, "the roster names no revocation service");
	return RC_OK;
}

static enum rc follow(struct reading *reading, uint64_t from, struct err *err)
{
	struct session *session = reading->session;

	TRY(listen(reading, err));
	while (!session_is_interrupted(session)) {
		enum rc rc = session_wait(session, 200, &reading->is_behind, err);

		if (rc != RC_OK)
			return session_is_interrupted(session) ? RC_OK : rc;
		if (reading->rc != RC_OK) {
			*err = reading->err;
			return reading->rc;
		}
		if (reading->is_behind) {
			reading->is_behind = false;
			rc = fetch(reading, from, err);
			if (rc != RC_OK && rc != RC_IO && rc != RC_TIMEOUT)
				return rc;
		}
		look_for_silence(reading);
	}
	return RC_OK;
}

static enum rc notices(struct session *session, const void *options_given, const struct program_start *start,
	int *status, struct err *err)
{
	const struct notices_options *given = options_given;
	struct reading reading = {.session = session};

	(void)start;
	(void)status;
	TRY(fetch(&reading, given->from, err));
	return given->follow ? follow(&reading, given->from, err) : RC_OK;
}

int cmd_notices(const struct tenant_config *config, int argc, char **argv)
{
	struct notices_options given = {0};

	if (argc > 1 && strcmp(argv[1], "verify") == 0)
		return notices_verify(config, argc - 1, argv + 1);
	return session_command(&program, config, argc, argv, &given, notices);
}
