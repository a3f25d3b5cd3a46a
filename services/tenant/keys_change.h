/* What adding, removing and rotating have in common: the members of the next roster, and its issue. */
#ifndef LIMEBUS_TENANT_KEYS_CHANGE_H
#define LIMEBUS_TENANT_KEYS_CHANGE_H

#include "services/tenant/keys.h"

struct change_options {
	char *folder;
	uint64_t number;
	uint64_t valid_ms;
	uint64_t overlap_ms;
	char *endpoint;
	char *publisher;
	char *user;
	char *redis_socket;
	unsigned program; /* of a plugin: an index into its words */
	bool last;
	uint64_t older_ms;
};

#define CHANGE_ROW_DIR                                                                                       \
	{                                                                                                    \
		OPTION_PATH(struct change_options, folder),                                                  \
			.name = "dir", .fallback = ".",                                                      \
			.help = "The deployment's folder, as limebus keys init made it."                     \
	}
#define CHANGE_ROW_NUMBER                                                                                              \
	{                                                                                                              \
		OPTION_U64(struct change_options, number),                                                             \
			.name = "number", .fallback = "0",                                                             \
			.help = "Number of the new roster; 0 is the next one. Give a higher one if root/ came out of " \
				"a backup, since services take only numbers above the one they know."                  \
	}
#define CHANGE_ROW_VALID                                                                                     \
	{                                                                                                    \
		OPTION_DURATION(struct change_options, valid_ms),                                            \
			.name = "valid", .fallback = KEYS_VALID_DEFAULT, .min = KEYS_VALID_MIN_MS,           \
			.max = KEYS_VALID_MAX_MS, .help = "How long the new keys are good for."              \
	}

/* The members of the next roster, which are those of the present one to begin with; there is room for one
 * more. */
struct change {
	const struct change_options *options;
	struct deployment deployment;
	struct roster_member *members;
	size_t count;
	uint64_t now_ms;
	char folder[PATH_MAX]; /* of the member that it is about */
	const char *done;      /* what was done, if it is not what change_run was told */
};

/* The member of that name; NULL if there is none. It moves when one in front of it is taken out. */
struct roster_member *change_find(struct change *change, const char *name);

/* As change_find, but RC_NOT_FOUND, with a text; and change->folder is the member's then. */
MUST_USE enum rc change_need(
	struct change *change, const char *name, struct roster_member **out, struct err *err);

void change_take_out(struct change *change, const struct roster_member *member);

/*
 * The member's present keys become an entry of their own, NAME.ended-<number of the next roster>, good until
 * end_ms at most: what they signed can be judged, nobody connects to it, and NAME is free. Earlier entries of
 * NAME that are still good end with it, if end_ms is now.
 */
void change_end(struct change *change, struct roster_member *member, uint64_t end_ms);

/* Is --number one that can be issued? Asked before anything is made. */
MUST_USE enum rc change_check_number(const struct change *change, struct err *err);

/* Sign and distribute the next roster. */
MUST_USE enum rc change_issue(struct change *change, struct err *err);

bool change_path_exists(const char *path);

/* The whole of a command: parse, open, act, say what was done ("made"). Returns the exit status. */
typedef enum rc change_act(struct change *change, const struct program_start *start, struct err *err);
int change_run(const struct program *program, const struct tenant_config *config, int argc, char **argv,
	change_act *act, const char *done);

#endif
