#include "lib/evidence/event_payload.h"

#include "lib/evidence/cursor_le.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/uefi_variable.h"

/* The second forms have one byte of length and a description in front. */
static enum rc description_read(struct cursor *cursor, struct span *out)
{
	uint8_t len = 0;

	TRY(cursor_u8(cursor, &len));
	return cursor_bytes(cursor, len, out);
}

enum rc event_blob_parse(const struct log_event *event, struct event_blob *out)
{
	struct cursor cursor = cursor_at(event->payload);
	struct event_blob blob = {0};

	if (event->type == EV_EFI_PLATFORM_FIRMWARE_BLOB2 || event->type == EV_POST_CODE2)
		TRY(description_read(&cursor, &blob.description));
	TRY(cursor_le64(&cursor, &blob.base));
	TRY(cursor_le64(&cursor, &blob.length));
	TRY(cursor_end(&cursor));
	*out = blob;
	return RC_OK;
}

enum rc event_image_parse(struct span payload, struct event_image *out)
{
	struct cursor cursor = cursor_at(payload);
	struct event_image image = {0};
	uint64_t len = 0;

	TRY(cursor_le64(&cursor, &image.location));
	TRY(cursor_le64(&cursor, &image.length));
	TRY(cursor_le64(&cursor, &image.link_time_address));
	TRY(cursor_le64(&cursor, &len));
	TRY(cursor_bytes64(&cursor, len, &image.path));
	TRY(cursor_end(&cursor));
	*out = image;
	return RC_OK;
}

enum rc event_tag_parse(struct span payload, struct event_tag *out)
{
	struct cursor cursor = cursor_at(payload);
	struct event_tag tag = {0};
	uint32_t len = 0;

	TRY(cursor_le32(&cursor, &tag.id));
	TRY(cursor_le32(&cursor, &len));
	TRY(cursor_bytes(&cursor, len, &tag.data));
	TRY(cursor_end(&cursor));
	*out = tag;
	return RC_OK;
}

/* UEFI 2.10, 5.3.2: EFI_PARTITION_TABLE_HEADER. */
enum rc event_gpt_parse(struct span payload, struct event_gpt *out)
{
	struct cursor cursor = cursor_at(payload);
	struct event_gpt gpt = {0};
	struct span raw = {0};
	uint32_t entry_bytes = 0;

	TRY(cursor_bytes(&cursor, 8, &raw));
	if (!span_is(raw, "EFI PART"))
		return RC_MALFORMED;
	TRY(cursor_bytes(&cursor, 56 - 8, &raw));
	TRY(cursor_bytes(&cursor, GUID_BYTES, &raw));
	gpt.disk = raw.at;
	TRY(cursor_bytes(&cursor, 84 - 56 - GUID_BYTES, &raw));
	TRY(cursor_le32(&cursor, &entry_bytes));
	TRY(cursor_bytes(&cursor, 92 - 88, &raw));
	TRY(cursor_le64(&cursor, &gpt.count));
	gpt.partitions = cursor.left;
	gpt.entry_bytes = entry_bytes;
	if (entry_bytes < GPT_PARTITION_BYTES || cursor.left.len % entry_bytes != 0 ||
		cursor.left.len / entry_bytes != gpt.count)
		return RC_MALFORMED;
	*out = gpt;
	return RC_OK;
}

enum rc event_gpt_partition(const struct event_gpt *gpt, uint64_t i, struct event_partition *out)
{
	struct event_partition partition = {0};
	struct cursor cursor;
	struct span raw = {0};

	if (i >= gpt->count)
		return RC_NOT_FOUND;
	cursor = cursor_at(span_of(gpt->partitions.at + (size_t)i * gpt->entry_bytes, GPT_PARTITION_BYTES));
	TRY(cursor_bytes(&cursor, GUID_BYTES, &raw));
	partition.type = raw.at;
	TRY(cursor_bytes(&cursor, GUID_BYTES, &raw));
	partition.id = raw.at;
	TRY(cursor_le64(&cursor, &partition.first));
	TRY(cursor_le64(&cursor, &partition.last));
	TRY(cursor_bytes(&cursor, 8, &raw));
	while (partition.name.len + 2 <= cursor.left.len &&
		(cursor.left.at[partition.name.len] != 0 || cursor.left.at[partition.name.len + 1] != 0))
		partition.name = span_of(cursor.left.at, partition.name.len + 2);
	*out = partition;
	return RC_OK;
}

enum rc event_tables_parse(const struct log_event *event, struct event_tables *out)
{
	const size_t row = GUID_BYTES + 8;
	struct cursor cursor = cursor_at(event->payload);
	struct event_tables tables = {0};

	if (event->type == EV_EFI_HANDOFF_TABLES2)
		TRY(description_read(&cursor, &tables.description));
	TRY(cursor_le64(&cursor, &tables.count));
	if (cursor.left.len % row != 0 || cursor.left.len / row != tables.count)
		return RC_MALFORMED;
	tables.tables = cursor.left;
	*out = tables;
	return RC_OK;
}

enum event_separator event_separator_of(const struct log_event *event)
{
	static const struct {
		uint8_t bytes[4];
		enum event_separator separator;
	} known[] = {
		{{0, 0, 0, 0}, EVENT_SEPARATOR_ZERO},
		{{0xff, 0xff, 0xff, 0xff}, EVENT_SEPARATOR_ONES},
		{{1, 0, 0, 0}, EVENT_SEPARATOR_ERROR},
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (span_equal(event->payload, SPAN(known[i].bytes)))
			return known[i].separator;
	return EVENT_SEPARATOR_OTHER;
}
