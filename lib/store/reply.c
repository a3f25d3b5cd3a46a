#include "lib/store/reply.h"

#include <hiredis/read.h>
#include <stdlib.h>

#include "lib/base/drop.h"

/* Invariant: what is left of the answer that is being read. */
struct reply_reader {
	redisReader *reader;
	size_t elements_left;
	size_t bytes_left;
	bool over; /* an object was refused because it was too large */
};

void reply_release(struct reply **reply)
{
	if (reply == NULL || *reply == NULL)
		return;
	for (size_t i = 0; i < (*reply)->count; i++)
		reply_release(&(*reply)->elements[i]);
	free((*reply)->elements);
	free(*reply);
	*reply = NULL;
}

static void free_object(void *object)
{
	struct reply *reply = object;

	reply_release(&reply);
}

static enum reply_kind kind_of(int type)
{
	switch (type) {
	case REDIS_REPLY_STRING: return REPLY_STRING;
	case REDIS_REPLY_STATUS: return REPLY_STATUS;
	case REDIS_REPLY_ERROR: return REPLY_ERROR;
	case REDIS_REPLY_INTEGER: return REPLY_INTEGER;
	case REDIS_REPLY_ARRAY: return REPLY_ARRAY;
	default: return REPLY_NIL;
	}
}

/* A new object in its place in its parent. NULL tells hiredis to stop with an error. */
static struct reply *make(const redisReadTask *task, enum reply_kind kind, size_t extra)
{
	struct reply_reader *reader = task->privdata;
	struct reply *parent = task->parent != NULL ? task->parent->obj : NULL;
	struct reply *reply;

	if (reader->elements_left == 0 || extra > reader->bytes_left) {
		reader->over = true;
		return NULL;
	}
	/* hiredis counts idx itself; we do not rely on it. */
	if (parent != NULL && (task->idx < 0 || (size_t)task->idx >= parent->count))
		return NULL;
	reply = calloc(1, sizeof *reply + extra);
	if (reply == NULL)
		return NULL;
	reply->kind = kind;
	reader->elements_left--;
	reader->bytes_left -= extra;
	if (parent != NULL)
		parent->elements[task->idx] = reply;
	return reply;
}

static void *create_string(const redisReadTask *task, char *text, size_t len)
{
	struct reply_reader *reader = task->privdata;
	struct reply *reply;

	if (task->type != REDIS_REPLY_STRING && len > REPLY_LINE_MAX_BYTES) {
		reader->over = true;
		return NULL;
	}
	reply = make(task, kind_of(task->type), len);
	if (reply == NULL)
		return NULL;
	if (len != 0)
		memcpy(reply + 1, text, len);
	reply->bytes = span_of(reply + 1, len);
	return reply;
}

static void *create_array(const redisReadTask *task, int count)
{
	struct reply_reader *reader = task->privdata;
	struct reply *reply;

	/* Each element will be an object of this same answer. */
	if (count < 0 || (size_t)count >= reader->elements_left) {
		reader->over = true;
		return NULL;
	}
	reply = make(task, REPLY_ARRAY, 0);
	if (reply == NULL || count == 0)
		return reply;
	reply->elements = calloc((size_t)count, sizeof *reply->elements);
	if (reply->elements == NULL) {
		/* The parent has it already and frees it; only a root is nobody's yet. */
		if (task->parent == NULL)
			free(reply);
		return NULL;
	}
	reply->count = (size_t)count;
	return reply;
}

static void *create_integer(const redisReadTask *task, long long value)
{
	struct reply *reply = make(task, REPLY_INTEGER, 0);

	if (reply != NULL)
		reply->integer = value;
	return reply;
}

static void *create_nil(const redisReadTask *task)
{
	return make(task, REPLY_NIL, 0);
}

static redisReplyObjectFunctions functions = {
	.createString = create_string,
	.createArray = create_array,
	.createInteger = create_integer,
	.createNil = create_nil,
	.freeObject = free_object,
};

static void budget_reset(struct reply_reader *reader)
{
	reader->elements_left = REPLY_ELEMENTS_MAX;
	reader->bytes_left = REPLY_MAX_BYTES;
}

