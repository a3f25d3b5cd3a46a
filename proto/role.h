/* Who may send what: a peer's roles are bits, a dispatch row names the bits that it admits. */
#ifndef LIMEBUS_PROTO_ROLE_H
#define LIMEBUS_PROTO_ROLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/span.h"

/* X(NAME, bit, word). NODE is given by a live enrolment, all others by the roster; no bit at all is an
 * unknown CURVE key. */
#define ROLE_LIST(X)                                                                                         \
	X(NODE, 0, "node")                                                                                   \
	X(REGISTRAR, 1, "registrar")                                                                         \
	X(VERIFIER, 2, "verifier")                                                                           \
	X(REVOCATION, 3, "revocation")                                                                       \
	X(VIEWER, 4, "viewer")                                                                               \
	X(PROVISIONER, 5, "provisioner")                                                                     \
	X(ADMIN, 6, "admin")                                                                                 \
	X(PLUGIN, 7, "plugin")

enum role {
	ROLE_UNKNOWN = 0,
#define ROLE_ENUM(name, bit, word) ROLE_##name = 1 << (bit),
	ROLE_LIST(ROLE_ENUM)
#undef ROLE_ENUM
};

/* A dispatch row that even an unknown key may use (register, activate, hello). */
#define ROLES_ANYONE (1u << 31)

/* An operator's role includes the lesser ones: admin > provisioner > viewer. */
#define ROLES_VIEW      ((unsigned)ROLE_VIEWER | ROLE_PROVISIONER | ROLE_ADMIN)
#define ROLES_PROVISION ((unsigned)ROLE_PROVISIONER | ROLE_ADMIN)
#define ROLES_SERVICE   ((unsigned)ROLE_REGISTRAR | ROLE_VERIFIER | ROLE_REVOCATION)
#define ROLES_ROSTERED  (ROLES_VIEW | ROLES_SERVICE | ROLE_PLUGIN)

/* "verifier" for exactly one bit; "unknown" for none or several. */
const char *role_word(unsigned role);

/* The reverse; false if the word names no role. */
bool role_parse(struct span word, enum role *out);

#endif
