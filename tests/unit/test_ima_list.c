#include "lib/evidence/ima_list.h"

#include <stdlib.h>

#include "tests/support/evidence_kept.h"
#include "tests/support/ima_made.h"
#include "tests/support/test.h"

#define LITERAL(text)  span_of(text, sizeof(text) - 1)
#define DIGEST32       "0123456789abcdef0123456789abcdef"
#define DIGEST32_HEX   "3031323334353637383961626364656630313233343536373839616263646566"
#define DIGEST20       "0123456789abcdef0123"
#define DIGEST20_HEX   "3031323334353637383961626364656630313233"
#define SHA256_WORDS   "sha256:" DIGEST32_HEX
#define ENTRIES_OF_ALL 11u

static const struct ima_format sha1_list = {.hash = DIGEST_SHA1};
static uint8_t room[IMA_ENTRY_MAX];

static struct ima_list list_at(struct span bytes, struct ima_format format)
{
	return (struct ima_list){.format = format, .left = bytes, .room = room, .room_len = sizeof room};
}

/* ---- hand-made lists: one entry of each template, and a violation ---- */

static void digest_and_name(struct ima_made *data, const char *words, size_t len, const char *name, bool big)
{
	data->len = 0;
	ima_made_field(data, span_of(words, len), big);
	ima_made_name(data, name, big);
}

#define DIGEST_AND_NAME(data, words, name, big) digest_and_name(data, words, sizeof(words) - 1, name, big)

/* data[i] belongs to template[i]; text is how the ASCII list shows the fields. */
static const struct {
	const char *template;
	const char *fields;
} made_entries[ENTRIES_OF_ALL] = {
	{"ima-ng", " " SHA256_WORDS " boot_aggregate"},
	{"ima", " " DIGEST20_HEX " /bin/sh"},
	{"ima-ngv2", " verity:" SHA256_WORDS " /verity"},
	{"ima-sig", " " SHA256_WORDS " /signed 0302"},
	{"ima-sig", " " SHA256_WORDS " /unsigned "},
	{"ima-sigv2", " ima:" SHA256_WORDS " /signed 0303"},
	{"ima-buf", " " SHA256_WORDS " kernel_version 352e3130"},
	{"ima-modsig", " " SHA256_WORDS " /module  sha256:" DIGEST32_HEX " 3082"},
	{"ima-modsig", " " SHA256_WORDS " /other   "},
	{"evm-sig", " " SHA256_WORDS " /portable 0502 security.ima|x 04000000 61626364 1000 0 33261"},
	{"ima-ng", " " SHA256_WORDS " /violated\nline"},
};

static void make_data(size_t i, bool big, struct ima_made *out)
{
	out->len = 0;
	switch (i) {
	case 0: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "boot_aggregate", big); break;
	case 1: ima_made_old(out, LITERAL(DIGEST20), "/bin/sh", big); break;
	case 2: DIGEST_AND_NAME(out, "verity:sha256:\0" DIGEST32, "/verity", big); break;
	case 3: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "/signed", big); break;
	case 4: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "/unsigned", big); break;
	case 5: DIGEST_AND_NAME(out, "ima:sha256:\0" DIGEST32, "/signed", big); break;
	case 6: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "kernel_version", big); break;
	case 7: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "/module", big); break;
	case 8: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "/other", big); break;
	case 9: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "/portable", big); break;
	case 10: DIGEST_AND_NAME(out, "sha256:\0" DIGEST32, "/violated\nline", big); break;
	default: fail();
	}
	if (i == 3 || i == 5)
		ima_made_field(out, i == 3 ? LITERAL("\3\2") : LITERAL("\3\3"), big);
	if (i == 4 || i == 7 || i == 8)
		ima_made_field(out, span_of(NULL, 0), big);
	if (i == 6)
		ima_made_field(out, LITERAL("5.10"), big);
	if (i == 7 || i == 8) {
		ima_made_field(out, i == 7 ? LITERAL("sha256:\0" DIGEST32) : span_of(NULL, 0), big);
		ima_made_field(out, i == 7 ? LITERAL("\x30\x82") : span_of(NULL, 0), big);
	}
	if (i == 9) {
		ima_made_field(out, LITERAL("\5\2"), big);
		ima_made_name(out, "security.ima|x", big);
		ima_made_field(out, LITERAL("\4\0\0\0"), big);
		ima_made_field(out, LITERAL("abcd"), big);
		ima_made_field(out, big ? LITERAL("\0\0\3\xe8") : LITERAL("\xe8\3\0\0"), big);
		ima_made_field(out, LITERAL("\0\0\0\0"), big);
		ima_made_field(out, big ? LITERAL("\x81\xed") : LITERAL("\xed\x81"), big);
	}
}

