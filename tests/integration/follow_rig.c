#include "tests/integration/follow_rig.h"

#include <stdio.h>
#include <stdlib.h>

const uint8_t rig_node[NODE_ID_BYTES] = {0x4e};

static uint64_t wall_ms(const struct clock *clock)
{
	(void)clock;
	return clock_wall_ms(clock_system());
}

static uint64_t mono_us(const struct clock *clock)
{
	return clock_mono_us(clock_system()) + ((const struct rig *)(const void *)clock)->ahead_us;
}

void rig_pass_ms(struct rig *rig, uint64_t ms)
{
	rig->ahead_us += ms * 1000;
}

static void endpoint_of(const struct rig *rig, unsigned station, char mark, char out[ENDPOINT_MAX + 1])
{
	snprintf(out, ENDPOINT_MAX + 1, "ipc://%s/%c%u", rig->dir.path, mark, station);
}

/* ---- the roster ---- */

void rig_stations(struct rig *rig, unsigned count)
{
	static const unsigned roles[] = {ROLE_REVOCATION, ROLE_REVOCATION, ROLE_REVOCATION, ROLE_VERIFIER,
		ROLE_PROVISIONER, ROLE_PLUGIN};
	static const char *const names[] = {"one", "two", "three", "verifier", "operator", "plugin"};
	struct roster_member members[COUNT(roles)] = {0};
	DROP(blob_release) struct blob bytes = {0};
	size_t n = 0;

	for (unsigned i = 0; i < COUNT(roles); i++) {
		if (i < STATIONS && i >= count)
			continue;
		snprintf(members[n].name, sizeof members[n].name, "%s", names[i]);
		members[n].role = roles[i];
		memcpy(members[n].curve, rig->who[i].curve.public, CURVE_KEY_BYTES);
		memcpy(members[n].sign, rig->who[i].sign.public, SIGN_KEY_BYTES);
		members[n].not_after = UINT64_MAX;
		if (i < STATIONS) {
			endpoint_of(rig, i, 's', members[n].endpoint);
			endpoint_of(rig, i, 'p', members[n].publisher);
		}
		n++;
	}
	rig->station_count = count;
	assert_ok(roster_make(&rig->root, count, 1, members, n, &bytes, NULL));
	roster_release(&rig->roster);
	assert_ok(roster_open(blob_span(&bytes), rig->root.public, 0, &rig->roster, NULL));
}

/* ---- the log ---- */

void rig_make(struct rig *rig, const char *kind, uint64_t seq, const struct blob *previous, struct span cause,
	unsigned signer, struct blob *out)
{
	uint8_t hash[HASH_BYTES] = {0};
	struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = seq,
			.previous = SPAN(hash),
			.kind = span_text(kind),
			.node = SPAN(rig_node),
			.time = wall_ms(NULL),
			.cause = cause}};

	if (previous != NULL)
		assert_ok(notice_hash(blob_span(previous), hash));
	assert_ok(signed_make(&rig->who[signer].sign, &msg, out, NULL));
}

void rig_append(struct rig *rig, const char *kind, struct span cause)
{
	const struct blob *previous = rig->log_count == 0 ? NULL : &rig->log[rig->log_count - 1];

	assert_true(rig->log_count < LOG_MAX);
	rig_make(rig, kind, rig->log_count + 1, previous, cause, 0, &rig->log[rig->log_count]);
	rig->log_count++;
}

void rig_append_many(struct rig *rig, size_t count)
{
	while (count-- > 0)
		rig_append(rig, "lapsed", (struct span){0});
}

void rig_profile(struct rig *rig, const char *tag, uint64_t time, unsigned signer, struct blob *out)
{
	const struct elem_tag item = {span_text(tag)};
	DROP(blob_release) struct blob tags = {0};
	struct msg msg = {.type = MSG_TYPE_profile, .profile = {.node = SPAN(rig_node), .time = time}};

	assert_ok(ELEM_APPEND(tag, &item, &tags));
	msg.profile.tags = (struct list){blob_span(&tags), 1};
	blob_clear(out);
	assert_ok(signed_make(&rig->who[signer].sign, &msg, out, NULL));
}

/* ---- what the stations say ---- */

static size_t end_of(const struct rig *rig, unsigned station)
{
	size_t end = rig->stations[station].end;

	return end < rig->log_count ? end : rig->log_count;
}

void rig_make_head(struct rig *rig, unsigned station, uint64_t seq, const uint8_t *hash, struct blob *out)
{
	struct msg msg = {.type = MSG_TYPE_head,
		.head = {seq, span_of(hash, HASH_BYTES), wall_ms(NULL), span_text(rig->leader)}};

	assert_ok(signed_make(&rig->who[station].sign, &msg, out, NULL));
}

static void make_own_head(struct rig *rig, unsigned station, struct blob *out)
{
	uint8_t hash[HASH_BYTES] = {0};
	size_t end = end_of(rig, station);

	if (end != 0)
		assert_ok(notice_hash(blob_span(&rig->log[end - 1]), hash));
	rig_make_head(rig, station, end, hash, out);
}

