/* How the bytes are cut on their way does not change what is read, and what is read is whole. */
#include "lib/store/reply.h"
#include "tests/fuzz/fuzz.h"

static size_t weigh(const struct reply *reply)
{
	size_t weight = 1 + reply->bytes.len;

	for (size_t i = 0; i < reply->count; i++) {
		HOLDS(reply->elements[i] != NULL);
		weight += weigh(reply->elements[i]);
	}
	return weight;
}

/* The weight of all answers that are there; *rc: why there are no more. */
static size_t drain(struct reply_reader *reader, enum rc *rc)
{
	size_t weight = 0;

	for (;;) {
		struct reply *reply = NULL;

		*rc = reply_reader_next(reader, &reply);
		if (*rc != RC_OK || reply == NULL)
			return weight;
		weight += weigh(reply);
		reply_release(&reply);
	}
}

static size_t read_in_pieces(struct span bytes, size_t piece)
{
	struct reply_reader *reader = NULL;
	size_t weight = 0;
	enum rc rc = reply_reader_open(&reader);

	while (rc == RC_OK && bytes.len != 0) {
		size_t len = bytes.len < piece ? bytes.len : piece;

		rc = reply_reader_feed(reader, span_of(bytes.at, len));
		bytes = span_of(bytes.at + len, bytes.len - len);
		if (rc == RC_OK)
			weight += drain(reader, &rc);
	}
	reply_reader_close(&reader);
	return weight;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	struct span whole = span_of(at, len);
	size_t weight = read_in_pieces(whole, len + 1);

	HOLDS(read_in_pieces(whole, 1) == weight);
	HOLDS(read_in_pieces(whole, 7) == weight);
	return 0;
}
