#include "lib/follow/place.h"

#include "lib/base/file.h"
#include "lib/follow/kept.h"

static const char title[] = "limebus place v1\n";
#define PLACE_FILE_MAX 1024

static bool marks_bit(const struct place *place, uint64_t bit)
{
	return (place->marks[bit / 8] >> bit % 8 & 1) != 0;
}

bool place_is_done(const struct place *place, uint64_t seq)
{
	if (seq <= place->done.seq)
		return true;
	return seq - place->done.seq - 1 < FOLLOW_WINDOW && marks_bit(place, seq - place->done.seq - 1);
}

enum rc place_encode(const struct place *place, struct blob *out)
{
	TRY(kept_begin(out, title));
	TRY(kept_put_place(out, &place->done));
	TRY(kept_put_u64(out, place->pass));
	TRY(kept_put_u64(out, place->given));
	TRY(blob_append(out, SPAN(place->marks)));
	return kept_seal(out);
}

/* A first place that is not zero, or a hole in front that is done, was not written by us. */
static bool is_plausible(const struct place *place)
{
	static const struct notice_place none = {0};

	if (place->done.seq == 0 && memcmp(&place->done, &none, sizeof none) != 0)
		return false;
	return place->done.seq <= UINT64_MAX - FOLLOW_WINDOW && !marks_bit(place, 0);
}

enum rc place_decode(struct span bytes, struct place *out)
{
	struct place place = {0};
	struct span content;
	struct span marks;

	TRY(kept_open(bytes, title, &content));
	TRY(kept_take_place(&content, &place.done));
	TRY(kept_take_u64(&content, &place.pass));
	TRY(kept_take_u64(&content, &place.given));
	TRY(kept_take(&content, sizeof place.marks, &marks));
	memcpy(place.marks, marks.at, sizeof place.marks);
	if (content.len != 0 || !is_plausible(&place))
		return RC_MALFORMED;
	*out = place;
	return RC_OK;
}

enum rc place_save(const struct place *place, const char *path, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};

	if (place_encode(place, &bytes) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", path);
	return file_replace(path, blob_span(&bytes), 0600, err);
}

enum rc place_load(const char *path, struct place *out, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};

	TRY(file_read_secret(path, PLACE_FILE_MAX, &bytes, err));
	if (place_decode(blob_span(&bytes), out) != RC_OK)
		return err_set(
			err, RC_MALFORMED, "%s: damaged; without it everything is acted on again", path);
	return RC_OK;
}
