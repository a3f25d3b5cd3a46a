#include "lib/follow/profiles.h"

#include <arpa/inet.h>
#include <search.h>
#include <stdlib.h>

#include "lib/base/file.h"
#include "lib/follow/kept.h"

static const char title[] = "limebus profiles v1\n";

/* One node. bytes: its profile as an encoded message. */
struct known {
	uint8_t node[NODE_ID_BYTES];
	struct blob bytes;
	uint64_t time;
};

struct profiles {
	void *tree;
	size_t count;
};

static int by_node(const void *a, const void *b)
{
	return memcmp(((const struct known *)a)->node, ((const struct known *)b)->node, NODE_ID_BYTES);
}

static void known_free(void *entry)
{
	blob_release(&((struct known *)entry)->bytes);
	free(entry);
}

enum rc profiles_open(struct profiles **out)
{
	*out = calloc(1, sizeof **out);
	return *out == NULL ? RC_NOMEM : RC_OK;
}

void profiles_close(struct profiles **profiles)
{
	if (*profiles == NULL)
		return;
	tdestroy((*profiles)->tree, known_free);
	free(*profiles);
	*profiles = NULL;
}

size_t profiles_count(const struct profiles *profiles)
{
	return profiles->count;
}

static struct known *find(const struct profiles *profiles, const uint8_t node[static NODE_ID_BYTES])
{
	void *tree = profiles->tree;
	struct known key;
	void *found;

	memcpy(key.node, node, NODE_ID_BYTES);
	found = tfind(&key, &tree, by_node);
	return found == NULL ? NULL : *(struct known **)found;
}

static enum rc add(struct profiles *profiles, const uint8_t node[static NODE_ID_BYTES], struct known **out)
{
	struct known *fresh;

	if (profiles->count == PROFILES_MAX)
		return RC_LIMIT;
	fresh = calloc(1, sizeof *fresh);
	if (fresh == NULL)
		return RC_NOMEM;
	memcpy(fresh->node, node, NODE_ID_BYTES);
	if (tsearch(fresh, &profiles->tree, by_node) == NULL) {
		free(fresh);
		return RC_NOMEM;
	}
	profiles->count++;
	*out = fresh;
	return RC_OK;
}

enum rc profiles_put(struct profiles *profiles, const struct msg_profile *profile)
{
	struct msg msg = {.type = MSG_TYPE_profile, .profile = *profile};
	DROP(blob_release) struct blob bytes = {0};
	struct known *entry;

	if (profile->node.len != NODE_ID_BYTES)
		return RC_MALFORMED;
	entry = find(profiles, profile->node.at);
	if (entry != NULL && entry->time > profile->time)
		return RC_STALE;
	TRY(msg_encode(&msg, &bytes));
	if (entry == NULL)
		TRY(add(profiles, profile->node.at, &entry));
	blob_release(&entry->bytes);
	entry->bytes = TAKE(bytes);
	entry->time = profile->time;
	return RC_OK;
}

bool profiles_get(
	const struct profiles *profiles, const uint8_t node[static NODE_ID_BYTES], struct msg_profile *out)
{
	const struct known *entry = find(profiles, node);
	struct msg msg;

	if (entry == NULL || msg_decode_as(blob_span(&entry->bytes), MSG_TYPE_profile, &msg) != RC_OK)
		return false;
	*out = msg.profile;
	return true;
}

/* ---- the file ---- */

struct writing {
	struct blob *out;
	enum rc rc;
};

static void write_entry(const void *at, VISIT visit, void *ctx)
{
	const struct known *entry = *(const struct known *const *)at;
	struct writing *writing = ctx;

	if ((visit != postorder && visit != leaf) || writing->rc != RC_OK)
		return;
	writing->rc = kept_put_u64(writing->out, entry->bytes.len);
	if (writing->rc == RC_OK)
		writing->rc = blob_append(writing->out, blob_span(&entry->bytes));
}

enum rc profiles_encode(const struct profiles *profiles, const struct notice_place *place, struct blob *out)
{
	struct writing writing = {out, RC_OK};

	TRY(kept_begin(out, title));
	TRY(kept_put_place(out, place));
	twalk_r(profiles->tree, write_entry, &writing);
	TRY(writing.rc);
	return kept_seal(out);
}

static enum rc decode_entries(struct span content, struct profiles *profiles)
{
	while (content.len != 0) {
		struct span bytes;
		struct msg msg;
		uint64_t len;

		TRY(kept_take_u64(&content, &len));
		if (len > content.len)
			return RC_MALFORMED;
		TRY(kept_take(&content, (size_t)len, &bytes));
		if (msg_decode_as(bytes, MSG_TYPE_profile, &msg) != RC_OK ||
			find(profiles, msg.profile.node.at) != NULL)
			return RC_MALFORMED;
		TRY(profiles_put(profiles, &msg.profile));
	}
	return RC_OK;
}

enum rc profiles_decode(struct span bytes, struct profiles *profiles, struct notice_place *place)
{
	struct notice_place read = {0};
	struct span content;
	enum rc rc;

	TRY(kept_open(bytes, title, &content));
	TRY(kept_take_place(&content, &read));
	rc = decode_entries(content, profiles);
	if (rc != RC_OK) {
		tdestroy(profiles->tree, known_free);
		*profiles = (struct profiles){0};
		return rc;
	}
	*place = read;
	return RC_OK;
}

enum rc profiles_save(
	const struct profiles *profiles, const struct notice_place *place, const char *path, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};

	if (profiles_encode(profiles, place, &bytes) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", path);
	if (bytes.len > PROFILES_BYTES_MAX)
		return err_set(err, RC_LIMIT, "%s: %zu bytes", path, bytes.len);
	return file_replace(path, blob_span(&bytes), 0600, err);
}

enum rc profiles_load(
	const char *path, struct profiles *profiles, struct notice_place *place, struct err *err)
{
	DROP(blob_release) struct blob bytes = {0};
	enum rc rc;

	TRY(file_read_secret(path, PROFILES_BYTES_MAX, &bytes, err));
	rc = profiles_decode(blob_span(&bytes), profiles, place);
	if (rc != RC_OK)
		return err_set(err, rc, "%s: damaged", path);
	return RC_OK;
}

/* ---- words ---- */

bool profile_has_tag(const struct msg_profile *profile, struct span tag)
{
	struct list rest = profile->tags;
	struct elem_tag item;

	while (ELEM_NEXT(tag, &rest, &item))
		if (span_equal(item.tag, tag))
			return true;
	return false;
}

bool address_text(struct span address, char out[static ADDRESS_TEXT_BYTES])
{
	if (address.len != 4 && address.len != 16)
		return false;
	return inet_ntop(address.len == 4 ? AF_INET : AF_INET6, address.at, out, ADDRESS_TEXT_BYTES) != NULL;
}
