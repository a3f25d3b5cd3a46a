/*
 * DSSE envelopes (github.com/secure-systems-lab/dsse, protocol and envelope v1.0): a file, what kind of file
 * it is, and signatures by ECDSA with SHA-256 over both.
 *   {"payload": "<base64>", "payloadType": "…", "signatures": [{"keyid": "…", "sig": "<base64 DER>"}, …]}
 * A key id is a hint and never trusted: every signature is tried with every configured key.
 */
#ifndef LIMEBUS_POLICY_DSSE_H
#define LIMEBUS_POLICY_DSSE_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/digest.h"
#include "lib/crypto/public_key.h"

#define DSSE_TYPE_POLICY  "application/vnd.limebus.policy+json"
#define DSSE_TYPE_KEYLIME "application/vnd.keylime+json"

#define DSSE_PAYLOAD_MAX    (128u << 20)
#define DSSE_TEXT_MAX       (DSSE_PAYLOAD_MAX / 3 * 4 + (1u << 20))
#define DSSE_TYPE_MAX       128
#define DSSE_SIGNATURES_MAX 32
#define DSSE_KEYID_MAX      8192 /* the base64 text of a PEM certificate is some 1500 bytes */
#define DSSE_SIGNATURE_MAX  128  /* DER of two numbers of 48 bytes is 104 */

struct dsse_signature {
	struct blob keyid; /* text as it stands; may be empty */
	uint8_t bytes[DSSE_SIGNATURE_MAX];
	size_t len;
};

/* {0} is empty. Owns. */
struct dsse {
	struct blob payload;
	char type[DSSE_TYPE_MAX + 1];
	struct dsse_signature signatures[DSSE_SIGNATURES_MAX];
	size_t count; /* at least 1 */
};
void dsse_release(struct dsse *dsse);

/* Is this JSON meant to be an envelope: an object with one of its three members? Other text is none, which
 * does not mean that it is fit for anything else. */
bool dsse_is_envelope(struct span text);

/*
 * Parse an envelope; its signatures are not checked yet. Members that the specification does not name are
 * passed over, as it demands. RC_NOT_FOUND for a missing member, RC_MALFORMED for a doubled member, no
 * signature, a key id (other than the empty one) or a signature that stands there twice, and base64 in any
 * spelling but the one (base64.h). RC_LIMIT, RC_NOMEM.
 */
MUST_USE enum rc dsse_parse(struct span text, struct dsse *out, struct err *err);

/* SHA-256 of what is signed: PAE = "DSSEv1 LEN(type) type LEN(payload) payload". */
MUST_USE enum rc dsse_digest(const char *type, struct span payload, uint8_t out[static DIGEST_SHA256_BYTES]);

/* RC_OK if at least one signature is by one of these keys; *out_key is the first such (may be NULL).
 * RC_DENIED if none is, or if the type is another one than `type`. */
MUST_USE enum rc dsse_check(const struct dsse *dsse, const char *type, struct public_key *const *keys,
	size_t count, size_t *out_key, struct err *err);

/* Append an envelope with one signature, as pretty JSON. keyid and signature as they go in there, the latter
 * not yet in base64. */
MUST_USE enum rc dsse_write(const char *type, struct span payload, const struct dsse_signature *signatures,
	size_t count, struct blob *out);

#endif
