#include "lib/sandbox/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/drop.h"
#include "lib/sandbox/account.h"
#include "lib/sandbox/filter.h"
#include "lib/sandbox/landlock.h"
#include "lib/sandbox/verify.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

bool sandbox_is_sanitized(void)
{
	return SANITIZED;
}

static enum rc parse_kept(const struct sandbox *needs, uint64_t *out, struct err *err)
{
	uint64_t kept = 0;

	for (size_t i = 0; needs->keep_capabilities != NULL && needs->keep_capabilities[i] != NULL; i++) {
		int number = capng_name_to_capability(needs->keep_capabilities[i]);

		if (number < 0 || number > 63)
			return err_set(err, RC_NOT_FOUND, "sandbox: \"%.40s\" is not a capability",
				needs->keep_capabilities[i]);
		kept |= 1ULL << number;
	}
	*out = kept;
	return RC_OK;
}

static enum rc choose_account(const struct sandbox *needs, struct account *out, struct err *err)
{
	bool is_root = geteuid() == 0;
	struct account account = {.uid = geteuid(), .gid = getegid()};

	if (needs->user == NULL || needs->user[0] == '\0') {
		if (is_root)
			return err_set(err, RC_DENIED,
				"started as root, but no user is configured: set \"user\" to the account to "
				"become (a name or UID:GID), or to \"root\" to stay root on purpose");
		*out = account;
		return RC_OK;
	}
	TRY(account_find(needs->user, &account, err));
	if (!is_root && account.uid != geteuid())
		return err_set(err, RC_DENIED,
			"cannot become user %s: started as user %u; start as root, or leave \"user\" out",
			needs->user, (unsigned)geteuid());
	/* Who is that user already keeps the groups that he was started with. */
	if (!is_root)
		account.gid = getegid();
	*out = account;
	return RC_OK;
}

static void select_kept(capng_type_t type, uint64_t kept)
{
	for (unsigned number = 0; number < 64; number++)
		if ((kept >> number & 1) != 0)
			capng_update(CAPNG_ADD, type, number);
}

/* Needs CAP_SETPCAP, so before anything else. Who lacks it cannot empty the set, nor take anything from it
 * once no_new_privs is set. */
static enum rc drop_bounding_set(uint64_t kept, bool *out_dropped, struct err *err)
{
	*out_dropped = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
	if (!*out_dropped)
		return RC_OK;
	capng_clear(CAPNG_SELECT_BOUNDS);
	select_kept(CAPNG_BOUNDING_SET, kept);
	if (capng_apply(CAPNG_SELECT_BOUNDS) != 0)
		return err_errno(err, "sandbox: emptying the capability bounding set");
	return RC_OK;
}

static enum rc become(const struct account *account, uint64_t kept, struct err *err)
{
	if (geteuid() != 0)
		return RC_OK;
	if (setgroups((size_t)account->group_count, account->groups) != 0)
		return err_errno(err, "sandbox: setgroups");
	if (setresgid(account->gid, account->gid, account->gid) != 0)
		return err_errno(err, "sandbox: becoming group %u", (unsigned)account->gid);
	if (kept != 0 && prctl(PR_SET_KEEPCAPS, 1) != 0)
		return err_errno(err, "sandbox: keeping capabilities");
	if (setresuid(account->uid, account->uid, account->uid) != 0)
		return err_errno(err, "sandbox: becoming user %u", (unsigned)account->uid);
	return RC_OK;
}

/* Memory full of keys goes into no core file and is open to no debugger of the same user. */
static enum rc hide_memory(struct err *err)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return err_errno(err, "sandbox: forbidding core files");
	if (!SANITIZED && prctl(PR_SET_DUMPABLE, 0) != 0)
		return err_errno(err, "sandbox: hiding memory from debuggers");
	return RC_OK;
}

static enum rc drop_capabilities(uint64_t kept, bool hand_on, struct err *err)
{
	capng_select_t sets = CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT;

	capng_clear(sets);
	select_kept((capng_type_t)(CAPNG_EFFECTIVE | CAPNG_PERMITTED), kept);
	if (hand_on)
		select_kept((capng_type_t)(CAPNG_INHERITABLE | CAPNG_AMBIENT), kept);
	if (capng_apply(sets) != 0)
		return err_errno(err, "sandbox: giving up capabilities");
	return RC_OK;
}

static enum rc fence(const struct sandbox *needs, struct sandbox_report *holds, struct err *err)
{
	enum rc rc = landlock_enter(needs, err);

	/* Landlock is a second fence: kernels before 5.13 have none, and that is no reason to stay out. */
	if (rc != RC_OK && rc != RC_UNSUPPORTED)
		return rc;
	holds->landlock = rc == RC_OK;
	rc = filter_install(needs, err);
	holds->seccomp = rc == RC_OK;
	return rc == RC_UNSUPPORTED && needs->lenient ? RC_OK : rc;
}

enum rc sandbox_enter(const struct sandbox *needs, struct sandbox_report *report, struct err *err)
{
	struct account account = {0};
	struct sandbox_report holds = {0};
	struct expectation expected = {0};

	TRY(parse_kept(needs, &expected.kept, err));
	TRY(choose_account(needs, &account, err));
	if (capng_get_caps_process() != 0)
		return err_set(err, RC_IO, "sandbox: cannot read the capabilities of this process");
	TRY(drop_bounding_set(expected.kept, &expected.bounding, err));
	TRY(become(&account, expected.kept, err));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(err, "sandbox: no_new_privs");
	TRY(hide_memory(err));
	TRY(drop_capabilities(expected.kept, needs->runs_programs, err));
	expected.uid = holds.uid = account.uid;
	expected.gid = holds.gid = account.gid;
	TRY(verify_no_way_back(&expected, err));
	TRY(fence(needs, &holds, err));
	expected.seccomp = holds.seccomp;
	TRY(verify_threads(&expected, err));
	if (report != NULL)
		*report = holds;
	return RC_OK;
}
