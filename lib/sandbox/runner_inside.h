/* What the two sides of the socket between a service and its runner say. Both are the same program: structs
 * as they lie in memory, one a packet. */
#ifndef LIMEBUS_SANDBOX_RUNNER_INSIDE_H
#define LIMEBUS_SANDBOX_RUNNER_INSIDE_H

#include "lib/sandbox/runner.h"

#define ASK_PIECE_BYTES 32768u
#define NEWS_AT_ONCE    64u

enum runner_ask_kind { ASK_START, ASK_END };

/* After ASK_START: the input, in packets of at most ASK_PIECE_BYTES. */
struct runner_ask {
	enum runner_ask_kind kind;
	uint64_t id;
	unsigned what;
	uint64_t number;
	bool again;
	uint64_t timeout_ms;
	size_t input_len;
	char name[RUNNER_NAME_MAX + 1];
	char word[RUNNER_WORD_MAX + 1];
};

enum runner_news_kind { NEWS_LINE, NEWS_DONE };

struct runner_news {
	enum runner_news_kind kind;
	uint64_t id;
	uint64_t lost;
	union {
		struct {
			size_t len;
			uint8_t text[RUNNER_LINE_MAX];
		} line;
		struct runner_result result;
	};
};

/* The life of the runner. */
_Noreturn void runner_serve(int fd, const struct runner_options *options);

#endif