void rig_publish_head(struct rig *rig, unsigned station)
{
	DROP(blob_release) struct blob head = {0};

	make_own_head(rig, station, &head);
	assert_ok(publisher_send_frame(rig->stations[station].publisher, "head", blob_span(&head)));
}

void rig_publish(struct rig *rig, unsigned station, const struct blob *frame)
{
	assert_ok(publisher_send_frame(rig->stations[station].publisher, "notice.4e00", blob_span(frame)));
}

void rig_publish_last(struct rig *rig, unsigned station)
{
	rig_publish(rig, station, &rig->log[rig->log_count - 1]);
}

void rig_publish_batch(struct rig *rig, unsigned station, const size_t *at, size_t count)
{
	struct msg msg = {.type = MSG_TYPE_notices};
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob head = {0};

	for (size_t i = 0; i < count; i++) {
		const struct elem_item item = {blob_span(&rig->log[at[i]])};

		assert_ok(ELEM_APPEND(item, &item, &raw));
	}
	make_own_head(rig, station, &head);
	msg.notices = (struct msg_notices){{blob_span(&raw), count}, blob_span(&head)};
	assert_ok(publisher_send(rig->stations[station].publisher, "notice.", &msg));
}

static void on_tick(void *ctx)
{
	struct rig *rig = ctx;

	for (unsigned i = 0; i < STATIONS; i++)
		if (rig->stations[i].publisher != NULL && !rig->stations[i].is_headless)
			rig_publish_head(rig, i);
}

/* ---- what they are asked ---- */

static unsigned station_of(const void *ctx, const struct rig *rig)
{
	return (unsigned)((const struct station *)ctx - rig->stations);
}

static struct rig *the_rig;

static void on_get(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct rig *rig = the_rig;
	struct station *station = ctx;
	DROP(blob_release) struct blob raw = {0};
	DROP(blob_release) struct blob head = {0};
	struct msg answer = {.type = MSG_TYPE_notices, .id = msg->id};
	size_t last = end_of(rig, station_of(ctx, rig));
	size_t count = 0;

	(void)frame;
	station->asked++;
	for (uint64_t seq = msg->notices_get.from; seq <= last && seq <= msg->notices_get.to; seq++) {
		const struct elem_item item = {blob_span(&rig->log[seq - 1])};

		if (station->is_mean || count == (station->page != 0 ? station->page : 256))
			break;
		assert_ok(ELEM_APPEND(item, &item, &raw));
		count++;
	}
	make_own_head(rig, station_of(ctx, rig), &head);
	answer.notices = (struct msg_notices){{blob_span(&raw), count}, blob_span(&head)};
	if (server_send(station->server, peer, &answer) != RC_OK)
		station->asked--; /* whoever asked was killed */
}

static void on_ack(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct station *station = ctx;

	(void)peer;
	(void)frame;
	station->acked = msg->notice_ack.seq;
}

static void on_ocsp(void *ctx, const struct peer *peer, const struct msg *msg, struct span frame)
{
	struct station *station = ctx;
	struct msg answer = {.type = MSG_TYPE_ok, .id = msg->id};

	(void)frame;
	station->calls++;
	if (station->moved != NULL) {
		answer.type = MSG_TYPE_moved;
		answer.moved.name = span_text(station->moved);
	}
	assert_ok(server_send(station->server, peer, &answer));
}

static enum admit admit(void *ctx, const uint8_t key[static CURVE_KEY_BYTES], uint64_t token)
{
	(void)ctx;
	(void)key;
	(void)token;
	return ADMIT_YES;
}

static unsigned role_of(void *ctx, const uint8_t key[static CURVE_KEY_BYTES])
{
	(void)ctx;
	(void)key;
	return ROLE_PLUGIN;
}

void rig_up(struct rig *rig, unsigned number)
{
	static const struct server_row rows[] = {
		{MSG_TYPE_notices_get, ROLE_PLUGIN, on_get},
		{MSG_TYPE_notice_ack, ROLE_PLUGIN, on_ack},
		{MSG_TYPE_ocsp_get, ROLE_PLUGIN, on_ocsp},
	};
	struct station *station = &rig->stations[number];
	char where[ENDPOINT_MAX + 1], domain[16], public[16];
	struct curve_pair pair;
	struct server_options server = {.endpoint = where,
		.domain = domain,
		.pair = &pair,
		.rows = rows,
		.row_count = COUNT(rows),
		.admit = admit,
		.role_of = role_of,
		.ctx = station};
	struct publisher_options publisher = {
		.endpoint = where, .domain = public, .pair = &pair, .admit = admit, .queue_max = 10000};

	memcpy(pair.public_key, rig->who[number].curve.public, CURVE_KEY_BYTES);
	memcpy(pair.secret.bytes, rig->who[number].curve.secret, CURVE_KEY_BYTES);
	snprintf(domain, sizeof domain, "s%u", number);
	snprintf(public, sizeof public, "p%u", number);
	endpoint_of(rig, number, 's', where);
	assert_ok(server_open(rig->bus, &server, &station->server, NULL));
	endpoint_of(rig, number, 'p', where);
	assert_ok(publisher_open(rig->bus, &publisher, &station->publisher, NULL));
}

