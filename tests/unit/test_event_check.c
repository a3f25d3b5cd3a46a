#include "lib/evidence/event_check.h"

#include "lib/evidence/event_text.h"
#include "lib/evidence/uefi_variable.h"
#include "tests/support/event_maker.h"

/* Texts with every byte that they have, NULs too. */
#define TEXT(literal)                                                                                        \
	{                                                                                                    \
		(const uint8_t *)(literal), sizeof(literal) - 1                                              \
	}
#define NONE                                                                                                 \
	{                                                                                                    \
		NULL, 0                                                                                      \
	}

static void real_payloads_are_what_was_hashed(void **state)
{
	static const char *const real[] = {"event-log/3banks.bin", "event-log/sb-off.bin",
		"evidence/sb-on-imang/binary_bios_measurements",
		"evidence/sb-off-imasig/binary_bios_measurements"};
	/* UNCHECKED, MATCHES, DIFFERS, NOT_OF_PAYLOAD, NOT_EXTENDED */
	static const size_t expected[COUNT(real)][5] = {
		{0, 39, 0, 12, 0}, {0, 37, 0, 10, 0}, {0, 39, 0, 12, 0}, {0, 37, 0, 10, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT(real); i++) {
		struct event_log log = {0};
		size_t counts[5] = {0};

		assert_ok(event_log_parse(vector(real[i]), &log));
		for (struct log_event event = {0}; event_log_next(&log, &event);) {
			struct event_check check = {0};
			const enum event_kind kind = event_kind_of(&event);

			assert_ok(event_check(&event, &check));
			counts[check.match]++;
			assert_int_not_equal(kind, EVENT_KIND_UNKNOWN);
			assert_true((event_kind_pcrs(kind) >> event.pcr & 1) == 1);
		}
		for (size_t j = 0; j < COUNT(counts); j++)
			assert_int_equal(counts[j], expected[i][j]);
	}
}

/* What event is claimed, what was hashed, and what comes out. */
struct row {
	uint32_t pcr;
	uint32_t type;
	struct span payload;
	struct span hashed;
	enum event_kind kind;
	enum event_match match;
	enum event_subject subject;
};

static void assert_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		DROP(event_maker_release) struct event_maker maker = {0};
		struct log_event event = {0};
		const struct event_check check = event_maker_check(
			&maker, rows[i].pcr, rows[i].type, rows[i].payload, rows[i].hashed, &event);

		if (event_kind_of(&event) != rows[i].kind)
			fail_msg("row %zu: kind %s", i, event_kind_name(event_kind_of(&event)));
		if (check.match != rows[i].match || check.subject != rows[i].subject)
			fail_msg("row %zu: %s %s", i, event_match_name(check.match),
				event_subject_name(check.subject));
	}
}

#define ROW(pcr, type, payload, hashed, kind, match, subject)                                                \
	{                                                                                                    \
		pcr, type, payload, hashed, EVENT_KIND_##kind, EVENT_DIGEST_##match, EVENT_OF_##subject      \
	}

