#include "lib/config/suggest.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau-Levenshtein in its restricted form: three rows of the usual table are enough. */
size_t suggest_distance(const char *a, const char *b)
{
	size_t rows[3][SUGGEST_NAME_MAX_BYTES + 1];
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);

	if (a_len > SUGGEST_NAME_MAX_BYTES || b_len > SUGGEST_NAME_MAX_BYTES)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i - 1) % 3];
		const size_t *twice = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], twice[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

int suggest_is_nearer(const char *a, const char *b, size_t *best)
{
	size_t distance = suggest_distance(a, b);

	/* A third of the letters wrong is still a slip; more is another word. */
	if (distance >= *best || distance > (strlen(b) + 2) / 3)
		return 0;
	*best = distance;
	return 1;
}
