#include "services/tenant/sources.h"

#include "lib/base/file.h"
#include "lib/policy/import_boot_state.h"
#include "lib/policy/import_runtime.h"
#include "services/tenant/policy_file.h"
#include "services/tenant/sources_files.h"

#define LIST_MAX_BYTES (128u << 20)

/* In the order of digests in sources_files.c. */
const char *const source_hashes[] = {"sha256", "sha384", "sha512", NULL};

bool sources_any(const struct source_options *options)
{
	return options->root != NULL || options->dpkg != NULL || options->initrds.count != 0 ||
	       options->allow_lists.count != 0 || options->exclude_lists.count != 0 ||
	       options->runtime_policies.count != 0 || options->boot_state != NULL;
}

static enum rc note(
	struct source_sink *sink, const char *path, const struct import_about *about, struct err *err)
{
	sink->has_ima = true;
	if (about->comment[0] == '\0')
		return RC_OK;
	if (sink->comment->len != 0 && blob_append(sink->comment, span_text("; ")) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", path);
	if (blob_append(sink->comment, span_text(about->comment)) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", path);
	return RC_OK;
}

static enum rc runtime_policy(
	const struct tenant_config *config, const char *path, struct source_sink *sink, struct err *err)
{
	DROP(blob_release) struct blob json = {0};
	struct import_about about = {0};
	enum rc rc;

	TRY(policy_file_read(config, path, DSSE_TYPE_KEYLIME, &json, err));
	rc = import_runtime_policy(blob_span(&json), sink->ima, &about, sink->warnings, err);
	return rc == RC_OK ? note(sink, path, &about, err) : err_wrap(err, rc, "%s: ", path);
}

/* The older form is JSON, too; no digest and no path begins with a brace. */
static bool is_json(const struct blob *text)
{
	size_t at = 0;

	while (at < text->len && memchr(" \t\r\n", text->at[at], 4) != NULL)
		at++;
	return at < text->len && text->at[at] == '{';
}

static enum rc allow_list(
	const struct tenant_config *config, const char *path, struct source_sink *sink, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct import_about about = {0};
	enum rc rc;

	TRY(file_read(path, LIST_MAX_BYTES, &text, err));
	if (is_json(&text))
		return runtime_policy(config, path, sink, err);
	rc = import_allow_list(blob_span(&text), sink->ima, &about, sink->warnings, err);
	return rc == RC_OK ? note(sink, path, &about, err) : err_wrap(err, rc, "%s: ", path);
}

static enum rc exclude_list(
	const struct tenant_config *config, const char *path, struct source_sink *sink, struct err *err)
{
	DROP(blob_release) struct blob text = {0};
	struct import_about about = {0};
	enum rc rc;

	(void)config;
	TRY(file_read(path, LIST_MAX_BYTES, &text, err));
	rc = import_exclude_list(blob_span(&text), sink->ima, &about, sink->warnings, err);
	return rc == RC_OK ? note(sink, path, &about, err) : err_wrap(err, rc, "%s: ", path);
}

static enum rc warn_lines(struct import_warnings *warnings, struct span text)
{
	while (text.len != 0) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.at);

		if (len != 0)
			TRY(import_warn(warnings, "%.*s", (int)len, (const char *)text.at));
		len += end != NULL;
		text = span_of(text.at + len, text.len - len);
	}
	return RC_OK;
}

static enum rc boot_state(
	const struct tenant_config *config, const char *path, struct source_sink *sink, struct err *err)
{
	DROP(blob_release) struct blob json = {0};
	DROP(blob_release) struct blob warnings = {0};
	DROP(boot_policy_release) struct boot_policy boot = {0};

	TRY(policy_file_read(config, path, DSSE_TYPE_KEYLIME, &json, err));
	if (import_boot_state(blob_span(&json), &boot, &warnings, err) != RC_OK ||
		boot_policy_merge(sink->boot, &boot, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	return warn_lines(sink->warnings, blob_span(&warnings));
}

enum rc sources_read(const struct tenant_config *config, const struct source_options *options,
	struct source_sink *sink, struct err *err)
{
	const struct {
		const struct text_list *paths;
		enum rc (*read)(const struct tenant_config *config, const char *path,
			struct source_sink *sink, struct err *err);
	} lists[] = {
		{&options->exclude_lists, exclude_list},
		{&options->allow_lists, allow_list},
		{&options->runtime_policies, runtime_policy},
	};

	for (size_t i = 0; i < COUNT(lists); i++)
		for (size_t p = 0; p < lists[i].paths->count; p++)
			TRY(lists[i].read(config, lists[i].paths->at[p], sink, err));
	if (options->boot_state != NULL)
		TRY(boot_state(config, options->boot_state, sink, err));
	return sources_files(options, sink, err);
}