enum rc reply_reader_open(struct reply_reader **out)
{
	struct reply_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		return RC_NOMEM;
	reader->reader = redisReaderCreateWithFunctions(&functions);
	if (reader->reader == NULL) {
		free(reader);
		return RC_NOMEM;
	}
	reader->reader->privdata = reader;
	budget_reset(reader);
	*out = reader;
	return RC_OK;
}

void reply_reader_close(struct reply_reader **reader)
{
	if (reader == NULL || *reader == NULL)
		return;
	redisReaderFree((*reader)->reader);
	free(*reader);
	*reader = NULL;
}

enum rc reply_reader_feed(struct reply_reader *reader, struct span bytes)
{
	if (bytes.len == 0)
		return RC_OK;
	return redisReaderFeed(reader->reader, (const char *)bytes.at, bytes.len) == REDIS_OK ? RC_OK
	                                                                                      : RC_NOMEM;
}

/* A bulk string whose length is there to be read: refuse it now, not after its last byte. */
static enum rc check_declared(struct span rest)
{
	size_t declared = 0;

	for (size_t i = 0; i < rest.len; i++) {
		uint8_t c = rest.at[i];

		if (c == '\r')
			return RC_OK;
		/* A sign or nonsense: hiredis judges, at the end of the line. */
		if (c < '0' || c > '9')
			return RC_OK;
		declared = declared * 10 + (c - '0');
		if (declared > REPLY_STRING_MAX_BYTES)
			return RC_LIMIT;
	}
	return RC_OK;
}

/* hiredis waits for more. For what? Without this it collects for as long as the peer sends, and looks through
 * all of it for the end of a line again and again. */
static enum rc check_waiting(const redisReader *reader)
{
	struct span rest = span_of(reader->buf + reader->pos, reader->len - reader->pos);

	if (reader->ridx < 0)
		return RC_OK;
	if (reader->rstack[reader->ridx].type == REDIS_REPLY_STRING) {
		size_t line = rest.len < REPLY_LINE_MAX_BYTES ? rest.len : REPLY_LINE_MAX_BYTES;

		TRY(check_declared(rest));
		if (rest.len > REPLY_LINE_MAX_BYTES + 1 && memchr(rest.at, '\r', line) == NULL)
			return RC_LIMIT;
		return RC_OK;
	}
	/* The line, and the first byte of its end. */
	return rest.len > REPLY_LINE_MAX_BYTES + 1 ? RC_LIMIT : RC_OK;
}

enum rc reply_reader_next(struct reply_reader *reader, struct reply **out)
{
	void *object = NULL;

	if (redisReaderGetReply(reader->reader, &object) != REDIS_OK) {
		if (reader->over)
			return RC_LIMIT;
		return reader->reader->err == REDIS_ERR_OOM ? RC_NOMEM : RC_MALFORMED;
	}
	*out = object;
	if (object == NULL)
		return check_waiting(reader->reader);
	budget_reset(reader);
	return RC_OK;
}

bool reply_is_status(const struct reply *reply, const char *text)
{
	return reply != NULL && reply->kind == REPLY_STATUS && span_is(reply->bytes, text);
}

bool reply_error_is(const struct reply *reply, const char *word)
{
	size_t len = strlen(word);

	return reply != NULL && reply->kind == REPLY_ERROR && reply->bytes.len >= len &&
	       memcmp(reply->bytes.at, word, len) == 0;
}

enum rc reply_rc(const struct reply *reply)
{
	static const struct {
		const char *word;
		enum rc rc;
	} words[] = {
		{"WRONGTYPE ", RC_MALFORMED},
		{"NOPERM ", RC_DENIED},
		{"NOAUTH ", RC_DENIED},
		{"WRONGPASS ", RC_DENIED},
		{"OOM ", RC_LIMIT},
		{"ERR ", RC_MALFORMED},
	};

	if (reply == NULL)
		return RC_IO;
	if (reply->kind != REPLY_ERROR)
		return RC_OK;
	for (size_t i = 0; i < COUNT(words); i++)
		if (reply_error_is(reply, words[i].word))
			return words[i].rc;
	/* LOADING, MISCONF, READONLY, MASTERDOWN, BUSY and what comes later: the server cannot now. */
	return RC_IO;
}
