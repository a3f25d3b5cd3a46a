#include "lib/evidence/device_path.h"

#include "lib/base/drop.h"
#include "lib/evidence/cursor_le.h"
#include "lib/evidence/text_sink.h"
#include "lib/evidence/uefi_variable.h"

/* UEFI 2.10, 10.3.1: type, subtype, length of the node with these four bytes. */
#define NODE_HEAD_BYTES 4
#define NODE_END        0x7f
#define NODE_END_ALL    0xff
#define NODE_MEDIA      4
#define NODE_FILE       4

struct node {
	uint8_t type;
	uint8_t subtype;
	struct span data;
};

static enum rc node_read(struct cursor *cursor, struct node *out)
{
	struct node node = {0};
	uint16_t len = 0;

	TRY(cursor_u8(cursor, &node.type));
	TRY(cursor_u8(cursor, &node.subtype));
	TRY(cursor_le16(cursor, &len));
	if (len < NODE_HEAD_BYTES)
		return RC_MALFORMED;
	TRY(cursor_bytes(cursor, len - NODE_HEAD_BYTES, &node.data));
	*out = node;
	return RC_OK;
}

static bool is_end(const struct node *node)
{
	return node->type == NODE_END && node->subtype == NODE_END_ALL;
}

/* A file's name ends with a NUL, which is not part of it. */
static struct span file_name(struct span data)
{
	if (data.len >= 2 && data.len % 2 == 0 && data.at[data.len - 1] == 0 && data.at[data.len - 2] == 0)
		data.len -= 2;
	return data;
}

/* Numbers at fixed places of a node whose length was checked before. */
static uint64_t number(const struct node *node, size_t at, size_t bytes)
{
	uint64_t value = 0;

	for (size_t i = bytes; i > 0; i--)
		value = value << 8 | node->data.at[at + i - 1];
	return value;
}

static unsigned small(const struct node *node, size_t at, size_t bytes)
{
	return (unsigned)number(node, at, bytes);
}

static void put_guid(struct text_sink *sink, const char *name, const uint8_t *guid, struct span more)
{
	char text[GUID_TEXT_BYTES];

	text_sink_print(sink, "%s(%s%s", name, guid_text(guid, text), more.len > 0 ? "," : "");
	for (size_t i = 0; i < more.len; i++)
		text_sink_print(sink, "%02x", more.at[i]);
	text_sink_print(sink, ")");
}

static void put_pci(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "Pci(0x%x,0x%x)", small(node, 1, 1), small(node, 0, 1));
}

static void put_vendor(struct text_sink *sink, const struct node *node)
{
	static const char *const names[] = {[1] = "VenHw", [3] = "VenMsg", [4] = "VenMedia"};
	const struct span more = span_of(node->data.at + GUID_BYTES, node->data.len - GUID_BYTES);

	put_guid(sink, names[node->type], node->data.at, more);
}

/* The upper half of the id is the number, the lower is "PNP" in five bits a letter (UEFI 2.10, 10.3.3). */
static void put_acpi(struct text_sink *sink, const struct node *node)
{
	const unsigned vendor = small(node, 0, 2);
	const unsigned id = small(node, 2, 2);
	const unsigned uid = small(node, 4, 4);

	if (vendor != 0x41d0)
		text_sink_print(sink, "Acpi(0x%04x%04x,0x%x)", id, vendor, uid);
	else if (id == 0x0a03)
		text_sink_print(sink, "PciRoot(0x%x)", uid);
	else if (id == 0x0a08)
		text_sink_print(sink, "PcieRoot(0x%x)", uid);
	else
		text_sink_print(sink, "Acpi(PNP%04X,0x%x)", id, uid);
}

static void put_ata(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "Ata(0x%x,0x%x,0x%x)", small(node, 0, 1), small(node, 1, 1), small(node, 2, 2));
}

static void put_scsi(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "Scsi(0x%x,0x%x)", small(node, 0, 2), small(node, 2, 2));
}

static void put_usb(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "USB(0x%x,0x%x)", small(node, 0, 1), small(node, 1, 1));
}

static void put_mac(struct text_sink *sink, const struct node *node)
{
	const unsigned type = small(node, 32, 1);

	text_sink_print(sink, "MAC(");
	for (size_t i = 0; i < (type <= 1 ? 6u : 32u); i++)
		text_sink_print(sink, "%02x", node->data.at[i]);
	text_sink_print(sink, ",0x%x)", type);
}

static void put_ipv4(struct text_sink *sink, const struct node *node)
{
	const uint8_t *at = node->data.at;

	text_sink_print(sink, "IPv4(%u.%u.%u.%u)", at[4], at[5], at[6], at[7]);
}

static void put_sata(struct text_sink *sink, const struct node *node)
{
	text_sink_print(
		sink, "Sata(0x%x,0x%x,0x%x)", small(node, 0, 2), small(node, 2, 2), small(node, 4, 2));
}

