/* Whatever follows three good notices, none of them is lost: they are read, or the log is refused. What is
 * cut off is no more than what was added, and what is left is a log by itself. */
#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "lib/trust/journal_file.h"
#include "tests/fuzz/fuzz.h"

#define NOW  1000000u
#define GOOD 3u

static struct roster *roster;
static struct blob good; /* the file of GOOD notices */

static void add_notice(const struct sign_pair *signer, struct notice_place *place)
{
	static const uint8_t node[NODE_ID_BYTES] = {1};
	const struct msg msg = {.type = MSG_TYPE_notice,
		.notice = {.seq = ++place->seq,
			.previous = SPAN(place->hash),
			.kind = span_text("lapsed"),
			.node = SPAN(node),
			.time = NOW}};
	DROP(blob_release) struct blob notice = {0};
	uint8_t length[4] = {0};

	HOLDS(signed_make(signer, &msg, &notice, NULL) == RC_OK && notice.len < 65536);
	HOLDS(digest_bytes(DIGEST_SHA256, blob_span(&notice), place->hash) == RC_OK);
	length[2] = (uint8_t)(notice.len >> 8);
	length[3] = (uint8_t)notice.len;
	HOLDS(blob_append(&good, SPAN(length)) == RC_OK && blob_append(&good, blob_span(&notice)) == RC_OK);
}

/* Keys of known seeds, so that an input means the same in each run. */
static void prepare(void)
{
	static const uint8_t seeds[2][SIGN_SEED_BYTES] = {{1}, {2}};
	struct roster_member member = {
		.name = "revocation", .role = ROLE_REVOCATION, .not_after = NOW + 1000};
	DROP(sign_pair_release) struct sign_pair root = {0};
	DROP(sign_pair_release) struct sign_pair signer = {0};
	DROP(blob_release) struct blob bytes = {0};
	struct notice_place place = {0};

	HOLDS(sign_pair_of_seed(seeds[0], &root, NULL) == RC_OK);
	HOLDS(sign_pair_of_seed(seeds[1], &signer, NULL) == RC_OK);
	memcpy(member.sign, signer.public, SIGN_KEY_BYTES);
	HOLDS(roster_make(&root, 1, NOW, &member, 1, &bytes, NULL) == RC_OK);
	HOLDS(roster_open(blob_span(&bytes), root.public, 0, &roster, NULL) == RC_OK);
	for (unsigned i = 0; i < GOOD; i++)
		add_notice(&signer, &place);
}

static enum rc each(void *ctx, const struct msg *body, struct span signed_entry, struct err *err)
{
	unsigned *seen = ctx;

	(void)signed_entry;
	(void)err;
	HOLDS(body->notice.seq == ++*seen);
	return RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	DROP(blob_release) struct blob file = {0};
	unsigned seen = 0;
	unsigned again = 0;
	size_t cut = 0;

	if (roster == NULL)
		prepare();
	HOLDS(blob_append(&file, blob_span(&good)) == RC_OK);
	HOLDS(blob_append(&file, span_of(at, len)) == RC_OK);
	if (journal_file_scan(blob_span(&file), &journal_notices, roster, each, &seen, &cut, NULL) == RC_OK) {
		HOLDS(cut <= len);
		file.len -= cut;
		HOLDS(journal_file_scan(
			      blob_span(&file), &journal_notices, roster, each, &again, &cut, NULL) == RC_OK);
		HOLDS(cut == 0 && again == seen);
	}
	HOLDS(seen >= GOOD);
	return 0;
}
