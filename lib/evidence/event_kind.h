/*
 * What an event is about: the same for all firmware and boot loaders, so that a policy can name it. Worked
 * out from type, PCR and payload. A kind is a claim of the log like the payload itself: whether the digest
 * bears it out is event_check's answer. The type is never covered by a digest, so whoever forges a log may
 * call an event what he likes: a policy takes a kind only in PCRs where it belongs (event_kind_pcrs), and
 * holds the digest against what it knows wherever that is not of the payload.
 */
#ifndef LIMEBUS_EVIDENCE_EVENT_KIND_H
#define LIMEBUS_EVIDENCE_EVENT_KIND_H

#include "lib/evidence/event_log.h"

/* X(NAME, "name", "words"). Names are stable: policies hold them. */
#define EVENT_KINDS(X)                                                                                       \
	X(UNKNOWN, "unknown", "an event that this version does not know")                                    \
	X(NO_ACTION, "no-action", "a note that is not extended")                                             \
	X(STARTUP_LOCALITY, "startup-locality", "the locality of TPM2_Startup, which PCR 0 starts from")     \
	X(HCRTM, "hcrtm", "the hardware's root of trust for measurement")                                    \
	X(CRTM_VERSION, "crtm-version", "the version of the root of trust for measurement")                  \
	X(CRTM_CONTENTS, "crtm-contents", "the code of the root of trust for measurement")                   \
	X(FIRMWARE_BLOB, "firmware-blob", "a part of the firmware")                                          \
	X(POST_CODE, "post-code", "a part of the firmware, or its tables")                                   \
	X(MICROCODE, "microcode", "a microcode update")                                                      \
	X(HANDOFF_TABLES, "handoff-tables", "tables that the firmware made (SMBIOS, ACPI)")                  \
	X(CONFIG_FLAGS, "config-flags", "settings of the platform")                                          \
	X(DEVICES, "devices", "a table of devices, or what a device's own firmware is")                      \
	X(SPDM, "spdm", "what a device says of itself by SPDM")                                              \
	X(NONHOST, "nonhost", "code or data of a controller beside the processor")                           \
	X(VARIABLE, "variable", "a variable of the Secure Boot configuration, or of another driver")         \
	X(AUTHORITY, "authority", "a certificate or digest by which an image was accepted")                  \
	X(SBAT_LEVEL, "sbat-level", "the revocation levels that shim enforces")                              \
	X(BOOT_VARIABLE, "boot-variable", "a boot option or the order of boot options")                      \
	X(GPT, "gpt", "the partition table of the boot disk")                                                \
	X(BOOT_APPLICATION, "boot-application", "a program that was loaded: boot loader, kernel")            \
	X(BOOT_DRIVER, "boot-driver", "a driver that was loaded before the operating system")                \
	X(RUNTIME_DRIVER, "runtime-driver", "a driver that stays when the operating system runs")            \
	X(SEPARATOR, "separator", "the end of the firmware's own measurements")                              \
	X(ACTION, "action", "a step of the boot")                                                            \
	X(BOOT_CODE, "boot-code", "the first code of a boot device (legacy BIOS), or what it loaded")        \
	X(BOOT_DATA, "boot-data", "the partition table or data of a boot device (legacy BIOS)")              \
	X(COMPACT_HASH, "compact-hash", "something that was hashed, described by a few bytes")               \
	X(MOK, "mok", "a variable of shim: machine owner keys and settings")                                 \
	X(GRUB_COMMAND, "grub-command", "a command that GRUB ran")                                           \
	X(GRUB_FILE, "grub-file", "a file that GRUB read")                                                   \
	X(KERNEL_COMMAND_LINE, "kernel-command-line", "the command line of the kernel")                      \
	X(MODULE_COMMAND_LINE, "module-command-line", "the command line of a module that GRUB loaded")       \
	X(UKI_SECTION, "uki-section", "the name or the content of a section of a unified kernel image")      \
	X(STUB_INITRD, "stub-initrd", "an initrd that systemd-stub made: credentials, extensions")           \
	X(KERNEL_INITRD, "kernel-initrd", "the initrd that the kernel's EFI stub loaded")                    \
	X(KERNEL_LOAD_OPTIONS, "kernel-load-options", "the command line that the kernel's EFI stub got")     \
	X(LOADER_TEXT, "loader-text", "something that a boot loader measured, with its description")         \
	X(TAG, "tag", "something with a tag of the boot loader or operating system")

#define EVENT_KIND_ENUM(name, wire, words) EVENT_KIND_##name,
enum event_kind { EVENT_KINDS(EVENT_KIND_ENUM) EVENT_KIND_COUNT };
#undef EVENT_KIND_ENUM

enum event_kind event_kind_of(const struct log_event *event);

/* "grub-command", "a command that GRUB ran"; never NULL. */
const char *event_kind_name(enum event_kind kind);
const char *event_kind_words(enum event_kind kind);

/* Bit n: events of this kind occur in PCR n. */
uint32_t event_kind_pcrs(enum event_kind kind);

/* EVENT_KIND_COUNT for a name that this version does not have. */
enum event_kind event_kind_of_name(struct span name);

#endif
