/* What the tenant says about a node: from options to a signed profile, and back. */
#ifndef LIMEBUS_TENANT_PROFILE_H
#define LIMEBUS_TENANT_PROFILE_H

#include "lib/config/option.h"
#include "lib/trust/signed.h"
#include "services/tenant/session.h"

struct profile_options {
	struct text_list tags;
	struct text_list names;
	struct text_list addresses;
};

/* The rows of a table of options; F is the field. */
/* clang-format off */
#define PROFILE_OPTIONS(C, F) \
	{ OPTION_LIST(C, F.tags, TEXT), .name = "tag", .fallback = "", .repeats = true, .max = TAGS_MAX, \
	  .help = "A word that actions can be limited to, as web or eu-1. May be given several times." }, \
	{ OPTION_LIST(C, F.names, TEXT), .name = "dns", .fallback = "", .repeats = true, .max = TAGS_MAX, \
	  .help = "A DNS name of the node. It stands in its certificates. May be given several times." }, \
	{ OPTION_LIST(C, F.addresses, TEXT), .name = "address", .fallback = "", .repeats = true, .max = TAGS_MAX, \
	  .help = "An IP address of the node. It stands in its certificates, and is what is quarantined. May be given " \
		  "several times." }
/* clang-format on */

bool profile_options_are_given(const struct profile_options *given);

/* Sign a profile of exactly these, and put it to the revocation service. RC_MALFORMED: a text that is no tag,
 * DNS name or address. */
MUST_USE enum rc profile_put(struct session *session, const uint8_t node[static NODE_ID_BYTES],
	const struct profile_options *given, struct err *err);

/* What was said last; *out borrows from answer. RC_NOT_FOUND: nothing. RC_DENIED: not signed by who may. */
MUST_USE enum rc profile_get(struct session *session, struct span node, struct answer *answer,
	struct signed_msg *out, struct err *err);

/* "10.0.0.7": out has PROFILE_ADDRESS_BYTES. Returns out. */
#define PROFILE_ADDRESS_BYTES 46
const char *profile_address(struct span address, char out[static PROFILE_ADDRESS_BYTES]);

#endif
