#include "lib/evidence/event_payload.h"

#include "lib/evidence/device_path.h"
#include "lib/evidence/event_kind.h"
#include "lib/evidence/signature_list.h"
#include "tests/support/event_maker.h"

#define LOG "evidence/sb-on-imang/binary_bios_measurements"

/* An event of a real log by its number. */
static struct log_event event_of(const char *name, size_t number)
{
	struct event_log log = {0};
	struct log_event event = {0};

	assert_ok(event_log_parse(vector(name), &log));
	while (event_log_next(&log, &event) && event.number != number)
		;
	assert_int_equal(event.number, number);
	return event;
}

static struct uefi_variable variable_of(size_t number)
{
	struct uefi_variable variable = {0};

	assert_ok(uefi_variable_parse(event_of(LOG, number).payload, &variable));
	assert_int_equal(variable.rest.len, 0);
	return variable;
}

static void variables_have_vendor_name_and_value(void **state)
{
	struct uefi_variable variable = variable_of(4);
	char text[GUID_TEXT_BYTES];

	(void)state;
	assert_true(uefi_variable_is(&variable, guid_efi_global, "SecureBoot"));
	assert_true(uefi_variable_is(&variable, NULL, "SecureBoot"));
	assert_false(uefi_variable_is(&variable, guid_shim, "SecureBoot"));
	assert_false(uefi_variable_is(&variable, NULL, "SecureBoo"));
	assert_false(uefi_variable_is(&variable, NULL, "SecureBooT"));
	assert_spans_equal(variable.data, span_of("\1", 1));
	assert_string_equal(guid_text(variable.guid, text), "8be4df61-93ca-11d2-aa0d-00e098032b8c");
	variable = variable_of(8);
	assert_true(uefi_variable_is(&variable, guid_image_security, "dbx"));
	variable = variable_of(30);
	assert_true(uefi_variable_is(&variable, guid_shim, "SbatLevel"));
}

static void every_truncation_of_a_variable_is_refused(void **state)
{
	const struct span whole = event_of(LOG, 8).payload;
	struct uefi_variable variable = {0};

	(void)state;
	for (size_t n = 0; n < whole.len; n++)
		assert_rc(uefi_variable_parse(span_of(whole.at, n), &variable), RC_MALFORMED);
	for (size_t at = 16; at < 32; at++) {
		uint8_t copy[128];

		memcpy(copy, whole.at, whole.len);
		copy[at] |= 0x80;
		assert_rc(uefi_variable_parse(span_of(copy, whole.len), &variable), RC_MALFORMED);
	}
}

static void guids_go_both_ways(void **state)
{
	static const char *const bad[] = {"", "8be4df61", "8be4df61-93ca-11d2-aa0d-00e098032b8",
		"8be4df61-93ca-11d2-aa0d-00e098032b8c0", "8be4df61x93ca-11d2-aa0d-00e098032b8c",
		"8be4df6g-93ca-11d2-aa0d-00e098032b8c"};
	uint8_t guid[GUID_BYTES] = {0};

	(void)state;
	assert_ok(guid_parse(span_text("8BE4DF61-93ca-11d2-aa0d-00e098032b8c"), guid));
	assert_memory_equal(guid, guid_efi_global, GUID_BYTES);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_rc(guid_parse(span_text(bad[i]), guid), RC_MALFORMED);
}

static void signature_lists_yield_certificates_and_digests(void **state)
{
	static const struct {
		size_t event;
		size_t certificates;
		size_t digests;
	} rows[] = {{5, 1, 0}, {6, 2, 0}, {7, 2, 0}, {8, 0, 1}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct signature_lists lists = {.left = variable_of(rows[i].event).data};
		struct signature_entry entry = {0};
		size_t certificates = 0;
		size_t digests = 0;
		enum rc rc;

		for (rc = signature_lists_next(&lists, &entry); rc == RC_OK;
			rc = signature_lists_next(&lists, &entry)) {
			certificates += entry.kind == SIGNATURE_X509;
			digests += entry.kind == SIGNATURE_SHA256;
			assert_true(entry.data.len == 32 || entry.data.at[0] == 0x30);
		}
		assert_int_equal(rc, RC_NOT_FOUND);
		assert_int_equal(certificates, rows[i].certificates);
		assert_int_equal(digests, rows[i].digests);
	}
}

static enum rc read_all(struct span in, size_t *count)
{
	struct signature_lists lists = {.left = in};
	struct signature_entry entry = {0};

	*count = 0;
	for (;;) {
		enum rc rc = signature_lists_next(&lists, &entry);

		if (rc != RC_OK)
			return rc;
		++*count;
	}
}

