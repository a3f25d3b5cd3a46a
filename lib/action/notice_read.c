#include "lib/action/notice_read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_BYTES_MAX 65536
#define ITEMS_MAX      4096
#define NODE_DIGITS    64

void notice_read_release(struct notice_read *read)
{
	for (size_t i = 0; i < NOTICE_LISTS; i++)
		free(read->lists[i]);
	json_doc_release(&read->doc);
	blob_release(&read->line);
	*read = (struct notice_read){0};
}

static enum rc must_text(const struct json *object, const char *key, const char **out, struct err *err)
{
	struct json value;
	struct span text;

	TRY(json_get(object, key, &value, err));
	TRY(json_text(&value, TEXT_BYTES_MAX, &text, err));
	*out = (const char *)text.at;
	return RC_OK;
}

static enum rc may_text(const struct json *object, const char *key, const char **out, struct err *err)
{
	struct json value;

	*out = "";
	return json_has(object, key, &value) ? must_text(object, key, out, err) : RC_OK;
}

/* Also fills the list if the key is missing. */
static enum rc texts(const struct json *object, const char *key, const char ***slot, const char *const **out,
	struct err *err)
{
	struct json array = {0};
	bool is_there = object != NULL && json_has(object, key, &array);
	size_t count;

	if (is_there)
		TRY(json_expect(&array, JSON_KIND_ARRAY, err));
	count = is_there ? json_count(&array) : 0;
	if (count > ITEMS_MAX)
		return json_fail(&array, err, RC_LIMIT, "more than %d items", ITEMS_MAX);
	*slot = calloc(count + 1, sizeof **slot);
	if (*slot == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct json item;
		struct span text;

		TRY(json_item(&array, i, &item, err));
		TRY(json_text(&item, TEXT_BYTES_MAX, &text, err));
		(*slot)[i] = (const char *)text.at;
	}
	*out = (const char *const *)*slot;
	return RC_OK;
}

static enum rc lists(const struct json *root, struct notice_read *read, struct err *err)
{
	struct lime_notice *notice = &read->notice;
	struct json profile;
	bool has_profile = json_has(root, "profile", &profile);
	const struct json *of = has_profile ? &profile : NULL;

	if (has_profile)
		TRY(json_expect(&profile, JSON_KIND_OBJECT, err));
	TRY(texts(root, "reasons", &read->lists[0], &notice->reasons, err));
	TRY(texts(root, "certificates", &read->lists[1], &notice->certificates, err));
	TRY(texts(of, "tags", &read->lists[2], &notice->tags, err));
	TRY(texts(of, "dns", &read->lists[3], &notice->dns, err));
	return texts(of, "addresses", &read->lists[4], &notice->addresses, err);
}

static enum rc numbers(const struct json *root, struct lime_notice *notice, struct err *err)
{
	struct json value;
	uint64_t severity = 0;
	bool again = false;

	TRY(json_get(root, "seq", &value, err));
	TRY(json_u64(&value, 1, INT64_MAX, &notice->seq, err));
	if (json_has(root, "severity", &value))
		TRY(json_u64(&value, 0, 10, &severity, err));
	if (json_has(root, "again", &value))
		TRY(json_bool(&value, &again, err));
	notice->severity = (uint32_t)severity;
	notice->again = again ? 1 : 0;
	return RC_OK;
}

static enum rc fill(struct notice_read *read, struct err *err)
{
	static const struct json_limits limits = {.bytes = NOTICE_LINE_MAX, .depth = 16, .values = 100000};
	struct lime_notice *notice = &read->notice;
	struct json root;

	TRY(json_parse(blob_span(&read->line), &limits, &read->doc, err));
	root = json_root(&read->doc);
	TRY(json_expect(&root, JSON_KIND_OBJECT, err));
	TRY(numbers(&root, notice, err));
	TRY(must_text(&root, "kind", &notice->kind, err));
	TRY(must_text(&root, "node", &notice->node, err));
	TRY(must_text(&root, "time", &notice->time, err));
	TRY(may_text(&root, "reason", &notice->reason, err));
	TRY(may_text(&root, "verifier", &notice->verifier, err));
	TRY(may_text(&root, "evidence", &notice->evidence, err));
	if (strlen(notice->node) != NODE_DIGITS || strspn(notice->node, "0123456789abcdef") != NODE_DIGITS)
		return err_set(
			err, RC_MALFORMED, "node: expected %d lower-case hexadecimal digits", NODE_DIGITS);
	return lists(&root, read, err);
}

enum rc notice_read_parse(struct span line, struct notice_read *out, struct err *err)
{
	DROP(notice_read_release) struct notice_read read = {0};

	if (line.len > NOTICE_LINE_MAX)
		return err_set(err, RC_LIMIT, "a notice of more than %u bytes", NOTICE_LINE_MAX);
	TRY(blob_copy(&read.line, line));
	TRY(fill(&read, err));
	/* A NUL behind the line, for who reads it as text. */
	TRY(blob_append(&read.line, span_of("", 1)));
	read.notice.size = sizeof read.notice;
	read.notice.json = (const char *)read.line.at;
	read.notice.json_bytes = read.line.len - 1;
	*out = TAKE(read);
	return RC_OK;
}

enum rc notice_read_fd(int fd, struct notice_read *out, struct err *err)
{
	DROP(blob_release) struct blob line = {0};
	uint8_t piece[16384];
	ssize_t n = 1;

	while (n != 0) {
		n = read(fd, piece, sizeof piece);
		if (n < 0 && errno != EINTR)
			return err_errno(err, "reading the notice");
		if (n > 0)
			TRY(blob_append(&line, span_of(piece, (size_t)n)));
		if (line.len > NOTICE_LINE_MAX)
			return err_set(err, RC_LIMIT, "a notice of more than %u bytes", NOTICE_LINE_MAX);
	}
	return notice_read_parse(blob_span(&line), out, err);
}
