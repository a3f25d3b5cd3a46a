/* Private to services/actions: what its files share. */
#ifndef LIMEBUS_ACTIONS_INNER_H
#define LIMEBUS_ACTIONS_INNER_H

#include <time.h>

#include "lib/base/hex.h"
#include "lib/bus/bus.h"
#include "lib/follow/follow.h"
#include "lib/sandbox/runner.h"
#include "lib/trust/keyfile.h"
#include "services/actions/conf.h"
#include "services/actions/host.h"
#include "services/actions/queue.h"

#define PATH_BYTES    4200
#define GIVEN_UP_MAX  256 /* that are listed; the newest */
#define WHY_BYTES     256
#define SPILL_AT      512 /* notices that wait in the window, before slow actions keep theirs by themselves */
#define BACKLOG_MAX   4096 /* notices in the backlog of one action */
#define SAVE_AFTER_MS 100
#define TIDY_AFTER_MS 1000

struct action {
	bool is_used;
	struct conf conf;
	struct queue queue;
	uint64_t from; /* it is there since this notice */
	uint64_t done;
	uint64_t failed;
	uint64_t given_up;
	char error[ERR_TEXT_BYTES]; /* why a newer configuration is not in force; "" */
	char last[WHY_BYTES];       /* why the last attempt failed; "" */
	bool is_full;
	bool backlog_changed;
};

/* A notice that follow gave and that is not done. Bit n stands for slot n of the actions. */
struct pending {
	struct pending *next;
	uint64_t seq;
	uint64_t holders;  /* have it still to do, and have not kept it by themselves */
	uint64_t finished; /* need it no more */
};

struct given_up {
	char name[CONF_NAME_MAX + 1];
	uint64_t seq;
	char kind[33];
	char node[HEX_BYTES(NODE_ID_BYTES)];
	uint64_t time;
	uint64_t attempts;
	char why[WHY_BYTES];
};

/* What a former run had finished. */
struct finished {
	uint64_t seq;
	char name[CONF_NAME_MAX + 1];
};

struct host {
	const struct actions_config *config;
	struct runner *runner;
	bool has_runner;
	struct watch runner_watch;
	struct identity identity;
	struct curve_pair curve;
	struct roster *roster;
	struct timespec roster_seen;
	struct loop *loop;
	struct bus *bus;
	struct follow *follow;
	int lock;
	int signals;
	int changes;
	struct watch signals_watch;
	struct watch changes_watch;
	struct timer reload;
	struct timer wake;
	struct timer flush;
	struct timer save;
	struct timer second;
	uint64_t given; /* the highest notice */
	struct action actions[CONF_ACTIONS_MAX];
	size_t turn; /* whose turn it is to be looked at first */
	struct pending *pending;
	struct pending **pending_end;
	size_t pending_count;
	struct given_up given_up[GIVEN_UP_MAX];
	size_t given_up_count; /* ever; the newest are in the ring */
	struct finished *finished;
	size_t finished_count;
	bool had_progress;
	bool is_changed; /* progress to be written down */
};

static inline uint64_t host_now(const struct host *host)
{
	return clock_wall_ms(loop_clock(host->loop));
}

static inline uint64_t host_mono(const struct host *host)
{
	return clock_mono_ms(loop_clock(host->loop));
}

/* "<folder>/<name>"; RC_LIMIT. */
MUST_USE enum rc path_in(const char *folder, const char *name, char out[static PATH_BYTES], struct err *err);

/* ---- run.c: in the runner ---- */

/* The program itself, for modules; found before anything else. */
MUST_USE enum rc run_find_myself(struct err *err);
MUST_USE enum rc run_prepare(
	void *ctx, const struct runner_job *job, struct runner_plan *plan, struct err *err);
/* As far as it can be checked without running it. */
MUST_USE enum rc run_check(const struct actions_config *config, const struct conf *conf, struct err *err);

/* ---- folder.c ---- */

/* Load all of them. strict: one that is not good is an error; else it is logged, and what was in force stays.
 */
MUST_USE enum rc folder_load(struct host *host, bool strict, struct err *err);
/* The names of all NAME.conf, sorted. Release with folder_names_release. */
struct folder_names {
	size_t count;
	char at[CONF_ACTIONS_MAX][CONF_NAME_MAX + 1];
};
MUST_USE enum rc folder_names(const char *folder, struct folder_names *out, struct err *err);
/* Look again when something changes, or on SIGHUP. begin before the loop. */
MUST_USE enum rc folder_watch(struct host *host, struct err *err);

/* ---- work.c ---- */

void work_give(void *ctx, const struct follow_notice *notice);
/* Start what may run, and wake up for the rest. */
void work_pump(struct host *host);
void work_line(void *ctx, uint64_t id, struct span text, uint64_t lost);
void work_done(void *ctx, uint64_t id, const struct runner_result *result);
/* All that the action had to do is forgotten. */
void work_drop(struct host *host, struct action *action);
void work_release(struct host *host);
/* The notice inside signed bytes. */
MUST_USE enum rc work_open(struct span bytes, struct msg *out);

/* ---- progress.c ---- */

MUST_USE enum rc progress_load(struct host *host, struct err *err);
/* The action of this slot is new: what a former run knew of it. */
void progress_of(struct host *host, struct action *action, uint64_t from);
bool progress_has(const struct host *host, uint64_t seq, const char *name);
void progress_changed(struct host *host);
void progress_save(struct host *host);
/* Entries that are marked as kept, on the disk. */
MUST_USE enum rc backlog_save(struct host *host, struct action *action, struct err *err);
void backlog_load(struct host *host, struct action *action);
void backlog_remove(struct host *host, const char *name);

/* ---- status.c ---- */

void status_write(struct host *host);

/* ---- roster_file.c ---- */

MUST_USE enum rc roster_file_load(struct host *host, struct err *err);
void roster_file_look(struct host *host);

#endif
