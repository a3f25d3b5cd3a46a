/* Policies as documents: what a verifier takes, keeps and reads again. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/hex.h"
#include "lib/crypto/digest.h"
#include "tests/integration/verifier_rig.h"

/* A policy of more than two chunks: its comment is long. */
static struct span long_policy(void)
{
	static char text[600000];
	static const char head[] = "{\"limebus\": 1, \"name\": \"p\", \"pcrs\": {\"sha256\": {\"16\": "
				   "[\"0000000000000000000000000000000000000000000000000000000000000000\"]}}";
	size_t len = sizeof head - 1;

	memcpy(text, head, len);
	memset(text + len, ' ', sizeof text - len - 1);
	text[sizeof text - 1] = '}';
	return span_of(text, sizeof text);
}

static void put_long(struct rig *rig, uint8_t hash[static HASH_BYTES])
{
	struct span document = long_policy();

	assert_ok(digest_bytes(DIGEST_SHA256, document, hash));
	assert_rc(rig_put_policy(rig, "p", hash, document.len), RC_NOT_FOUND);
	assert_ok(rig_put_document(rig, document, hash));
	assert_ok(rig_put_policy(rig, "p", hash, document.len));
}

static enum rc get_part(struct rig *rig, const uint8_t *hash, uint64_t from, struct span *out)
{
	struct msg get = {.type = MSG_TYPE_document_get, .document_get = {span_of(hash, HASH_BYTES), from}};
	struct msg part;
	enum rc rc = rig_ask(rig, VIEWER, &get);

	if (rc != RC_OK)
		return rc;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_document_part, &part));
	*out = part.document_part.bytes;
	return RC_OK;
}

static void a_document_in_chunks_comes_back_in_chunks(void **state)
{
	struct rig *rig = *state;
	DROP(blob_release) struct blob whole = {0};
	uint8_t hash[HASH_BYTES], other[HASH_BYTES] = {1};
	struct span part;

	put_long(rig, hash);
	while (whole.len < long_policy().len) {
		assert_ok(get_part(rig, hash, whole.len, &part));
		assert_ok(blob_append(&whole, part));
	}
	assert_spans_equal(blob_span(&whole), long_policy());
	assert_rc(get_part(rig, hash, whole.len, &part), RC_MALFORMED);
	assert_rc(get_part(rig, hash, 1, &part), RC_MALFORMED);
	assert_rc(get_part(rig, other, 0, &part), RC_NOT_FOUND);
	/* The same once more is known already. */
	assert_ok(rig_put_policy(rig, "p", hash, whole.len));
}

static void a_document_that_is_not_what_was_signed_is_refused(void **state)
{
	struct rig *rig = *state;
	struct span document = span_text(rig_setup.policy);
	uint8_t hash[HASH_BYTES];

	assert_ok(digest_bytes(DIGEST_SHA256, document, hash));
	hash[0] ^= 1;
	assert_ok(rig_put_document(rig, document, hash));
	assert_rc(rig_put_policy(rig, "p", hash, document.len), RC_DENIED);
	/* It is gone, too. */
	assert_rc(rig_put_policy(rig, "p", hash, document.len), RC_NOT_FOUND);
	hash[0] ^= 1;
	assert_ok(rig_put_document(rig, document, hash));
	assert_rc(rig_put_policy(rig, "q", hash, document.len), RC_MALFORMED);
	assert_ok(rig_put_document(rig, document, hash));
	assert_rc(rig_put_policy(rig, "p", hash, document.len + 1), RC_MALFORMED);
	assert_ok(rig_put_policy(rig, "p", hash, document.len));
}

static void a_document_that_is_no_policy_is_refused(void **state)
{
	struct rig *rig = *state;
	struct span document = span_text("{\"limebus\": 1, \"name\": \"p\"}");
	uint8_t hash[HASH_BYTES];

	assert_ok(digest_bytes(DIGEST_SHA256, document, hash));
	assert_ok(rig_put_document(rig, document, hash));
	assert_rc(rig_put_policy(rig, "p", hash, document.len), RC_MALFORMED);
}

