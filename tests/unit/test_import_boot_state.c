#include "lib/policy/import_boot_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"
#include "lib/evidence/event_kind.h"
#include "lib/evidence/event_log.h"
#include "lib/evidence/event_text.h"
#include "lib/evidence/event_type.h"
#include "lib/evidence/signature_list.h"
#include "lib/policy/boot_appraise.h"
#include "tests/support/boot_log.h"
#include "tests/support/test.h"

/* What keylime-policy writes for a machine that has booted, made from its event log. */
struct state {
	struct blob json;
	const char *separator;
};

static void state_release(struct state *state)
{
	blob_release(&state->json);
}

__attribute__((format(printf, 2, 3))) static void put(struct state *state, const char *format, ...)
{
	static char text[65536];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	assert_ok(blob_append(&state->json, span_text(text)));
}

static void put_hex(struct state *state, struct span bytes)
{
	static char hex[HEX_BYTES(16384)];

	put(state, "\"0x%s\"", hex_encode(bytes, hex));
}

/* The nth event of a kind, or with this text; false if there is none. */
static bool find(struct span log, enum event_kind kind, const char *start, size_t nth, struct log_event *out)
{
	struct event_log parsed = {0};

	assert_ok(event_log_parse(log, &parsed));
	*out = (struct log_event){0};
	while (event_log_next(&parsed, out)) {
		struct span text = event_text_bytes(out);

		if (event_kind_of(out) == kind &&
			(start == NULL ||
				(text.len >= strlen(start) && memcmp(text.at, start, strlen(start)) == 0)) &&
			nth-- == 0)
			return true;
	}
	return false;
}

static void put_digest(
	struct state *state, struct span log, enum event_kind kind, const char *start, size_t nth)
{
	struct log_event event;
	struct span digest = {0};

	assert_true(find(log, kind, start, nth, &event));
	assert_ok(event_digest(&event, TPM_ALG_SHA256, &digest));
	put_hex(state, digest);
}

static void put_keys(struct state *state, struct span log, const char *name, const char *key)
{
	struct log_event event;
	struct uefi_variable variable = {0};
	struct signature_lists lists = {0};
	struct signature_entry entry;
	char guid[GUID_TEXT_BYTES];
	size_t nth = 0;
	size_t count = 0;

	do {
		assert_true(find(log, EVENT_KIND_VARIABLE, NULL, nth++, &event));
		assert_ok(uefi_variable_parse(event.payload, &variable));
	} while (!uefi_variable_is(&variable, NULL, name));
	put(state, ",\"%s\":[", key);
	lists.left = variable.data;
	while (signature_lists_next(&lists, &entry) == RC_OK) {
		put(state, "%s{\"SignatureOwner\":\"%s\",\"SignatureData\":", count++ > 0 ? "," : "",
			guid_text(entry.owner, guid));
		put_hex(state, entry.data);
		put(state, "}");
	}
	put(state, "]");
}

/* Characters that mean something in a regular expression get a backslash, as Python's re.escape does. */
static void put_escaped(struct state *state, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (strchr(".^$*+?{}[]\\|()-&#~ ", text.at[i]) != NULL)
			put(state, "\\\\");
		put(state, "%c", text.at[i]);
	}
}

static void put_kernel(struct state *state, struct span log, bool secure)
{
	struct log_event event;

	put(state, "\"kernels\":[{\"shim_authcode_sha256\":");
	put_digest(state, log, EVENT_KIND_BOOT_APPLICATION, NULL, 0);
	put(state, ",\"grub_authcode_sha256\":");
	put_digest(state, log, EVENT_KIND_BOOT_APPLICATION, NULL, 1);
	if (secure) {
		put(state, ",\"kernel_authcode_sha256\":");
		put_digest(state, log, EVENT_KIND_BOOT_APPLICATION, NULL, 2);
	} else {
		put(state, ",\"vmlinuz_plain_sha256\":");
		put_digest(state, log, EVENT_KIND_GRUB_FILE, "/boot/vmlinuz", 0);
	}
	put(state, ",\"initrd_plain_sha256\":");
	put_digest(state, log, EVENT_KIND_GRUB_FILE, "/boot/initrd", 0);
	put(state, ",\"kernel_cmdline\":\"");
	assert_true(find(log, EVENT_KIND_KERNEL_COMMAND_LINE, NULL, 0, &event));
	put_escaped(state, event_text_bytes(&event));
	put(state, "\"}]");
}

