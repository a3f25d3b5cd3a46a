#include "lib/evidence/event_kind.h"

#include "lib/evidence/event_payload.h"
#include "lib/evidence/event_text.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/uefi_variable.h"

static const struct {
	const char *name;
	const char *words;
} kinds[EVENT_KIND_COUNT] = {
#define EVENT_KIND_ROW(id, name, words) [EVENT_KIND_##id] = {name, words},
	EVENT_KINDS(EVENT_KIND_ROW)
#undef EVENT_KIND_ROW
};

/* PC Client Platform Firmware Profile, "PCR Usage"; GRUB, shim, systemd and Linux for what they add. */
#define AT(pcr)  (1u << (pcr))
#define FIRMWARE 0xffu
#define ANY      ((1u << PCR_COUNT) - 1)
static const uint32_t kind_pcrs[EVENT_KIND_COUNT] = {
	[EVENT_KIND_UNKNOWN] = ANY,
	[EVENT_KIND_NO_ACTION] = ANY,
	[EVENT_KIND_STARTUP_LOCALITY] = AT(0),
	[EVENT_KIND_HCRTM] = AT(0),
	[EVENT_KIND_CRTM_VERSION] = AT(0),
	[EVENT_KIND_CRTM_CONTENTS] = AT(0),
	[EVENT_KIND_FIRMWARE_BLOB] = AT(0) | AT(2),
	[EVENT_KIND_POST_CODE] = AT(0) | AT(1) | AT(2),
	[EVENT_KIND_MICROCODE] = AT(0) | AT(1),
	[EVENT_KIND_HANDOFF_TABLES] = AT(0) | AT(1) | AT(3),
	[EVENT_KIND_CONFIG_FLAGS] = AT(0) | AT(1) | AT(2) | AT(3) | AT(6),
	[EVENT_KIND_DEVICES] = AT(1) | AT(2) | AT(3),
	[EVENT_KIND_SPDM] = AT(2) | AT(3) | AT(7),
	[EVENT_KIND_NONHOST] = AT(0) | AT(1) | AT(2) | AT(3),
	[EVENT_KIND_VARIABLE] = AT(1) | AT(3) | AT(5) | AT(6) | AT(7),
	[EVENT_KIND_AUTHORITY] = AT(7),
	[EVENT_KIND_SBAT_LEVEL] = AT(7),
	[EVENT_KIND_BOOT_VARIABLE] = AT(1),
	[EVENT_KIND_GPT] = AT(5),
	[EVENT_KIND_BOOT_APPLICATION] = AT(2) | AT(4),
	[EVENT_KIND_BOOT_DRIVER] = AT(0) | AT(2) | AT(4),
	[EVENT_KIND_RUNTIME_DRIVER] = AT(0) | AT(2) | AT(4),
	[EVENT_KIND_SEPARATOR] = FIRMWARE,
	[EVENT_KIND_ACTION] = FIRMWARE,
	[EVENT_KIND_BOOT_CODE] = AT(4),
	[EVENT_KIND_BOOT_DATA] = AT(5),
	[EVENT_KIND_COMPACT_HASH] = AT(4) | AT(5) | AT(6),
	[EVENT_KIND_MOK] = AT(14),
	[EVENT_KIND_GRUB_COMMAND] = AT(8),
	[EVENT_KIND_GRUB_FILE] = AT(9),
	[EVENT_KIND_KERNEL_COMMAND_LINE] = AT(8) | AT(12),
	[EVENT_KIND_MODULE_COMMAND_LINE] = AT(8),
	[EVENT_KIND_UKI_SECTION] = AT(11),
	[EVENT_KIND_STUB_INITRD] = AT(9) | AT(12) | AT(13),
	[EVENT_KIND_KERNEL_INITRD] = AT(9),
	[EVENT_KIND_KERNEL_LOAD_OPTIONS] = AT(9),
	[EVENT_KIND_LOADER_TEXT] = ANY,
	[EVENT_KIND_TAG] = ANY,
};
#undef AT
#undef FIRMWARE
#undef ANY

const char *event_kind_name(enum event_kind kind)
{
	return kinds[(unsigned)kind < EVENT_KIND_COUNT ? kind : EVENT_KIND_UNKNOWN].name;
}

