#include "lib/policy/boot_item_text.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"
#include "lib/base/hex.h"

#define SUBJECT_SHOWN 160

struct words {
	char *out;
	size_t at;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
	va_list args;
	int len;

	if (words->at >= words->room)
		return;
	va_start(args, format);
	len = vsnprintf(words->out + words->at, words->room - words->at, format, args);
	va_end(args);
	words->at += len > 0 ? (size_t)len : 0;
}

char *boot_printable(const char *text, char *out, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (const uint8_t *c = (const uint8_t *)text; *c != '\0'; c++) {
		bool plain = *c >= ' ' && *c <= '~';

		if (room < (plain ? 5u : 8u) || at > room - (plain ? 5u : 8u)) {
			memcpy(out + at, "...", 3);
			at += 3;
			break;
		}
		if (plain) {
			out[at++] = (char)*c;
			continue;
		}
		out[at++] = '\\';
		out[at++] = 'x';
		out[at++] = digits[*c >> 4];
		out[at++] = digits[*c & 15];
	}
	out[at] = '\0';
	return out;
}

static void add_name(struct words *words, const char *name)
{
	/* One byte for the closing parenthesis of whoever wants one. */
	if (words->at + 8 >= words->room)
		return;
	boot_printable(name, words->out + words->at, words->room - words->at - 1);
	words->at += strlen(words->out + words->at);
}

/* One bank tells enough: SHA-256 if it is there. */
static void add_digest(struct words *words, const struct boot_digests *digest)
{
	static const enum digest_alg order[] = {
		DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_SM3, DIGEST_SHA1};
	char hex[HEX_BYTES(DIGEST_BYTES_MAX)];

	for (size_t i = 0; i < COUNT(order); i++) {
		if (!digest->has[order[i]])
			continue;
		add(words, "%s %s", digest_name(order[i]),
			hex_encode(span_of(digest->value[order[i]], digest_size(order[i])), hex));
		return;
	}
	add(words, "no digest in a quoted bank");
}

static void add_text(struct words *words, const struct boot_text *text)
{
	static const char *const forms[] = {[BOOT_TEXT_NONE] = "",
		[BOOT_TEXT_EXACT] = "",
		[BOOT_TEXT_GLOB] = "glob ",
		[BOOT_TEXT_REGEX] = "regex "};

	add(words, "%s", forms[text->form]);
	if (text->form != BOOT_TEXT_NONE)
		add_name(words, text->text);
}

/* A certificate is known by its subject, if somebody wrote it down. */
static void add_certificate(struct words *words, const struct boot_item *item)
{
	char hex[HEX_BYTES(DIGEST_SHA256_BYTES)];
	char name[SUBJECT_SHOWN];

	add(words, "%s", item->by == BOOT_BY_SIGNER ? "signed by certificate " : "certificate ");
	if (item->name.form != BOOT_TEXT_NONE)
		add(words, "%s, sha256 ", boot_printable(item->name.text, name, sizeof name));
	add(words, "%s", hex_encode(SPAN(item->data), hex));
}

char *boot_item_text(const struct boot_item *item, char *out, size_t room)
{
	struct words words = {out, 0, room};
	char hex[HEX_BYTES(DIGEST_SHA256_BYTES)];

	out[0] = '\0';
	if (item->by == BOOT_BY_NAME) {
		add_text(&words, &item->name);
		if (item->name.form == BOOT_TEXT_NONE)
			add(&words, "anything");
		return out;
	}
	if (item->by == BOOT_BY_SIGNER ||
		(item->by == BOOT_BY_SIGNATURE && item->signature == SIGNATURE_X509)) {
		add_certificate(&words, item);
		return out;
	}
	if (item->by == BOOT_BY_DIGEST)
		add_digest(&words, &item->digest);
	else
		add(&words, "%s %s", signature_kind_name(item->signature), hex_encode(SPAN(item->data), hex));
	if (item->name.form != BOOT_TEXT_NONE) {
		add(&words, " (");
		add_text(&words, &item->name);
		add(&words, ")");
	}
	return out;
}

char *boot_fact_text(const struct boot_fact *fact, char *out, size_t room)
{
	struct words words = {out, 0, room};

	out[0] = '\0';
	add(&words, "event %zu, pcr %u, %s", fact->number, fact->pcr, event_kind_name(fact->kind));
	if (fact->name[0] != '\0') {
		add(&words, " ");
		add_name(&words, fact->name);
	}
	return out;
}

char *boot_fact_content_text(const struct boot_fact *fact, char *out, size_t room)
{
	struct words words = {out, 0, room};
	char hex[HEX_BYTES(DIGEST_SHA256_BYTES)];

	out[0] = '\0';
	if (fact->slot == BOOT_SLOT_COMMAND || fact->slot == BOOT_SLOT_COMMAND_LINE ||
		fact->slot == BOOT_SLOT_SBAT)
		add_name(&words, fact->name);
	else if (fact->has_signature && fact->signature == SIGNATURE_X509)
		add(&words, "certificate %s", hex_encode(SPAN(fact->data), hex));
	else if (fact->has_signature)
		add(&words, "%s %s", signature_kind_name(fact->signature), hex_encode(SPAN(fact->data), hex));
	else
		add_digest(&words, &fact->digest);
	return out;
}
