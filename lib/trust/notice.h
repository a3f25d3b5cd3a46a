/*
 * Revocation notices: what a subscriber must check before it acts on one (proto/PROTOCOL.md, 7). The
 * revocation service signs and numbers them, but it can make up none of those that matter: they carry the
 * signed word of a verifier or of an operator.
 */
#ifndef LIMEBUS_TRUST_NOTICE_H
#define LIMEBUS_TRUST_NOTICE_H

#include "lib/trust/journal.h"
#include "lib/trust/roster.h"

/*
 * X(NAME, "word on the wire", type of the cause (none: there is none), roles that may have signed the cause,
 * action of a node_request, severity). The words never change their meaning; unknown kinds are passed on,
 * never acted upon.
 */
#define NOTICE_KINDS(X)                                                                                      \
	X(REVOKED, "revoked", MSG_TYPE_verdict, ROLE_VERIFIER, "", 9)                                        \
	X(REINSTATED, "reinstated", MSG_TYPE_node_request, ROLES_PROVISION, "resume", 3)                     \
	X(SUSPENDED, "suspended", MSG_TYPE_node_request, ROLES_PROVISION, "suspend", 6)                      \
	X(REMOVED, "node-removed", MSG_TYPE_node_request, ROLE_ADMIN, "remove", 7)                           \
	X(PROVISIONED, "provisioned", MSG_TYPE_provisioning, ROLES_PROVISION, "", 1)                         \
	X(LAPSED, "lapsed", MSG_TYPE_none, 0, "", 8)                                                         \
	X(RESTORED, "restored", MSG_TYPE_none, 0, "", 2)                                                     \
	X(POLICY_CHANGED, "policy-changed", MSG_TYPE_policy_use, ROLES_PROVISION, "", 2)                     \
	X(DESCRIBED, "described", MSG_TYPE_profile, ROLES_PROVISION, "", 0)                                  \
	X(CERTIFICATE_REVOKED, "certificate-revoked", MSG_TYPE_certificate_revoke, ROLE_ADMIN, "", 7)

#define NOTICE_ENUM(name, word, cause, roles, action, severity) NOTICE_##name,
enum notice_kind { NOTICE_UNKNOWN, NOTICE_KINDS(NOTICE_ENUM) NOTICE_KIND_COUNT };
#undef NOTICE_ENUM

const char *notice_kind_word(enum notice_kind kind);
enum notice_kind notice_kind_parse(struct span word);
unsigned notice_kind_severity(enum notice_kind kind);

/* The kind that a signed cause makes, and the node that it is about; borrows from the cause. */
struct notice_cause {
	enum notice_kind kind;
	struct signed_msg signed_msg;
	struct span node;
};

/* RC_DENIED: signed by nobody who may; a verdict that says trusted; an action that makes no notice.
 * RC_MALFORMED: no cause. */
MUST_USE enum rc notice_cause_open(const struct roster *roster, struct span cause, uint64_t wall_ms,
	struct notice_cause *out, struct err *err);

/*
 * What a notice says for programs, taken from its cause (NULL: it has none), the same for whoever makes a
 * notice and whoever checks one. reasons: elem_reason's are appended to raw: of a verdict the checks that
 * speak against the node, each once, in their order; else the kind's word. evidence: hash of the verdict's;
 * else empty.
 */
#define NOTICE_REASONS_MAX 16
MUST_USE enum rc notice_reasons(
	enum notice_kind kind, const struct msg *cause, struct blob *raw, size_t *out_count);
struct span notice_evidence(const struct msg *cause);

/* Hash that the next notice names: SHA-256 of the signed notice as it stands. */
MUST_USE enum rc notice_hash(struct span signed_notice, uint8_t out[static HASH_BYTES]);

/* A checked notice; borrows from its bytes. */
struct notice_view {
	enum notice_kind kind;
	struct signed_msg signed_msg; /* .msg.notice */
	struct notice_cause cause;    /* kind NOTICE_UNKNOWN if it has none */
};

/* Heads older than this do not count; nor do notices that are so far ahead. */
#define HEAD_FRESH_MS 5000

/*
 * Check one notice by itself: signed by a rostered revocation service; a kind that needs a cause has the
 * right one, about the same node; a kind that has none carries none; reasons, evidence and, if it is about
 * one certificate, its number are what the cause says, or absent. Both signers must have been good at the
 * notice's own time, so that old notices outlive their keys; what is dated more than HEAD_FRESH_MS ahead of
 * the clock is refused. That a notice is not dated back is what notice_follow and the head are for. RC_DENIED
 * otherwise.
 */
MUST_USE enum rc notice_open(const struct roster *roster, struct span signed_notice, uint64_t wall_ms,
	struct notice_view *out, struct err *err);

/*
 * Does it follow? RC_OK: it is the next one, and *place is moved to it. RC_EXISTS: it was taken before
 * (number not higher). RC_NOT_FOUND: there is a gap before it; fetch place->seq + 1 and on. RC_DENIED: it has
 * the next number but names another predecessor, or is another notice under the number of the last one: the
 * log was forked or rewritten, and somebody must know.
 */
MUST_USE enum rc notice_follow(struct notice_place *place, const struct notice_view *notice,
	struct span signed_notice, struct err *err);

/* Check a signed head: signed by a rostered revocation service, not older than HEAD_FRESH_MS (nor as far in
 * the future), and not below `place` nor another notice under its number (RC_DENIED). */
MUST_USE enum rc notice_head_open(const struct roster *roster, struct span signed_head,
	const struct notice_place *place, uint64_t wall_ms, struct signed_msg *out, struct err *err);

#endif
