#include "tests/integration/gateway_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "lib/base/drop.h"
#include "lib/base/file.h"
#include "lib/pki/pem.h"
#include "lib/trust/roster.h"

static struct rig *the_rig;

static uint64_t now_ms(void)
{
	return clock_wall_ms(clock_system());
}

static const struct identity *station_keys(const struct rig *rig, unsigned station)
{
	return station == 0 ? &rig->one : &rig->two;
}

static const char *station_name(unsigned station)
{
	return station == 0 ? "one" : "two";
}

/* ---- the log of the program ---- */

static void read_log(const struct rig *rig, struct blob *out)
{
	char path[SCRATCH_FILE_BYTES];

	if (file_read(scratch_file(&rig->dir, "log", path), 8 << 20, out, NULL) != RC_OK)
		blob_clear(out);
}

void rig_print_log(const struct rig *rig)
{
	DROP(blob_release) struct blob text = {0};

	read_log(rig, &text);
	print_error("%.*s\n", SPAN_FMT(blob_span(&text)));
}

bool rig_logged(const struct rig *rig, const char *text)
{
	DROP(blob_release) struct blob log = {0};

	read_log(rig, &log);
	return log.len != 0 && memmem(log.at, log.len, text, strlen(text)) != NULL;
}

void rig_pass_ms(struct rig *rig, uint64_t ms)
{
	uint64_t end = clock_mono_ms(clock_system()) + ms;

	while (clock_mono_ms(clock_system()) < end)
		assert_ok(loop_turn(rig->loop, 5, NULL));
}

/* ---- notices ---- */

static void make_head(struct rig *rig, unsigned station, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_head,
		.head = {rig->place.seq, SPAN(rig->place.hash), now_ms(),
			span_text(station_name(rig->leader))}};

	assert_ok(signed_make(&station_keys(rig, station)->sign, &msg, out, NULL));
}

static void on_tick(void *ctx)
{
	struct rig *rig = ctx;

	for (unsigned i = 0; i < STATIONS && !rig->is_silent; i++) {
		DROP(blob_release) struct blob head = {0};

		if (rig->stations[i].publisher == NULL)
			continue;
		make_head(rig, i, &head);
		assert_ok(publisher_send_frame(rig->stations[i].publisher, "head", blob_span(&head)));
	}
}

void rig_notice(struct rig *rig, const size_t *numbers, size_t count, bool is_published)
{
	static const uint8_t node[NODE_ID_BYTES] = {0x4e};
	DROP(blob_release) struct blob raw = {0};
	struct blob *bytes = &rig->log[rig->place.seq];
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = rig->place.seq + 1,
			.previous = SPAN(rig->place.hash),
			.kind = span_text("lapsed"),
			.node = SPAN(node),
			.time = now_ms(),
			.severity = 8}};

	assert_true(rig->place.seq < RIG_SERIALS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct elem_serial item = {SPAN(rig->known[numbers[i]].serial)};

		assert_ok(ELEM_APPEND(serial, &item, &raw));
	}
	msg.notice.certificates = (struct list){blob_span(&raw), count};
	assert_ok(signed_make(&station_keys(rig, rig->leader)->sign, &msg, bytes, NULL));
	rig->place.seq++;
	assert_ok(notice_hash(blob_span(bytes), rig->place.hash));
	for (unsigned i = 0; i < STATIONS && is_published; i++)
		if (rig->stations[i].publisher != NULL)
			assert_ok(publisher_send_frame(
				rig->stations[i].publisher, "notice.4e00", blob_span(bytes)));
}

void rig_revoke(struct rig *rig, size_t number)
{
	rig->known[number].status = OCSP_REVOKED;
	rig_notice(rig, &number, 1, true);
}

size_t rig_know(struct rig *rig, enum ocsp_status status)
{
	assert_true(rig->known_count < RIG_SERIALS_MAX);
	assert_ok(serial_make(rig->known[rig->known_count].serial, NULL));
	rig->known[rig->known_count].status = status;
	return rig->known_count++;
}

