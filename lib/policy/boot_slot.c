#include "lib/policy/boot_slot.h"

#include "lib/base/drop.h"
#include "lib/evidence/event_payload.h"
#include "lib/evidence/event_text.h"

#define PCR(n) (1u << (n))
/* Registers of settings: what is extended there says how the machine is set up, not what code it ran. */
#define PCRS_SETTINGS (PCR(1) | PCR(3) | PCR(5))

static const struct {
	enum event_kind kind;
	uint32_t pcrs;
	enum boot_slot slot;
} rows[] = {
	{EVENT_KIND_SEPARATOR, 0xff, BOOT_SLOT_SEPARATOR},
	{EVENT_KIND_HCRTM, PCR(0), BOOT_SLOT_CRTM},
	{EVENT_KIND_CRTM_VERSION, PCR(0), BOOT_SLOT_CRTM},
	{EVENT_KIND_CRTM_CONTENTS, PCR(0), BOOT_SLOT_CRTM},
	{EVENT_KIND_FIRMWARE_BLOB, PCR(0), BOOT_SLOT_BLOB},
	{EVENT_KIND_POST_CODE, PCR(0), BOOT_SLOT_BLOB},
	{EVENT_KIND_MICROCODE, PCR(1), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_HANDOFF_TABLES, PCR(1), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_CONFIG_FLAGS, PCR(1) | PCR(3), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_DEVICES, PCR(1) | PCR(3), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_SPDM, PCR(1) | PCR(3), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_NONHOST, PCR(1) | PCR(3), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_VARIABLE, PCRS_SETTINGS, BOOT_SLOT_HARMLESS},
	{EVENT_KIND_BOOT_VARIABLE, PCR(1) | PCR(5), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_COMPACT_HASH, PCR(1) | PCR(3), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_POST_CODE, PCR(1), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_FIRMWARE_BLOB, PCR(1), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_TAG, PCR(1) | PCR(3), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_GPT, PCR(5), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_BOOT_DATA, PCR(5), BOOT_SLOT_HARMLESS},
	{EVENT_KIND_BOOT_DRIVER, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_RUNTIME_DRIVER, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_BOOT_APPLICATION, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_FIRMWARE_BLOB, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_POST_CODE, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_NONHOST, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_SPDM, PCR(2), BOOT_SLOT_DRIVER},
	{EVENT_KIND_TAG, PCR(2), BOOT_SLOT_DRIVER},
	/* One might be called the other. */
	{EVENT_KIND_BOOT_APPLICATION, PCR(4), BOOT_SLOT_APPLICATION},
	{EVENT_KIND_BOOT_DRIVER, PCR(4), BOOT_SLOT_APPLICATION},
	{EVENT_KIND_RUNTIME_DRIVER, PCR(4), BOOT_SLOT_APPLICATION},
	{EVENT_KIND_BOOT_CODE, PCR(4), BOOT_SLOT_PART},
	{EVENT_KIND_COMPACT_HASH, PCR(4), BOOT_SLOT_PART},
	{EVENT_KIND_VARIABLE, PCR(7), BOOT_SLOT_VARIABLE},
	{EVENT_KIND_AUTHORITY, PCR(7), BOOT_SLOT_AUTHORITY},
	{EVENT_KIND_SBAT_LEVEL, PCR(7), BOOT_SLOT_SBAT},
	{EVENT_KIND_GRUB_COMMAND, PCR(8), BOOT_SLOT_COMMAND},
	{EVENT_KIND_MODULE_COMMAND_LINE, PCR(8), BOOT_SLOT_COMMAND_LINE},
	{EVENT_KIND_KERNEL_COMMAND_LINE, PCR(8) | PCR(12), BOOT_SLOT_COMMAND_LINE},
	{EVENT_KIND_GRUB_FILE, PCR(9), BOOT_SLOT_FILE},
	{EVENT_KIND_KERNEL_INITRD, PCR(9), BOOT_SLOT_PART},
	{EVENT_KIND_KERNEL_LOAD_OPTIONS, PCR(9), BOOT_SLOT_PART},
	{EVENT_KIND_UKI_SECTION, PCR(11), BOOT_SLOT_PART},
	{EVENT_KIND_STUB_INITRD, PCR(9) | PCR(12) | PCR(13), BOOT_SLOT_PART},
	{EVENT_KIND_LOADER_TEXT, PCR(8) | PCR(9) | PCR(11) | PCR(12) | PCR(13), BOOT_SLOT_PART},
	{EVENT_KIND_TAG, PCR(5) | PCR(8) | PCR(9) | PCR(11) | PCR(12) | PCR(13), BOOT_SLOT_PART},
	{EVENT_KIND_MOK, PCR(7) | PCR(14), BOOT_SLOT_MOK},
};

