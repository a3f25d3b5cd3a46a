#include "lib/sandbox/account.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/drop.h"

static bool number(const char *text, size_t len, uint32_t *out)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value >= UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

static enum rc of_passwd(const struct passwd *entry, struct account *out, struct err *err)
{
	struct account account = {.uid = entry->pw_uid, .gid = entry->pw_gid};

	account.group_count = ACCOUNT_GROUPS_MAX;
	if (getgrouplist(entry->pw_name, entry->pw_gid, account.groups, &account.group_count) < 0)
		return err_set(err, RC_LIMIT, "user %s is in more than %d groups", entry->pw_name,
			ACCOUNT_GROUPS_MAX);
	*out = account;
	return RC_OK;
}

static enum rc of_numbers(const char *text, size_t uid_len, struct account *out, struct err *err)
{
	uint32_t uid = 0;
	uint32_t gid = 0;
	const struct passwd *entry;

	if (!number(text, uid_len, &uid))
		return err_set(err, RC_MALFORMED, "user: \"%.40s\" has no such uid", text);
	if (text[uid_len] == ':') {
		if (!number(text + uid_len + 1, strlen(text + uid_len + 1), &gid))
			return err_set(err, RC_MALFORMED,
				"user: expected UID:GID in numbers, found \"%.40s\"", text);
		*out = (struct account){.uid = uid, .gid = gid};
		return RC_OK;
	}
	entry = getpwuid(uid);
	if (entry != NULL)
		return of_passwd(entry, out, err);
	*out = (struct account){.uid = uid, .gid = uid};
	return RC_OK;
}

enum rc account_find(const char *text, struct account *out, struct err *err)
{
	size_t digits = strspn(text, "0123456789");
	const struct passwd *entry;

	if (digits != 0 && (text[digits] == '\0' || text[digits] == ':'))
		return of_numbers(text, digits, out, err);
	errno = 0;
	entry = getpwnam(text);
	if (entry == NULL)
		return err_set(err, RC_NOT_FOUND,
			"user \"%.40s\" does not exist; make it (adduser --system --group %.40s) or give "
			"UID:GID",
			text, text);
	return of_passwd(entry, out, err);
}
