#include <inttypes.h>

#include "lib/evidence/device_path.h"
#include "lib/evidence/event_payload.h"
#include "lib/evidence/event_text.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/text_sink.h"
#include "lib/evidence/uefi_variable.h"

/* What is longer is cut, and shows it. */
#define PART_BYTES (EVENT_LINE_BYTES - 64)

static void put_text(struct text_sink *sink, const struct log_event *event)
{
	char text[PART_BYTES];
	const bool is_cut = event_text(event, text, sizeof text) >= sizeof text;

	for (char *at = text; *at != '\0'; at++)
		if (*at == '\n' || *at == '\t')
			*at = ' ';
	text_sink_print(sink, "%s", text[0] == '\0' ? "" : " ");
	text_sink_put(sink, span_text(text));
	if (is_cut)
		text_sink_print(sink, "...");
}

static void put_variable(struct text_sink *sink, const struct log_event *event)
{
	struct uefi_variable variable = {0};
	char name[PART_BYTES];

	if (uefi_variable_parse(event->payload, &variable) != RC_OK) {
		text_sink_print(sink, " malformed");
		return;
	}
	text_of_utf16(variable.name, name, sizeof name);
	text_sink_print(sink, " ");
	text_sink_put(sink, span_text(name));
	text_sink_print(sink, ", %zu bytes", variable.data.len);
}

static void put_image(struct text_sink *sink, const struct log_event *event)
{
	struct event_image image = {0};
	char path[PART_BYTES];

	if (event_image_parse(event->payload, &image) != RC_OK) {
		text_sink_print(sink, " malformed");
		return;
	}
	device_path_text(image.path, path, sizeof path);
	text_sink_print(sink, " ");
	text_sink_put(sink, span_text(image.path.len > 0 ? path : "from memory"));
	text_sink_print(sink, ", %" PRIu64 " bytes", image.length);
}

static void put_blob(struct text_sink *sink, const struct log_event *event)
{
	struct event_blob blob = {0};

	put_text(sink, event);
	if (event_blob_parse(event, &blob) == RC_OK)
		text_sink_print(sink, " 0x%" PRIx64 "+0x%" PRIx64, blob.base, blob.length);
}

static void put_gpt(struct text_sink *sink, const struct log_event *event)
{
	struct event_gpt gpt = {0};
	char disk[GUID_TEXT_BYTES];

	if (event_gpt_parse(event->payload, &gpt) != RC_OK)
		text_sink_print(sink, " malformed");
	else
		text_sink_print(
			sink, " disk %s, %" PRIu64 " partitions", guid_text(gpt.disk, disk), gpt.count);
}

static void put_separator(struct text_sink *sink, const struct log_event *event)
{
	static const char *const words[] = {[EVENT_SEPARATOR_ZERO] = " 00000000",
		[EVENT_SEPARATOR_ONES] = " ffffffff",
		[EVENT_SEPARATOR_ERROR] = " error"};
	const enum event_separator separator = event_separator_of(event);
	char text[PART_BYTES];

	if (separator != EVENT_SEPARATOR_OTHER) {
		text_sink_print(sink, "%s", words[separator]);
		return;
	}
	text_of_bytes(event->payload, text, sizeof text);
	text_sink_print(sink, " ");
	text_sink_put(sink, span_text(text));
}

char *event_line(const struct log_event *event, char out[static EVENT_LINE_BYTES])
{
	struct text_sink sink = text_sink_of(out, EVENT_LINE_BYTES);
	const enum event_kind kind = event_kind_of(event);
	char type[EVENT_TYPE_TEXT_BYTES];

	text_sink_print(&sink, "%s", event_kind_name(kind));
	if (kind == EVENT_KIND_UNKNOWN)
		text_sink_print(
			&sink, " %s, %zu bytes", event_type_text(event->type, type), event->payload.len);
	else if (kind == EVENT_KIND_VARIABLE || kind == EVENT_KIND_AUTHORITY ||
		 kind == EVENT_KIND_SBAT_LEVEL || kind == EVENT_KIND_BOOT_VARIABLE)
		put_variable(&sink, event);
	else if (kind == EVENT_KIND_BOOT_APPLICATION || kind == EVENT_KIND_BOOT_DRIVER ||
		 kind == EVENT_KIND_RUNTIME_DRIVER)
		put_image(&sink, event);
	else if (kind == EVENT_KIND_FIRMWARE_BLOB || kind == EVENT_KIND_POST_CODE)
		put_blob(&sink, event);
	else if (kind == EVENT_KIND_GPT)
		put_gpt(&sink, event);
	else if (kind == EVENT_KIND_SEPARATOR)
		put_separator(&sink, event);
	else
		put_text(&sink, event);
	return out;
}