static void make_list(struct ima_format format, struct ima_made *out)
{
	struct ima_made data;

	out->len = 0;
	for (size_t i = 0; i < ENTRIES_OF_ALL; i++) {
		make_data(i, format.big_endian, &data);
		if (format.is_ascii)
			ima_made_line(out, 10, made_entries[i].template, ima_made_span(&data), i == 10,
				made_entries[i].fields);
		else
			ima_made_entry(
				out, &format, 10, made_entries[i].template, ima_made_span(&data), i == 10);
	}
}

static void assert_holds(const struct ima_entry *entry, enum digest_alg alg)
{
	uint8_t hash[DIGEST_BYTES_MAX];

	assert_true(entry->fields.understood);
	if (entry->is_violation)
		return;
	assert_ok(ima_template_hash(alg, entry->fields.template, entry->data, entry->big_endian, hash));
	assert_spans_equal(entry->hash, span_of(hash, digest_size(alg)));
}

static void lists_of_every_kind_are_guessed_and_read(void **state)
{
	static const struct ima_format formats[] = {
		{false, false, DIGEST_SHA1},
		{false, true, DIGEST_SHA1},
		{true, false, DIGEST_SHA1},
		{false, false, DIGEST_SHA256},
		{false, false, DIGEST_SHA384},
		{false, true, DIGEST_SHA512},
	};
	struct ima_made made, data;

	(void)state;
	for (size_t f = 0; f < COUNT(formats); f++) {
		struct ima_format guessed = {0};
		struct ima_list list;
		struct ima_entry entry;

		make_list(formats[f], &made);
		assert_ok(ima_format_guess(ima_made_span(&made), &guessed));
		assert_memory_equal(&guessed, &formats[f], sizeof guessed);
		list = list_at(ima_made_span(&made), guessed);
		for (size_t i = 0; i < ENTRIES_OF_ALL; i++) {
			assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
			assert_int_equal(entry.pcr, 10);
			assert_true(span_is(entry.template, made_entries[i].template));
			make_data(i, formats[f].big_endian, &data);
			assert_spans_equal(entry.data, ima_made_span(&data));
			assert_int_equal(entry.is_violation, i == 10);
			assert_holds(&entry, formats[f].hash);
		}
		assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_END);
		assert_int_equal(list.missing, 0);
	}
}

static void every_truncation_is_partial_and_tells_no_more_than_is_missing(void **state)
{
	struct ima_made made;
	struct ima_list list;
	struct ima_entry entry;

	(void)state;
	for (unsigned ascii = 0; ascii < 2; ascii++) {
		make_list((struct ima_format){ascii != 0, false, DIGEST_SHA1}, &made);
		for (size_t n = 0; n < made.len; n++) {
			enum ima_step step;
			struct ima_list whole;

			list = list_at(
				span_of(made.at, n), (struct ima_format){ascii != 0, false, DIGEST_SHA1});
			while ((step = ima_list_next(&list, &entry)) == IMA_STEP_ENTRY)
				;
			assert_int_equal(step, list.left.len == 0 ? IMA_STEP_END : IMA_STEP_PARTIAL);
			if (step == IMA_STEP_END)
				continue;
			assert_true(list.missing > 0);
			whole = list_at(span_of(list.left.at, made.len - n + list.left.len), list.format);
			assert_int_equal(ima_list_next(&whole, &entry), IMA_STEP_ENTRY);
			assert_true(list.left.len + list.missing <= entry.bytes.len);
		}
	}
}

/* As a reader does that gets the list in chunks: it keeps what is left, and asks for what is missing. */
static void a_list_in_pieces_is_the_same_list(void **state)
{
	struct ima_made made;
	struct ima_list list = {.format = sha1_list};
	struct ima_entry entry;
	size_t there = 0, entries = 0;

	(void)state;
	make_list(sha1_list, &made);
	list.left = span_of(made.at, 0);
	for (;;) {
		enum ima_step step = ima_list_next(&list, &entry);

		if (step == IMA_STEP_ENTRY) {
			assert_holds(&entry, DIGEST_SHA1);
			entries++;
			continue;
		}
		if (there == made.len)
			break;
		assert_int_equal(step, list.left.len == 0 ? IMA_STEP_END : IMA_STEP_PARTIAL);
		there += list.missing != 0 ? list.missing : 1;
		assert_true(there <= made.len);
		list.left = span_of(list.left.at, (size_t)(made.at + there - list.left.at));
	}
	assert_int_equal(entries, ENTRIES_OF_ALL);
	assert_int_equal(list.left.len, 0);
}

