#include "lib/evidence/text_sink.h"

#include <stdarg.h>
#include <stdio.h>

#include "lib/base/drop.h"

struct text_sink text_sink_of(char *out, size_t room)
{
	if (room > 0)
		out[0] = '\0';
	return (struct text_sink){.out = out, .room = room};
}

void text_sink_put(struct text_sink *sink, struct span text)
{
	if (!sink->is_full && sink->len + text.len < sink->room) {
		if (text.len > 0)
			memcpy(sink->out + sink->len, text.at, text.len);
		sink->out[sink->len + text.len] = '\0';
	} else {
		sink->is_full = true;
	}
	sink->len += text.len;
}

void text_sink_print(struct text_sink *sink, const char *format, ...)
{
	char text[96];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (len > 0)
		text_sink_put(sink, span_of(text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1));
}

#define NO_UNIT UINT32_MAX

/* What is read: bytes (unit 1) or UTF-16 (unit 2), from its front to its back. */
struct source {
	struct span left;
	size_t unit;
};

/* The i-th byte or 16-bit unit of what is left; NO_UNIT behind the end. */
static uint32_t unit_at(const struct source *source, size_t i)
{
	const uint8_t *at = source->left.at + i * source->unit;

	if (i >= source->left.len / source->unit)
		return NO_UNIT;
	return source->unit == 1 ? at[0] : (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static bool is_hex_digit(uint32_t unit)
{
	return (unit >= '0' && unit <= '9') || (unit >= 'a' && unit <= 'f') || (unit >= 'A' && unit <= 'F');
}

/* What is left starts like an escape of ours: \xHH or \uHHHH. */
static bool is_like_escape(const struct source *source)
{
	const uint32_t letter = unit_at(source, 1);
	const size_t digits = letter == 'x' ? 2 : 4;

	if (unit_at(source, 0) != '\\' || (letter != 'x' && letter != 'u'))
		return false;
	for (size_t i = 0; i < digits; i++)
		if (!is_hex_digit(unit_at(source, 2 + i)))
			return false;
	return true;
}

/* Control characters, and those that change the direction of writing or cannot be seen. */
static bool is_shown(uint32_t character)
{
	static const uint32_t hidden[][2] = {{0, 8}, {11, 31}, {0x7f, 0x9f}, {0xad, 0xad}, {0x061c, 0x061c},
		{0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb}};

	for (size_t i = 0; i < COUNT(hidden); i++)
		if (character >= hidden[i][0] && character <= hidden[i][1])
			return false;
	return true;
}

/* The UTF-8 character at the front and its length; 0 if there is none (RFC 3629). */
static size_t utf8_at(const struct source *source, uint32_t *out)
{
	static const struct {
		uint32_t mask, lead, least;
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
	const uint32_t first = unit_at(source, 0);
	size_t more = 0;
	uint32_t value;

	while (more < COUNT(forms) && (first & forms[more].mask) != forms[more].lead)
		more++;
	if (more == COUNT(forms))
		return 0;
	value = first & ~forms[more].mask;
	for (size_t i = 1; i <= more; i++) {
		const uint32_t unit = unit_at(source, i);

		if (unit == NO_UNIT || (unit & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (unit & 0x3f);
	}
	if (value < forms[more].least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*out = value;
	return more + 1;
}

/* The UTF-16 character at the front and its number of units; 0 for a lone surrogate. */
static size_t utf16_at(const struct source *source, uint32_t *out)
{
	const uint32_t first = unit_at(source, 0);
	const uint32_t second = unit_at(source, 1);

	if (first < 0xd800 || first > 0xdfff) {
		*out = first;
		return 1;
	}
	if (first > 0xdbff || second < 0xdc00 || second > 0xdfff)
		return 0;
	*out = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
	return 2;
}

static void put_character(struct text_sink *sink, uint32_t value)
{
	uint8_t bytes[4];
	size_t len = 0;

	if (value < 0x80)
		bytes[len++] = (uint8_t)value;
	else if (value < 0x800)
		bytes[len++] = (uint8_t)(0xc0 | value >> 6);
	else if (value < 0x10000)
		bytes[len++] = (uint8_t)(0xe0 | value >> 12);
	else
		bytes[len++] = (uint8_t)(0xf0 | value >> 18);
	if (value >= 0x10000)
		bytes[len++] = (uint8_t)(0x80 | (value >> 12 & 0x3f));
	if (value >= 0x800)
		bytes[len++] = (uint8_t)(0x80 | (value >> 6 & 0x3f));
	if (value >= 0x80)
		bytes[len++] = (uint8_t)(0x80 | (value & 0x3f));
	text_sink_put(sink, span_of(bytes, len));
}

static void put_escaped(struct text_sink *sink, const struct source *source, size_t units)
{
	for (size_t i = 0; i < units; i++)
		text_sink_print(sink, source->unit == 1 ? "\\x%02x" : "\\u%04x", unit_at(source, i));
}

static void put_all(struct text_sink *sink, struct source source)
{
	while (source.left.len >= source.unit) {
		uint32_t character = 0;
		size_t units =
			source.unit == 1 ? utf8_at(&source, &character) : utf16_at(&source, &character);

		if (units > 0 && is_shown(character) && !is_like_escape(&source)) {
			put_character(sink, character);
		} else {
			units = units == 0 ? 1 : units;
			put_escaped(sink, &source, units);
		}
		source.left =
			span_of(source.left.at + units * source.unit, source.left.len - units * source.unit);
	}
	if (source.left.len > 0)
		text_sink_print(sink, "\\x%02x", source.left.at[0]);
}

void text_sink_bytes(struct text_sink *sink, struct span bytes)
{
	put_all(sink, (struct source){bytes, 1});
}

void text_sink_utf16(struct text_sink *sink, struct span bytes)
{
	put_all(sink, (struct source){bytes, 2});
}