void rig_down(struct rig *rig, unsigned number)
{
	server_close(&rig->stations[number].server);
	publisher_close(&rig->stations[number].publisher);
}

/* ---- the follower ---- */

static const struct roster *roster(void *ctx)
{
	return ((struct rig *)ctx)->roster;
}

static void on_seen(void *ctx, const struct follow_notice *notice)
{
	struct rig *rig = ctx;

	assert_true(rig->seen_count < GIVEN_MAX);
	rig->seen[rig->seen_count++] = notice->seq;
}

static void on_given(void *ctx, const struct follow_notice *notice)
{
	struct rig *rig = ctx;

	assert_true(rig->given_count < GIVEN_MAX);
	rig->given[rig->given_count] = notice->seq;
	rig->again[rig->given_count++] = notice->again;
	assert_int_equal(notice->body->seq, notice->seq);
	if (!rig->holds_back)
		follow_done(rig->follow, notice->seq);
}

void rig_follow(struct rig *rig)
{
	struct err err = {0};

	memcpy(rig->pair.public_key, rig->who[PLUGIN].curve.public, CURVE_KEY_BYTES);
	memcpy(rig->pair.secret.bytes, rig->who[PLUGIN].curve.secret, CURVE_KEY_BYTES);
	rig->options.pair = &rig->pair;
	rig->seen_count = 0;
	rig->given_count = 0;
	if (follow_open(&rig->options, &rig->follow, &err) != RC_OK)
		fail_msg("%s", err.text);
}

void rig_end(struct rig *rig)
{
	follow_close(&rig->follow);
}

/* What is on the disk now is what the next one finds. */
void rig_kill(struct rig *rig)
{
	static const char *const names[] = {FOLLOW_PLACE_FILE, FOLLOW_PROFILES_FILE};
	char path[SCRATCH_FILE_BYTES], kept[SCRATCH_FILE_BYTES + 8];

	for (size_t i = 0; i < COUNT(names); i++) {
		scratch_file(&rig->dir, names[i], path);
		snprintf(kept, sizeof kept, "%s.kept", path);
		(void)!rename(path, kept);
	}
	rig_end(rig);
	for (size_t i = 0; i < COUNT(names); i++) {
		scratch_file(&rig->dir, names[i], path);
		snprintf(kept, sizeof kept, "%s.kept", path);
		remove(path);
		(void)!rename(kept, path);
	}
}

unsigned rig_at(const struct rig *rig)
{
	static const char *const names[STATIONS] = {"one", "two", "three"};
	const char *at = follow_status(rig->follow).service;

	for (unsigned i = 0; i < STATIONS; i++)
		if (strcmp(names[i], at) == 0)
			return i;
	fail_msg("connected to nobody");
	return STATIONS;
}

/* ---- open and close ---- */

int rig_open(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	const struct bus_options bus = {.links_max = 16, .peers_max = 16};

	assert_non_null(rig);
	rig->clock = (struct clock){.wall_ms = wall_ms, .mono_us = mono_us};
	scratch_open(&rig->dir);
	assert_ok(loop_open(&rig->clock, &rig->loop, NULL));
	assert_ok(bus_open(rig->loop, &bus, &rig->bus, NULL));
	assert_ok(sign_generate(&rig->root, NULL));
	for (unsigned i = 0; i < WHO_COUNT; i++)
		assert_ok(identity_generate(&rig->who[i], NULL));
	for (unsigned i = 0; i < STATIONS; i++)
		rig->stations[i].end = SIZE_MAX;
	rig->leader = "one";
	rig_stations(rig, 1);
	rig_up(rig, 0);
	assert_ok(loop_every(rig->loop, &rig->tick, 200, on_tick, rig));
	rig->options = (struct follow_options){.bus = rig->bus,
		.folder = rig->dir.path,
		.roster = roster,
		.seen = on_seen,
		.give = on_given,
		.ctx = rig};
	the_rig = rig;
	*state = rig;
	return 0;
}

int rig_close(void **state)
{
	struct rig *rig = *state;

	rig_end(rig);
	for (unsigned i = 0; i < STATIONS; i++)
		rig_down(rig, i);
	loop_cancel(rig->loop, &rig->tick);
	bus_close(&rig->bus);
	loop_close(&rig->loop);
	for (size_t i = 0; i < rig->log_count; i++)
		blob_release(&rig->log[i]);
	for (unsigned i = 0; i < WHO_COUNT; i++)
		identity_release(&rig->who[i]);
	sign_pair_release(&rig->root);
	roster_release(&rig->roster);
	scratch_release(&rig->dir);
	free(rig);
	return 0;
}