static enum ima_step step_of(const struct ima_made *made, struct ima_format format)
{
	struct ima_list list = list_at(ima_made_span(made), format);
	struct ima_entry entry = {.pcr = 99};
	enum ima_step step = ima_list_next(&list, &entry);

	if (step != IMA_STEP_ENTRY) {
		assert_int_equal(entry.pcr, 99);
		assert_ptr_equal(list.left.at, made->at);
		assert_int_equal(list.left.len, made->len);
	}
	return step;
}

static enum ima_step with_head(uint32_t pcr, size_t name_len, uint32_t data_len)
{
	static uint8_t bytes[IMA_DATA_MAX + 1];
	static uint8_t whole[IMA_ENTRY_MAX + 512];
	struct ima_made head = {0};
	struct ima_list list;
	struct ima_entry entry;

	memset(bytes, 'n', 512);
	ima_made_u32(&head, pcr, false);
	ima_made_bytes(&head, LITERAL(DIGEST20));
	ima_made_field(&head, span_of(bytes, name_len), false);
	ima_made_u32(&head, data_len, false);
	memcpy(whole, head.at, head.len);
	list = list_at(span_of(whole, head.len + (data_len < sizeof bytes ? data_len : 0)), sha1_list);
	return ima_list_next(&list, &entry);
}

static void lengths_and_pcrs_have_their_bounds(void **state)
{
	(void)state;
	assert_int_equal(with_head(0, 1, 0), IMA_STEP_ENTRY);
	assert_int_equal(with_head(IMA_PCR_MAX, 1, 0), IMA_STEP_ENTRY);
	assert_int_equal(with_head(IMA_PCR_MAX + 1, 1, 0), IMA_STEP_BROKEN);
	assert_int_equal(with_head(10, 0, 0), IMA_STEP_BROKEN);
	assert_int_equal(with_head(10, IMA_TEMPLATE_NAME_MAX, 0), IMA_STEP_ENTRY);
	assert_int_equal(with_head(10, IMA_TEMPLATE_NAME_MAX + 1, 0), IMA_STEP_BROKEN);
	assert_int_equal(with_head(10, 1, IMA_DATA_MAX), IMA_STEP_ENTRY);
	assert_int_equal(with_head(10, 1, IMA_DATA_MAX + 1), IMA_STEP_BROKEN);
	assert_int_equal(with_head(10, 1, UINT32_MAX), IMA_STEP_BROKEN);
}

static void names_of_templates_are_printable(void **state)
{
	struct ima_made made = {0};

	(void)state;
	ima_made_entry(&made, &sha1_list, 10, "ima ng", span_of("x", 1), false);
	assert_int_equal(step_of(&made, sha1_list), IMA_STEP_BROKEN);
	made.len = 0;
	ima_made_entry(&made, &sha1_list, 10, "ima\xff", span_of("x", 1), false);
	assert_int_equal(step_of(&made, sha1_list), IMA_STEP_BROKEN);
}

static void unknown_templates_are_entries_with_their_data(void **state)
{
	struct ima_made made = {0};
	struct ima_list list;
	struct ima_entry entry;

	(void)state;
	ima_made_entry(&made, &sha1_list, 10, "ima-later", LITERAL("anything"), false);
	list = list_at(ima_made_span(&made), sha1_list);
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	assert_false(entry.fields.understood);
	assert_int_equal(entry.fields.template, IMA_TEMPLATE_UNKNOWN);
	assert_true(span_is(entry.data, "anything"));
}

