#include "lib/evidence/event_text.h"

#include "lib/evidence/device_path.h"
#include "lib/evidence/event_payload.h"
#include "tests/support/event_maker.h"

#define TEXT(literal)                                                                                        \
	{                                                                                                    \
		(const uint8_t *)(literal), sizeof(literal) - 1                                              \
	}

static void bytes_become_text_that_can_be_shown(void **state)
{
	static const struct {
		struct span bytes;
		const char *text;
	} rows[] = {
		{TEXT(""), ""},
		{TEXT("ro quiet\tx\n"), "ro quiet\tx\n"},
		{TEXT("\x1b[2J\0\x7f"), "\\x1b[2J\\x00\\x7f"},
		{TEXT("\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"), "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"},
		{TEXT("\xc3"), "\\xc3"},
		{TEXT("\xc3x"), "\\xc3x"},
		{TEXT("\xc0\xaf"), "\\xc0\\xaf"},
		{TEXT("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf"},
		{TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80"},
		{TEXT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"},
		{TEXT("\xff"), "\\xff"},
		{TEXT("\xc2\x9b"), "\\xc2\\x9b"},
		{TEXT("\xe2\x80\xae"), "\\xe2\\x80\\xae"},
		{TEXT("\\EFI\\ubuntu\\xy"), "\\EFI\\ubuntu\\xy"},
		{TEXT("\\x41 \\u0041 \\x4"), "\\x5cx41 \\x5cu0041 \\x4"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[128];

		assert_int_equal(text_of_bytes(rows[i].bytes, text, sizeof text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
	}
}

static void utf16_becomes_text_too(void **state)
{
	static const struct {
		struct span bytes;
		const char *text;
	} rows[] = {
		{TEXT("r\0o\0"), "ro"},
		{TEXT("\xfc\0\xac\x20"), "\xc3\xbc\xe2\x82\xac"},
		{TEXT("\x3d\xd8\0\xde"), "\xf0\x9f\x98\x80"},
		{TEXT("\x3d\xd8x\0"), "\\ud83dx"},
		{TEXT("\x3d\xd8"), "\\ud83d"},
		{TEXT("\0\xde"), "\\ude00"},
		{TEXT("a\0b"), "a\\x62"},
		{TEXT("\0\0"), "\\u0000"},
		{TEXT("\\\0u\0"
		      "0\0"
		      "0\0"
		      "4\0"
		      "1\0"),
			"\\u005cu0041"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[128];

		assert_int_equal(text_of_utf16(rows[i].bytes, text, sizeof text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
	}
}

static void text_is_cut_at_whole_characters(void **state)
{
	const struct span bytes = span_text("ab\xe2\x82\xac\xff");
	static const char *const cut[] = {"", "", "a", "ab", "ab", "ab", "ab\xe2\x82\xac"};

	(void)state;
	for (size_t room = 0; room < COUNT(cut); room++) {
		char text[16] = "untouched";

		assert_int_equal(text_of_bytes(bytes, text, room), 9);
		assert_string_equal(text, room == 0 ? "untouched" : cut[room]);
	}
}

static void utf16_is_known_by_its_terminator(void **state)
{
	static const struct {
		struct span payload;
		bool is_utf16;
		size_t unterminated;
	} rows[] = {
		{TEXT(""), false, 0},
		{TEXT("\0"), false, 0},
		{TEXT("\0\0"), true, 0},
		{TEXT("a\0\0\0"), true, 2},
		{TEXT("a\0\0"), false, 2},
		{TEXT("abc\0"), false, 3},
		{TEXT("abc"), false, 3},
		{TEXT("a\0\0\0b\0\0\0"), false, 7},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(text_is_utf16(rows[i].payload), rows[i].is_utf16);
		assert_int_equal(text_unterminated(rows[i].payload).len, rows[i].unterminated);
	}
}

static void an_event_has_the_text_without_its_prefix(void **state)
{
	static const struct {
		uint32_t pcr;
		uint32_t type;
		struct span payload;
		const char *text;
	} rows[] = {
		{8, EV_IPL, TEXT("grub_cmd: set timeout=0\0"), "set timeout=0"},
		{8, EV_IPL, TEXT("kernel_cmdline: /vmlinuz ro\0"), "/vmlinuz ro"},
		{12, EV_IPL, TEXT("r\0o\0\0\0"), "ro"},
		{9, EV_EVENT_TAG, TEXT("\1\0\0\0\3\0\0\0ab\0"), "ab"},
		{9, EV_EVENT_TAG, TEXT("\1\0\0\0\4\0\0\0a\0\0\0"), "a"},
		{0, EV_POST_CODE, TEXT("SMM CODE"), "SMM CODE"},
		{0, EV_POST_CODE, TEXT("\0\0\0\0\0\0\0\0\1\1\1\1\1\1\1\1"), ""},
		{0, EV_EFI_PLATFORM_FIRMWARE_BLOB2, TEXT("\2Fv\0\0\0\0\0\0\0\0\1\1\1\1\1\1\1\1"), "Fv"},
		{0, EV_S_CRTM_VERSION, TEXT("1\0.\0\0\0"), "1."},
		{7, EV_EFI_VARIABLE_DRIVER_CONFIG, TEXT("whatever"), ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(event_maker_release) struct event_maker maker = {0};
		struct log_event event = {0};
		char text[64];

		event_maker_check(
			&maker, rows[i].pcr, rows[i].type, rows[i].payload, rows[i].payload, &event);
		event_text(&event, text, sizeof text);
		assert_string_equal(text, rows[i].text);
	}
}

static void real_events_have_a_line_each(void **state)
{
	static const struct {
		size_t number;
		const char *line;
	} rows[] = {
		{2, "firmware-blob 0x820000+0xe0000"},
		{4, "variable SecureBoot, 1 bytes"},
		{9, "separator 00000000"},
		{10, "boot-variable BootOrder, 8 bytes"},
		{15, "action Calling EFI Application from Boot Option"},
		{26, "gpt disk 11111111-2222-3333-4444-555555555555, 2 partitions"},
		{27, "boot-application PciRoot(0x0)/Pci(0x4,0x0)/HD(1,GPT,"},
		{28, "mok MokList"},
		{30, "sbat-level SbatLevel, 32 bytes"},
		{32, "authority MokListRT, 946 bytes"},
		{33, "boot-application \\EFI\\BOOT\\grubx64.efi, 4183488 bytes"},
		{39, "grub-command set timeout=0"},
		{44, "grub-file /boot/vmlinuz-6.1.0-56-amd64"},
		{45, "boot-application from memory, 8247232 bytes"},
	};
	struct event_log log = {0};
	struct log_event event = {0};

	(void)state;
	assert_ok(event_log_parse(vector("evidence/sb-on-imang/binary_bios_measurements"), &log));
	for (size_t i = 0; event_log_next(&log, &event);) {
		char line[EVENT_LINE_BYTES];

		event_line(&event, line);
		assert_true(strlen(line) < sizeof line);
		if (i < COUNT(rows) && rows[i].number == event.number) {
			if (strncmp(line, rows[i].line, strlen(rows[i].line)) != 0)
				fail_msg("event %zu: %s", event.number, line);
			i++;
		}
	}
}

static void types_have_names_or_numbers(void **state)
{
	char text[EVENT_TYPE_TEXT_BYTES];

	(void)state;
	assert_string_equal(event_type_text(EV_IPL, text), "EV_IPL");
	assert_string_equal(event_type_text(0x80000099u, text), "0x80000099");
	assert_null(event_type_name(0x99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_text_that_can_be_shown),
		cmocka_unit_test(utf16_becomes_text_too),
		cmocka_unit_test(text_is_cut_at_whole_characters),
		cmocka_unit_test(utf16_is_known_by_its_terminator),
		cmocka_unit_test(an_event_has_the_text_without_its_prefix),
		cmocka_unit_test(real_events_have_a_line_each),
		cmocka_unit_test(types_have_names_or_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
