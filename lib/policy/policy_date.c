#include "lib/policy/policy_date.h"

#include <stdio.h>

#define DAY_MS 86400000u

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_year(unsigned year)
{
	return is_leap(year) ? 366 : 365;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The digits from `at` on; the form was checked. */
static unsigned number(struct span text, size_t at, size_t digits)
{
	unsigned value = 0;

	for (size_t i = at; i < at + digits; i++)
		value = value * 10 + (unsigned)(text.at[i] - '0');
	return value;
}

static bool has_form(struct span text)
{
	static const char form[] = "0000-00-00T00:00:00Z";

	if (text.len != sizeof form - 1)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (form[i] == '0' ? text.at[i] < '0' || text.at[i] > '9' : text.at[i] != (uint8_t)form[i])
			return false;
	return true;
}

enum rc policy_date_parse(struct span text, uint64_t *out_ms)
{
	unsigned year, month, day, hour, minute, second;
	uint64_t days;

	if (!has_form(text))
		return RC_MALFORMED;
	year = number(text, 0, 4);
	month = number(text, 5, 2);
	day = number(text, 8, 2);
	hour = number(text, 11, 2);
	minute = number(text, 14, 2);
	second = number(text, 17, 2);
	if (year < 1971 || month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) ||
		hour > 23 || minute > 59 || second > 59)
		return RC_MALFORMED;
	days = day - 1;
	for (unsigned y = 1970; y < year; y++)
		days += days_of_year(y);
	for (unsigned m = 1; m < month; m++)
		days += days_of_month(year, m);
	*out_ms = days * DAY_MS + (uint64_t)(hour * 3600 + minute * 60 + second) * 1000;
	return RC_OK;
}

char *policy_date_text(uint64_t ms, char out[static POLICY_DATE_BYTES])
{
	uint64_t days = ms / DAY_MS;
	unsigned second = (unsigned)(ms / 1000 % 86400);
	unsigned year = 1970;
	unsigned month = 1;

	for (; year < 9999 && days >= days_of_year(year); year++)
		days -= days_of_year(year);
	for (; month < 12 && days >= days_of_month(year, month); month++)
		days -= days_of_month(year, month);
	/* Beyond the last day of 9999 it stays that day. */
	if (days > 30)
		days = 30;
	snprintf(out, POLICY_DATE_BYTES, "%04u-%02u-%02uT%02u:%02u:%02uZ", year % 10000, month,
		(unsigned)days % 31 + 1, second / 3600 % 24, second / 60 % 60, second % 60);
	return out;
}
