/*
 * Whether an EK and an AK may stand for a node. The registrar asks this before it makes a credential; the
 * tenant asks it again before it sends a share, so that no registrar can hand it another node's keys; the
 * verifier asks it of the registrar's records.
 */
#ifndef LIMEBUS_TRUST_REGISTRATION_H
#define LIMEBUS_TRUST_REGISTRATION_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "lib/crypto/cert.h"
#include "lib/crypto/credential.h"
#include "lib/evidence/tpm_name.h"
#include "lib/evidence/tpm_public.h"
#include "proto/msg.h"

/* TPMs without a certificate that are let in all the same: ids of nodes. */
struct allow_list {
	uint8_t (*ids)[NODE_ID_BYTES];
	size_t count;
};
void allow_list_release(struct allow_list *list);

/* A file of node ids in hexadecimal, one a line; '#' starts a comment. RC_MALFORMED names the line. */
#define ALLOW_LIST_MAX_BYTES (8u << 20)
MUST_USE enum rc allow_list_load(const char *path, struct allow_list *out, struct err *err);
bool allow_list_has(const struct allow_list *list, const uint8_t node[static NODE_ID_BYTES]);

/* What is claimed; borrows. Public areas are TPMT_PUBLIC. */
struct registration_claim {
	struct span ek_public;
	struct span ek_certificate; /* empty: none */
	struct list chain;          /* of certificates */
	struct span ak_public;
};

/* By what it is judged. roots NULL: the certificate is left to who judged it before (the verifier leaves it
 * to the registrar). */
struct registration_rules {
	const struct cert_roots *roots;
	const struct allow_list *allowed; /* NULL: nobody */
	uint64_t wall_ms;
};

/* Everything is computed here, nothing copied from the claim's own words. */
struct registration {
	uint8_t node[NODE_ID_BYTES]; /* SHA-256 of the EK's area, rebuilt from the template and the
	                                certificate's key */
	struct tpm_name ek_name;
	struct tpm_name ak_name;
	struct tpm_name signer; /* qualifiedSigner of every quote by this AK */
	struct tpm_area ek_area;
	struct public_key *ak;
	char admitted_by[CERT_SUBJECT_BYTES +
			 32]; /* for people: the certificate's subject, or the allow-list */
};
void registration_release(struct registration *registration);

/*
 * RC_DENIED: the EK's area is no template, or not around the certificate's key; the certificate leads to no
 * root; there is none and the node is not allowed; the AK is not what an AK must be. RC_MALFORMED,
 * RC_UNSUPPORTED: bytes that are no key. The text says which, what was expected and what was found.
 */
MUST_USE enum rc registration_check(const struct registration_claim *claim,
	const struct registration_rules *rules, struct registration *out, struct err *err);

/* The EK for credential_make; borrows from the registration. */
MUST_USE enum rc registration_ek(
	const struct registration *registration, struct credential_ek *out, struct err *err);

#endif