void rig_crl(struct rig *rig, bool is_delta, uint64_t number, uint64_t life_ms)
{
	struct crl_entry entries[RIG_SERIALS_MAX] = {0};
	struct blob *out = &rig->crls[is_delta ? 1 : 0];
	size_t count = 0;

	for (size_t i = 0; i < rig->known_count; i++) {
		if (rig->known[i].status != OCSP_REVOKED)
			continue;
		memcpy(entries[count].serial, rig->known[i].serial, SERIAL_BYTES);
		entries[count].reason = CRL_KEY_COMPROMISE;
		entries[count++].time_ms = now_ms();
	}
	blob_clear(out);
	fake_ca_crl(rig->is_forging ? &rig->other : &rig->ca, number, is_delta ? 1 : 0, entries, count,
		now_ms(), life_ms, out);
	rig->crl_numbers[is_delta ? 1 : 0] = number;
}

void rig_announce(struct rig *rig, bool is_delta, uint64_t number)
{
	const struct msg msg = {.type = MSG_TYPE_crl_ready, .crl_ready = {is_delta, number}};

	for (unsigned i = 0; i < STATIONS; i++)
		if (rig->stations[i].publisher != NULL)
			assert_ok(publisher_send(rig->stations[i].publisher, "crl", &msg));
}

/* ---- what a revocation service is asked ---- */

static unsigned station_of(const void *ctx)
{
	return (unsigned)((const struct station *)ctx - the_rig->stations);
}

static void on_notices(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = the_rig;
	struct station *station = ctx;
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob head = {0};
	struct msg answer = {.type = MSG_TYPE_notices, .id = msg->id};
	size_t count = 0;

	(void)frame;
	for (uint64_t seq = msg->notices_get.from; seq <= rig->place.seq && seq <= msg->notices_get.to;
		seq++) {
		const struct elem_item item = {blob_span(&rig->log[seq - 1])};

		assert_ok(ELEM_APPEND(item, &item, &raw));
		count++;
	}
	make_head(rig, station_of(ctx), &head);
	answer.notices = (struct msg_notices){{blob_span(&raw), count}, blob_span(&head)};
	(void)!server_send(station->server, peer, &answer);
}

static void on_ack(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	(void)ctx;
	(void)peer;
	(void)msg;
	(void)frame;
}

static void on_ca(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = the_rig;
	struct station *station = ctx;
	const struct fake_ca *ca = rig->is_other ? &rig->other : &rig->ca;
	const struct elem_certificate item = {blob_span(&ca->root)};
	DROP(blob_release) struct blob raw = {0};
	struct msg answer = {.type = MSG_TYPE_ca_info, .id = msg->id};

	(void)frame;
	assert_ok(ELEM_APPEND(certificate, &item, &raw));
	answer.ca_info = (struct msg_ca_info){blob_span(&ca->certificate), {blob_span(&raw), 1}};
	(void)!server_send(station->server, peer, &answer);
}

static void on_crl(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = the_rig;
	struct station *station = ctx;
	unsigned which = msg->crl_get.delta ? 1 : 0;
	const struct blob *crl = &rig->crls[which];
	size_t from = (size_t)msg->crl_get.from;
	size_t len = rig->part_max == 0 ? 65536 : rig->part_max;
	struct msg answer = {.type = MSG_TYPE_crl_part, .id = msg->id};

	(void)frame;
	station->crls++;
	if (crl->len == 0 || from >= crl->len ||
		(msg->crl_get.number != 0 && msg->crl_get.number != rig->crl_numbers[which])) {
		server_send_error(station->server, peer, msg->id, RC_NOT_FOUND, "no such list");
		return;
	}
	if (len > crl->len - from)
		len = crl->len - from;
	answer.crl_part = (struct msg_crl_part){.delta = msg->crl_get.delta,
		.number = rig->crl_numbers[which],
		.size = crl->len,
		.from = from,
		.bytes = span_of(crl->at + from, len),
		.until = now_ms() + 1000};
	(void)!server_send(station->server, peer, &answer);
}