static void state_make(struct state *state, const char *name, bool secure)
{
	struct span log = boot_log_vector(name);

	put(state, "{\"has_secureboot\":%s,\"scrtm_and_bios\":[{\"scrtm\":{\"sha256\":",
		secure ? "true" : "false");
	put_digest(state, log, EVENT_KIND_CRTM_VERSION, NULL, 0);
	put(state, "},\"platform_firmware\":[{\"sha256\":");
	put_digest(state, log, EVENT_KIND_FIRMWARE_BLOB, NULL, 0);
	put(state, "},{\"sha256\":");
	put_digest(state, log, EVENT_KIND_FIRMWARE_BLOB, NULL, 1);
	put(state, "}]}]");
	put_keys(state, log, "PK", "pk");
	put_keys(state, log, "KEK", "kek");
	put_keys(state, log, "db", "db");
	put_keys(state, log, "dbx", "dbx");
	put(state, ",\"mokdig\":[{\"sha256\":");
	put_digest(state, log, EVENT_KIND_MOK, NULL, 0);
	put(state, "}],\"mokxdig\":[{\"sha256\":");
	put_digest(state, log, EVENT_KIND_MOK, NULL, 1);
	put(state, "}],");
	put_kernel(state, log, secure);
	put(state, "}");
}

static bool accepts(const struct boot_policy *policy, struct span log)
{
	static const uint16_t banks[] = {TPM_ALG_SHA256};
	struct boot_quoted quoted;
	struct verdict verdict = {0};
	struct boot_evidence evidence = {banks, 1, log, &quoted.values};

	boot_quoted_of(log, &quoted);
	boot_appraise(policy, &evidence, &verdict);
	verdict_close(&verdict);
	if (getenv("BOOT_POLICY_PRINT") != NULL)
		for (size_t i = 0; i < verdict.kept; i++)
			print_message("  %s: %s: expected %s, found %s\n",
				finding_name(verdict.findings[i].check), verdict.findings[i].subject,
				verdict.findings[i].expected, verdict.findings[i].found);
	return verdict.trusted;
}

static void import_text(struct span json, struct boot_policy *out)
{
	DROP(blob_release) struct blob warnings = {0};
	struct err err = {0};

	if (import_boot_state(json, out, &warnings, &err) != RC_OK)
		fail_msg("%s", err.text);
	assert_true(warnings.len > 0);
}

static void a_reference_state_accepts_its_machine_and_no_other(void **state)
{
	static const struct {
		const char *log;
		bool secure;
	} rows[] = {{"sb-on-imang", true}, {"sb-on-imabuf-3banks", true}, {"sb-off-imang", false},
		{"sb-off-imasig", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(state_release) struct state made = {0};
		DROP(boot_policy_release) struct boot_policy policy = {0};

		state_make(&made, rows[i].log, rows[i].secure);
		import_text(blob_span(&made.json), &policy);
		for (size_t k = 0; k < COUNT(rows); k++)
			if (accepts(&policy, boot_log_vector(rows[k].log)) != (i == k))
				fail_msg("%s judges %s", rows[i].log, rows[k].log);
	}
}

/* Put other bytes where these first stand. */
static void replace(struct blob *json, const char *was, const char *is)
{
	DROP(blob_release) struct blob out = {0};
	const uint8_t *at = memmem(json->at, json->len, was, strlen(was));

	assert_non_null(at);
	assert_ok(blob_append(&out, span_of(json->at, (size_t)(at - json->at))));
	assert_ok(blob_append(&out, span_text(is)));
	at += strlen(was);
	assert_ok(blob_append(&out, span_of(at, json->len - (size_t)(at - json->at))));
	assert_ok(blob_copy(json, blob_span(&out)));
}

static void every_member_matters(void **state)
{
	static const char *const members[] = {"\"scrtm\":{\"sha256\":\"0x",
		"\"platform_firmware\":[{\"sha256\":\"0x", "\"mokdig\":[{\"sha256\":\"0x",
		"\"mokxdig\":[{\"sha256\":\"0x", "\"shim_authcode_sha256\":\"0x",
		"\"grub_authcode_sha256\":\"0x", "\"kernel_authcode_sha256\":\"0x",
		"\"initrd_plain_sha256\":\"0x", "\"kernel_cmdline\":\""};

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++) {
		DROP(state_release) struct state made = {0};
		DROP(boot_policy_release) struct boot_policy policy = {0};
		uint8_t *at;

		state_make(&made, "sb-on-imang", true);
		at = memmem(made.json.at, made.json.len, members[i], strlen(members[i]));
		assert_non_null(at);
		at += strlen(members[i]);
		*at = *at == '0' ? '1' : '0';
		import_text(blob_span(&made.json), &policy);
		assert_false(accepts(&policy, boot_log_vector("sb-on-imang")));
	}
}