static void lists_that_do_not_add_up_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = {{16, 75}, {16, 77}, {16, 27}, {20, 1}, {24, 47}, {24, 49}, {24, 16}, {24, 0}, {27, 1}};
	const struct span whole = variable_of(8).data; /* dbx: one list of one SHA-256 digest, 76 bytes */
	size_t count = 0;

	(void)state;
	assert_rc(read_all(whole, &count), RC_NOT_FOUND);
	assert_int_equal(count, 1);
	for (size_t n = 1; n < whole.len; n++)
		assert_rc(read_all(span_of(whole.at, n), &count), RC_MALFORMED);
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t copy[76];

		memcpy(copy, whole.at, sizeof copy);
		copy[rows[i].at] = rows[i].value;
		assert_rc(read_all(SPAN(copy), &count), RC_MALFORMED);
	}
}

static void two_lists_follow_one_another(void **state)
{
	DROP(blob_release) struct blob two = {0};
	const struct span one = variable_of(8).data;
	size_t count = 0;

	(void)state;
	assert_ok(blob_append(&two, one));
	assert_ok(blob_append(&two, variable_of(5).data));
	two.at[0] ^= 1; /* a type that nobody knows */
	assert_rc(read_all(blob_span(&two), &count), RC_NOT_FOUND);
	assert_int_equal(count, 2);
	assert_rc(read_all((struct span){0}, &count), RC_NOT_FOUND);
	assert_int_equal(count, 0);
}

static void authorities_have_an_owner_and_a_certificate(void **state)
{
	struct signature_entry entry = {0};
	const struct span data = variable_of(25).data;
	static const uint8_t digest[48];

	(void)state;
	assert_ok(signature_data_parse(data, &entry));
	assert_int_equal(entry.kind, SIGNATURE_X509);
	assert_ptr_equal(entry.owner, data.at);
	assert_int_equal(entry.data.len, data.len - GUID_BYTES);
	assert_ok(signature_data_parse(entry.data, &entry)); /* old shim: without an owner */
	assert_null(entry.owner);
	assert_int_equal(entry.kind, SIGNATURE_X509);
	assert_ok(signature_data_parse(SPAN(digest), &entry));
	assert_int_equal(entry.kind, SIGNATURE_SHA256);
	assert_ok(signature_data_parse(span_of(digest, 47), &entry));
	assert_int_equal(entry.kind, SIGNATURE_OTHER);
	assert_rc(signature_data_parse(span_of(digest, 16), &entry), RC_MALFORMED);
}

static void images_have_a_device_path(void **state)
{
	struct event_image image = {0};
	struct span file = {0};
	char text[256];
	const struct span whole = event_of(LOG, 27).payload;

	(void)state;
	assert_ok(event_image_parse(whole, &image));
	assert_int_equal(image.length, 1048504);
	device_path_text(image.path, text, sizeof text);
	assert_string_equal(text, "PciRoot(0x0)/Pci(0x4,0x0)/"
				  "HD(1,GPT,aaaaaaaa-0001-0001-0001-000000000001,0x800,0x20000)/"
				  "\\EFI\\BOOT\\BOOTX64.EFI");
	assert_ok(device_path_file(image.path, &file));
	assert_int_equal(file.len, 2 * strlen("\\EFI\\BOOT\\BOOTX64.EFI"));
	for (size_t n = 0; n < whole.len; n++)
		assert_rc(event_image_parse(span_of(whole.at, n), &image), RC_MALFORMED);
	assert_ok(event_image_parse(event_of(LOG, 45).payload, &image));
	assert_rc(device_path_file(image.path, &file), RC_NOT_FOUND);
	assert_int_equal(device_path_text(image.path, text, sizeof text), 0);
}

static void nodes_have_the_specifications_form(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} rows[] = {
#define PATH(bytes, text) {bytes, sizeof(bytes) - 1, text}
		PATH("", ""),
		PATH("\x02\x01\x0c\0\xd0\x41\x08\x0a\1\0\0\0\x01\x01\x06\0\x02\x1f",
			"PcieRoot(0x1)/Pci(0x1f,0x2)"),
		PATH("\x03\x12\x0a\0\1\0\xff\xff\0\0\x7f\xff\x04\0", "Sata(0x1,0xffff,0x0)"),
		PATH("\x03\x17\x10\0\1\0\0\0\1\2\3\4\5\6\7\x08", "NVMe(0x1,08-07-06-05-04-03-02-01)"),
		PATH("\x03\x05\x06\0\1\2", "USB(0x1,0x2)"),
		PATH("\x03\x18\x08\0h://", "Uri(h://)"),
		PATH("\x04\x04\x06\0a\0", "a"),
		PATH("\x04\x04\x08\0a\0\0\0\x7f\x01\x04\0\x04\x04\x06\0b\0", "a,b"),
		PATH("\x63\x01\x05\0x", "Path(99,1,78)"),
		PATH("\x01\x01\x05\0x", "Path(1,1,78)"),
		PATH("\x01\x01\x03\0", "malformed"),
		PATH("\x01\x01\x06\0\0\0\x01\x01\x06\0\0", "Pci(0x0,0x0)/malformed"),
		PATH("\x7f\xff\x04\0ignored", ""),
#undef PATH
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[128];

		device_path_text(span_of(rows[i].bytes, rows[i].len), text, sizeof text);
		assert_string_equal(text, rows[i].text);
	}
}