static void answer_ocsp(struct rig *rig, unsigned station, const struct peer *peer, uint64_t id,
	const struct known *what, enum digest_alg hash)
{
	DROP(blob_release) struct blob response = {0};
	struct msg answer = {.type = MSG_TYPE_ocsp_info, .id = id};

	fake_ca_respond(rig->is_forging ? &rig->other : &rig->ca, SPAN(what->serial),
		rig->lies_about == DIGEST_NONE ? hash : rig->lies_about, what->status, now_ms(), rig->life_ms,
		&response);
	answer.ocsp_info = (struct msg_ocsp_info){blob_span(&response), now_ms() + rig->life_ms};
	(void)!server_send(rig->stations[station].server, peer, &answer);
}

void rig_answer_held(struct rig *rig)
{
	for (size_t i = 0; i < rig->held_count; i++)
		answer_ocsp(rig, rig->held[i].station, &rig->held[i].peer, rig->held[i].id,
			&rig->held[i].what, rig->held[i].hash);
	rig->held_count = 0;
}

static void on_ocsp(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = the_rig;
	struct station *station = ctx;
	enum digest_alg hash = digest_of_tpm_id((uint16_t)msg->ocsp_get.hash);
	const struct known *what = NULL;
	struct known made;

	(void)frame;
	if (station_of(ctx) != rig->leader) {
		const struct msg moved = {.type = MSG_TYPE_moved,
			.id = msg->id,
			.moved = {span_text(station_name(rig->leader))}};

		(void)!server_send(station->server, peer, &moved);
		return;
	}
	station->asked++;
	for (size_t i = 0; i < rig->known_count; i++)
		if (span_equal(SPAN(rig->known[i].serial), msg->ocsp_get.serial))
			what = &rig->known[i];
	if (rig->is_known != NULL && rig->is_known(msg->ocsp_get.serial, &made))
		what = &made;
	if (what == NULL)
		server_send_error(station->server, peer, msg->id, RC_NOT_FOUND, "no such certificate");
	else if (rig->holds && rig->held_count < RIG_HELD_MAX)
		rig->held[rig->held_count++] = (struct held){station_of(ctx), *peer, msg->id, *what, hash};
	else if (!rig->holds)
		answer_ocsp(rig, station_of(ctx), peer, msg->id, what, hash);
}

static enum admit admit(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	(void)ctx;
	(void)token;
	return memcmp(key, the_rig->plugin.curve.public, CURVE_KEY_BYTES) == 0 ? ADMIT_YES : ADMIT_NO;
}

static unsigned role_of(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	(void)ctx;
	(void)key;
	return ROLE_PLUGIN;
}

static void endpoint_of(const struct rig *rig, unsigned station, char mark, char out[ENDPOINT_MAX + 1])
{
	snprintf(out, ENDPOINT_MAX + 1, "ipc://%s/%c%u", rig->dir.path, mark, station);
}

static void up(struct rig *rig, unsigned number)
{
	static const struct server_row rows[] = {
		{MSG_TYPE_notices_get, ROLE_PLUGIN, on_notices},
		{MSG_TYPE_notice_ack, ROLE_PLUGIN, on_ack},
		{MSG_TYPE_ca_get, ROLE_PLUGIN, on_ca},
		{MSG_TYPE_crl_get, ROLE_PLUGIN, on_crl},
		{MSG_TYPE_ocsp_get, ROLE_PLUGIN, on_ocsp},
	};
	const struct identity *keys = station_keys(rig, number);
	struct station *station = &rig->stations[number];
	char where[ENDPOINT_MAX + 1], domain[16], public[16];
	DROP(curve_pair_release) struct curve_pair pair = {0};
	struct server_options server = {.endpoint = where,
		.domain = domain,
		.pair = &pair,
		.rows = rows,
		.row_count = COUNT(rows),
		.admit = admit,
		.role_of = role_of,
		.ctx = station};
	struct publisher_options publisher = {
		.endpoint = where, .domain = public, .pair = &pair, .admit = admit};

	memcpy(pair.public_key, keys->curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, keys->curve.secret, CURVE_KEY_BYTES);
	snprintf(domain, sizeof domain, "s%u", number);
	snprintf(public, sizeof public, "p%u", number);
	endpoint_of(rig, number, 's', where);
	assert_ok(server_open(rig->bus, &server, &station->server, NULL));
	endpoint_of(rig, number, 'p', where);
	assert_ok(publisher_open(rig->bus, &publisher, &station->publisher, NULL));
}

