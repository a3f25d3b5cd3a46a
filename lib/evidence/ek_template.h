/*
 * The public areas of endorsement keys, and the node id that follows from them. TCG EK Credential Profile for
 * TPM Family 2.0, annex B: templates L-1 (RSA-2048), L-2 (ECC P-256), H-3 (ECC P-384). An
 * area is accepted only if it is a template with a key in it: who could vary the area would have as many node
 * ids as he likes.
 */
#ifndef LIMEBUS_EVIDENCE_EK_TEMPLATE_H
#define LIMEBUS_EVIDENCE_EK_TEMPLATE_H

#include "lib/base/rc.h"
#include "lib/base/span.h"
#include "lib/crypto/public_key.h"
#include "lib/evidence/tpm_public.h"

enum ek_template { EK_RSA_2048, EK_ECC_P256, EK_ECC_P384, EK_TEMPLATE_COUNT };

#define NODE_ID_BYTES 32

/* "RSA-2048 (L-1)" and so on. */
const char *ek_template_name(enum ek_template which);

/*
 * The area of the template for this kind of key, around this key; big-endian numbers, zeros in front put
 * back. RC_UNSUPPORTED for an RSA key that is not 2048 bits with exponent 65537 (or 0, which means it),
 * RC_MALFORMED for numbers that are empty or too long. Whether a point is on its curve is for lib/crypto.
 */
MUST_USE enum rc ek_template_rebuild(const struct key_parts *key, struct tpm_area *out);

/* True if the area is, byte for byte, one of the templates around its own key. which may be NULL. */
bool ek_template_holds(struct span area, enum ek_template *which);

/* SHA-256 of the area: the id of the node that this TPM is part of. */
MUST_USE enum rc node_id_of(struct span area, uint8_t out[static NODE_ID_BYTES]);

#endif
