#include "lib/evidence/event_text.h"

#include "lib/evidence/event_payload.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/text_sink.h"

size_t text_of_bytes(struct span bytes, char *out, size_t room)
{
	struct text_sink sink = text_sink_of(out, room);

	text_sink_bytes(&sink, bytes);
	return sink.len;
}

size_t text_of_utf16(struct span bytes, char *out, size_t room)
{
	struct text_sink sink = text_sink_of(out, room);

	text_sink_utf16(&sink, bytes);
	return sink.len;
}

bool text_is_utf16(struct span payload)
{
	if (payload.len < 2 || payload.len % 2 != 0)
		return false;
	for (size_t i = 0; i < payload.len; i += 2)
		if (payload.at[i] == 0 && payload.at[i + 1] == 0)
			return i + 2 == payload.len;
	return false;
}

struct span text_unterminated(struct span payload)
{
	if (text_is_utf16(payload))
		return span_of(payload.at, payload.len - 2);
	if (payload.len > 0 && payload.at[payload.len - 1] == 0)
		return span_of(payload.at, payload.len - 1);
	return payload;
}

struct span event_text_prefix(const struct log_event *event)
{
	static const char *const prefixes[] = {
		EVENT_PREFIX_COMMAND, EVENT_PREFIX_KERNEL, EVENT_PREFIX_MODULE};

	for (size_t i = 0; i < COUNT(prefixes) && event->type == EV_IPL; i++) {
		const size_t len = strlen(prefixes[i]);

		if (event->payload.len >= len && memcmp(event->payload.at, prefixes[i], len) == 0)
			return span_of(event->payload.at, len);
	}
	return span_of(event->payload.at, 0);
}

/* Part codes and the like are text, or the place of a blob. */
static struct span text_or_blob(const struct log_event *event)
{
	struct event_blob blob = {0};

	return event_blob_parse(event, &blob) == RC_OK ? blob.description : event->payload;
}

/* The text with its terminator. */
static struct span terminated_text(const struct log_event *event)
{
	const size_t prefix = event_text_prefix(event).len;
	struct event_tag tag = {0};
	struct event_tables tables = {0};

	switch (event->type) {
	case EV_IPL: return span_of(event->payload.at + prefix, event->payload.len - prefix);
	case EV_EVENT_TAG: return event_tag_parse(event->payload, &tag) == RC_OK ? tag.data : event->payload;
	case EV_POST_CODE:
	case EV_POST_CODE2:
	case EV_EFI_PLATFORM_FIRMWARE_BLOB:
	case EV_EFI_PLATFORM_FIRMWARE_BLOB2: return text_or_blob(event);
	case EV_EFI_HANDOFF_TABLES:
	case EV_EFI_HANDOFF_TABLES2:
		return event_tables_parse(event, &tables) == RC_OK ? tables.description : event->payload;
	case EV_ACTION:
	case EV_EFI_ACTION:
	case EV_S_CRTM_CONTENTS:
	case EV_S_CRTM_VERSION:
	case EV_CPU_MICROCODE:
	case EV_PLATFORM_CONFIG_FLAGS:
	case EV_TABLE_OF_DEVICES:
	case EV_COMPACT_HASH:
	case EV_IPL_PARTITION_DATA:
	case EV_NONHOST_CODE:
	case EV_NONHOST_CONFIG:
	case EV_NONHOST_INFO:
	case EV_OMIT_BOOT_DEVICE_EVENTS:
	case EV_EFI_HCRTM_EVENT: return event->payload;
	default: return span_of(event->payload.at, 0);
	}
}

struct span event_text_bytes(const struct log_event *event)
{
	return text_unterminated(terminated_text(event));
}

size_t event_text(const struct log_event *event, char *out, size_t room)
{
	const struct span text = terminated_text(event);

	return text_is_utf16(text) ? text_of_utf16(text_unterminated(text), out, room)
	                           : text_of_bytes(text_unterminated(text), out, room);
}
