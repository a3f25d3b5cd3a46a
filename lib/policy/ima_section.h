/* Walks over what the section "ima" of a policy lists, apart from its digests and settings. Internal to
 * lib/policy. Errors name the path. */
#ifndef LIMEBUS_POLICY_IMA_SECTION_H
#define LIMEBUS_POLICY_IMA_SECTION_H

#include "lib/json/json.h"
#include "lib/policy/digest_reader.h"
#include "lib/policy/ima_builder.h"

/* The names and digests of keyrings and buffers. */
MUST_USE enum rc ima_section_names(
	const struct json *section, const struct digest_sink *sink, struct err *err);

/* These, and the files that are accepted. */
MUST_USE enum rc ima_section_digests(
	const struct json *section, const struct digest_sink *sink, struct err *err);

/* Call `each` for each text of a list, if there is one. It fills err, or err stays as it was. */
typedef enum rc (*ima_section_text)(void *context, struct span text, struct err *err);
MUST_USE enum rc ima_section_texts(
	const struct json *section, const char *key, ima_section_text each, void *context, struct err *err);

typedef enum rc (*ima_section_accepted)(
	void *context, const struct ima_accepted *accepted, const struct policy_digest *digest);
MUST_USE enum rc ima_section_accepteds(
	const struct json *section, ima_section_accepted each, void *context, struct err *err);

/* A key: what is DER was read from base64 and lives until `each` returns. */
typedef enum rc (*ima_section_key)(
	void *context, const char *name, struct span spki, const uint32_t *id, struct err *err);
MUST_USE enum rc ima_section_keys(
	const struct json *section, ima_section_key each, void *context, struct err *err);

/* One glob of a device's name with one of a target; a device without targets comes once, with an empty one.
 */
typedef enum rc (*ima_section_dm)(void *context, struct span name, struct span target, struct err *err);
MUST_USE enum rc ima_section_dms(
	const struct json *section, ima_section_dm each, void *context, struct err *err);

#endif
