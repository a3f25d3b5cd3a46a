/* "Did you mean …?" for mistyped names. */
#ifndef LIMEBUS_CONFIG_SUGGEST_H
#define LIMEBUS_CONFIG_SUGGEST_H

#include <stddef.h>

/* Names longer than this are never suggested for. */
#define SUGGEST_NAME_MAX_BYTES 64u

/* How many letters must be put in, taken out, changed or swapped with their neighbour to make one text the
 * other; SIZE_MAX when either is longer than SUGGEST_NAME_MAX_BYTES. */
size_t suggest_distance(const char *a, const char *b);

/* Is b near enough to be what somebody meant who typed a? *best is the smallest distance so far (start with
 * SIZE_MAX); true means that b is near, and nearer than that. */
int suggest_is_nearer(const char *a, const char *b, size_t *best);

#endif