/* TCG PC Client Platform Firmware Profile 1.06, "EV_EFI_ACTION", and the BIOS specification 1.21,
 * "EV_ACTION": the steps of a boot, which differ from one to the next. Not "UEFI Debug Mode" and "DMA
 * Protection Disabled". */
static bool is_known_action(struct span text)
{
	static const char *const whole[] = {
		"Calling EFI Application from Boot Option",
		"Returning from EFI Application from Boot Option",
		"Exit Boot Services Invocation",
		"Exit Boot Services Returned with Failure",
		"Exit Boot Services Returned with Success",
		"Entering ROM Based Setup",
		"Booting to Shell",
		"Start Option ROM Scan",
		"Calling INT 19h",
		"Returned INT 19h",
		"Return via INT 18h",
		"User Password Entered",
		"Administrator Password Entered",
		"Password Failure",
		"Boot Sequence User Intervention",
		"Chassis Intrusion",
		"Non Fatal Error",
	};
	static const char *const start[] = {"Booting BCV", "Wake Event ", "Booting from "};

	for (size_t i = 0; i < COUNT(whole); i++)
		if (span_is(text, whole[i]))
			return true;
	for (size_t i = 0; i < COUNT(start); i++)
		if (text.len >= strlen(start[i]) && memcmp(text.at, start[i], strlen(start[i])) == 0)
			return true;
	return false;
}

/* The digest does not cover the prefix that tells a command from a command line. Those begin with the path of
 * what is started: "/…" or "(hd0,gpt1)/…", as no command does. */
static bool starts_with_path(struct span text)
{
	return text.len > 0 && (text.at[0] == '/' || text.at[0] == '(');
}

enum boot_slot boot_slot_of(
	const struct log_event *event, enum event_kind kind, const struct event_check *check)
{
	if (kind == EVENT_KIND_ACTION && event->pcr >= 1 && event->pcr <= 6)
		return check->match == EVENT_DIGEST_MATCHES &&
		                       is_known_action(text_unterminated(event->payload))
		               ? BOOT_SLOT_HARMLESS
		               : BOOT_SLOT_EVENT;
	if (kind == EVENT_KIND_SEPARATOR && event_separator_of(event) == EVENT_SEPARATOR_OTHER)
		return BOOT_SLOT_EVENT;
	if (kind == EVENT_KIND_GRUB_COMMAND && starts_with_path(event_text_bytes(event)))
		return BOOT_SLOT_COMMAND_LINE;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].kind == kind && (rows[i].pcrs & PCR(event->pcr)) != 0)
			return rows[i].slot;
	return BOOT_SLOT_EVENT;
}

const char *boot_slot_name(enum boot_slot slot)
{
	static const char *const names[BOOT_SLOT_COUNT] = {
		[BOOT_SLOT_HARMLESS] = "setting",
		[BOOT_SLOT_SECURE_BOOT] = "Secure Boot",
		[BOOT_SLOT_VARIABLE] = "variable",
		[BOOT_SLOT_SIGNATURE] = "signature",
		[BOOT_SLOT_AUTHORITY] = "authority",
		[BOOT_SLOT_SBAT] = "SBAT level",
		[BOOT_SLOT_MOK] = "machine owner key",
		[BOOT_SLOT_CRTM] = "CRTM",
		[BOOT_SLOT_BLOB] = "firmware blob",
		[BOOT_SLOT_DRIVER] = "driver",
		[BOOT_SLOT_APPLICATION] = "boot application",
		[BOOT_SLOT_FILE] = "file",
		[BOOT_SLOT_COMMAND_LINE] = "kernel command line",
		[BOOT_SLOT_COMMAND] = "GRUB command",
		[BOOT_SLOT_PART] = "part of the boot",
		[BOOT_SLOT_SEPARATOR] = "separator",
		[BOOT_SLOT_EVENT] = "event",
	};

	return (unsigned)slot < BOOT_SLOT_COUNT ? names[slot] : "event";
}