static void what_is_no_list_is_not_guessed(void **state)
{
	struct ima_format format = {0};
	struct ima_made made;

	(void)state;
	assert_rc(ima_format_guess(span_of(NULL, 0), &format), RC_NOT_FOUND);
	assert_rc(ima_format_guess(LITERAL("hello, world: this is no list at all, is it"), &format),
		RC_MALFORMED);
	assert_rc(ima_format_guess(LITERAL("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x01\x02"), &format),
		RC_MALFORMED);
	make_list(sha1_list, &made);
	for (size_t n = 0; n < 4 + 20 + 4 + 6; n++)
		assert_rc(ima_format_guess(span_of(made.at, n), &format), RC_NOT_FOUND);
	assert_ok(ima_format_guess(span_of(made.at, 4 + 20 + 4 + 6), &format));
	assert_false(format.is_ascii);
}

/* ---- ASCII ---- */

static enum ima_step step_of_text(const char *text)
{
	struct ima_made made = {0};

	ima_made_bytes(&made, span_text(text));
	return step_of(&made, (struct ima_format){true, false, DIGEST_SHA1});
}

static void lines_that_the_kernel_does_not_write_are_refused(void **state)
{
#define HEAD "10 " DIGEST20_HEX
	static const char *const bad[] = {
		"\n",
		"x0 " DIGEST20_HEX " ima-ng " SHA256_WORDS " /x\n",
		"00 " DIGEST20_HEX " ima-ng " SHA256_WORDS " /x\n",
		"32 " DIGEST20_HEX " ima-ng " SHA256_WORDS " /x\n",
		"10  " DIGEST20_HEX " ima-ng " SHA256_WORDS " /x\n",
		"10 " DIGEST20_HEX "00 ima-ng " SHA256_WORDS " /x\n",
		"10 0A31323334353637383961626364656630313233 ima-ng " SHA256_WORDS " /x\n",
		HEAD "\n",
		HEAD " \n",
		HEAD "  " SHA256_WORDS " /x\n",
		HEAD " ima-ng\n",
		HEAD " ima-ng " SHA256_WORDS "\n",
		HEAD " ima-ng sha256" DIGEST32_HEX " /x\n",
		HEAD " ima-ng " SHA256_WORDS "0 /x\n",
		HEAD " ima-ng " SHA256_WORDS "0g /x\n",
		HEAD " ima-sig " SHA256_WORDS " /x\n",
		HEAD " ima-sig " SHA256_WORDS " /x 03 02\n",
		HEAD " ima-sig " SHA256_WORDS " /x 030\n",
		HEAD " ima-modsig " SHA256_WORDS " /x  \n",
		HEAD " ima " DIGEST20_HEX "00 /x\n",
		HEAD " ima " DIGEST20_HEX "\n",
		HEAD " d-ng|n-ng|imode|sig " SHA256_WORDS " /x 65536 \n",
		HEAD " d-ng|n-ng|imode|sig " SHA256_WORDS " /x 01 \n",
		HEAD " d-ng|n-ng|imode|sig " SHA256_WORDS " /x -1 \n",
		HEAD " d-ng|n-ng|iuid|sig " SHA256_WORDS " /x 4294967296 \n",
		HEAD " d-ng|n-ng|iuid|sig " SHA256_WORDS " /x 99999999999999999999999 \n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (step_of_text(bad[i]) != IMA_STEP_BROKEN)
			fail_msg("not refused: %s", bad[i]);
	assert_int_equal(step_of_text(HEAD " ima-ng " SHA256_WORDS " /x\n"), IMA_STEP_ENTRY);
	assert_int_equal(step_of_text(" 9 " DIGEST20_HEX " ima-ng " SHA256_WORDS " \n"), IMA_STEP_ENTRY);
	assert_int_equal(
		step_of_text(HEAD " d-ng|n-ng|imode|sig " SHA256_WORDS " /x 65535 \n"), IMA_STEP_ENTRY);
	assert_int_equal(
		step_of_text(HEAD " d-ng|n-ng|iuid|sig " SHA256_WORDS " /x 4294967295 \n"), IMA_STEP_ENTRY);
}

static void an_unknown_template_in_text_has_no_data(void **state)
{
	struct ima_list list =
		list_at(LITERAL(HEAD " ima-later a b c\n"), (struct ima_format){true, false, DIGEST_SHA1});
	struct ima_entry entry;

	(void)state;
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	assert_false(entry.fields.understood);
	assert_int_equal(entry.data.len, 0);
}

static void text_that_does_not_fit_the_room_is_refused(void **state)
{
	struct ima_list list;
	struct ima_entry entry;
	struct ima_made made;

	(void)state;
	make_list((struct ima_format){true, false, DIGEST_SHA1}, &made);
	list = list_at(ima_made_span(&made), (struct ima_format){true, false, DIGEST_SHA1});
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_ENTRY);
	for (size_t len = 0; len <= 20 + entry.data.len; len++) {
		uint8_t *exact = malloc(len != 0 ? len : 1);
		struct ima_entry again;

		assert_non_null(exact);
		list = list_at(ima_made_span(&made), list.format);
		list.room = exact;
		list.room_len = len;
		assert_int_equal(ima_list_next(&list, &again),
			len == 20 + entry.data.len ? IMA_STEP_ENTRY : IMA_STEP_BROKEN);
		free(exact);
	}
}

