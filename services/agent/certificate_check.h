/*
 * Whether what the CA sent is a certificate that this node may install, and the files that are made of it. A
 * CA that is confused, or somebody who is none, must not put another key's or another node's certificate
 * beside our key.
 */
#ifndef LIMEBUS_AGENT_CERTIFICATE_CHECK_H
#define LIMEBUS_AGENT_CERTIFICATE_CHECK_H

#include "lib/base/blob.h"
#include "lib/base/err.h"
#include "proto/msg.h"

/* Clocks may differ by so much: a certificate that begins that soon has begun. */
#define CERTIFICATE_SKEW_MS 300000u

/* Times are wall time in milliseconds; until 0: there is none. */
struct certificate_dates {
	uint64_t from;
	uint64_t until;
	uint64_t renew; /* when to ask for the next one, without jitter */
	size_t serial_len;
	uint8_t serial[SERIAL_MAX];
};

/* PEM: the certificate; it and the intermediates; the root. */
struct certificate_files {
	struct blob leaf;
	struct blob chain;
	struct blob roots;
};
void certificate_files_release(struct certificate_files *files);

/* Borrows. ca is what ca_get was answered with. */
struct certificate_want {
	struct span spki;    /* of our key */
	const uint8_t *node; /* NODE_ID_BYTES */
	uint64_t wall_ms;
	const struct msg_ca_info *ca;
};

/*
 * RC_OK: the certificate carries our key and our node's URI, is valid now, and leads to the CA's root; *dates
 * and *files are filled. RC_DENIED: not so, and err says what. RC_MALFORMED: no certificate.
 */
MUST_USE enum rc certificate_check(const struct certificate_want *want,
	const struct msg_certificate_info *info, struct certificate_dates *dates,
	struct certificate_files *files, struct err *err);

/* What an installed file says. RC_DENIED: it is another key's. Whether it is valid now is not asked. */
MUST_USE enum rc certificate_read(
	struct span leaf_pem, struct span spki, struct certificate_dates *out, struct err *err);

/* Wall time at which to renew: up to a twentieth of the life earlier than `renew`. random is uniform over 32
 * bits. */
uint64_t certificate_renewal(const struct certificate_dates *dates, uint32_t random);

#endif