static void firmware_events_are_of_their_payload(void **state)
{
	static const struct row rows[] = {
		ROW(0, EV_S_CRTM_VERSION, TEXT("1.2"), TEXT("1.2"), CRTM_VERSION, MATCHES, PAYLOAD),
		ROW(0, EV_S_CRTM_VERSION, TEXT("1.2"), TEXT("1.3"), CRTM_VERSION, DIFFERS, PAYLOAD),
		ROW(4, EV_EFI_ACTION, TEXT("Calling"), TEXT("Calling"), ACTION, MATCHES, PAYLOAD),
		ROW(4, EV_ACTION, TEXT("Calling\0"), TEXT("Calling"), ACTION, MATCHES, TEXT),
		ROW(4, EV_EFI_ACTION, TEXT("Calling"), TEXT("calling"), ACTION, DIFFERS, TEXT),
		ROW(7, EV_SEPARATOR, TEXT("\0\0\0\0"), TEXT("\0\0\0\0"), SEPARATOR, MATCHES, PAYLOAD),
		ROW(7, EV_SEPARATOR, TEXT("\xff\xff\xff\xff"), TEXT("\xff\xff\xff\xff"), SEPARATOR, MATCHES,
			PAYLOAD),
		ROW(7, EV_SEPARATOR, TEXT("\0\0\0\0"), TEXT("\xff\xff\xff\xff"), SEPARATOR, DIFFERS, PAYLOAD),
		ROW(7, EV_SEPARATOR, TEXT("disk"), TEXT("\1\0\0\0"), SEPARATOR, MATCHES, ERROR),
		ROW(5, EV_EFI_GPT_EVENT, TEXT("any"), TEXT("any"), GPT, MATCHES, PAYLOAD),
		ROW(5, EV_EFI_GPT_EVENT2, TEXT("any"), TEXT("other"), GPT, DIFFERS, PAYLOAD),
		ROW(2, EV_EFI_SPDM_DEVICE_POLICY, TEXT("any"), TEXT("other"), SPDM, DIFFERS, PAYLOAD),
		ROW(2, EV_EFI_SPDM_FIRMWARE_BLOB, TEXT("any"), TEXT("other"), SPDM, NOT_OF_PAYLOAD, FIRMWARE),
		ROW(0, EV_POST_CODE, TEXT("POST CODE"), TEXT("code"), POST_CODE, NOT_OF_PAYLOAD, FIRMWARE),
		ROW(0, EV_EFI_PLATFORM_FIRMWARE_BLOB, TEXT("0123456789abcdef"), TEXT("code"), FIRMWARE_BLOB,
			NOT_OF_PAYLOAD, FIRMWARE),
		ROW(1, EV_EFI_HANDOFF_TABLES, NONE, TEXT("SMBIOS"), HANDOFF_TABLES, NOT_OF_PAYLOAD, TABLES),
		ROW(1, EV_PLATFORM_CONFIG_FLAGS, TEXT("set"), TEXT("set"), CONFIG_FLAGS, MATCHES, PAYLOAD),
		ROW(1, EV_PLATFORM_CONFIG_FLAGS, TEXT("set"), TEXT("x"), CONFIG_FLAGS, NOT_OF_PAYLOAD,
			TABLES),
		ROW(4, EV_EFI_BOOT_SERVICES_APPLICATION, TEXT("x"), TEXT("x"), BOOT_APPLICATION,
			NOT_OF_PAYLOAD, IMAGE),
		ROW(0, EV_NO_ACTION, TEXT("note"), NONE, NO_ACTION, NOT_EXTENDED, NOTHING),
		ROW(0, EV_NO_ACTION, TEXT("note"), TEXT("note"), NO_ACTION, DIFFERS, NOTHING),
		ROW(0, EV_NO_ACTION, TEXT("StartupLocality\0\3"), NONE, STARTUP_LOCALITY, NOT_EXTENDED,
			NOTHING),
		ROW(3, 0x80000099u, TEXT("vendor"), TEXT("vendor"), UNKNOWN, MATCHES, PAYLOAD),
		ROW(3, 0x99u, TEXT("vendor"), TEXT("x"), UNKNOWN, NOT_OF_PAYLOAD, UNKNOWN),
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void loaders_strings_are_of_their_text(void **state)
{
	static const struct row rows[] = {
		ROW(8, EV_IPL, TEXT("grub_cmd: ls\0"), TEXT("ls"), GRUB_COMMAND, MATCHES, TEXT),
		ROW(8, EV_IPL, TEXT("grub_cmd: ls"), TEXT("ls"), GRUB_COMMAND, MATCHES, TEXT),
		ROW(8, EV_IPL, TEXT("grub_cmd: ls\0"), TEXT("ls\0"), GRUB_COMMAND, DIFFERS, TEXT),
		ROW(8, EV_IPL, TEXT("grub_cmd: ls\0"), TEXT("lt"), GRUB_COMMAND, DIFFERS, TEXT),
		ROW(8, EV_IPL, TEXT("kernel_cmdline: /k ro\0"), TEXT("/k ro"), KERNEL_COMMAND_LINE, MATCHES,
			TEXT),
		ROW(8, EV_IPL, TEXT("kernel_cmdline: /k ro\0"), TEXT("/k rw"), KERNEL_COMMAND_LINE, DIFFERS,
			TEXT),
		ROW(8, EV_IPL, TEXT("module_cmdline: x\0"), TEXT("x"), MODULE_COMMAND_LINE, MATCHES, TEXT),
		ROW(9, EV_IPL, TEXT("/boot/vmlinuz\0"), TEXT("ELF"), GRUB_FILE, NOT_OF_PAYLOAD, FILE),
		ROW(9, EV_IPL, TEXT("grub_cmd: ls\0"), TEXT("ls"), GRUB_FILE, NOT_OF_PAYLOAD, FILE),
		ROW(14, EV_IPL, TEXT("MokList\0"), TEXT("list"), MOK, NOT_OF_PAYLOAD, VARIABLE),
		ROW(4, EV_IPL, TEXT("MBR"), TEXT("code"), BOOT_CODE, NOT_OF_PAYLOAD, BOOT_SECTOR),
		ROW(5, EV_IPL_PARTITION_DATA, TEXT("MBR PARTITION_TABLE"), TEXT("x"), BOOT_DATA,
			NOT_OF_PAYLOAD, BOOT_SECTOR),
		ROW(8, EV_IPL, TEXT("something else\0"), TEXT("something else"), LOADER_TEXT, MATCHES, TEXT),
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void systemds_stub_measures_names_contents_and_lines(void **state)
{
	static const struct row rows[] = {
		ROW(11, EV_IPL, TEXT(".\0l\0\0\0"), TEXT(".l\0"), UKI_SECTION, MATCHES, SECTION_NAME),
		ROW(11, EV_IPL, TEXT(".\0l\0\0\0"), TEXT("kernel"), UKI_SECTION, NOT_OF_PAYLOAD, SECTION),
		ROW(11, EV_IPL, TEXT(".\0m\0\0\0"), TEXT(".l\0"), UKI_SECTION, NOT_OF_PAYLOAD, SECTION),
		ROW(11, EV_IPL, TEXT("x\0y\0\0\0"), TEXT("x"), LOADER_TEXT, NOT_OF_PAYLOAD, UNKNOWN),
		ROW(12, EV_IPL, TEXT("r\0o\0\0\0"), TEXT("r\0o\0\0\0"), KERNEL_COMMAND_LINE, MATCHES,
			PAYLOAD),
		ROW(12, EV_IPL, TEXT("r\0o\0\0\0"), TEXT("r\0w\0\0\0"), KERNEL_COMMAND_LINE, DIFFERS, TEXT),
		ROW(8, EV_IPL, TEXT("r\0o\0\0\0"), TEXT("r\0o\0\0\0"), KERNEL_COMMAND_LINE, MATCHES, PAYLOAD),
		ROW(12, EV_IPL, TEXT("C\0 \0i\0n\0i\0t\0r\0d\0\0\0"), TEXT("cpio"), STUB_INITRD,
			NOT_OF_PAYLOAD, INITRD),
		ROW(13, EV_IPL, TEXT("S\0\0\0"), TEXT("cpio"), STUB_INITRD, NOT_OF_PAYLOAD, INITRD),
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void tagged_events_are_of_something_else(void **state)
{
	static const struct row rows[] = {
		ROW(9, EV_EVENT_TAG, TEXT("\xec\x22\x3b\x8f\2\0\0\0Li"), TEXT("cpio"), KERNEL_INITRD,
			NOT_OF_PAYLOAD, INITRD),
		ROW(9, EV_EVENT_TAG, TEXT("\xed\x22\x3b\x8f\2\0\0\0LO"), TEXT("line"), KERNEL_LOAD_OPTIONS,
			NOT_OF_PAYLOAD, LOAD_OPTIONS),
		ROW(9, EV_EVENT_TAG, TEXT("\xed\x22\x3b\x8f\3\0\0\0LO"), TEXT("line"), TAG, NOT_OF_PAYLOAD,
			UNKNOWN),
		ROW(2, EV_EVENT_TAG, TEXT("\7\0\0\0\1\0\0\0x"), TEXT("\7\0\0\0\1\0\0\0x"), TAG, MATCHES,
			PAYLOAD),
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

/* UEFI_VARIABLE_DATA, and `rest` behind it. */
static void make_variable(
	struct blob *out, const uint8_t *guid, const char *name, struct span data, struct span rest)
{
	DROP(blob_release) struct blob utf16 = {0};

	event_maker_utf16(&utf16, name);
	assert_ok(blob_append(out, span_of(guid, GUID_BYTES)));
	event_maker_le(out, strlen(name), 8);
	event_maker_le(out, data.len, 8);
	assert_ok(blob_append(out, span_of(utf16.at, utf16.len - 2)));
	assert_ok(blob_append(out, data));
	assert_ok(blob_append(out, rest));
}

static void variables_are_of_the_whole_or_the_value(void **state)
{
	static const struct {
		uint32_t pcr;
		uint32_t type;
		enum event_kind kind;
		bool may_be_value;
	} rows[] = {
		{7, EV_EFI_VARIABLE_DRIVER_CONFIG, EVENT_KIND_VARIABLE, false},
		{7, EV_EFI_VARIABLE_AUTHORITY, EVENT_KIND_AUTHORITY, false},
		{1, EV_EFI_VARIABLE_BOOT, EVENT_KIND_BOOT_VARIABLE, true},
		{1, EV_EFI_VARIABLE_BOOT2, EVENT_KIND_BOOT_VARIABLE, true},
	};
	const struct span value = span_text("value");
	DROP(blob_release) struct blob plain = {0};
	DROP(blob_release) struct blob longer = {0};

	(void)state;
	make_variable(&plain, guid_image_security, "db", value, (struct span){0});
	make_variable(&longer, guid_image_security, "db", value, span_text("x"));
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row each[] = {
			{rows[i].pcr, rows[i].type, blob_span(&plain), blob_span(&plain), rows[i].kind,
				EVENT_DIGEST_MATCHES, EVENT_OF_PAYLOAD},
			{rows[i].pcr, rows[i].type, blob_span(&longer), blob_span(&plain), rows[i].kind,
				EVENT_DIGEST_MATCHES, EVENT_OF_STRUCTURE},
			{rows[i].pcr, rows[i].type, blob_span(&plain), value, rows[i].kind,
				rows[i].may_be_value ? EVENT_DIGEST_MATCHES : EVENT_DIGEST_DIFFERS,
				rows[i].may_be_value ? EVENT_OF_VALUE : EVENT_OF_PAYLOAD},
			{rows[i].pcr, rows[i].type, blob_span(&plain), span_text("valuf"), rows[i].kind,
				EVENT_DIGEST_DIFFERS, EVENT_OF_PAYLOAD},
			{rows[i].pcr, rows[i].type, value, span_text("valuf"), rows[i].kind,
				EVENT_DIGEST_DIFFERS, EVENT_OF_PAYLOAD},
			{rows[i].pcr, rows[i].type, value, value, rows[i].kind, EVENT_DIGEST_MATCHES,
				EVENT_OF_PAYLOAD},
		};

		assert_rows(each, COUNT(each));
	}
}

static void shims_sbat_level_has_a_kind_of_its_own(void **state)
{
	DROP(blob_release) struct blob ours = {0};
	DROP(blob_release) struct blob other = {0};

	(void)state;
	make_variable(&ours, guid_shim, "SbatLevel", span_text("sbat,1,2021030218\n"), (struct span){0});
	make_variable(&other, guid_efi_global, "SbatLevel", span_text("sbat,1\n"), (struct span){0});
	assert_rows((const struct row[]){{7, EV_EFI_VARIABLE_AUTHORITY, blob_span(&ours), blob_span(&ours),
			    EVENT_KIND_SBAT_LEVEL, EVENT_DIGEST_MATCHES, EVENT_OF_PAYLOAD}},
		1);
	assert_rows((const struct row[]){{7, EV_EFI_VARIABLE_AUTHORITY, blob_span(&other), blob_span(&other),
			    EVENT_KIND_AUTHORITY, EVENT_DIGEST_MATCHES, EVENT_OF_PAYLOAD}},
		1);
}

/* One event in three banks, the last of which has a hash that we do not know. */
static void banks_must_agree(void **state)
{
	DROP(event_maker_release)
	struct event_maker maker = {
		.bank_count = 3, .banks = {{TPM_ALG_SHA1, 20}, {TPM_ALG_SHA256, 32}, {0x7777, 8}}};
	const size_t digests = 12; /* before the first */
	struct event_log log = {0};
	struct log_event event = {0};
	struct event_check check = {0};
	size_t at;

	(void)state;
	event_maker_header(&maker);
	at = maker.bytes.len;
	event_maker_add(&maker, 9, EV_IPL, span_text("/file"), span_text("/file"));
	assert_ok(event_log_parse(blob_span(&maker.bytes), &log));
	assert_true(event_log_next(&log, &event));
	assert_ok(event_check(&event, &check));
	assert_int_equal(check.match, EVENT_DIGEST_MATCHES);
	assert_ok(event_check_bank(&event, 0x7777, &check));
	assert_int_equal(check.match, EVENT_DIGEST_UNCHECKED);
	assert_ok(event_check_bank(&event, TPM_ALG_SHA384, &check));
	assert_int_equal(check.match, EVENT_DIGEST_UNCHECKED);
	maker.bytes.at[at + digests + 2 + 20 + 2] ^= 1; /* SHA-256 is now of some file, SHA-1 of its name */
	assert_ok(event_check_bank(&event, TPM_ALG_SHA256, &check));
	assert_int_equal(check.match, EVENT_DIGEST_NOT_OF_PAYLOAD);
	assert_ok(event_check(&event, &check));
	assert_int_equal(check.match, EVENT_DIGEST_DIFFERS);
}

static void names_are_there_for_all(void **state)
{
	(void)state;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		assert_int_equal(event_kind_of_name(span_text(event_kind_name(kind))), kind);
		assert_true(strlen(event_kind_words(kind)) > 0);
		assert_int_not_equal(event_kind_pcrs(kind), 0);
	}
	assert_int_equal(event_kind_of_name(span_text("nonsense")), EVENT_KIND_COUNT);
	assert_string_equal(event_kind_name((enum event_kind)999), "unknown");
	for (enum event_subject subject = 0; subject < EVENT_SUBJECT_COUNT; subject++)
		assert_true(
			strlen(event_subject_name(subject)) > 0 && strlen(event_subject_words(subject)) > 0);
	for (enum event_match match = 0; match <= EVENT_DIGEST_NOT_EXTENDED; match++)
		assert_true(strlen(event_match_name(match)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_payloads_are_what_was_hashed),
		cmocka_unit_test(firmware_events_are_of_their_payload),
		cmocka_unit_test(loaders_strings_are_of_their_text),
		cmocka_unit_test(systemds_stub_measures_names_contents_and_lines),
		cmocka_unit_test(tagged_events_are_of_something_else),
		cmocka_unit_test(variables_are_of_the_whole_or_the_value),
		cmocka_unit_test(shims_sbat_level_has_a_kind_of_its_own),
		cmocka_unit_test(banks_must_agree),
		cmocka_unit_test(names_are_there_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