static void partition_tables_have_disk_and_partitions(void **state)
{
	const struct span whole = event_of(LOG, 26).payload;
	struct event_gpt gpt = {0};
	struct event_partition partition = {0};
	char text[GUID_TEXT_BYTES];

	(void)state;
	assert_ok(event_gpt_parse(whole, &gpt));
	assert_string_equal(guid_text(gpt.disk, text), "11111111-2222-3333-4444-555555555555");
	assert_int_equal(gpt.count, 2);
	assert_ok(event_gpt_partition(&gpt, 0, &partition));
	assert_int_equal(partition.first, 2048);
	assert_ok(event_gpt_partition(&gpt, 1, &partition));
	assert_rc(event_gpt_partition(&gpt, 2, &partition), RC_NOT_FOUND);
	for (size_t n = 0; n < whole.len; n++)
		assert_rc(event_gpt_parse(span_of(whole.at, n), &gpt), RC_MALFORMED);
}

static void boot_options_have_description_path_and_data(void **state)
{
	struct uefi_load_option option = {0};
	const struct span whole = variable_of(11).data;
	char text[128];

	(void)state;
	assert_ok(uefi_load_option_parse(whole, &option));
	assert_int_equal(option.attributes, 0x109);
	assert_int_equal(option.description.len, 2 * strlen("UiApp"));
	device_path_text(option.path, text, sizeof text);
	assert_string_equal(text,
		"Fv(7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1)/FvFile(462caa21-7614-4503-836e-8ab6f4662331)");
	assert_int_equal(option.data.len, 0);
	for (size_t n = 0; n < whole.len; n++)
		assert_rc(uefi_load_option_parse(span_of(whole.at, n), &option), RC_MALFORMED);
}

static void firmware_blobs_tags_and_tables_are_exact(void **state)
{
	static const char tables2[] = "\3abc\1\0\0\0\0\0\0\0"
				      "0123456789abcdef\1\0\0\0\0\0\0";
	struct event_blob blob = {0};
	struct event_tag tag = {0};
	struct event_tables tables = {0};
	struct log_event event = event_of(LOG, 2);

	(void)state;
	assert_ok(event_blob_parse(&event, &blob));
	assert_int_equal(blob.base, 0x820000);
	assert_int_equal(blob.length, 0xe0000);
	event.payload.len--;
	assert_rc(event_blob_parse(&event, &blob), RC_MALFORMED);
	event.type = EV_EFI_PLATFORM_FIRMWARE_BLOB2;
	event.payload = span_of("\1x\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 18);
	assert_ok(event_blob_parse(&event, &blob));
	assert_true(span_is(blob.description, "x"));
	assert_ok(event_tag_parse(span_of("\1\0\0\0\2\0\0\0ab", 10), &tag));
	assert_true(span_is(tag.data, "ab"));
	assert_rc(event_tag_parse(span_of("\1\0\0\0\2\0\0\0abc", 11), &tag), RC_MALFORMED);
	assert_rc(event_tag_parse(span_of("\1\0\0\0\3\0\0\0ab", 10), &tag), RC_MALFORMED);
	event.type = EV_EFI_HANDOFF_TABLES2;
	event.payload = span_of(tables2, sizeof tables2);
	assert_ok(event_tables_parse(&event, &tables));
	assert_int_equal(tables.count, 1);
	assert_true(span_is(tables.description, "abc"));
	event.payload.len--;
	assert_rc(event_tables_parse(&event, &tables), RC_MALFORMED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_have_vendor_name_and_value),
		cmocka_unit_test(every_truncation_of_a_variable_is_refused),
		cmocka_unit_test(guids_go_both_ways),
		cmocka_unit_test(signature_lists_yield_certificates_and_digests),
		cmocka_unit_test(lists_that_do_not_add_up_are_refused),
		cmocka_unit_test(two_lists_follow_one_another),
		cmocka_unit_test(authorities_have_an_owner_and_a_certificate),
		cmocka_unit_test(images_have_a_device_path),
		cmocka_unit_test(nodes_have_the_specifications_form),
		cmocka_unit_test(partition_tables_have_disk_and_partitions),
		cmocka_unit_test(boot_options_have_description_path_and_data),
		cmocka_unit_test(firmware_blobs_tags_and_tables_are_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
