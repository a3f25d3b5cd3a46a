#include "services/tenant/evidence_set.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/tenant/inflated.h"

#define SMALL_MAX 4096 /* quotes, signatures, keys, nonces: what is larger is none of them */

static const char *const names[] = {
#define NAME(id, name, ak) name,
	EVIDENCE_QUOTES(NAME)
#undef NAME
};
static const char *const aks[] = {
#define AK(id, name, ak) ak,
	EVIDENCE_QUOTES(AK)
#undef AK
};

static void quote_release(struct evidence_quote *quote)
{
	blob_release(&quote->attest);
	blob_release(&quote->signature);
	blob_release(&quote->values);
	blob_release(&quote->ak);
	*quote = (struct evidence_quote){0};
}

void evidence_set_release(struct evidence_set *set)
{
	for (size_t i = 0; i < EVIDENCE_QUOTE_COUNT; i++)
		quote_release(&set->quotes[i]);
	blob_release(&set->nonce);
	blob_release(&set->log);
	blob_release(&set->list);
	*set = (struct evidence_set){0};
}

const char *evidence_quote_name(enum evidence_quote_kind kind)
{
	return (size_t)kind < COUNT(names) ? names[kind] : "none";
}

enum evidence_quote_kind evidence_set_first(const struct evidence_set *set)
{
	size_t kind = 0;

	while (kind < EVIDENCE_QUOTE_COUNT && !set->quotes[kind].is_there)
		kind++;
	return (enum evidence_quote_kind)kind;
}

/* Path of a file in the step, or beside it in the set. */
static bool path_of(const struct evidence_set *set, bool in_set, const char *name, const char *suffix,
	char out[static EVIDENCE_PATH_BYTES])
{
	int len =
		snprintf(out, EVIDENCE_PATH_BYTES, "%s%s/%s%s", set->path, in_set ? "/.." : "", name, suffix);

	return len > 0 && len < EVIDENCE_PATH_BYTES && access(out, F_OK) == 0;
}

/* Where it is; false if it is nowhere. */
static bool find(const struct evidence_set *set, const char *name, bool also_in_set,
	char out[static EVIDENCE_PATH_BYTES])
{
	return path_of(set, false, name, "", out) || path_of(set, false, name, ".gz", out) ||
	       (also_in_set && (path_of(set, true, name, "", out) || path_of(set, true, name, ".gz", out)));
}

static enum rc need(
	const struct evidence_set *set, const char *name, bool also_in_set, struct blob *out, struct err *err)
{
	char path[EVIDENCE_PATH_BYTES];

	if (!find(set, name, also_in_set, path))
		return err_set(err, RC_NOT_FOUND, "%s: there is no %s%s", set->path, name,
			also_in_set ? ", nor is there one in the folder above" : "");
	return inflated_read(path, SMALL_MAX, out, err);
}

/* "quote_rsa.msg" */
#define NAME_BYTES 64
static const char *name_of(size_t kind, const char *part, char out[static NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "quote_%s.%s", names[kind], part);
	return out;
}

static bool has_quote(const struct evidence_set *set, size_t kind)
{
	char path[EVIDENCE_PATH_BYTES];
	char name[NAME_BYTES];

	return find(set, name_of(kind, "msg", name), false, path);
}

static enum rc load_quote(struct evidence_set *set, size_t kind, struct err *err)
{
	struct evidence_quote *quote = &set->quotes[kind];
	char name[NAME_BYTES];

	TRY(need(set, name_of(kind, "msg", name), false, &quote->attest, err));
	TRY(need(set, name_of(kind, "sig", name), false, &quote->signature, err));
	TRY(need(set, name_of(kind, "pcrs", name), false, &quote->values, err));
	snprintf(name, sizeof name, "ak_%s.pub", aks[kind]);
	TRY(need(set, name, true, &quote->ak, err));
	quote->is_there = true;
	return RC_OK;
}

static enum rc load_quotes(struct evidence_set *set, enum evidence_quote_kind wanted, struct err *err)
{
	bool is_one = false;

	if (wanted < EVIDENCE_QUOTE_COUNT)
		return load_quote(set, wanted, err);
	for (size_t kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++) {
		if (!has_quote(set, kind) || (is_one && wanted == EVIDENCE_QUOTE_ANY))
			continue;
		TRY(load_quote(set, kind, err));
		is_one = true;
	}
	if (!is_one)
		return err_set(err, RC_NOT_FOUND,
			"%s: there is no quote: expected quote_ecc.msg or quote_rsa.msg", set->path);
	return RC_OK;
}

static enum rc load_lists(struct evidence_set *set, struct err *err)
{
	char path[EVIDENCE_PATH_BYTES];

	set->has_log = find(set, "binary_bios_measurements", true, path);
	if (set->has_log)
		TRY(inflated_read(path, EVIDENCE_LOG_MAX, &set->log, err));
	set->has_list = find(set, "binary_runtime_measurements", false, path);
	if (!set->has_list)
		set->has_list = set->list_is_ascii = find(set, "ascii_runtime_measurements", false, path);
	if (set->has_list)
		TRY(inflated_read(path, EVIDENCE_LIST_MAX, &set->list, err));
	return RC_OK;
}

static enum rc name_step(const char *step, struct evidence_set *out, struct err *err)
{
	size_t len = strlen(step);
	struct stat st;

	while (len > 1 && step[len - 1] == '/')
		len--;
	/* Room for the longest name below it. */
	if (len == 0 || len + 64 > sizeof out->path)
		return err_set(err, RC_MALFORMED, "\"%.80s\": no path", step);
	memcpy(out->path, step, len);
	out->path[len] = '\0';
	if (stat(out->path, &st) != 0)
		return err_errno(err, "%s", out->path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, RC_MALFORMED, "%s: expected a folder with a quote in it", out->path);
	return RC_OK;
}

enum rc evidence_set_load(
	const char *step, enum evidence_quote_kind wanted, struct evidence_set *out, struct err *err)
{
	DROP(evidence_set_release) struct evidence_set set = {0};

	TRY(name_step(step, &set, err));
	TRY(load_quotes(&set, wanted, err));
	TRY(need(&set, "nonce.bin", true, &set.nonce, err));
	TRY(load_lists(&set, err));
	evidence_set_release(out);
	*out = TAKE(set);
	return RC_OK;
}

bool evidence_set_is_step(const char *path)
{
	struct evidence_set set = {0};

	if (name_step(path, &set, NULL) != RC_OK)
		return false;
	for (size_t kind = 0; kind < EVIDENCE_QUOTE_COUNT; kind++)
		if (has_quote(&set, kind))
			return true;
	return false;
}
