/* Sources that hold files, which are hashed here. Internal to sources. */
#ifndef LIMEBUS_TENANT_SOURCES_FILES_H
#define LIMEBUS_TENANT_SOURCES_FILES_H

#include "services/tenant/sources.h"

/* --from-root, --from-dpkg, --from-initrd. */
MUST_USE enum rc sources_files(
	const struct source_options *options, struct source_sink *sink, struct err *err);

#endif