static void an_unfinished_document_is_waited_for(void **state)
{
	struct rig *rig = *state;
	struct span document = long_policy();
	uint8_t hash[HASH_BYTES];
	struct msg put = {.type = MSG_TYPE_document_put};

	assert_ok(digest_bytes(DIGEST_SHA256, document, hash));
	assert_rc(rig_put_policy(rig, "p", hash, document.len), RC_NOT_FOUND);
	put.document_put =
		(struct msg_document_put){SPAN(hash), document.len, 0, span_of(document.at, CHUNK_MAX)};
	assert_ok(rig_ask(rig, PROVISIONER, &put));
	assert_rc(rig_put_policy(rig, "p", hash, document.len), RC_STALE);
	put.document_put.from = 2 * CHUNK_MAX;
	put.document_put.bytes = span_of(document.at, document.len - 2 * CHUNK_MAX);
	assert_rc(rig_ask(rig, PROVISIONER, &put), RC_MALFORMED);
	assert_non_null(strstr(rig->text, "byte 262144 is expected"));
	/* Those who may not provision may not fill our memory either. */
	assert_rc(rig_ask(rig, VIEWER, &put), RC_DENIED);
}

static char *key_of(const uint8_t *hash, char out[static 96])
{
	char digits[HEX_BYTES(HASH_BYTES)];

	snprintf(out, 96, "lb:document:%s", hex_encode(span_of(hash, HASH_BYTES), digits));
	return out;
}

/* Whether the verifier wants its document again. */
static bool is_missing(struct rig *rig)
{
	struct msg list = {.type = MSG_TYPE_policy_list};
	struct elem_policy_ref ref = {0};
	struct msg answer;

	if (rig_ask(rig, VIEWER, &list) != RC_OK)
		return false;
	assert_ok(msg_decode_as(blob_span(&rig->answer), MSG_TYPE_policies, &answer));
	return ELEM_NEXT(policy_ref, &answer.policies.policies, &ref) && ref.missing;
}

static void after_kill_9_a_policy_is_read_again(void **state)
{
	struct rig *rig = *state;
	struct soft_tpm tpm;
	struct agent agent;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	rig_kill(rig);
	rig_start(rig);
	agent_close(&agent);
	agent_join(rig, &tpm, &agent);
	RIG_UNTIL(rig, agent.shares > 0);
	assert_false(is_missing(rig));
	agent_end(&tpm, &agent);
}

/* Neither good nor bad: nothing is judged by what is not there. It is sent again, and all is well. */
static void spoilt(struct rig *rig, const char *piece, const char *value)
{
	struct soft_tpm tpm;
	struct agent agent;
	uint8_t hash[HASH_BYTES];
	char key[96];
	uint64_t end = clock_mono_ms(clock_system()) + RIG_PATIENCE_MS;

	soft_tpm_open(&tpm);
	agent_bring_up(rig, &tpm, &agent);
	assert_ok(digest_bytes(DIGEST_SHA256, span_text(rig_setup.policy), hash));
	rig_kill(rig);
	if (value == NULL)
		redis_say(&rig->redis, REDIS_USERS, "HDEL", key_of(hash, key), piece, (char *)NULL);
	else
		redis_say(&rig->redis, REDIS_USERS, "HSET", key_of(hash, key), piece, value, (char *)NULL);
	rig_start(rig);
	agent_close(&agent);
	agent_join(rig, &tpm, &agent);
	while (!is_missing(rig)) {
		assert_true(clock_mono_ms(clock_system()) < end);
		rig_pass_ms(rig, 20);
	}
	RIG_UNTIL(rig, agent.challenges > 2);
	assert_int_equal(agent.shares, 0);
	assert_string_not_equal(rig_state(rig, &tpm), "untrusted");
	rig_policy(rig, hash);
	assert_false(is_missing(rig));
	RIG_UNTIL(rig, agent.shares > 0);
	agent_end(&tpm, &agent);
}

static void a_document_that_is_gone_is_asked_for_again(void **state)
{
	spoilt(*state, "0", NULL);
}

static void a_document_that_was_altered_is_asked_for_again(void **state)
{
	DROP(blob_release) struct blob altered = {0};

	assert_ok(blob_append(&altered, span_text(rig_setup.policy)));
	assert_ok(blob_append(&altered, SPAN("")));
	altered.at[12] = '2';
	spoilt(*state, "0", (const char *)altered.at);
}

static void a_document_of_another_length_is_asked_for_again(void **state)
{
	spoilt(*state, "0", "{}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
	const struct CMUnitTest tests[] = {
		TEST(a_document_in_chunks_comes_back_in_chunks),
		TEST(a_document_that_is_not_what_was_signed_is_refused),
		TEST(a_document_that_is_no_policy_is_refused),
		TEST(an_unfinished_document_is_waited_for),
		TEST(after_kill_9_a_policy_is_read_again),
		TEST(a_document_that_is_gone_is_asked_for_again),
		TEST(a_document_that_was_altered_is_asked_for_again),
		TEST(a_document_of_another_length_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
