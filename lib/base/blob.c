#include "lib/base/blob.h"

#include <stdlib.h>

#define BLOB_ROOM_MIN 64u

void wipe(void *at, size_t len)
{
	if (len != 0)
		explicit_bzero(at, len);
}

void secret32_release(struct secret32 *secret)
{
	wipe(secret, sizeof *secret);
}

void blob_release(struct blob *blob)
{
	wipe(blob->at, blob->room);
	free(blob->at);
	*blob = (struct blob){0};
}

void blob_clear(struct blob *blob)
{
	wipe(blob->at, blob->len);
	blob->len = 0;
}

enum rc blob_reserve(struct blob *blob, size_t more)
{
	size_t room;
	uint8_t *at;

	if (more <= blob->room - blob->len)
		return RC_OK;
	if (more > SIZE_MAX / 4 || blob->len > SIZE_MAX / 4)
		return RC_LIMIT;
	room = blob->len + more;
	if (room < blob->room * 2)
		room = blob->room * 2;
	if (room < BLOB_ROOM_MIN)
		room = BLOB_ROOM_MIN;

	/* Not realloc: it would leave the old bytes behind. */
	at = malloc(room);
	if (at == NULL)
		return RC_NOMEM;
	if (blob->len != 0)
		memcpy(at, blob->at, blob->len);
	wipe(blob->at, blob->room);
	free(blob->at);
	blob->at = at;
	blob->room = room;
	return RC_OK;
}

enum rc blob_append(struct blob *blob, struct span bytes)
{
	TRY(blob_reserve(blob, bytes.len));
	if (bytes.len != 0)
		memcpy(blob->at + blob->len, bytes.at, bytes.len);
	blob->len += bytes.len;
	return RC_OK;
}

enum rc blob_copy(struct blob *blob, struct span bytes)
{
	blob_clear(blob);
	return blob_append(blob, bytes);
}

enum rc blob_resize(struct blob *blob, size_t len)
{
	if (len > blob->len) {
		size_t more = len - blob->len;

		TRY(blob_reserve(blob, more));
		memset(blob->at + blob->len, 0, more);
	} else if (len < blob->len) {
		wipe(blob->at + len, blob->len - len);
	}
	blob->len = len;
	return RC_OK;
}
