/* Private to services/gateway: what its files share. */
#ifndef LIMEBUS_GATEWAY_INNER_H
#define LIMEBUS_GATEWAY_INNER_H

#include <time.h>

#include "lib/base/blob.h"
#include "lib/base/clock.h"
#include "lib/bus/bus.h"
#include "lib/follow/follow.h"
#include "lib/http/http.h"
#include "lib/pki/chain.h"
#include "lib/pki/ocsp.h"
#include "lib/trust/keyfile.h"
#include "services/gateway/cache.h"
#include "services/gateway/gateway.h"

#define ASK_MS   5000
#define RETRY_MS 1000

/* The CA's certificate: from the bus, but only one that leads back to the pinned ones. */
struct authority {
	struct blob pins[CHAIN_CERTIFICATES_MAX]; /* DER */
	size_t pin_count;
	struct blob certificate; /* DER; empty: not known yet */
	struct ocsp_issuer issuer;
	struct ocsp_verifier *verifier;
	struct document *der;
	struct document *pem;
	bool is_asking;
	enum rc told; /* what was logged last */
	uint64_t next_ms;
};

/* The full list, or the delta list. */
struct crl_copy {
	struct gateway *gateway;
	bool is_delta;
	uint64_t number; /* never goes back for one certificate of the CA */
	uint64_t since;
	uint64_t until;
	struct document *document; /* NULL: there is none yet */
	uint64_t wanted;           /* the number that was announced; 0: none */
	uint64_t stale_ms; /* a notice has ended certificates; by then there must be a newer one; 0: none */
	uint64_t next_ms;  /* monotonic: no attempt before */
	bool is_asking;
	enum rc told;
	uint64_t got_number;
	uint64_t got_size;
	struct blob got; /* what has come of it */
};

/* A response that is being fetched for all who asked for it. */
struct waiter;
struct asking {
	struct asking *next;
	struct gateway *gateway;
	struct cache_key key;
	struct waiter *waiters;
	uint64_t until_ms;
	bool is_outdated; /* a notice named the certificate since: the answer may be from before */
};

struct gateway {
	const struct gateway_config *config;
	struct identity identity;
	struct curve_pair curve;
	struct roster *roster;
	struct timespec roster_seen;
	struct loop *loop;
	struct bus *bus;
	struct follow *follow;
	struct http *http;
	struct watch http_watch;
	struct timer http_timer;
	struct timer tick;
	struct authority authority;
	struct crl_copy copies[2]; /* full, delta */
	struct cache *cache;
	struct asking *asking;
	uint64_t fetched; /* responses */
	uint64_t refused; /* answers of the bus that did not hold */
};

static inline uint64_t gateway_now(const struct gateway *gateway)
{
	return clock_wall_ms(loop_clock(gateway->loop));
}

static inline uint64_t gateway_mono(const struct gateway *gateway)
{
	return clock_mono_ms(loop_clock(gateway->loop));
}

/* Does it hear of revocations? */
bool gateway_is_blind(const struct gateway *gateway);

/* ---- roster_file.c ---- */

/* Keys and roster; are we a plugin in it? */
MUST_USE enum rc roster_file_load(struct gateway *gateway, struct err *err);
/* Once a second: a newer one may have been put there. */
void roster_file_look(struct gateway *gateway);

/* ---- authority.c ---- */

MUST_USE enum rc authority_load_pins(struct authority *authority, const char *path, struct err *err);
void authority_release(struct authority *authority);
void authority_look(struct gateway *gateway);
/* Take this certificate and what is between it and a pinned one. RC_DENIED. */
MUST_USE enum rc authority_take(struct gateway *gateway, const struct msg_ca_info *info, struct err *err);

/* ---- crl_copy.c ---- */

void crl_copy_release(struct crl_copy *copy);
/* Once a second, and when there is news: fetch it if it is time. */
void crl_copy_look(struct crl_copy *copy);
void crl_copy_announced(struct crl_copy *copy, uint64_t number);
/* Certificates have ended, or come back: there should be a newer one soon. */
void crl_copy_outdated(struct crl_copy *copy);
/* The CA has another certificate. */
void crl_copy_forget(struct crl_copy *copy);

/* ---- ocsp.c ---- */

http_handler ocsp_on_post;
http_handler ocsp_on_get;
/* The certificates that a notice names are not what they were. */
void ocsp_changed(struct gateway *gateway, const struct msg_notice *notice);
void ocsp_release(struct gateway *gateway);

/* ---- health.c ---- */

http_handler health_on_get;

#endif