void rig_down(struct rig *rig, unsigned station)
{
	if (rig->stations[station].server == NULL)
		return;
	server_close(&rig->stations[station].server);
	publisher_close(&rig->stations[station].publisher);
}

/* ---- files ---- */

static void member(struct rig *rig, struct roster_member *out, const char *name, unsigned role,
	const struct identity *keys)
{
	snprintf(out->name, sizeof out->name, "%s", name);
	out->role = role;
	memcpy(out->curve, keys->curve.public, CURVE_KEY_BYTES);
	memcpy(out->sign, keys->sign.public, SIGN_KEY_BYTES);
	out->not_after = UINT64_MAX;
	if (role == ROLE_REVOCATION) {
		endpoint_of(rig, keys == &rig->one ? 0 : 1, 's', out->endpoint);
		endpoint_of(rig, keys == &rig->one ? 0 : 1, 'p', out->publisher);
	}
}

void rig_make_roster(struct rig *rig, uint64_t number, struct blob *out)
{
	struct roster_member members[3] = {0};

	member(rig, &members[0], "one", ROLE_REVOCATION, &rig->one);
	member(rig, &members[1], "two", ROLE_REVOCATION, &rig->two);
	member(rig, &members[2], "gateway", ROLE_PLUGIN, &rig->plugin);
	assert_ok(roster_make(&rig->root, number, 1, members, COUNT(members), out, NULL));
}

static void write_files(struct rig *rig)
{
	DROP(blob_release) struct blob roster = {0};
	DROP(blob_release) struct blob pem = {0};
	char path[SCRATCH_FILE_BYTES];

	rig_make_roster(rig, 1, &roster);
	assert_ok(file_create(scratch_file(&rig->dir, "roster", path), blob_span(&roster), 0644, NULL));
	assert_ok(keyfile_create(
		scratch_file(&rig->dir, "root.pub", path), KEYFILE_SIGN_PUBLIC, rig->root.public, NULL));
	assert_int_equal(mkdir(scratch_file(&rig->dir, "identity", path), 0700), 0);
	assert_ok(identity_create(path, &rig->plugin, NULL));
	assert_int_equal(mkdir(scratch_file(&rig->dir, "stranger", path), 0700), 0);
	assert_ok(identity_create(path, &rig->stranger, NULL));
	assert_ok(pem_write(PEM_CERTIFICATE, blob_span(&rig->ca.root), &pem));
	assert_ok(file_create(scratch_file(&rig->dir, "ca.pem", path), blob_span(&pem), 0644, NULL));
}

/* ---- the program ---- */

static unsigned find_port(const struct rig *rig)
{
	DROP(blob_release) struct blob log = {0};
	static const char mark[] = "http.listen address=127.0.0.1:";
	const char *at;
	unsigned port = 0;

	read_log(rig, &log);
	assert_ok(blob_append(&log, SPAN("")));
	at = strstr((const char *)log.at, mark);
	for (unsigned i = 0; i < rig->lines && at != NULL; i++)
		at = strstr(at + 1, mark);
	if (at != NULL && strchr(at, '\n') != NULL)
		port = (unsigned)strtoul(at + sizeof mark - 1, NULL, 10);
	return port;
}

static void launch(struct rig *rig, const char *lines)
{
	char program[512], conf[SCRATCH_FILE_BYTES], log[SCRATCH_FILE_BYTES], text[2048];

	snprintf(text, sizeof text, "listen = 127.0.0.1:0\nlog-level = debug\n%s%s",
		geteuid() == 0 ? "user = root\n" : "", lines);
	assert_ok(file_replace(scratch_file(&rig->dir, "conf", conf), span_text(text), 0600, NULL));
	snprintf(program, sizeof program, "%s/services/gateway/limebus-gateway", getenv("LIMEBUS_BUILD"));
	scratch_file(&rig->dir, "log", log);
	rig->pid = fork();
	if (rig->pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, STDERR_FILENO);
		/* The leak sanitizer traces the program, which its sandbox does not let it be. */
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
		execl(program, program, "--config", conf, (char *)NULL);
		_exit(127);
	}
	assert_true(rig->pid > 0);
}

