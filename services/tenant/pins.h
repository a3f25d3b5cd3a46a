/*
 * Which node this operator means by an alias. The registrar resolves aliases, and might name another node
 * than the one that got it; so the operator's own file has the last word: "alias id" a line.
 */
#ifndef LIMEBUS_TENANT_PINS_H
#define LIMEBUS_TENANT_PINS_H

#include "lib/base/err.h"
#include "lib/base/span.h"
#include "proto/schema.h"

#define PINS_MAX_BYTES (4u << 20)

/* The node of an alias. RC_NOT_FOUND: the file, or the line, is not there. RC_MALFORMED names the line. */
MUST_USE enum rc pins_find(
	const char *path, struct span alias, uint8_t out[static NODE_ID_BYTES], struct err *err);

/* Remember it; what the alias meant before, and other aliases of that node, are forgotten. An empty alias
 * only forgets. The file is replaced at once or not at all. */
MUST_USE enum rc pins_set(
	const char *path, struct span alias, const uint8_t node[static NODE_ID_BYTES], struct err *err);

#endif
