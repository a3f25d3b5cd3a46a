#include "services/tenant/inflated.h"

#include <limits.h>
#include <zlib.h>

#include "lib/base/file.h"

#define PIECE_BYTES (64u << 10)
/* zlib.h, inflateInit2: the largest window, and a gzip header and trailer around it. */
#define WINDOW_GZIP (16 + MAX_WBITS)

static void stream_end(z_stream *stream)
{
	inflateEnd(stream);
}

/* RFC 1952, 2.3.1: ID1, ID2, and the only method there is. */
static bool is_gzip(struct span bytes)
{
	return bytes.len >= 3 && bytes.at[0] == 0x1f && bytes.at[1] == 0x8b && bytes.at[2] == 8;
}

static enum rc damaged(const char *name, const z_stream *stream, struct err *err)
{
	return err_set(err, RC_MALFORMED, "%s: damaged gzip file: %s", name,
		stream->msg == NULL ? "it is cut short" : stream->msg);
}

/* One call of inflate, with room made for what it gives. */
static enum rc step(
	z_stream *stream, const char *name, size_t max, struct blob *out, int *ended, struct err *err)
{
	size_t room;

	if (blob_reserve(out, PIECE_BYTES) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", name);
	room = out->room - out->len;
	if (room > INT_MAX)
		room = INT_MAX;
	stream->next_out = out->at + out->len;
	stream->avail_out = (uInt)room;
	*ended = inflate(stream, Z_NO_FLUSH);
	out->len += room - stream->avail_out;
	if (out->len > max)
		return err_set(err, RC_LIMIT, "%s: unpacked it is longer than %zu bytes", name, max);
	if (*ended == Z_MEM_ERROR)
		return err_set(err, RC_NOMEM, "%s: out of memory", name);
	/* Z_BUF_ERROR: there is no more input, and the member has not ended. */
	if (*ended != Z_OK && *ended != Z_STREAM_END)
		return damaged(name, stream, err);
	return RC_OK;
}

static enum rc inflate_all(struct span bytes, const char *name, size_t max, struct blob *out, struct err *err)
{
	DROP(stream_end) z_stream stream = {0};
	int ended = Z_OK;

	if (inflateInit2(&stream, WINDOW_GZIP) != Z_OK)
		return err_set(err, RC_NOMEM, "%s: zlib does not start", name);
	/* zlib's next_in is const where ZLIB_CONST is set; it does not write to it otherwise either. */
	stream.next_in = (Bytef *)(uintptr_t)bytes.at;
	stream.avail_in = (uInt)bytes.len;
	for (;;) {
		TRY(step(&stream, name, max, out, &ended, err));
		if (ended != Z_STREAM_END)
			continue;
		if (stream.avail_in == 0)
			return RC_OK;
		if (!is_gzip(span_of(stream.next_in, stream.avail_in)) || inflateReset(&stream) != Z_OK)
			return err_set(err, RC_MALFORMED, "%s: something follows the gzip data", name);
	}
}

enum rc inflated_bytes(struct span bytes, const char *name, size_t max, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob plain = {0};

	if (bytes.len > max || bytes.len > UINT_MAX)
		return err_set(err, RC_LIMIT, "%s: longer than %zu bytes", name, max);
	if (!is_gzip(bytes))
		return blob_copy(out, bytes);
	TRY(inflate_all(bytes, name, max, &plain, err));
	blob_release(out);
	*out = TAKE(plain);
	return RC_OK;
}

enum rc inflated_read(const char *path, size_t max, struct blob *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};

	TRY(file_read(path, max, &bytes, err));
	if (is_gzip(blob_span(&bytes)))
		return inflated_bytes(blob_span(&bytes), path, max, out, err);
	blob_release(out);
	*out = TAKE(bytes);
	return RC_OK;
}
