/* The gateway between a real bus and real HTTP. */
#include "tests/integration/gateway_rig.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/pki/pem.h"

#define HERD 40

/* The rig, with a gateway that is well: the one that runs already, or a new one. */
static struct rig *started(void **state)
{
	struct rig *rig = *state;

	if (rig->pid <= 0)
		rig_start(rig, "");
	rig_wait_health(rig, "ok");
	return rig;
}

/* ---- documents ---- */

static void the_ca_and_its_lists_are_served(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob answer = {0};
	DROP(blob_release) struct blob der = {0};

	assert_int_equal(rig_get(rig, "/ca.crt", &answer), 200);
	assert_spans_equal(rig_body(&answer), blob_span(&rig->ca.certificate));
	assert_true(rig_has(&answer, "Content-Type: application/pkix-cert\r\n"));
	assert_int_equal(rig_get(rig, "/ca.pem", &answer), 200);
	assert_ok(pem_read(PEM_CERTIFICATE, rig_body(&answer), &der, NULL));
	assert_spans_equal(blob_span(&der), blob_span(&rig->ca.certificate));
	assert_int_equal(rig_get(rig, "/ca.crl", &answer), 200);
	assert_spans_equal(rig_body(&answer), blob_span(&rig->crls[0]));
	assert_true(rig_has(&answer, "Content-Type: application/pkix-crl\r\n"));
	assert_true(rig_has(&answer, "Cache-Control: max-age=59"));
	assert_true(rig_has(&answer, "Last-Modified: "));
	assert_true(rig_has(&answer, "ETag: \""));
	assert_int_equal(rig_get(rig, "/ca-delta.crl", &answer), 503);
	rig_crl(rig, true, 2, RIG_LIFE_MS);
	rig_announce(rig, true, 2);
	RIG_UNTIL(rig, rig_get(rig, "/ca-delta.crl", &answer) == 200);
	assert_spans_equal(rig_body(&answer), blob_span(&rig->crls[1]));
	rig_stop(rig);
}

static void a_list_comes_in_parts(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob answer = {0};

	for (unsigned i = 0; i < 30; i++)
		rig_know(rig, OCSP_REVOKED);
	rig_crl(rig, false, 1, RIG_LIFE_MS);
	rig->part_max = 100;
	started(state);
	assert_int_equal(rig_get(rig, "/ca.crl", &answer), 200);
	assert_true(rig->crls[0].len > 1000);
	assert_spans_equal(rig_body(&answer), blob_span(&rig->crls[0]));
	rig_stop(rig);
}

/* 0: none. */
static uint64_t served_number(struct rig *rig)
{
	DROP(blob_release) struct blob answer = {0};
	struct crl crl;

	if (rig_get(rig, "/ca.crl", &answer) != 200)
		return 0;
	assert_ok(crl_read(rig_body(&answer), &crl));
	return crl.number;
}

static void a_newer_list_replaces_an_older_one_and_never_the_other_way(void **state)
{
	struct rig *rig = started(state);

	rig_crl(rig, false, 5, RIG_LIFE_MS);
	rig_announce(rig, false, 5);
	RIG_UNTIL(rig, served_number(rig) == 5);
	rig_crl(rig, false, 4, RIG_LIFE_MS);
	rig_announce(rig, false, 6);
	RIG_UNTIL(rig, rig_logged(rig, "number 4, but 5 was seen"));
	assert_int_equal(served_number(rig), 5);
	rig_stop(rig);
}

static void a_list_of_another_ca_is_not_served(void **state)
{
	struct rig *rig = started(state);

	rig->is_forging = true;
	rig_crl(rig, false, 7, RIG_LIFE_MS);
	rig_announce(rig, false, 7);
	RIG_UNTIL(rig, rig_logged(rig, "crl.refused"));
	assert_int_equal(served_number(rig), 1);
	rig->is_forging = false;
	rig_crl(rig, false, 8, RIG_LIFE_MS);
	rig_announce(rig, false, 8);
	RIG_UNTIL(rig, served_number(rig) == 8);
	/* One bit of a signature. */
	rig_crl(rig, false, 9, RIG_LIFE_MS);
	rig->crls[0].at[rig->crls[0].len - 1] ^= 1;
	rig_announce(rig, false, 9);
	rig_pass_ms(rig, 300);
	assert_int_equal(served_number(rig), 8);
	rig_stop(rig);
}