const char *event_kind_words(enum event_kind kind)
{
	return kinds[(unsigned)kind < EVENT_KIND_COUNT ? kind : EVENT_KIND_UNKNOWN].words;
}

uint32_t event_kind_pcrs(enum event_kind kind)
{
	return kind_pcrs[(unsigned)kind < EVENT_KIND_COUNT ? kind : EVENT_KIND_UNKNOWN];
}

enum event_kind event_kind_of_name(struct span name)
{
	size_t kind = 0;

	while (kind < EVENT_KIND_COUNT && !span_is(name, kinds[kind].name))
		kind++;
	return (enum event_kind)kind;
}

/* Types that are of one kind whatever their payload. */
static enum event_kind kind_of_type(uint32_t type)
{
	static const struct {
		uint32_t type;
		enum event_kind kind;
	} rows[] = {
		{EV_POST_CODE, EVENT_KIND_POST_CODE},
		{EV_POST_CODE2, EVENT_KIND_POST_CODE},
		{EV_SEPARATOR, EVENT_KIND_SEPARATOR},
		{EV_ACTION, EVENT_KIND_ACTION},
		{EV_EFI_ACTION, EVENT_KIND_ACTION},
		{EV_OMIT_BOOT_DEVICE_EVENTS, EVENT_KIND_ACTION},
		{EV_S_CRTM_CONTENTS, EVENT_KIND_CRTM_CONTENTS},
		{EV_S_CRTM_VERSION, EVENT_KIND_CRTM_VERSION},
		{EV_EFI_HCRTM_EVENT, EVENT_KIND_HCRTM},
		{EV_CPU_MICROCODE, EVENT_KIND_MICROCODE},
		{EV_PLATFORM_CONFIG_FLAGS, EVENT_KIND_CONFIG_FLAGS},
		{EV_TABLE_OF_DEVICES, EVENT_KIND_DEVICES},
		{EV_COMPACT_HASH, EVENT_KIND_COMPACT_HASH},
		{EV_IPL_PARTITION_DATA, EVENT_KIND_BOOT_DATA},
		{EV_NONHOST_CODE, EVENT_KIND_NONHOST},
		{EV_NONHOST_CONFIG, EVENT_KIND_NONHOST},
		{EV_NONHOST_INFO, EVENT_KIND_NONHOST},
		{EV_EFI_VARIABLE_DRIVER_CONFIG, EVENT_KIND_VARIABLE},
		{EV_EFI_VARIABLE_BOOT, EVENT_KIND_BOOT_VARIABLE},
		{EV_EFI_VARIABLE_BOOT2, EVENT_KIND_BOOT_VARIABLE},
		{EV_EFI_BOOT_SERVICES_APPLICATION, EVENT_KIND_BOOT_APPLICATION},
		{EV_EFI_BOOT_SERVICES_DRIVER, EVENT_KIND_BOOT_DRIVER},
		{EV_EFI_RUNTIME_SERVICES_DRIVER, EVENT_KIND_RUNTIME_DRIVER},
		{EV_EFI_GPT_EVENT, EVENT_KIND_GPT},
		{EV_EFI_GPT_EVENT2, EVENT_KIND_GPT},
		{EV_EFI_PLATFORM_FIRMWARE_BLOB, EVENT_KIND_FIRMWARE_BLOB},
		{EV_EFI_PLATFORM_FIRMWARE_BLOB2, EVENT_KIND_FIRMWARE_BLOB},
		{EV_EFI_HANDOFF_TABLES, EVENT_KIND_HANDOFF_TABLES},
		{EV_EFI_HANDOFF_TABLES2, EVENT_KIND_HANDOFF_TABLES},
		{EV_EFI_SPDM_FIRMWARE_BLOB, EVENT_KIND_SPDM},
		{EV_EFI_SPDM_FIRMWARE_CONFIG, EVENT_KIND_SPDM},
		{EV_EFI_SPDM_DEVICE_POLICY, EVENT_KIND_SPDM},
		{EV_EFI_SPDM_DEVICE_AUTHORITY, EVENT_KIND_SPDM},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].type == type)
			return rows[i].kind;
	return EVENT_KIND_UNKNOWN;
}

static enum event_kind no_action_kind(const struct log_event *event)
{
	static const char locality[16] = "StartupLocality";
	const struct span payload = event->payload;

