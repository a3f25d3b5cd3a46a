/* What the files of lib/bus know of a bus. Inside lib/bus only. */
#ifndef LIMEBUS_BUS_BUS_INSIDE_H
#define LIMEBUS_BUS_BUS_INSIDE_H

#include "lib/bus/bus.h"
#include "lib/bus/gate.h"
#include "lib/bus/zap.h"

struct bus {
	struct loop *loop;
	void *context;
	struct zap zap;
	struct gate gate;
	uint32_t monitors; /* numbers for the names of monitor sockets */
};

#endif