void rig_start(struct rig *rig, const char *lines)
{
	launch(rig, lines);
	rig->port = 0;
	RIG_UNTIL(rig, (rig->port = find_port(rig)) != 0 || waitpid(rig->pid, NULL, WNOHANG) != 0);
	if (rig->port == 0)
		rig->pid = 0;
}

int rig_wait_end(struct rig *rig)
{
	int status = 0;

	RIG_UNTIL(rig, waitpid(rig->pid, &status, WNOHANG) != 0);
	rig->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void rig_stop(struct rig *rig)
{
	int status;

	if (rig->pid <= 0 || rig->is_shared)
		return;
	kill(rig->pid, SIGTERM);
	status = rig_wait_end(rig);
	rig->lines++;
	if (status != 0) {
		rig_print_log(rig);
		fail_msg("it ended with %d", status);
	}
}

void rig_wait_health(struct rig *rig, const char *state)
{
	DROP(blob_release) struct blob answer = {0};
	char text[64];

	snprintf(text, sizeof text, "\"state\": \"%s\"", state);
	RIG_UNTIL(rig, (rig_get(rig, "/healthz", &answer), rig_has(&answer, text)));
}

void rig_refresh(struct rig *rig)
{
	rig->known_count = 0;
	rig_know(rig, OCSP_GOOD);
	for (unsigned i = 0; i < STATIONS; i++)
		rig->stations[i].asked = 0;
	rig->holds = false;
	rig->held_count = 0;
	rig->life_ms = RIG_LIFE_MS;
}

int rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	const struct bus_options bus = {.peers_max = 16, .links_max = 4};

	assert_non_null(rig);
	the_rig = rig;
	signal(SIGPIPE, SIG_IGN);
	scratch_open(&rig->dir);
	assert_ok(identity_generate(&rig->one, NULL));
	assert_ok(identity_generate(&rig->two, NULL));
	assert_ok(identity_generate(&rig->plugin, NULL));
	assert_ok(identity_generate(&rig->stranger, NULL));
	assert_ok(sign_generate(&rig->root, NULL));
	fake_ca_open(&rig->ca);
	fake_ca_open(&rig->other);
	rig->life_ms = RIG_LIFE_MS;
	write_files(rig);
	rig_know(rig, OCSP_GOOD);
	rig_crl(rig, false, 1, RIG_LIFE_MS);
	assert_ok(loop_open(clock_system(), &rig->loop, NULL));
	assert_ok(bus_open(rig->loop, &bus, &rig->bus, NULL));
	for (unsigned i = 0; i < STATIONS; i++)
		up(rig, i);
	assert_ok(loop_every(rig->loop, &rig->tick, 50, on_tick, rig));
	*state = rig;
	return 0;
}

int rig_close(void **state)
{
	struct rig *rig = *state;

	if (rig->pid > 0) {
		kill(rig->pid, SIGKILL);
		waitpid(rig->pid, NULL, 0);
	}
	for (unsigned i = 0; i < STATIONS; i++)
		rig_down(rig, i);
	loop_cancel(rig->loop, &rig->tick);
	bus_close(&rig->bus);
	loop_close(&rig->loop);
	for (size_t i = 0; i < RIG_SERIALS_MAX; i++)
		blob_release(&rig->log[i]);
	for (size_t i = 0; i < COUNT(rig->crls); i++)
		blob_release(&rig->crls[i]);
	fake_ca_close(&rig->ca);
	fake_ca_close(&rig->other);
	identity_release(&rig->one);
	identity_release(&rig->two);
	identity_release(&rig->plugin);
	identity_release(&rig->stranger);
	sign_pair_release(&rig->root);
	scratch_release(&rig->dir);
	free(rig);
	return 0;
}