	if (event->pcr == 0 && payload.len == sizeof locality + 1 &&
		memcmp(payload.at, locality, sizeof locality) == 0)
		return EVENT_KIND_STARTUP_LOCALITY;
	return EVENT_KIND_NO_ACTION;
}

static enum event_kind authority_kind(struct span payload)
{
	struct uefi_variable variable = {0};

	if (uefi_variable_parse(payload, &variable) == RC_OK &&
		uefi_variable_is(&variable, guid_shim, "SbatLevel"))
		return EVENT_KIND_SBAT_LEVEL;
	return EVENT_KIND_AUTHORITY;
}

/* systemd, src/boot: the initrds that the stub makes from files beside the image; UTF-16 in the log. */
static bool is_stub_initrd(struct span text)
{
	static const char last[] = "initrd";
	const size_t len = sizeof last - 1;

	if (text.len < 2 * len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text.at[text.len - 2 * len + 2 * i] != (uint8_t)last[i] ||
			text.at[text.len - 2 * len + 2 * i + 1] != 0)
			return false;
	return true;
}

/*
 * systemd-boot and systemd-stub describe in UTF-16. PCR 11: sections of the image. PCR 12: command lines
 * (whose description they are themselves), credentials. PCR 13: extensions. PCR 8: command lines of versions
 * before 252.
 */
static enum event_kind utf16_ipl_kind(const struct log_event *event)
{
	const struct span text = text_unterminated(event->payload);

	switch (event->pcr) {
	case 8: return EVENT_KIND_KERNEL_COMMAND_LINE;
	case 11:
		return text.len >= 2 && text.at[0] == '.' && text.at[1] == 0 ? EVENT_KIND_UKI_SECTION
		                                                             : EVENT_KIND_LOADER_TEXT;
	case 12: return is_stub_initrd(text) ? EVENT_KIND_STUB_INITRD : EVENT_KIND_KERNEL_COMMAND_LINE;
	case 13: return EVENT_KIND_STUB_INITRD;
	default: return EVENT_KIND_LOADER_TEXT;
	}
}

/* GRUB 2.12, grub-core/commands/tpm.c: strings into PCR 8, files into PCR 9. Legacy BIOS: PCR 4 and 5. */
static enum event_kind ipl_kind(const struct log_event *event)
{
	const struct span prefix = event_text_prefix(event);

	if (event->pcr == 8 && prefix.len > 0) {
		if (span_is(prefix, EVENT_PREFIX_COMMAND))
			return EVENT_KIND_GRUB_COMMAND;
		return span_is(prefix, EVENT_PREFIX_MODULE) ? EVENT_KIND_MODULE_COMMAND_LINE
		                                            : EVENT_KIND_KERNEL_COMMAND_LINE;
	}
	if (event->pcr == 14)
		return EVENT_KIND_MOK;
	if (text_is_utf16(event->payload))
		return utf16_ipl_kind(event);
	switch (event->pcr) {
	case 4: return EVENT_KIND_BOOT_CODE;
	case 5: return EVENT_KIND_BOOT_DATA;
	case 9: return EVENT_KIND_GRUB_FILE;
	default: return EVENT_KIND_LOADER_TEXT;
	}
}

static enum event_kind tag_kind(const struct log_event *event)
{
	struct event_tag tag = {0};

	if (event_tag_parse(event->payload, &tag) != RC_OK)
		return EVENT_KIND_TAG;
	switch (tag.id) {
	case EVENT_TAG_INITRD: return EVENT_KIND_KERNEL_INITRD;
	case EVENT_TAG_LOAD_OPTIONS: return EVENT_KIND_KERNEL_LOAD_OPTIONS;
	case EVENT_TAG_INITRD_ADDON:
	case EVENT_TAG_UCODE_ADDON: return EVENT_KIND_STUB_INITRD;
	default: return EVENT_KIND_TAG;
	}
}

enum event_kind event_kind_of(const struct log_event *event)
{
	switch (event->type) {
	case EV_NO_ACTION: return no_action_kind(event);
	case EV_IPL: return ipl_kind(event);
	case EV_EVENT_TAG: return tag_kind(event);
	case EV_EFI_VARIABLE_AUTHORITY: return authority_kind(event->payload);
	default: return kind_of_type(event->type);
	}
}
