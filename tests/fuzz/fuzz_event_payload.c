/* The views of payloads stay inside them, and texts have the length that they are told to have. */
#include "lib/evidence/device_path.h"
#include "lib/evidence/event_payload.h"
#include "lib/evidence/event_text.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/signature_list.h"
#include "tests/fuzz/fuzz.h"

static char text[1 << 16];

static void is_within(struct span part, struct span whole)
{
	HOLDS(part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len));
}

static void try_signatures(struct span in)
{
	struct signature_lists lists = {.left = in};
	struct signature_entry entry = {0};
	size_t bytes = 0;

	while (signature_lists_next(&lists, &entry) == RC_OK) {
		is_within(entry.data, in);
		bytes += entry.data.len + GUID_BYTES;
	}
	HOLDS(bytes <= in.len);
	if (signature_data_parse(in, &entry) == RC_OK)
		is_within(entry.data, in);
}

static void try_variable(struct span in)
{
	struct uefi_variable variable = {0};
	struct uefi_load_option option = {0};

	if (uefi_variable_parse(in, &variable) == RC_OK)
		HOLDS(32 + variable.name.len + variable.data.len + variable.rest.len == in.len);
	if (uefi_load_option_parse(in, &option) == RC_OK)
		HOLDS(8 + option.description.len + option.path.len + option.data.len == in.len);
}

static void try_structures(const struct log_event *event)
{
	const struct span in = event->payload;
	struct event_image image = {0};
	struct event_tag tag = {0};
	struct event_gpt gpt = {0};
	struct event_partition partition = {0};
	struct event_blob blob = {0};
	struct event_tables tables = {0};
	struct span file = {0};

	if (event_image_parse(in, &image) == RC_OK)
		HOLDS(32 + image.path.len == in.len);
	if (event_tag_parse(in, &tag) == RC_OK)
		HOLDS(8 + tag.data.len == in.len);
	if (event_gpt_parse(in, &gpt) == RC_OK)
		for (uint64_t i = 0; event_gpt_partition(&gpt, i, &partition) == RC_OK; i++)
			is_within(partition.name, in);
	if (event_blob_parse(event, &blob) == RC_OK)
		is_within(blob.description, in);
	if (event_tables_parse(event, &tables) == RC_OK)
		HOLDS(tables.count * 24 == tables.tables.len);
	if (device_path_file(in, &file) == RC_OK)
		is_within(file, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len)
{
	static const uint32_t types[] = {EV_IPL, EV_EVENT_TAG, EV_EFI_PLATFORM_FIRMWARE_BLOB2,
		EV_EFI_HANDOFF_TABLES2, EV_SEPARATOR, EV_EFI_VARIABLE_AUTHORITY, EV_POST_CODE,
		EV_EFI_BOOT_SERVICES_APPLICATION};
	const struct span in = span_of(at, len);
	struct log_event event = {.pcr = 8, .type = types[len % COUNT(types)], .payload = in};
	char line[EVENT_LINE_BYTES];
	size_t told;

	try_signatures(in);
	try_variable(in);
	try_structures(&event);
	is_within(event_text_bytes(&event), in);
	HOLDS(strlen(event_line(&event, line)) < sizeof line);
	told = text_of_bytes(in, text, sizeof text);
	HOLDS(told >= sizeof text || told == strlen(text));
	told = text_of_utf16(in, text, sizeof text);
	HOLDS(told >= sizeof text || told == strlen(text));
	told = device_path_text(in, text, sizeof text);
	HOLDS(told >= sizeof text || told == strlen(text));
	return 0;
}
