/*
 * What a fuzz target includes. A target is one function over bytes; it parses them and checks a property with
 * HOLDS. It links with replay_main.c in every test run, and with libFuzzer when meson is set up with
 * -Dfuzz=true.
 */
#ifndef LIMEBUS_TESTS_FUZZ_FUZZ_H
#define LIMEBUS_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/span.h"

/* Zero, always: what is found out is told by crashing. */
int LLVMFuzzerTestOneInput(const uint8_t *at, size_t len);

/* The property; a false one ends the program, which keeps the input. Not assert: it must hold with NDEBUG
 * too. */
#define HOLDS(property)                                                                                      \
	do {                                                                                                 \
		if (!(property)) {                                                                           \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);        \
			__builtin_trap();                                                                    \
		}                                                                                            \
	} while (0)

#endif
