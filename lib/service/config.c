#include "lib/service/config.h"

#include <stddef.h>

/* In the order of enum log_level. */
const char *const log_level_words[] = {"error", "warn", "info", "debug", NULL};
