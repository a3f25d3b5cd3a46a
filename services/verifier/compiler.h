/*
 * Policies are compiled in a thread of their own, since a large one takes seconds: the verifier's loop gives
 * documents away and gets policies back.
 */
#ifndef LIMEBUS_VERIFIER_COMPILER_H
#define LIMEBUS_VERIFIER_COMPILER_H

#include "lib/bus/loop.h"
#include "lib/policy/policy.h"
#include "services/verifier/region.h"

struct compiler;

/* A document that came back. Whatever the receiver does not take (TAKE) is released behind him. */
struct compiled {
	uint8_t document[POLICY_ID_BYTES];
	struct region bytes;  /* the document again */
	struct region image;  /* if rc is RC_OK: compiled, for reading only */
	struct policy policy; /* … and opened; it borrows from the image */
	enum rc rc;           /* RC_DENIED: it is not the one with this hash; else as policy_parse */
	struct err err;
};
typedef void compiler_done(void *ctx, struct compiled *compiled);

/* Opens the thread. `done` is called in the loop's. */
MUST_USE enum rc compiler_open(struct loop *loop, struct compiler **out, struct err *err);

/* Waits for the policy that is being compiled; what is behind it is dropped, and nobody is told. */
void compiler_close(struct compiler **compiler);

/* Check the document's hash and compile it. Takes the bytes, but not on an error: RC_LIMIT, too many wait. */
MUST_USE enum rc compiler_give(struct compiler *compiler, const uint8_t document[static POLICY_ID_BYTES],
	struct region *bytes, compiler_done *done, void *ctx);

/* Release a region, a large one without waiting for it. compiler may be NULL. */
void compiler_forget(struct compiler *compiler, struct region *bytes);

#endif