/* ---- HTTP ---- */

int rig_dial(struct rig *rig)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)rig->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

void rig_say(int fd, struct span bytes)
{
	size_t at = 0;

	while (at < bytes.len) {
		ssize_t n = send(fd, bytes.at + at, bytes.len - at, MSG_NOSIGNAL);

		/* Turned away. */
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static bool hear(int fd, struct blob *out)
{
	uint8_t bytes[16384];
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (n > 0)
		assert_ok(blob_append(out, span_of(bytes, (size_t)n)));
	return n > 0 || (n < 0 && errno == EAGAIN);
}

void rig_http(struct rig *rig, struct span request, struct blob *out)
{
	int fd = rig_dial(rig);

	blob_clear(out);
	rig_say(fd, request);
	RIG_UNTIL(rig, !hear(fd, out));
	close(fd);
}

unsigned rig_get(struct rig *rig, const char *path, struct blob *out)
{
	char text[16384];

	snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n", path);
	rig_http(rig, span_text(text), out);
	if (out->len < 12 || memcmp(out->at, "HTTP/1.1 ", 9) != 0)
		return 0;
	return (unsigned)(out->at[9] - '0') * 100 + (unsigned)(out->at[10] - '0') * 10 +
	       (unsigned)(out->at[11] - '0');
}

struct span rig_body(const struct blob *answer)
{
	const uint8_t *at = answer->len == 0 ? NULL : memmem(answer->at, answer->len, "\r\n\r\n", 4);

	return at == NULL ? (struct span){0} : span_of(at + 4, answer->len - (size_t)(at + 4 - answer->at));
}

bool rig_has(const struct blob *answer, const char *text)
{
	return answer->len != 0 && memmem(answer->at, answer->len, text, strlen(text)) != NULL;
}

/* ---- OCSP ---- */

static void append_text(struct blob *out, const char *text)
{
	assert_ok(blob_append(out, span_text(text)));
}

static void append_escaped(struct blob *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char escaped[4];

		snprintf(escaped, sizeof escaped, strchr("+/=", text.at[i]) == NULL ? "%c" : "%%%02X",
			text.at[i]);
		append_text(out, escaped);
	}
}

void rig_request(struct rig *rig, size_t number, enum digest_alg hash, bool is_post, struct blob *out)
{
	DROP(blob_release) struct blob der = {0};
	DROP(blob_release) struct blob text = {0};
	char line[256];

	fake_ca_request(&rig->ca, SPAN(rig->known[number].serial), hash, &der);
	blob_clear(out);
	if (is_post) {
		snprintf(line, sizeof line,
			"POST /ocsp HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Type: "
			"application/ocsp-request\r\nContent-Length: %zu\r\n\r\n",
			der.len);
		append_text(out, line);
		assert_ok(blob_append(out, blob_span(&der)));
		return;
	}
	assert_ok(base64_encode(blob_span(&der), &text));
	append_text(out, "GET /ocsp/");
	append_escaped(out, blob_span(&text));
	append_text(out, " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
}

enum ocsp_status rig_read(struct rig *rig, const struct blob *answer, unsigned *error)
{
	struct ocsp_response response;

	if (!rig_has(answer, "HTTP/1.1 200 OK\r\n") ||
		!rig_has(answer, "Content-Type: application/ocsp-response\r\n"))
		fail_msg("%.*s", SPAN_FMT(blob_span(answer)));
	assert_ok(ocsp_response_read(rig_body(answer), &response));
	*error = response.error;
	if (response.error == 0)
		assert_ok(ocsp_response_verify(&response, blob_span(&rig->ca.certificate), now_ms(), NULL));
	return response.error == 0 ? response.status : OCSP_UNKNOWN;
}

enum ocsp_status rig_ask(struct rig *rig, size_t number, enum digest_alg hash, bool is_post, unsigned *error)
{
	DROP(blob_release) struct blob request = {0};
	DROP(blob_release) struct blob answer = {0};

	rig_request(rig, number, hash, is_post, &request);
	rig_http(rig, blob_span(&request), &answer);
	return rig_read(rig, &answer, error);
}