static void owners_may_be_in_the_order_of_their_bytes(void **state)
{
	DROP(state_release) struct state made = {0};
	DROP(boot_policy_release) struct boot_policy policy = {0};

	(void)state;
	state_make(&made, "sb-on-imang", true);
	replace(&made.json, "77fa9abd-0359-4d32-bd60-28f4e78f784b", "bd9afa77-5903-324d-bd60-28f4e78f784b");
	import_text(blob_span(&made.json), &policy);
	assert_true(accepts(&policy, boot_log_vector("sb-on-imang")));
	replace(&made.json, "bd9afa77-5903-324d-bd60-28f4e78f784b", "bd9afa77-5903-324d-bd60-28f4e78f7844");
	import_text(blob_span(&made.json), &policy);
	assert_false(accepts(&policy, boot_log_vector("sb-on-imang")));
}

static void the_command_line_is_matched_whole(void **state)
{
	static const struct {
		const char *regex;
		bool good;
	} rows[] = {
		{".*", true},
		{"/boot/vmlinuz.*quiet", true},
		{"/boot/vmlinuz.*qui", false},
		{"boot/vmlinuz.*quiet", false},
		{"/nothing|.*", false}, /* "kernel_cmdline: " stands before the first alternative only */
		{"(/nothing|.*)", true},
		{"[|/].*", true},
		{"[]|/].*", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		DROP(state_release) struct state made = {0};
		DROP(boot_policy_release) struct boot_policy policy = {0};
		uint8_t *at;

		state_make(&made, "sb-on-imang", true);
		at = memmem(made.json.at, made.json.len, "\"kernel_cmdline\":\"", 18);
		assert_non_null(at);
		assert_ok(blob_resize(&made.json, (size_t)(at - made.json.at) + 18));
		put(&made, "%s\"}]}", rows[i].regex);
		import_text(blob_span(&made.json), &policy);
		if (accepts(&policy, boot_log_vector("sb-on-imang")) != rows[i].good)
			fail_msg("%s", rows[i].regex);
	}
}

static void another_first(struct span log, size_t number, struct span payload, struct span hashed,
	uint32_t type, struct blob *out)
{
	DROP(blob_release) struct blob twice = {0};
	struct boot_change change = {.kind = BOOT_CHANGE_TWICE, .event = number};

	boot_log_change(log, &change, &twice);
	change = (struct boot_change){BOOT_CHANGE_REAL, number, payload, hashed, type};
	boot_log_change(blob_span(&twice), &change, out);
}

#define TEXT(text) span_of(text, sizeof(text) - 1)

/*
 * Whoever controls the machine may extend registers once more after the boot, and say of the first event what
 * no digest covers: its type, the prefix of a text, the name of a variable of shim.
 */
static void what_may_be_anything_hides_nothing_else(void **state)
{
	DROP(state_release) struct state made = {0};
	DROP(boot_policy_release) struct boot_policy policy = {0};
	struct span log = boot_log_vector("sb-on-imang");
	struct log_event secure, image, line, mok, db;
	DROP(blob_release) struct blob off = {0};
	DROP(blob_release) struct blob keys = {0};
	struct {
		const struct log_event *event;
		struct span payload;
		struct span hashed;
		uint32_t type;
	} rows[8];
	size_t count = 0;

	(void)state;
	state_make(&made, "sb-on-imang", true);
	import_text(blob_span(&made.json), &policy);
	assert_true(find(log, EVENT_KIND_VARIABLE, NULL, 0, &secure));
	assert_true(find(log, EVENT_KIND_VARIABLE, NULL, 3, &db));
	assert_true(find(log, EVENT_KIND_BOOT_APPLICATION, NULL, 1, &image));
	assert_true(find(log, EVENT_KIND_KERNEL_COMMAND_LINE, NULL, 0, &line));
	assert_true(find(log, EVENT_KIND_MOK, NULL, 0, &mok));
	assert_ok(blob_copy(&off, secure.payload));
	off.at[off.len - 1] = 0;
	assert_ok(blob_copy(&keys, db.payload));
	keys.at[keys.len - 1] ^= 1;
	for (uint32_t type = EV_EFI_VARIABLE_DRIVER_CONFIG;; type = EV_EFI_VARIABLE_AUTHORITY) {
		rows[count].event = &secure;
		rows[count].payload = rows[count].hashed = blob_span(&off);
		rows[count++].type = type;
		rows[count].event = &db;
		rows[count].payload = rows[count].hashed = blob_span(&keys);
		rows[count++].type = type;
		if (type == EV_EFI_VARIABLE_AUTHORITY)
			break;
	}
	for (size_t i = 0; i < 2; i++) {
		rows[count].event = &image;
		rows[count].payload = image.payload;
		rows[count].hashed = TEXT("another image");
		rows[count++].type = i == 0 ? EV_EFI_BOOT_SERVICES_DRIVER : EV_EFI_RUNTIME_SERVICES_DRIVER;
	}
	for (size_t i = 0; i < count; i++) {
		DROP(blob_release) struct blob evil = {0};

		another_first(
			log, rows[i].event->number, rows[i].payload, rows[i].hashed, rows[i].type, &evil);
		if (accepts(&policy, blob_span(&evil)))
			fail_msg("%zu is accepted", i);
	}
	static const char *const lines[] = {"kernel_cmdline: /boot/vmlinuz init=/x",
		"grub_cmd: /boot/vmlinuz init=/x", "grub_cmd: (hd0,gpt2)/boot/vmlinuz init=/x",
		"module_cmdline: /boot/vmlinuz init=/x"};
	for (size_t i = 0; i < COUNT(lines); i++) {
		DROP(blob_release) struct blob evil = {0};
		struct span payload = span_of(lines[i], strlen(lines[i]) + 1);
		const char *text = strchr(lines[i], ' ') + 1;

		another_first(log, line.number, payload, span_text(text), 0, &evil);
		if (accepts(&policy, blob_span(&evil)))
			fail_msg("%s is accepted", lines[i]);
	}
	DROP(blob_release) struct blob evil = {0};
	another_first(log, mok.number, TEXT("MokListTrusted\0"), TEXT("another key"), 0, &evil);
	assert_false(accepts(&policy, blob_span(&evil)));
}

static void the_empty_state_accepts_every_boot_and_says_so(void **state)
{
	DROP(boot_policy_release) struct boot_policy policy = {0};

	(void)state;
	import_text(span_text("{}"), &policy);
	assert_true(policy.there && policy.anything);
	assert_true(accepts(&policy, boot_log_vector("sb-off-imang")));
}

static void what_keylime_refuses_is_refused(void **state)
{
	static const char *const members[] = {"scrtm_and_bios", "pk", "kek", "db", "dbx", "mokdig", "mokxdig",
		"kernels", "kernel_cmdline", "initrd_plain_sha256", "grub_authcode_sha256"};
	static const char *const changes[][2] = {{"\"0x", "\""}, {"\"0x", "\"0x0"}, {"\"0x", "\"0xA"},
		{"\"has_secureboot\":true", "\"has_secureboot\":1"}, {"\"sha256\"", "\"sha255\""},
		{"\"kernel_cmdline\":\"", "\"kernel_cmdline\":\"("}};

	(void)state;
	for (size_t i = 0; i < COUNT(members) + COUNT(changes); i++) {
		DROP(state_release) struct state made = {0};
		DROP(boot_policy_release) struct boot_policy policy = {0};
		DROP(blob_release) struct blob warnings = {0};
		char was[64];
		char is[64];
		struct err err = {0};

		state_make(&made, "sb-on-imang", true);
		if (i < COUNT(members)) {
			snprintf(was, sizeof was, "\"%s\":", members[i]);
			snprintf(is, sizeof is, "\"no-%s\":", members[i]);
			replace(&made.json, was, is);
		} else {
			replace(&made.json, changes[i - COUNT(members)][0], changes[i - COUNT(members)][1]);
		}
		if (import_boot_state(blob_span(&made.json), &policy, &warnings, &err) == RC_OK)
			fail_msg("%zu is imported", i);
		assert_true(err.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reference_state_accepts_its_machine_and_no_other),
		cmocka_unit_test(every_member_matters),
		cmocka_unit_test(owners_may_be_in_the_order_of_their_bytes),
		cmocka_unit_test(the_command_line_is_matched_whole),
		cmocka_unit_test(what_may_be_anything_hides_nothing_else),
		cmocka_unit_test(the_empty_state_accepts_every_boot_and_says_so),
		cmocka_unit_test(what_keylime_refuses_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
