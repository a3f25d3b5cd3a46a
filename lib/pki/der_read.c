#include "lib/pki/der_read.h"

bool der_next(struct span *rest, struct der_item *out)
{
	size_t head = 2;
	size_t len;

	if (rest->len < 2 || (rest->at[0] & 0x1f) == 0x1f)
		return false;
	len = rest->at[1];
	if (len >= 0x80) {
		size_t octets = len & 0x7f;

		if (octets == 0 || octets > 4 || octets > rest->len - 2 || rest->at[2] == 0)
			return false;
		len = 0;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | rest->at[2 + i];
		if (len < 0x80)
			return false;
		head += octets;
	}
	if (len > rest->len - head)
		return false;
	out->tag = rest->at[0];
	out->content = span_of(rest->at + head, len);
	out->whole = span_of(rest->at, head + len);
	*rest = span_of(rest->at + head + len, rest->len - head - len);
	return true;
}

bool der_is_next(struct span rest, uint8_t tag)
{
	return rest.len != 0 && rest.at[0] == tag;
}

bool der_take(struct span *rest, uint8_t tag, struct span *content)
{
	struct der_item item;

	if (!der_is_next(*rest, tag) || !der_next(rest, &item))
		return false;
	*content = item.content;
	return true;
}

bool der_take_whole(struct span *rest, uint8_t tag, struct span *whole)
{
	struct der_item item;

	if (!der_is_next(*rest, tag) || !der_next(rest, &item))
		return false;
	*whole = item.whole;
	return true;
}

bool der_only(struct span bytes, uint8_t tag, struct span *content)
{
	struct span found;

	if (!der_take(&bytes, tag, &found) || bytes.len != 0)
		return false;
	*content = found;
	return true;
}

/* X.690, 8.3: no superfluous octet in front; the sign bit is not set. */
static bool magnitude_of(struct span content, struct span *out)
{
	if (content.len == 0 || (content.at[0] & 0x80) != 0)
		return false;
	if (content.len > 1 && content.at[0] == 0) {
		if ((content.at[1] & 0x80) == 0)
			return false;
		content = span_of(content.at + 1, content.len - 1);
	}
	*out = content;
	return true;
}

static bool take_magnitude(struct span *rest, uint8_t tag, struct span *out)
{
	struct span left = *rest;
	struct span content;

	if (!der_take(&left, tag, &content) || !magnitude_of(content, out))
		return false;
	*rest = left;
	return true;
}

bool der_take_magnitude(struct span *rest, struct span *out)
{
	return take_magnitude(rest, DER_INTEGER, out);
}

bool der_take_number(struct span *rest, uint8_t tag, uint64_t *out)
{
	struct span left = *rest;
	struct span magnitude;
	uint64_t number = 0;

	if (!take_magnitude(&left, tag, &magnitude) || magnitude.len > sizeof number)
		return false;
	for (size_t i = 0; i < magnitude.len; i++)
		number = number << 8 | magnitude.at[i];
	*rest = left;
	*out = number;
	return true;
}

bool der_take_bit_string(struct span *rest, struct span *octets)
{
	struct span left = *rest;
	struct span content;

	if (!der_take(&left, DER_BIT_STRING, &content) || content.len == 0 || content.at[0] != 0)
		return false;
	*octets = span_of(content.at + 1, content.len - 1);
	*rest = left;
	return true;
}

bool der_take_true(struct span *rest)
{
	struct span left = *rest;
	struct span content;

	if (!der_take(&left, DER_BOOLEAN, &content) || content.len != 1 || content.at[0] != 0xff)
		return false;
	*rest = left;
	return true;
}

/* Two digits; -1 if they are none. */
static int pair(const uint8_t *at)
{
	if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
		return -1;
	return (at[0] - '0') * 10 + (at[1] - '0');
}

/* Days from 1 January 1970 to a date of the Gregorian calendar. The year begins in March here, so that the
 * leap day is its last. */
static int64_t days_of(int year, int month, int day)
{
	int64_t from_march = (month + 9) % 12;
	int64_t y = month <= 2 ? year - 1 : year;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + day - 1 - 719468;
}

static int days_in(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* MMDDHHMMSSZ behind the year. */
static bool time_of(int year, const uint8_t *at, uint64_t *out)
{
	int field[5];
	int64_t seconds;

	for (size_t i = 0; i < 5; i++) {
		field[i] = pair(at + 2 * i);
		if (field[i] < 0)
			return false;
	}
	if (at[10] != 'Z' || year < 1970 || field[0] < 1 || field[0] > 12 || field[1] < 1 ||
		field[1] > days_in(year, field[0]) || field[2] > 23 || field[3] > 59 || field[4] > 59)
		return false;
	seconds = days_of(year, field[0], field[1]) * 86400 + field[2] * 3600 + field[3] * 60 + field[4];
	*out = (uint64_t)seconds * 1000;
	return true;
}

bool der_take_time(struct span *rest, uint64_t *wall_ms)
{
	struct span left = *rest;
	struct der_item item;
	int high, low;

	if (!der_next(&left, &item))
		return false;
	if (item.tag == DER_UTC_TIME && item.content.len == 13) {
		low = pair(item.content.at);
		/* RFC 5280, 4.1.2.5.1: 50 to 99 are of the last century. */
		high = low >= 50 ? 19 : 20;
	} else if (item.tag == DER_GENERALIZED_TIME && item.content.len == 15) {
		high = pair(item.content.at);
		low = pair(item.content.at + 2);
	} else {
		return false;
	}
	if (high < 0 || low < 0 ||
		!time_of(high * 100 + low, item.content.at + item.content.len - 11, wall_ms))
		return false;
	*rest = left;
	return true;
}

bool der_take_extension(struct span *rest, struct der_extension *out)
{
	struct span left = *rest;
	struct span fields;
	struct der_extension found = {0};

	if (!der_take(&left, DER_SEQUENCE, &fields) || !der_take(&fields, DER_OID, &found.id))
		return false;
	found.critical = der_take_true(&fields);
	if (!der_take(&fields, DER_OCTET_STRING, &found.value) || fields.len != 0)
		return false;
	*rest = left;
	*out = found;
	return true;
}