static void an_unannounced_list_follows_a_notice(void **state)
{
	struct rig *rig = started(state);

	rig_revoke(rig, 0);
	rig_crl(rig, false, 2, RIG_LIFE_MS);
	RIG_UNTIL(rig, served_number(rig) == 2);
	rig_stop(rig);
}

static void a_list_is_renewed_before_its_end_and_not_served_after(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob answer = {0};

	rig_crl(rig, false, 1, 3000);
	started(state);
	rig_crl(rig, false, 2, 4000);
	RIG_UNTIL(rig, served_number(rig) == 2);
	RIG_UNTIL(rig, rig_get(rig, "/ca.crl", &answer) == 503);
	rig_get(rig, "/healthz", &answer);
	assert_true(rig_has(&answer, "\"old-crl\""));
	assert_true(rig_has(&answer, "HTTP/1.1 503 "));
	rig_stop(rig);
}

static void who_has_a_list_already_is_told_so(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob answer = {0};
	char tag[80] = "", request[256];

	assert_int_equal(rig_get(rig, "/ca.crl", &answer), 200);
	assert_ok(blob_append(&answer, SPAN("")));
	assert_int_equal(sscanf(strstr((const char *)answer.at, "ETag: ") + 6, "%79s", tag), 1);
	snprintf(request, sizeof request,
		"GET /ca.crl HTTP/1.1\r\nHost: x\r\nConnection: close\r\nIf-None-Match: %s\r\n\r\n", tag);
	rig_http(rig, span_text(request), &answer);
	assert_true(rig_has(&answer, "HTTP/1.1 304 "));
	rig_stop(rig);
}

static void a_ca_that_nobody_pinned_is_not_served(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob answer = {0};
	unsigned error = 0;

	rig->is_other = true;
	rig_start(rig, "");
	rig_wait_health(rig, "no-ca");
	RIG_UNTIL(rig, rig_logged(rig, "ca.refused"));
	assert_int_equal(rig_get(rig, "/ca.crt", &answer), 503);
	assert_int_equal(rig_get(rig, "/ca.crl", &answer), 503);
	rig_ask(rig, 0, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_UNAUTHORIZED);
	rig->is_other = false;
	rig_wait_health(rig, "ok");
	assert_int_equal(rig_get(rig, "/ca.crt", &answer), 200);
	rig_stop(rig);
}

/* ---- OCSP ---- */

static void a_certificate_is_good_by_get_and_post_and_both_hashes(void **state)
{
	struct rig *rig = started(state);
	unsigned error = 0;

	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(rig_ask(rig, 0, i % 2 == 0 ? DIGEST_SHA1 : DIGEST_SHA256, i % 4 < 2, &error),
			OCSP_GOOD);
		assert_int_equal(error, 0);
	}
	/* Asked for once for each hash. */
	assert_int_equal(rig->stations[0].asked, 2);
	rig_stop(rig);
}

static void responses_may_be_cached_as_their_profile_says(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob request = {0};
	DROP(blob_release) struct blob answer = {0};

	rig_request(rig, 0, DIGEST_SHA1, false, &request);
	rig_http(rig, blob_span(&request), &answer);
	assert_true(rig_has(&answer, "Cache-Control: max-age=59"));
	assert_true(rig_has(&answer, ", public, no-transform, must-revalidate\r\n"));
	assert_true(rig_has(&answer, "Expires: "));
	assert_true(rig_has(&answer, "Last-Modified: "));
	assert_true(rig_has(&answer, "ETag: \""));
	assert_true(rig_has(&answer, "Date: "));
	rig_stop(rig);
}