/* The identifier is read from its last byte to its first. */
static void put_nvme(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "NVMe(0x%x", small(node, 0, 4));
	for (size_t i = 0; i < 8; i++)
		text_sink_print(sink, "%c%02X", i == 0 ? ',' : '-', node->data.at[11 - i]);
	text_sink_print(sink, ")");
}

static void put_uri(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "Uri(");
	text_sink_bytes(sink, node->data);
	text_sink_print(sink, ")");
}

/* Partition, first block, blocks, signature, format (1 MBR, 2 GPT), kind of signature. */
static void put_disk(struct text_sink *sink, const struct node *node)
{
	const uint8_t *signature = node->data.at + 20;
	char guid[GUID_TEXT_BYTES];

	text_sink_print(sink, "HD(%u,", small(node, 0, 4));
	if (node->data.at[37] == 2)
		text_sink_print(sink, "GPT,%s", guid_text(signature, guid));
	else if (node->data.at[37] == 1)
		text_sink_print(sink, "MBR,0x%08x", small(node, 20, 4));
	else
		text_sink_print(sink, "%u", small(node, 37, 1));
	text_sink_print(sink, ",0x%llx,0x%llx)", (unsigned long long)number(node, 4, 8),
		(unsigned long long)number(node, 12, 8));
}

static void put_optical(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "CDROM(0x%x,0x%llx,0x%llx)", small(node, 0, 4),
		(unsigned long long)number(node, 4, 8), (unsigned long long)number(node, 12, 8));
}

static void put_file(struct text_sink *sink, const struct node *node)
{
	text_sink_utf16(sink, file_name(node->data));
}

static void put_volume(struct text_sink *sink, const struct node *node)
{
	put_guid(sink, node->subtype == 6 ? "FvFile" : "Fv", node->data.at, (struct span){0});
}

static void put_range(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "Offset(0x%llx,0x%llx)", (unsigned long long)number(node, 4, 8),
		(unsigned long long)number(node, 12, 8));
}

/* UEFI 2.10, 10.6.1.6: Path(type,subtype,hex) is the form for anything. */
static void put_other(struct text_sink *sink, const struct node *node)
{
	text_sink_print(sink, "Path(%u,%u%s", node->type, node->subtype, node->data.len > 0 ? "," : "");
	for (size_t i = 0; i < node->data.len; i++)
		text_sink_print(sink, "%02x", node->data.at[i]);
	text_sink_print(sink, ")");
}

/* Nodes that have a form of their own if their data has this length, or at least this length. */
static const struct {
	uint8_t type;
	uint8_t subtype;
	uint8_t bytes;
	bool or_more;
	void (*put)(struct text_sink *sink, const struct node *node);
} forms[] = {
	{1, 1, 2, false, put_pci},
	{1, 4, GUID_BYTES, true, put_vendor},
	{2, 1, 8, false, put_acpi},
	{3, 1, 4, false, put_ata},
	{3, 2, 4, false, put_scsi},
	{3, 5, 2, false, put_usb},
	{3, 10, GUID_BYTES, true, put_vendor},
	{3, 11, 33, false, put_mac},
	{3, 12, 15, true, put_ipv4},
	{3, 18, 6, false, put_sata},
	{3, 23, 12, false, put_nvme},
	{3, 24, 0, true, put_uri},
	{4, 1, 38, false, put_disk},
	{4, 2, 20, false, put_optical},
	{4, 3, GUID_BYTES, true, put_vendor},
	{4, 4, 2, true, put_file},
	{4, 6, GUID_BYTES, false, put_volume},
	{4, 7, GUID_BYTES, false, put_volume},
	{4, 8, 20, false, put_range},
};

static void put_node(struct text_sink *sink, const struct node *node)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		if (forms[i].type != node->type || forms[i].subtype != node->subtype)
			continue;
		if (node->data.len == forms[i].bytes ||
			(forms[i].or_more && node->data.len > forms[i].bytes)) {
			forms[i].put(sink, node);
			return;
		}
	}
	put_other(sink, node);
}

size_t device_path_text(struct span path, char *out, size_t room)
{
	struct text_sink sink = text_sink_of(out, room);
	struct cursor cursor = cursor_at(path);
	const char *between = "";

	while (cursor.left.len > 0) {
		struct node node = {0};

		if (node_read(&cursor, &node) != RC_OK) {
			text_sink_print(&sink, "%smalformed", between);
			break;
		}
		if (is_end(&node))
			break;
		if (node.type == NODE_END) {
			between = ",";
			continue;
		}
		text_sink_print(&sink, "%s", between);
		put_node(&sink, &node);
		between = "/";
	}
	return sink.len;
}

enum rc device_path_file(struct span path, struct span *out)
{
	struct cursor cursor = cursor_at(path);
	struct span file = {0};

	while (cursor.left.len > 0) {
		struct node node = {0};

		TRY(node_read(&cursor, &node));
		if (is_end(&node))
			break;
		if (node.type == NODE_MEDIA && node.subtype == NODE_FILE)
			file = file_name(node.data);
	}
	if (file.len == 0)
		return RC_NOT_FOUND;
	*out = file;
	return RC_OK;
}
