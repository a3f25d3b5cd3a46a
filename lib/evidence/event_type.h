/* The type numbers of firmware events, and their names. */
#ifndef LIMEBUS_EVIDENCE_EVENT_TYPE_H
#define LIMEBUS_EVIDENCE_EVENT_TYPE_H

#include <stdint.h>

/*
 * X(NAME, number). TCG PC Client Platform Firmware Profile 1.06, "Event Types"; the EVTYPE numbers are those
 * of Intel TXT (MLE Developer's Guide, "Extended Heap Elements").
 */
#define EVENT_TYPES(X)                                                                                       \
	X(EV_PREBOOT_CERT, 0x0u)                                                                             \
	X(EV_POST_CODE, 0x1u)                                                                                \
	X(EV_UNUSED, 0x2u)                                                                                   \
	X(EV_NO_ACTION, 0x3u)                                                                                \
	X(EV_SEPARATOR, 0x4u)                                                                                \
	X(EV_ACTION, 0x5u)                                                                                   \
	X(EV_EVENT_TAG, 0x6u)                                                                                \
	X(EV_S_CRTM_CONTENTS, 0x7u)                                                                          \
	X(EV_S_CRTM_VERSION, 0x8u)                                                                           \
	X(EV_CPU_MICROCODE, 0x9u)                                                                            \
	X(EV_PLATFORM_CONFIG_FLAGS, 0xau)                                                                    \
	X(EV_TABLE_OF_DEVICES, 0xbu)                                                                         \
	X(EV_COMPACT_HASH, 0xcu)                                                                             \
	X(EV_IPL, 0xdu)                                                                                      \
	X(EV_IPL_PARTITION_DATA, 0xeu)                                                                       \
	X(EV_NONHOST_CODE, 0xfu)                                                                             \
	X(EV_NONHOST_CONFIG, 0x10u)                                                                          \
	X(EV_NONHOST_INFO, 0x11u)                                                                            \
	X(EV_OMIT_BOOT_DEVICE_EVENTS, 0x12u)                                                                 \
	X(EV_POST_CODE2, 0x13u)                                                                              \
	X(EVTYPE_PCRMAPPING, 0x401u)                                                                         \
	X(EVTYPE_HASH_START, 0x402u)                                                                         \
	X(EVTYPE_COMBINED_HASH, 0x403u)                                                                      \
	X(EVTYPE_MLE_HASH, 0x404u)                                                                           \
	X(EVTYPE_BIOSAC_REG_DATA, 0x40au)                                                                    \
	X(EVTYPE_CPU_SCRTM_STAT, 0x40bu)                                                                     \
	X(EVTYPE_LCP_CONTROL_HASH, 0x40cu)                                                                   \
	X(EVTYPE_ELEMENTS_HASH, 0x40du)                                                                      \
	X(EVTYPE_STM_HASH, 0x40eu)                                                                           \
	X(EVTYPE_OSSINITDATA_CAP_HASH, 0x40fu)                                                               \
	X(EVTYPE_SINIT_PUBKEY_HASH, 0x410u)                                                                  \
	X(EVTYPE_LCP_HASH, 0x411u)                                                                           \
	X(EVTYPE_LCP_DETAILS_HASH, 0x412u)                                                                   \
	X(EVTYPE_LCP_AUTHORITIES_HASH, 0x413u)                                                               \
	X(EVTYPE_NV_INFO_HASH, 0x414u)                                                                       \
	X(EVTYPE_CAP_VALUE, 0x4ffu)                                                                          \
	X(EV_EFI_VARIABLE_DRIVER_CONFIG, 0x80000001u)                                                        \
	X(EV_EFI_VARIABLE_BOOT, 0x80000002u)                                                                 \
	X(EV_EFI_BOOT_SERVICES_APPLICATION, 0x80000003u)                                                     \
	X(EV_EFI_BOOT_SERVICES_DRIVER, 0x80000004u)                                                          \
	X(EV_EFI_RUNTIME_SERVICES_DRIVER, 0x80000005u)                                                       \
	X(EV_EFI_GPT_EVENT, 0x80000006u)                                                                     \
	X(EV_EFI_ACTION, 0x80000007u)                                                                        \
	X(EV_EFI_PLATFORM_FIRMWARE_BLOB, 0x80000008u)                                                        \
	X(EV_EFI_HANDOFF_TABLES, 0x80000009u)                                                                \
	X(EV_EFI_PLATFORM_FIRMWARE_BLOB2, 0x8000000au)                                                       \
	X(EV_EFI_HANDOFF_TABLES2, 0x8000000bu)                                                               \
	X(EV_EFI_VARIABLE_BOOT2, 0x8000000cu)                                                                \
	X(EV_EFI_GPT_EVENT2, 0x8000000du)                                                                    \
	X(EV_EFI_HCRTM_EVENT, 0x80000010u)                                                                   \
	X(EV_EFI_VARIABLE_AUTHORITY, 0x800000e0u)                                                            \
	X(EV_EFI_SPDM_FIRMWARE_BLOB, 0x800000e1u)                                                            \
	X(EV_EFI_SPDM_FIRMWARE_CONFIG, 0x800000e2u)                                                          \
	X(EV_EFI_SPDM_DEVICE_POLICY, 0x800000e3u)                                                            \
	X(EV_EFI_SPDM_DEVICE_AUTHORITY, 0x800000e4u)

/* Numbers come from bytes and stay uint32_t: a log may hold any. */
#define EVENT_TYPE_ENUM(name, number) name = number,
enum event_type { EVENT_TYPES(EVENT_TYPE_ENUM) };
#undef EVENT_TYPE_ENUM

/* "EV_IPL"; NULL for a number that is not in the list (a vendor's own, or a newer specification's). */
const char *event_type_name(uint32_t type);

/* The same, or the number as "0x80000099". Returns out or the name. */
#define EVENT_TYPE_TEXT_BYTES 11
const char *event_type_text(uint32_t type, char out[static EVENT_TYPE_TEXT_BYTES]);

#endif