static void a_notice_ends_what_is_kept_at_once(void **state)
{
	struct rig *rig = started(state);
	size_t other = rig_know(rig, OCSP_GOOD);
	unsigned error = 0;

	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA256, true, &error), OCSP_GOOD);
	assert_int_equal(rig_ask(rig, other, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig_revoke(rig, 0);
	RIG_UNTIL(rig, rig_ask(rig, 0, DIGEST_SHA1, true, &error) == OCSP_REVOKED);
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA256, false, &error), OCSP_REVOKED);
	assert_int_equal(rig->stations[0].asked, 5);
	assert_int_equal(rig_ask(rig, other, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(rig->stations[0].asked, 5);
	rig_stop(rig);
}

static void a_notice_that_was_missed_ends_it_too(void **state)
{
	struct rig *rig = started(state);
	const size_t number = 0;
	unsigned error = 0;

	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig->known[0].status = OCSP_REVOKED;
	rig_notice(rig, &number, 1, false);
	RIG_UNTIL(rig, rig_ask(rig, 0, DIGEST_SHA1, true, &error) == OCSP_REVOKED);
	rig_stop(rig);
}

static void a_notice_that_is_full_ends_everything(void **state)
{
	struct rig *rig = started(state);
	size_t numbers[64] = {0};
	unsigned error = 0;

	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = i < 60 ? rig_know(rig, OCSP_GOOD) : 1;
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig->known[0].status = OCSP_REVOKED;
	rig_notice(rig, numbers, COUNT(numbers), true);
	RIG_UNTIL(rig, rig_ask(rig, 0, DIGEST_SHA1, true, &error) == OCSP_REVOKED);
	rig_stop(rig);
}

/* The answer was made before the revocation and comes after its notice. */
static void an_answer_from_before_a_notice_is_not_given(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob request = {0};
	DROP(blob_release) struct blob answer = {0};
	const size_t number = 0;
	unsigned error = 0;
	uint8_t bytes[4096];
	ssize_t n = -1;
	int fd = rig_dial(rig);

	rig->holds = true;
	rig_request(rig, 0, DIGEST_SHA1, true, &request);
	rig_say(fd, blob_span(&request));
	RIG_UNTIL(rig, rig->held_count == 1);
	rig->known[0].status = OCSP_REVOKED;
	rig_notice(rig, &number, 1, true);
	RIG_UNTIL(rig, rig_logged(rig, "kind=lapsed"));
	rig->holds = false;
	rig_answer_held(rig);
	RIG_UNTIL(rig, (n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0);
	assert_ok(blob_append(&answer, span_of(bytes, (size_t)n)));
	assert_int_equal(rig_read(rig, &answer, &error), OCSP_REVOKED);
	assert_int_equal(rig->stations[0].asked, 2);
	close(fd);
	rig_stop(rig);
}

static void a_herd_makes_one_request(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob request = {0};
	int fds[HERD];

	rig->holds = true;
	rig_request(rig, 0, DIGEST_SHA256, false, &request);
	for (size_t i = 0; i < HERD; i++) {
		fds[i] = rig_dial(rig);
		rig_say(fds[i], blob_span(&request));
	}
	/* Some go away before the answer comes. */
	RIG_UNTIL(rig, rig->held_count == 1);
	for (size_t i = 0; i < HERD; i += 4)
		close(fds[i]);
	rig_pass_ms(rig, 200);
	assert_int_equal(rig->stations[0].asked, 1);
	rig->holds = false;
	rig_answer_held(rig);
	for (size_t i = 0; i < HERD; i++) {
		DROP(blob_release) struct blob answer = {0};
		uint8_t bytes[4096];
		unsigned error = 0;
		ssize_t n = -1;

		if (i % 4 == 0)
			continue;
		RIG_UNTIL(rig, (n = recv(fds[i], bytes, sizeof bytes, MSG_DONTWAIT)) >= 0);
		assert_ok(blob_append(&answer, span_of(bytes, (size_t)n)));
		assert_int_equal(rig_read(rig, &answer, &error), OCSP_GOOD);
		close(fds[i]);
	}
	assert_int_equal(rig->stations[0].asked, 1);
	rig_stop(rig);
}

static void what_the_ca_does_not_know_is_unauthorized(void **state)
{
	struct rig *rig = started(state);
	size_t unknown = rig_know(rig, OCSP_GOOD);
	unsigned error = 0;

	rig->known_count--;
	rig_ask(rig, unknown, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_UNAUTHORIZED);
	rig_stop(rig);
}

static void what_another_ca_issued_is_unauthorized(void **state)
{
	struct rig *rig = started(state);
	struct fake_ca ours = rig->ca;
	unsigned error = 0;

	rig->ca = rig->other;
	rig_ask(rig, 0, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_UNAUTHORIZED);
	rig_ask(rig, 0, DIGEST_SHA256, false, &error);
	assert_int_equal(error, OCSP_UNAUTHORIZED);
	rig->ca = ours;
	assert_int_equal(rig->stations[0].asked, 0);
	rig_stop(rig);
}

static void a_response_that_does_not_hold_is_not_given(void **state)
{
	struct rig *rig = started(state);
	unsigned error = 0;

	rig->is_forging = true;
	rig_ask(rig, 0, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_TRY_LATER);
	rig->is_forging = false;
	rig->lies_about = DIGEST_SHA256;
	rig_ask(rig, 0, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_TRY_LATER);
	rig->lies_about = DIGEST_NONE;
	assert_true(rig_logged(rig, "ocsp.refused"));
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(error, 0);
	rig_stop(rig);
}

static void a_response_is_fetched_anew_when_it_ends(void **state)
{
	struct rig *rig = started(state);
	unsigned error = 0;

	rig->life_ms = 1000;
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig_pass_ms(rig, 1050);
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(rig->stations[0].asked, 2);
	rig_stop(rig);
}

static void who_hears_nothing_says_try_later(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob answer = {0};
	unsigned error = 0;

	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig->is_silent = true;
	rig_wait_health(rig, "blind");
	rig_ask(rig, 0, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_TRY_LATER);
	assert_int_equal(rig_get(rig, "/healthz", &answer), 503);
	/* A list speaks for itself, with its own dates. */
	assert_int_equal(rig_get(rig, "/ca.crl", &answer), 200);
	rig->is_silent = false;
	rig_wait_health(rig, "ok");
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(error, 0);
	rig_stop(rig);
}

static void a_service_that_does_not_answer_means_try_later(void **state)
{
	struct rig *rig = *state;
	unsigned error = 0;

	rig_start(rig, "wait = 500ms\n");
	rig_wait_health(rig, "ok");
	rig->holds = true;
	rig_ask(rig, 0, DIGEST_SHA1, true, &error);
	assert_int_equal(error, OCSP_TRY_LATER);
	rig->held_count = 0;
	rig->holds = false;
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig_stop(rig);
}

static void the_one_that_leads_is_asked(void **state)
{
	struct rig *rig = *state;
	size_t other = rig_know(rig, OCSP_GOOD);
	unsigned error = 0;

	rig->leader = 1;
	started(state);
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(rig->stations[1].asked, 1);
	/* The other one takes over, and this one goes away. */
	rig->leader = 0;
	rig_down(rig, 1);
	assert_int_equal(rig_ask(rig, other, DIGEST_SHA1, true, &error), OCSP_GOOD);
	assert_int_equal(error, 0);
	assert_int_equal(rig->stations[0].asked, 1);
	rig_stop(rig);
}

/* ---- hostile HTTP ---- */

static void junk_is_a_malformed_request(void **state)
{
	static const char *const paths[] = {"/ocsp/", "/ocsp/%", "/ocsp/%00", "/ocsp/AAAA%00", "/ocsp/AAAA",
		"/ocsp/MAA=", "/ocsp/MAA%3d%00", "/ocsp/../../etc/passwd", "/ocsp/////",
		"/ocsp/====", "/ocsp/MEUwQzBBMD8wPTAJBgUrDgMC", "/ocsp/%4d%41%41%3d", "/ocsp/%zz", "/ocsp/+"};
	struct rig *rig = started(state);
	DROP(blob_release) struct blob answer = {0};
	unsigned error = 0;

	for (size_t i = 0; i < COUNT(paths); i++) {
		rig_get(rig, paths[i], &answer);
		rig_read(rig, &answer, &error);
		assert_int_equal(error, OCSP_MALFORMED_REQUEST);
	}
	assert_int_equal(rig_get(rig, "/ocsp", &answer), 405);
	assert_int_equal(rig_get(rig, "/", &answer), 404);
	rig_http(rig,
		span_text(
			"POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n00"),
		&answer);
	assert_true(rig_has(&answer, "HTTP/1.1 415 "));
	rig_http(rig,
		span_text("POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
			  "application/ocsp-request\r\nContent-Length: 3\r\n\r\nxyz"),
		&answer);
	rig_read(rig, &answer, &error);
	assert_int_equal(error, OCSP_MALFORMED_REQUEST);
	assert_int_equal(rig->stations[0].asked, 0);
	rig_stop(rig);
}

static void a_request_that_is_cut_short_harms_nobody(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob request = {0};
	unsigned error = 0;

	for (unsigned i = 0; i < 2; i++) {
		rig_request(rig, 0, DIGEST_SHA1, i == 1, &request);
		for (size_t len = 0; len < request.len; len += 7) {
			int fd = rig_dial(rig);

			rig_say(fd, span_of(request.at, len));
			close(fd);
			assert_ok(loop_turn(rig->loop, 0, NULL));
		}
	}
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	rig_stop(rig);
}

static void what_is_too_large_is_refused(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob request = {0};
	DROP(blob_release) struct blob answer = {0};
	const char head[] = "POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: "
			    "application/ocsp-request\r\nContent-Length: 4097\r\n\r\n";
	char path[8000] = "/ocsp/";

	assert_ok(blob_append(&request, span_text(head)));
	assert_ok(blob_resize(&request, request.len + 4097));
	rig_http(rig, blob_span(&request), &answer);
	assert_true(rig_has(&answer, "HTTP/1.1 413 "));
	memset(path + 6, 'A', sizeof path - 7);
	rig_get(rig, path, &answer);
	assert_true(rig_has(&answer, "application/ocsp-response"));
	assert_int_equal(rig->stations[0].asked, 0);
	rig_stop(rig);
}

static void a_crowd_that_only_connects_does_not_keep_others_out(void **state)
{
	struct rig *rig = *state;
	int fds[60];
	unsigned error = 0;

	rig_start(rig, "connections-max = 20\naddress-connections-max = 100\n");
	rig_wait_health(rig, "ok");
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = rig_dial(rig);
		rig_say(fds[i], span_text("GET /ca"));
	}
	assert_int_equal(rig_ask(rig, 0, DIGEST_SHA1, true, &error), OCSP_GOOD);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	rig_stop(rig);
}

static void one_address_is_turned_away_with_a_word(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob answer = {0};
	int fds[3];

	rig_start(rig, "address-connections-max = 3\n");
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = rig_dial(rig);
	assert_int_equal(rig_get(rig, "/healthz", &answer), 503);
	assert_true(rig_has(&answer, "Too many connections"));
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	rig_wait_health(rig, "ok");
	rig_stop(rig);
}

/* ---- starting ---- */

static void it_starts_with_keys_of_a_plugin_and_not_without(void **state)
{
	struct rig *rig = *state;

	rig_start(rig, "identity = stranger\n");
	assert_int_equal(rig->pid, 0);
	assert_true(rig_logged(rig, "are not in roster 1"));
	rig_start(rig, "ca = nothing.pem\n");
	assert_int_equal(rig->pid, 0);
	assert_true(rig_logged(rig, "nothing.pem"));
	rig_start(rig, "ca = root.pub\n");
	assert_int_equal(rig->pid, 0);
	assert_true(rig_logged(rig, "expected certificates in PEM"));
}

static void a_newer_roster_is_noticed(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob bytes = {0};
	DROP(blob_release) struct blob answer = {0};
	char path[SCRATCH_FILE_BYTES];

	rig_make_roster(rig, 2, &bytes);
	assert_ok(file_replace(scratch_file(&rig->dir, "roster", path), blob_span(&bytes), 0644, NULL));
	RIG_UNTIL(rig, rig_logged(rig, "roster.taken number=2"));
	rig_get(rig, "/healthz", &answer);
	assert_true(rig_has(&answer, "\"roster\": 2"));
	rig_wait_health(rig, "ok");
	rig_stop(rig);
}

/* ---- openssl's client ---- */

/* Run openssl while the rig goes on; its output. */
static int openssl(struct rig *rig, const char *const *arguments, struct blob *out)
{
	char log[SCRATCH_FILE_BYTES];
	int status = 0;
	pid_t pid = fork();

	scratch_file(&rig->dir, "openssl.log", log);
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		if (chdir(rig->dir.path) == 0)
			execvp("openssl", (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	RIG_UNTIL(rig, waitpid(pid, &status, WNOHANG) != 0);
	blob_clear(out);
	(void)!file_read(log, 1 << 20, out, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_pem(struct rig *rig, const char *name, const char *label, struct span der)
{
	DROP(blob_release) struct blob pem = {0};
	char path[SCRATCH_FILE_BYTES];

	assert_ok(pem_write(label, der, &pem));
	assert_ok(file_replace(scratch_file(&rig->dir, name, path), blob_span(&pem), 0644, NULL));
}

static void openssl_believes_it(void **state)
{
	struct rig *rig = started(state);
	DROP(blob_release) struct blob leaf = {0};
	DROP(blob_release) struct blob out = {0};
	char url[64];
	const char *const ocsp[] = {"openssl", "ocsp", "-issuer", "issuer.pem", "-cert", "leaf.pem", "-url",
		url, "-CAfile", "ca.pem", "-verify_other", "issuer.pem", "-no_nonce", "-timeout", "10", NULL};
	const char *const verify[] = {"openssl", "verify", "-crl_check", "-CAfile", "ca.pem", "-untrusted",
		"issuer.pem", "-CRLfile", "list.pem", "leaf.pem", NULL};

	snprintf(url, sizeof url, "http://127.0.0.1:%u/ocsp", rig->port);
	fake_ca_issue(&rig->ca, rig->known[0].serial, &leaf, NULL);
	write_pem(rig, "leaf.pem", PEM_CERTIFICATE, blob_span(&leaf));
	write_pem(rig, "issuer.pem", PEM_CERTIFICATE, blob_span(&rig->ca.certificate));
	assert_int_equal(openssl(rig, ocsp, &out), 0);
	if (!rig_has(&out, "leaf.pem: good") || !rig_has(&out, "Response verify OK"))
		fail_msg("%.*s", SPAN_FMT(blob_span(&out)));
	assert_int_equal(rig_get(rig, "/ca.crl", &out), 200);
	write_pem(rig, "list.pem", PEM_CRL, rig_body(&out));
	assert_int_equal(openssl(rig, verify, &out), 0);

	rig_revoke(rig, 0);
	rig_crl(rig, false, 2, RIG_LIFE_MS);
	rig_announce(rig, false, 2);
	RIG_UNTIL(rig, served_number(rig) == 2);
	openssl(rig, ocsp, &out);
	if (!rig_has(&out, "leaf.pem: revoked"))
		fail_msg("%.*s", SPAN_FMT(blob_span(&out)));
	assert_int_equal(rig_get(rig, "/ca.crl", &out), 200);
	write_pem(rig, "list.pem", PEM_CRL, rig_body(&out));
	assert_int_not_equal(openssl(rig, verify, &out), 0);
	assert_true(rig_has(&out, "certificate revoked"));
	rig_stop(rig);
}

static int refresh(void **state)
{
	rig_refresh(*state);
	return 0;
}

static int open_shared(void **state)
{
	rig_open(state);
	((struct rig *)*state)->is_shared = true;
	return 0;
}

#define OWN(name)    cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
#define SHARED(name) cmocka_unit_test_setup(name, refresh)

int main(void)
{
	/* Those that share a program come first. */
	const struct CMUnitTest tests[] = {
		SHARED(a_certificate_is_good_by_get_and_post_and_both_hashes),
		SHARED(responses_may_be_cached_as_their_profile_says),
		SHARED(a_notice_ends_what_is_kept_at_once),
		SHARED(a_notice_that_was_missed_ends_it_too),
		SHARED(a_notice_that_is_full_ends_everything),
		SHARED(a_herd_makes_one_request),
		SHARED(what_the_ca_does_not_know_is_unauthorized),
		SHARED(what_another_ca_issued_is_unauthorized),
		SHARED(a_response_is_fetched_anew_when_it_ends),
		SHARED(junk_is_a_malformed_request),
		SHARED(a_request_that_is_cut_short_harms_nobody),
		SHARED(what_is_too_large_is_refused),
		SHARED(who_has_a_list_already_is_told_so),
		OWN(the_ca_and_its_lists_are_served),
		OWN(a_list_comes_in_parts),
		OWN(a_newer_list_replaces_an_older_one_and_never_the_other_way),
		OWN(a_list_of_another_ca_is_not_served),
		OWN(an_unannounced_list_follows_a_notice),
		OWN(a_list_is_renewed_before_its_end_and_not_served_after),
		OWN(a_ca_that_nobody_pinned_is_not_served),
		OWN(an_answer_from_before_a_notice_is_not_given),
		OWN(a_response_that_does_not_hold_is_not_given),
		OWN(who_hears_nothing_says_try_later),
		OWN(a_service_that_does_not_answer_means_try_later),
		OWN(the_one_that_leads_is_asked),
		OWN(a_crowd_that_only_connects_does_not_keep_others_out),
		OWN(one_address_is_turned_away_with_a_word),
		OWN(it_starts_with_keys_of_a_plugin_and_not_without),
		OWN(a_newer_roster_is_noticed),
		OWN(openssl_believes_it),
	};

	return cmocka_run_group_tests(tests, open_shared, rig_close);
}
