/* Removing folders with all that is in them, without following links. What cannot be removed stays. */
#ifndef LIMEBUS_AGENT_TREE_H
#define LIMEBUS_AGENT_TREE_H

#include <stddef.h>

/* Remove `name` in the folder, whatever it is. */
void tree_remove(int folder, const char *name);

/* Remove everything in the folder but these names. */
void tree_empty(int folder, const char *const *keep, size_t count);

#endif
