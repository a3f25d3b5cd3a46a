/*
 * The payloads of events as what they describe. Every span borrows from the payload. All functions take the
 * payload as it stands and judge nothing: whether it is covered by the digest is event_check's answer.
 * UEFI integers are little-endian.
 */
#ifndef LIMEBUS_EVIDENCE_EVENT_PAYLOAD_H
#define LIMEBUS_EVIDENCE_EVENT_PAYLOAD_H

#include "lib/evidence/event_log.h"

/* UEFI_PLATFORM_FIRMWARE_BLOB; description is empty in the first form, bytes of any kind (mostly ASCII) in
 * the second (UEFI_PLATFORM_FIRMWARE_BLOB2). */
struct event_blob {
	struct span description;
	uint64_t base;
	uint64_t length;
};
MUST_USE enum rc event_blob_parse(const struct log_event *event, struct event_blob *out);

/* UEFI_IMAGE_LOAD_EVENT. path is a UEFI device path (device_path.h), empty for an image from memory. */
struct event_image {
	uint64_t location;
	uint64_t length;
	uint64_t link_time_address;
	struct span path;
};
MUST_USE enum rc event_image_parse(struct span payload, struct event_image *out);

/* TCG_PCClientTaggedEvent. */
#define EVENT_TAG_INITRD       0x8f3b22ecu /* Linux EFI stub: the initrd */
#define EVENT_TAG_LOAD_OPTIONS 0x8f3b22edu /* Linux EFI stub: the load options */
#define EVENT_TAG_LOADER_CONF  0xf5bc582au /* systemd-boot: loader.conf */
#define EVENT_TAG_DEVICETREE   0x6c46f751u /* systemd-stub: device tree addon */
#define EVENT_TAG_INITRD_ADDON 0x49dffe0fu /* systemd-stub: initrd addon */
#define EVENT_TAG_UCODE_ADDON  0xdac08e1au /* systemd-stub: microcode addon */
struct event_tag {
	uint32_t id;
	struct span data;
};
MUST_USE enum rc event_tag_parse(struct span payload, struct event_tag *out);

/* UEFI_GPT_DATA: the header, and the partitions in use. disk is the disk's GUID as it is stored. */
#define GPT_PARTITION_BYTES 128
struct event_gpt {
	const uint8_t *disk;
	uint64_t count;
	size_t entry_bytes;
	struct span partitions; /* count * entry_bytes */
};
MUST_USE enum rc event_gpt_parse(struct span payload, struct event_gpt *out);

/* One of them, i < count: type and unique GUID, first and last block, name in UTF-16. */
struct event_partition {
	const uint8_t *type;
	const uint8_t *id;
	uint64_t first;
	uint64_t last;
	struct span name;
};
MUST_USE enum rc event_gpt_partition(const struct event_gpt *gpt, uint64_t i, struct event_partition *out);

/* UEFI_HANDOFF_TABLE_POINTERS, and …POINTERS2 with a description in front: how many tables. */
struct event_tables {
	struct span description;
	uint64_t count;
	struct span tables; /* count * (GUID, address) */
};
MUST_USE enum rc event_tables_parse(const struct log_event *event, struct event_tables *out);

/* What an EV_SEPARATOR says (PC Client Platform Firmware Profile, "EV_SEPARATOR"). An error may also be told
 * by the digest of the number 1 beside a payload that says what failed: EVENT_OF_ERROR of event_check. */
enum event_separator {
	EVENT_SEPARATOR_ZERO,  /* 00000000: as it should be */
	EVENT_SEPARATOR_ONES,  /* ffffffff: as it should be */
	EVENT_SEPARATOR_ERROR, /* 00000001: the firmware reports an error */
	EVENT_SEPARATOR_OTHER, /* a payload that no specification knows (some are text) */
};
enum event_separator event_separator_of(const struct log_event *event);

#endif
