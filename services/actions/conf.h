/*
 * The configuration of one action: NAME.conf in the folder of actions. Which notices it is for is decided by
 * the host; what is run, and as whom, by the runner, out of the same file.
 */
#ifndef LIMEBUS_ACTIONS_CONF_H
#define LIMEBUS_ACTIONS_CONF_H

#include "lib/config/program.h"
#include "lib/pattern/pattern.h"
#include "lib/trust/notice.h"

#define CONF_NAME_MAX    64
#define CONF_SUFFIX      ".conf"
#define CONF_ACTIONS_MAX 64
#define CONF_FOREVER     UINT64_MAX

struct conf {
	/* As it stands in the file. */
	char *run;
	char *module;
	char *file; /* "config": handed on */
	char *user;
	struct text_list kinds;
	struct text_list nodes;
	struct text_list tags;
	uint64_t severity_min;
	uint64_t timeout_ms;
	char *retries_text;
	uint64_t retry_delay_ms;
	uint64_t retry_max_ms;
	uint64_t concurrency;
	uint64_t memory_max;
	bool latest;
	bool dry_run;
	/* What follows from it. */
	char name[CONF_NAME_MAX + 1];
	bool kind[NOTICE_KIND_COUNT]; /* all of them, if the file names none */
	uint64_t retries;             /* after the first attempt; CONF_FOREVER */
	struct pattern_set globs;
};
void conf_release(struct conf *conf);

/* The table of options: for the sample and the manual. */
extern const struct program conf_program;

/* "web-hook.conf" gives "web-hook": letters, digits, '.', '_' and '-', the first one a letter or a digit. */
bool conf_name_of(const char *file_name, char out[static CONF_NAME_MAX + 1]);

/* RC_MALFORMED, RC_LIMIT with file and line; RC_DENIED: others could have written it, or could put another
 * file there. */
MUST_USE enum rc conf_load(const char *folder, const char *name, struct conf *out, struct err *err);

/* What a filter looks at. profile may be NULL: nothing is known. */
struct conf_subject {
	enum notice_kind kind;
	uint64_t severity;
	const char *node; /* hexadecimal digits */
	const struct msg_profile *profile;
};
bool conf_wants(const struct conf *conf, const struct conf_subject *subject);

/* Attempt 1 has failed, 2, …: how long to wait. random: any number, for a jitter of a quarter to both sides.
 */
uint64_t conf_pause_ms(const struct conf *conf, uint64_t failed, uint32_t random);

#endif
