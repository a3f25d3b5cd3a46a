/* Private to the CA (ca*.c). */
#ifndef LIMEBUS_REVOCATION_CA_INSIDE_H
#define LIMEBUS_REVOCATION_CA_INSIDE_H

#include "lib/pki/ca_folder.h"
#include "lib/pki/ocsp.h"
#include "services/revocation/ca.h"
#include "services/revocation/ca_cache.h"
#include "services/revocation/ca_clock.h"
#include "services/revocation/ca_nonce.h"
#include "services/revocation/ca_table.h"
#include "services/revocation/ca_worker.h"
#include "services/revocation/inner.h"

#define KEY_CRL "lb:{0}:crl"

/* Clocks of those who check may be a little behind ours. */
#define CA_SKEW_MS UINT64_C(60000)

/* `key` of an entry whose certificate is an OCSP responder's; its node is zeros. */
#define CA_KEY_RESPONDER "responder"

/* Requests that may be worked on at once, of nodes and operators together. */
#define CA_REQUESTS_MAX 4096

/* OCSP: questions that wait for a signature, answers of one job, what is to be signed ahead. */
#define CA_ASKED_MAX    4096
#define CA_BATCH_MAX    64
#define CA_PRESIGN_MAX  200000
#define CA_CACHE_BYTES  (64u << 20)
#define CA_ORDERS_KEPT  1024
#define CA_RESPONDER_MS (UINT64_C(7) * 24 * 3600 * 1000)

struct ca_request;
struct renewal;

/* What was published last. */
struct ca_list {
	struct blob der;
	uint64_t number;
	uint64_t until;
};

struct ca_crl_state {
	struct ca_list full;
	struct ca_list delta;
	uint64_t known;     /* the highest number that was ever seen */
	uint64_t base;      /* number of the list that deltas count from; 0: none of this process */
	uint64_t base_made; /* when */
	uint32_t mark;      /* of the last published listing */
	uint64_t made_mono; /* when the last one was begun, and how long it took */
	uint64_t took_ms;
	bool is_busy;
	bool has_number; /* `known` was read from Redis since we lead */
	bool has_failed;
};

/* A signature that somebody waits for, or that is made ahead. */
struct ca_wanted {
	uint8_t serial[SERIAL_BYTES];
	enum digest_alg hash;
};

struct ca_asker {
	struct peer peer;
	uint64_t id;
	struct ca_wanted wanted;
};

struct ca_ocsp_state {
	struct ca_cache *cache;
	struct ca_wanted *wanted; /* a ring of CA_PRESIGN_MAX, made at first use */
	size_t wanted_first;
	size_t wanted_count;
	struct ca_asker askers[CA_ASKED_MAX];
	size_t asker_count;
	unsigned jobs;
	uint64_t responder_until; /* 0: there is none yet */
	struct renewal *logging;  /* a new responder whose entry waits for the log */
	bool is_renewing;
	uint64_t renewed_mono; /* when that was last tried */
};

/* The order that made an entry of the log, so that the same order again makes none. */
struct ca_ordered {
	uint8_t hash[HASH_BYTES];
	uint64_t seq;
};

struct ca {
	const struct revocation_config *config;
	struct revocation *revocation;
	struct ca_folder folder;
	struct private_key *key;          /* until the signer has it */
	struct issuer *issuer;            /* the signer's own, once it runs */
	struct ocsp_responder *responder; /* the other worker's own */
	uint64_t end_ms;                  /* of the CA's certificate */
	char urls[CA_URL_COUNT][ISSUE_URL_MAX];
	const char *url[CA_URL_COUNT]; /* into urls, or NULL */
	char crl_path[4096];
	char delta_path[4096];
	struct journal *journal;
	uint64_t keep; /* the lowest entry of the log that Redis must still have */
	struct ca_table *table;
	struct ca_nonces nonces;
	struct ca_worker signer;     /* the CA's key */
	struct ca_worker answerer;   /* the responder's */
	struct ca_request *requests; /* under way */
	size_t request_count;
	struct ca_ordered ordered[CA_ORDERS_KEPT];
	size_t ordered_next;
	struct ca_crl_state crl;
	struct ca_ocsp_state ocsp;
	struct timer tick;
	struct ca_clock clock;
	uint64_t issued_count; /* since the start */
	uint64_t refused_count;
};

static inline bool ca_leads(const struct ca *ca)
{
	return lead_is_ours(ca->revocation);
}

static inline struct service *ca_service(const struct ca *ca)
{
	return ca->revocation->service;
}

/* NULL, and the peer is answered: there is no CA here. */
struct ca *ca_of(void *ctx, const struct peer *peer, uint64_t id);

void ca_refuse(struct ca *ca, const struct peer *peer, uint64_t id, enum rc rc, const struct err *err);
void ca_answer(struct ca *ca, const struct peer *peer, const struct msg *msg);

/* The chain above the CA's own certificate, as a list of certificates: with_own puts that in front. */
MUST_USE enum rc ca_chain(const struct ca *ca, bool with_own, struct blob *raw, size_t *count);

/* ---- ca_log.c: the log of issued certificates ---- */
enum rc ca_log_each(void *ctx, const struct msg *body, struct span entry, struct err *err);

/* Go on looking for entries that Redis need not have any more. */
void ca_log_tick(struct ca *ca);
uint64_t ca_log_keep(void *ctx);

/* What an entry says. */
struct ca_entry {
	uint8_t serial[SERIAL_BYTES];
	const uint8_t *node;
	uint64_t not_after;
	struct span certificate;
	const char *key;
	struct span order;
};
/* Put it into the log. The table has it at once, as pending. done is told as journal_done says, after the
 * table was brought into line. */
typedef void ca_log_done(struct ca *ca, void *ctx, enum rc rc, uint64_t seq);
MUST_USE enum rc ca_log_append(
	struct ca *ca, const struct ca_entry *entry, ca_log_done *done, void *ctx, struct err *err);

/* The number of the entry that this order made; 0: none that we know of. */
uint64_t ca_log_ordered(const struct ca *ca, const uint8_t hash[static HASH_BYTES]);

/* ---- ca_issue.c ---- */
/* Those that waited for a notice. */
void ca_issue_tick(struct ca *ca);
void ca_issue_drop_all(struct ca *ca);

/* ---- ca_crl.c ---- */
void ca_crl_load(struct ca *ca);
void ca_crl_tick(struct ca *ca);

/* ---- ca_ocsp.c ---- */
void ca_ocsp_tick(struct ca *ca);
/* The state of this one is another now. */
void ca_ocsp_changed(struct ca *ca, const struct ca_certificate *certificate);
/* Who waits, and what was to be signed ahead. */
void ca_ocsp_forget(struct ca *ca);
void ca_ocsp_drop_all(struct ca *ca);

#endif