static void a_line_without_an_end_is_bounded(void **state)
{
	struct ima_list list = {.format = {true, false, DIGEST_SHA1}, .room = room, .room_len = sizeof room};
	uint8_t *text = malloc(IMA_LINE_MAX + 1);
	struct ima_entry entry;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', IMA_LINE_MAX + 1);
	memcpy(text, HEAD " ", strlen(HEAD " "));
	list.left = span_of(text, IMA_LINE_MAX);
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_PARTIAL);
	list.left = span_of(text, IMA_LINE_MAX + 1);
	assert_int_equal(ima_list_next(&list, &entry), IMA_STEP_BROKEN);
	free(text);
}

/* ---- real lists ---- */

static const struct {
	const char *binary;
	const char *ascii;
	size_t entries, violations;
} real[] = {
	{"sb-on-imang/step0/binary_runtime_measurements.gz",
		"sb-on-imang/step0/ascii_runtime_measurements.gz", 546, 0},
	{"sb-on-imang/step3/binary_runtime_measurements.gz",
		"sb-on-imang/step3/ascii_runtime_measurements.gz", 579, 2},
	{"sb-off-imasig/step3/binary_runtime_measurements.gz",
		"sb-off-imasig/step3/ascii_runtime_measurements.gz", 581, 2},
	{"sb-on-imabuf-3banks/step0/binary_runtime_measurements.gz",
		"sb-on-imabuf-3banks/step0/ascii_runtime_measurements.gz", 572, 11},
};

static void real_lists_are_the_same_in_binary_and_in_text(void **state)
{
	static uint8_t other_room[IMA_ENTRY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(real); i++) {
		struct ima_list binary = list_at(evidence_kept(real[i].binary), sha1_list);
		struct ima_list text = {.left = evidence_kept(real[i].ascii),
			.room = other_room,
			.room_len = sizeof other_room};
		struct ima_entry a, b;
		size_t entries = 0, violations = 0;

		assert_ok(ima_format_guess(text.left, &text.format));
		assert_true(text.format.is_ascii);
		while (ima_list_next(&binary, &a) == IMA_STEP_ENTRY) {
			assert_int_equal(ima_list_next(&text, &b), IMA_STEP_ENTRY);
			assert_holds(&a, DIGEST_SHA1);
			assert_int_equal(a.pcr, b.pcr);
			assert_spans_equal(a.hash, b.hash);
			assert_spans_equal(a.template, b.template);
			assert_spans_equal(a.data, b.data);
			assert_int_equal(a.is_violation, b.is_violation);
			assert_spans_equal(a.fields.name, b.fields.name);
			entries++;
			violations += a.is_violation;
		}
		assert_int_equal(ima_list_next(&binary, &a), IMA_STEP_END);
		assert_int_equal(ima_list_next(&text, &b), IMA_STEP_END);
		assert_int_equal(entries, real[i].entries);
		assert_int_equal(violations, real[i].violations);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_every_kind_are_guessed_and_read),
		cmocka_unit_test(every_truncation_is_partial_and_tells_no_more_than_is_missing),
		cmocka_unit_test(a_list_in_pieces_is_the_same_list),
		cmocka_unit_test(lengths_and_pcrs_have_their_bounds),
		cmocka_unit_test(names_of_templates_are_printable),
		cmocka_unit_test(unknown_templates_are_entries_with_their_data),
		cmocka_unit_test(what_is_no_list_is_not_guessed),
		cmocka_unit_test(lines_that_the_kernel_does_not_write_are_refused),
		cmocka_unit_test(an_unknown_template_in_text_has_no_data),
		cmocka_unit_test(text_that_does_not_fit_the_room_is_refused),
		cmocka_unit_test(a_line_without_an_end_is_bounded),
		cmocka_unit_test(real_lists_are_the_same_in_binary_and_in_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
