/*
 * Every message of limebus, once. From these lists come the structs, the type enum and the field tables that
 * the one encoder, the one decoder and the printer run over; so the directions cannot disagree and no field
 * lacks a bound.
 *
 *   F(S, need, kind, field, min, max)   a field of struct S; need is `must` or `may`. A `may` field that is
 * zero or empty is not written, and reads as zero or empty when it is absent. L(S, need, elem, field, min,
 * max)   a list of min..max elements of the shape `elem`
 *
 * Kinds: u64 (bounds are values) · flag (bool) · bin (bytes; bounds are lengths) · str (UTF-8 without control
 * characters; bounds are lengths in bytes). Times are wall-clock milliseconds since the Unix epoch. A field's
 * name is never reused with another meaning, and none is `v`, `t`, `id` or `ttl`: these are the message's
 * own. New fields are `may`.
 */
#ifndef LIMEBUS_PROTO_SCHEMA_H
#define LIMEBUS_PROTO_SCHEMA_H

#define NODE_ID_BYTES   32
#define CURVE_KEY_BYTES 32
#define SIGN_KEY_BYTES  32
#define SIGNATURE_BYTES 64
#define NONCE_BYTES     32
#define HASH_BYTES      32 /* SHA-256: contents, policies, notices */
#define SHARE_BYTES     32 /* U, V and Kb */

/* Sizes of the cryptographic envelopes (lib/trust/share.h makes them). */
#define SEALED_SECRET_BYTES 80 /* HPKE of 32 bytes: enc 32, ciphertext 32, tag 16 */
#define BOXED_SHARE_BYTES   48 /* AES-256-GCM of 32 bytes: ciphertext 32, tag 16 */

#define TEXT_MAX           512
#define NAME_MAX_BYTES     64
#define ENDPOINT_MAX       128
#define PUBLIC_AREA_MAX    512 /* TPMT_PUBLIC of an RSA-4096 key is under 560; RSA-2048 is 280 */
#define TPM_NAME_MAX       66  /* 2 bytes of algorithm and SHA-512 */
#define CERTIFICATE_MAX    4096
#define CHAIN_MAX          4
#define ATTEST_MAX         1024
#define TPM_SIGNATURE_MAX  1024
#define BANKS_MAX          4
#define PCR_VALUES_MAX     (BANKS_MAX * 24 * 64)
#define FINDINGS_MAX       64
#define SIGNED_MAX         (96 * 1024) /* any signed body but a roster */
#define ROSTER_MAX         (1024 * 1024)
#define ROSTER_ENTRIES_MAX 2048
#define RECORD_MAX         (96 * 1024)
#define CHUNK_MAX          (256 * 1024)           /* of a payload, a document or a log */
#define DOCUMENT_MAX       (128ull * 1024 * 1024) /* the JSON of a policy */
#define LOG_NAME_MAX       16
#define USE_MAX            1024        /* a signed policy_use */
#define RUN_MAX            (80 * 1024) /* how far an IMA list was judged */
#define RELAY_MAX          (CHUNK_MAX + 8 * 1024)
#define PAGE_MAX           256 /* elements of one answer to a listing */
#define ALIVE_MAX          1024
#define SERIAL_MAX         20   /* octets of a certificate's serial number (RFC 5280, 4.1.2.2) */
#define CSR_MAX            4096 /* PKCS #10, DER */
#define TAGS_MAX           16   /* of a node's profile; the same for its names and its addresses */

/* clang-format off */

/* ---- shapes that appear inside lists ---- */

/* A certificate, DER. */
#define ELEM_CERTIFICATE(F, L, S) \
	F(S, must, bin, der, 1, CERTIFICATE_MAX)

/* A PCR bank (TPM_ALG_ID) and its PCRs: bit n of mask is PCR n. */
#define ELEM_BANK(F, L, S) \
	F(S, must, u64, alg, 1, 0xffff) \
	F(S, must, u64, mask, 0, 0xffffff)

/* Why a verdict says no: which check, on what, what it expected and what it found. weight: 0 speaks against the node, 1
 * could not be judged, 2 is told and not held against it. */
#define ELEM_FINDING(F, L, S) \
	F(S, must, str, check, 1, 48) \
	F(S, may,  str, subject, 0, 256) \
	F(S, may,  str, expected, 0, TEXT_MAX) \
	F(S, may,  str, found, 0, TEXT_MAX) \
	F(S, may,  u64, weight, 0, 2)

/* The last good verdict of a node, and after how much silence its class counts it as lapsed. */
#define ELEM_ALIVE_NODE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  u64, good, 0, UINT64_MAX) \
	F(S, must, u64, limit_ms, 1, UINT64_MAX)

/* What the notice log knows of a node, whatever a store that was put back says: its last notice of a kind that decides
 * about trust, and the highest provisioning number. */
#define ELEM_FLOOR(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  u64, seq, 0, UINT64_MAX) \
	F(S, may,  str, kind, 0, 32) \
	F(S, may,  u64, verdict, 0, UINT64_MAX) \
	F(S, may,  u64, request_time, 0, UINT64_MAX) \
	F(S, may,  u64, number, 0, UINT64_MAX)

/* A word that the tenant puts on a node, for the filters of actions. */
#define ELEM_TAG(F, L, S) \
	F(S, must, str, tag, 1, NAME_MAX_BYTES)

#define ELEM_DNS_NAME(F, L, S) \
	F(S, must, str, name, 1, 253)

/* 4 bytes of IPv4 or 16 of IPv6. */
#define ELEM_ADDRESS(F, L, S) \
	F(S, must, bin, address, 4, 16)

/* A certificate's serial number, big-endian, without leading zeros. */
#define ELEM_SERIAL(F, L, S) \
	F(S, must, bin, serial, 1, SERIAL_MAX)

/* Why, as a word for programs: the check of a finding. */
#define ELEM_REASON(F, L, S) \
	F(S, must, str, code, 1, 48)

/* Who acknowledges notices: a rostered key by its name, a node by its id. acted: everything up to this number. heard: when
 * it last said so. */
#define ELEM_SUBSCRIBER(F, L, S) \
	F(S, may,  str,  name, 0, NAME_MAX_BYTES) \
	F(S, may,  bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64,  role, 1, 0xff) \
	F(S, may,  u64,  acted, 0, UINT64_MAX) \
	F(S, may,  u64,  heard, 0, UINT64_MAX) \
	F(S, may,  flag, connected, 0, 1)

/* One entry of the log of issued certificates, and what became of the certificate: "live", "held", "revoked" or "expired";
 * reason is the CRLReason of RFC 5280. */
#define ELEM_CERTIFICATE_ITEM(F, L, S) \
	F(S, must, bin, issued, 1, SIGNED_MAX) \
	F(S, must, str, state, 1, 32) \
	F(S, may,  u64, since, 0, UINT64_MAX) \
	F(S, may,  u64, reason, 0, 10) \
	F(S, may,  u64, notice, 0, UINT64_MAX)

/* One encoded message, mostly a `signed` one. */
#define ELEM_ITEM(F, L, S) \
	F(S, must, bin, bytes, 1, SIGNED_MAX)

#define ELEM_NODE_ITEM(F, L, S) \
	F(S, must, bin, record, 1, RECORD_MAX) \
	F(S, may,  str, alias, 0, NAME_MAX_BYTES)

/* A node as its verifier sees it. state is what was last decided: `stale` is for the reader to compute, from good and
 * stale_ms. former: the policy that holds beside `policy` until former_until. ima_*: entries of this boot's list that were
 * judged, and those of them that speak against the node. */
#define ELEM_NODE_STATE(F, L, S) \
	F(S, must, bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, str,  state, 1, 32) \
	F(S, may,  u64,  since, 0, UINT64_MAX) \
	F(S, may,  u64,  good, 0, UINT64_MAX) \
	F(S, may,  u64,  stale_ms, 0, UINT64_MAX) \
	F(S, may,  u64,  number, 0, UINT64_MAX) \
	F(S, may,  u64,  opened, 0, UINT64_MAX) \
	F(S, may,  u64,  opened_at, 0, UINT64_MAX) \
	F(S, may,  bin,  policy, HASH_BYTES, HASH_BYTES) \
	F(S, may,  str,  class, 0, 32) \
	F(S, may,  u64,  verdicts, 0, UINT64_MAX) \
	F(S, may,  u64,  attestations, 0, UINT64_MAX) \
	F(S, may,  flag, connected, 0, 1) \
	F(S, may,  str,  text, 0, TEXT_MAX) \
	F(S, may,  bin,  former, HASH_BYTES, HASH_BYTES) \
	F(S, may,  u64,  former_until, 0, UINT64_MAX) \
	F(S, may,  u64,  ima_entries, 0, UINT64_MAX) \
	F(S, may,  u64,  ima_failed, 0, UINT64_MAX)

/* size: of the document. missing: Redis does not have it, or not whole: it must be sent again. */
#define ELEM_POLICY_REF(F, L, S) \
	F(S, must, str,  name, 1, NAME_MAX_BYTES) \
	F(S, must, bin,  hash, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64,  number, 1, UINT64_MAX) \
	F(S, may,  u64,  time, 0, UINT64_MAX) \
	F(S, may,  u64,  size, 0, DOCUMENT_MAX) \
	F(S, may,  flag, missing, 0, 1)

/* One rostered key pair: role is one bit of enum role. Endpoints are "tcp://host:port" or "ipc://path". */
#define ELEM_ROSTER_ENTRY(F, L, S) \
	F(S, must, str, name, 1, NAME_MAX_BYTES) \
	F(S, must, u64, role, 1, 0xff) \
	F(S, must, bin, curve, CURVE_KEY_BYTES, CURVE_KEY_BYTES) \
	F(S, must, bin, sign, SIGN_KEY_BYTES, SIGN_KEY_BYTES) \
	F(S, may,  str, endpoint, 0, ENDPOINT_MAX) \
	F(S, may,  str, publisher, 0, ENDPOINT_MAX) \
	F(S, must, u64, not_before, 0, UINT64_MAX) \
	F(S, must, u64, not_after, 1, UINT64_MAX)

/* One line of a health report: level is 0 good, 1 warning, 2 bad. */
#define ELEM_FACT(F, L, S) \
	F(S, must, str, name, 1, NAME_MAX_BYTES) \
	F(S, may,  u64, level, 0, 2) \
	F(S, must, str, text, 1, TEXT_MAX) \
	F(S, may,  str, mend, 0, TEXT_MAX)

/* ---- answers and envelopes ---- */

#define MSG_OK(F, L, S) \
	F(S, may,  str, text, 0, TEXT_MAX)

/* code is an enum rc. */
#define MSG_ERROR(F, L, S) \
	F(S, must, u64, code, 1, 255) \
	F(S, must, str, text, 1, TEXT_MAX)

/* Ed25519 over "limebus signed v1\0" and the body as it stands. The body is itself a message, so its type is signed. */
#define MSG_SIGNED(F, L, S) \
	F(S, must, bin, body, 1, ROSTER_MAX) \
	F(S, must, bin, key, SIGN_KEY_BYTES, SIGN_KEY_BYTES) \
	F(S, must, bin, sig, SIGNATURE_BYTES, SIGNATURE_BYTES)

/* Not here: the rostered service of this name leads now. Ask it, with the same message. */
#define MSG_MOVED(F, L, S) \
	F(S, must, str, name, 1, NAME_MAX_BYTES)

/* What a store holds, always inside `signed`: version grows by one a write, token is the writer's lease (0: none). */
#define MSG_RECORD(F, L, S) \
	F(S, must, str, type, 1, 32) \
	F(S, must, str, key, 1, 160) \
	F(S, must, u64, version, 1, UINT64_MAX) \
	F(S, may,  u64, token, 0, UINT64_MAX) \
	F(S, may,  bin, body, 0, RECORD_MAX)

#define MSG_ROSTER(F, L, S) \
	F(S, must, u64, number, 1, UINT64_MAX) \
	F(S, must, u64, issued, 1, UINT64_MAX) \
	F(S, must, bin, root, SIGN_KEY_BYTES, SIGN_KEY_BYTES) \
	L(S, must, roster_entry, entries, 1, ROSTER_ENTRIES_MAX)

/* A newer roster, from an admin to a service or from a service to anybody. Its own signature is what counts. */
#define MSG_ROSTER_PUT(F, L, S) \
	F(S, must, bin, roster, 1, ROSTER_MAX)

#define MSG_STATUS_GET(F, L, S) \
	F(S, may,  u64, time, 0, UINT64_MAX)

#define MSG_STATUS(F, L, S) \
	F(S, must, str, name, 1, NAME_MAX_BYTES) \
	F(S, must, u64, role, 1, 0xff) \
	F(S, must, str, program, 1, NAME_MAX_BYTES) \
	F(S, must, u64, roster, 0, UINT64_MAX) \
	F(S, must, u64, time, 0, UINT64_MAX) \
	F(S, may,  u64, uptime_ms, 0, UINT64_MAX) \
	L(S, may,  fact, facts, 0, 64)

/* ---- enrolment: agent and registrar ---- */

/* Public areas are TPMT_PUBLIC. The node's NK is no field: it is the CURVE key of the connection. hint is what the machine
 * calls itself, shown to people, trusted for nothing. */
#define MSG_NODE_REGISTER(F, L, S) \
	F(S, must, bin, ek_public, 1, PUBLIC_AREA_MAX) \
	F(S, may,  bin, ek_certificate, 0, CERTIFICATE_MAX) \
	L(S, may,  certificate, chain, 0, CHAIN_MAX) \
	F(S, must, bin, ak_public, 1, PUBLIC_AREA_MAX) \
	F(S, may,  str, hint, 0, NAME_MAX_BYTES)

/* TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, with their size fields, as TPM2_ActivateCredential takes them. */
#define MSG_CREDENTIAL(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, id_object, 1, 256) \
	F(S, must, bin, secret, 1, 512)

/* proof = HMAC-SHA256(Ke, "limebus activate v1\0" | node | AK name | NK). */
#define MSG_ACTIVATE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, proof, HASH_BYTES, HASH_BYTES)

#define MSG_ENROLLED(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64, number, 1, UINT64_MAX)

/* The registration itself: body of the registrar's store record of type "node". number grows when the AK changes. */
#define MSG_NODE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64, number, 1, UINT64_MAX) \
	F(S, must, bin, nk, CURVE_KEY_BYTES, CURVE_KEY_BYTES) \
	F(S, must, bin, ak_public, 1, PUBLIC_AREA_MAX) \
	F(S, must, bin, ak_name, 1, TPM_NAME_MAX) \
	F(S, must, bin, ek_public, 1, PUBLIC_AREA_MAX) \
	F(S, may,  bin, ek_certificate, 0, CERTIFICATE_MAX) \
	L(S, may,  certificate, chain, 0, CHAIN_MAX) \
	F(S, must, u64, enrolled, 1, UINT64_MAX) \
	F(S, must, u64, activated, 1, UINT64_MAX) \
	F(S, may,  str, hint, 0, NAME_MAX_BYTES)

/* By id, by alias, or by the first digits of the id (at least 8, hexadecimal). */
#define MSG_NODE_GET(F, L, S) \
	F(S, may,  bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  str, name, 0, NAME_MAX_BYTES)

#define MSG_NODE_INFO(F, L, S) \
	F(S, must, bin, record, 1, RECORD_MAX) \
	F(S, may,  str, alias, 0, NAME_MAX_BYTES)

#define MSG_NODE_LIST(F, L, S) \
	F(S, may,  bin, after, NODE_ID_BYTES, NODE_ID_BYTES)

#define MSG_NODE_INFOS(F, L, S) \
	L(S, may,  node_item, nodes, 0, PAGE_MAX) \
	F(S, may,  flag, more, 0, 1)

/* Signed by a provisioner. An alias belongs to one node; an empty one takes the node's alias away. */
#define MSG_ALIAS(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  str, alias, 0, NAME_MAX_BYTES) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_ALIAS_PUT(F, L, S) \
	F(S, must, bin, request, 1, SIGNED_MAX)

/* ---- attestation: agent and verifier ---- */

/* roster is the number the agent has; held is the provisioning number of the U in its TPM, opened the number of the payload
 * that lies opened now. */
#define MSG_HELLO(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  u64, roster, 0, UINT64_MAX) \
	F(S, may,  u64, held, 0, UINT64_MAX) \
	F(S, may,  u64, opened, 0, UINT64_MAX)

#define MSG_WELCOME(F, L, S) \
	F(S, may,  u64, interval_ms, 0, UINT64_MAX) \
	F(S, may,  bin, roster, 0, ROSTER_MAX)

/* Qualifying data of the answer: SHA-256("limebus attest v1\0" | nonce | NK | node). ima_max: so many bytes of the kernel's
 * binary measurement list, whole entries, from byte ima_from of this boot's list on; 0: none. */
#define MSG_CHALLENGE(F, L, S) \
	F(S, must, bin, nonce, NONCE_BYTES, NONCE_BYTES) \
	L(S, may,  bank, banks, 0, BANKS_MAX) \
	F(S, may,  u64, ima_from, 0, UINT64_MAX) \
	F(S, may,  u64, ima_max, 0, CHUNK_MAX)

/* TPMS_ATTEST, TPMT_SIGNATURE, and the PCR values in the order of the selection, one after the other. Answers a challenge
 * by its id. tpm_us is the time that the TPM took. ima: bytes of the list from ima_from on, read after the quote was made;
 * ima_more: there are more behind them; ima_gone: the list is shorter than ima_from. */
#define MSG_EVIDENCE(F, L, S) \
	F(S, must, bin,  attest, 1, ATTEST_MAX) \
	F(S, must, bin,  signature, 1, TPM_SIGNATURE_MAX) \
	F(S, may,  bin,  values, 0, PCR_VALUES_MAX) \
	F(S, may,  u64,  tpm_us, 0, UINT64_MAX) \
	F(S, may,  bin,  ima, 0, CHUNK_MAX) \
	F(S, may,  u64,  ima_from, 0, UINT64_MAX) \
	F(S, may,  flag, ima_more, 0, 1) \
	F(S, may,  flag, ima_gone, 0, 1)

/* Something was measured: the TPM's PCR update counter, and the entries of the IMA list. A hint, believed for nothing but
 * haste. */
#define MSG_MEASURED(F, L, S) \
	F(S, may,  u64, counter, 0, UINT64_MAX) \
	F(S, may,  u64, ima, 0, UINT64_MAX)

/* A part of a log of this boot: "boot" (the firmware's event log) or "ima" (the kernel's binary list, whole entries), from
 * this byte on. From the verifier; or from an operator, inside `signed` in a `relay`: then node, nk and time are there, as
 * in identity_challenge. */
#define MSG_LOG_GET(F, L, S) \
	F(S, must, str, log, 1, LOG_NAME_MAX) \
	F(S, may,  u64, from, 0, UINT64_MAX) \
	F(S, must, u64, max, 1, CHUNK_MAX) \
	F(S, may,  bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  bin, nk, CURVE_KEY_BYTES, CURVE_KEY_BYTES) \
	F(S, may,  u64, time, 0, UINT64_MAX)

/* more: there are bytes behind these. gone: the log is shorter than `from`. A log that is not there has no bytes. */
#define MSG_LOG_PART(F, L, S) \
	F(S, must, str,  log, 1, LOG_NAME_MAX) \
	F(S, may,  u64,  from, 0, UINT64_MAX) \
	F(S, may,  bin,  bytes, 0, CHUNK_MAX) \
	F(S, may,  flag, more, 0, 1) \
	F(S, may,  flag, gone, 0, 1)

/* V, HPKE-sealed to the NK of the evidence that passed. */
#define MSG_SHARE_V(F, L, S) \
	F(S, must, u64, number, 1, UINT64_MAX) \
	F(S, must, bin, sealed, SEALED_SECRET_BYTES, SEALED_SECRET_BYTES)

/* How a bootstrap ended on the node. text says why it failed. */
#define MSG_BOOTSTRAPPED(F, L, S) \
	F(S, must, u64,  number, 1, UINT64_MAX) \
	F(S, may,  flag, opened, 0, 1) \
	F(S, may,  str,  text, 0, TEXT_MAX) \
	F(S, may,  u64,  total_us, 0, UINT64_MAX) \
	F(S, may,  u64,  tpm_us, 0, UINT64_MAX)

/* ---- tenant to node, through the verifier that cannot read it ---- */

/* body: HPKE-sealed to NK; inside, `identity_challenge`, `log_get` or `share_u` in `signed`, or `payload_chunk` as it is. The
 * answer's body is not sealed: identity_evidence, log_part, ok or error. */
#define MSG_RELAY(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, body, 1, RELAY_MAX)

#define MSG_RELAYED(F, L, S) \
	F(S, must, bin, body, 1, RELAY_MAX)

#define MSG_RELAY_REPLY(F, L, S) \
	F(S, must, bin, body, 1, RELAY_MAX)

/* Without banks: label "limebus identity v1". With banks (a policy is to be taken from this node): "limebus golden v1". */
#define MSG_IDENTITY_CHALLENGE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, nk, CURVE_KEY_BYTES, CURVE_KEY_BYTES) \
	F(S, must, bin, nonce, NONCE_BYTES, NONCE_BYTES) \
	L(S, may,  bank, banks, 0, BANKS_MAX) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_IDENTITY_EVIDENCE(F, L, S) \
	F(S, must, bin, attest, 1, ATTEST_MAX) \
	F(S, must, bin, signature, 1, TPM_SIGNATURE_MAX) \
	F(S, may,  bin, values, 0, PCR_VALUES_MAX) \
	F(S, may,  u64, held, 0, UINT64_MAX)

/* U for exactly one node, TPM and run of its agent. nk_part: a secret HPKE-sealed to NK. id_object and secret: another one
 * by MakeCredential(EK, AK name). boxed_u: U under the key made of both. proof: HMAC-SHA256(Kb, "limebus kb v1\0" | node). */
#define MSG_SHARE_U(F, L, S) \
	F(S, must, bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin,  nk, CURVE_KEY_BYTES, CURVE_KEY_BYTES) \
	F(S, must, u64,  number, 1, UINT64_MAX) \
	F(S, must, bin,  policy, HASH_BYTES, HASH_BYTES) \
	F(S, must, bin,  nk_part, SEALED_SECRET_BYTES, SEALED_SECRET_BYTES) \
	F(S, must, bin,  id_object, 1, 256) \
	F(S, must, bin,  secret, 1, 512) \
	F(S, must, bin,  boxed_u, BOXED_SHARE_BYTES, BOXED_SHARE_BYTES) \
	F(S, must, bin,  proof, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64,  payload_size, 1, UINT64_MAX) \
	F(S, must, bin,  payload_hash, HASH_BYTES, HASH_BYTES) \
	F(S, may,  flag, unpack, 0, 1) \
	F(S, may,  str,  run, 0, 256) \
	F(S, may,  str,  file, 0, 256)

/* The encrypted payload in order: chunk `index` of the ciphertext; payload_hash of share_u covers all of them. */
#define MSG_PAYLOAD_CHUNK(F, L, S) \
	F(S, must, u64,  number, 1, UINT64_MAX) \
	F(S, may,  u64,  index, 0, UINT64_MAX) \
	F(S, must, bin,  bytes, 1, CHUNK_MAX)

/* ---- operators and the verifier ---- */

/* Signed by a provisioner. Lower numbers are refused everywhere. v_hash = SHA-256(V). */
#define MSG_PROVISIONING(F, L, S) \
	F(S, must, bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64,  number, 1, UINT64_MAX) \
	F(S, must, bin,  policy, HASH_BYTES, HASH_BYTES) \
	F(S, must, str,  class, 1, 32) \
	F(S, must, bin,  v_hash, HASH_BYTES, HASH_BYTES) \
	F(S, must, bin,  ak_name, 1, TPM_NAME_MAX) \
	F(S, must, bin,  payload_hash, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64,  time, 1, UINT64_MAX)

#define MSG_PROVISION(F, L, S) \
	F(S, must, bin,  request, 1, SIGNED_MAX) \
	F(S, must, bin,  share_v, SHARE_BYTES, SHARE_BYTES)

/* Body of the verifier's store record of type "prov": the signed provisioning, and V under the verifiers' sealing key.
 * delivered: when V was first sent. withheld: it is not sent again before the tenant resumes the node. use: the signed
 * policy_use that replaced the provisioning's policy. */
#define MSG_PROV(F, L, S) \
	F(S, must, bin,  request, 1, SIGNED_MAX) \
	F(S, must, bin,  sealed_v, 60, 60) \
	F(S, may,  u64,  opened, 0, UINT64_MAX) \
	F(S, may,  u64,  opened_at, 0, UINT64_MAX) \
	F(S, may,  u64,  delivered, 0, UINT64_MAX) \
	F(S, may,  flag, withheld, 0, 1) \
	F(S, may,  bin,  use, 0, USE_MAX)

/* Body of the verifier's store record of type "state". clock, reset_count, restart_count: from the last accepted quote.
 * verdict: the last signed verdict that said no; good_verdict: the last one that said yes. highest: the highest
 * provisioning number ever taken. */
#define MSG_STATE(F, L, S) \
	F(S, must, bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, str,  state, 1, 32) \
	F(S, must, u64,  since, 1, UINT64_MAX) \
	F(S, may,  u64,  record, 0, UINT64_MAX) \
	F(S, may,  u64,  good, 0, UINT64_MAX) \
	F(S, may,  u64,  limit_ms, 0, UINT64_MAX) \
	F(S, may,  u64,  verdicts, 0, UINT64_MAX) \
	F(S, may,  u64,  reset_count, 0, UINT64_MAX) \
	F(S, may,  u64,  restart_count, 0, UINT64_MAX) \
	F(S, may,  u64,  clock, 0, UINT64_MAX) \
	F(S, may,  u64,  request_time, 0, UINT64_MAX) \
	F(S, may,  str,  text, 0, TEXT_MAX) \
	F(S, may,  bin,  verdict, 0, 48 * 1024) \
	F(S, may,  bin,  good_verdict, 0, 20 * 1024) \
	F(S, may,  u64,  highest, 0, UINT64_MAX)

/* Body of the verifier's store record of type "ima": what was judged of the logs of this boot, for which provisioning and
 * policies, and since which `resume`. run: how far the IMA list was judged, and what that came to (lib/policy/ima_judge.h). boot:
 * SHA-256 of the PCR values that an accepted boot log leads to. */
#define MSG_IMA(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  u64, reset_count, 0, UINT64_MAX) \
	F(S, must, bin, policy, HASH_BYTES, HASH_BYTES) \
	F(S, may,  bin, former, HASH_BYTES, HASH_BYTES) \
	F(S, may,  u64, number, 0, UINT64_MAX) \
	F(S, may,  u64, request_time, 0, UINT64_MAX) \
	F(S, may,  bin, boot, HASH_BYTES, HASH_BYTES) \
	F(S, may,  bin, run, 0, RUN_MAX)

/* Signed by a provisioner. document: SHA-256 of the policy's JSON as it stands, which is the policy's id, and size its bytes;
 * it travels by itself (document_put). number orders the contents of one name. */
#define MSG_POLICY(F, L, S) \
	F(S, must, str, name, 1, NAME_MAX_BYTES) \
	F(S, must, u64, number, 1, UINT64_MAX) \
	F(S, must, bin, document, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64, size, 1, DOCUMENT_MAX) \
	F(S, must, u64, time, 1, UINT64_MAX)

/* A document in order: `bytes` from byte `from` on. Chunks are CHUNK_MAX bytes, the last one may be shorter. */
#define MSG_DOCUMENT_PUT(F, L, S) \
	F(S, must, bin, document, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64, size, 1, DOCUMENT_MAX) \
	F(S, may,  u64, from, 0, DOCUMENT_MAX) \
	F(S, must, bin, bytes, 1, CHUNK_MAX)

#define MSG_DOCUMENT_GET(F, L, S) \
	F(S, must, bin, document, HASH_BYTES, HASH_BYTES) \
	F(S, may,  u64, from, 0, DOCUMENT_MAX)

#define MSG_DOCUMENT_PART(F, L, S) \
	F(S, must, bin, document, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64, size, 1, DOCUMENT_MAX) \
	F(S, may,  u64, from, 0, DOCUMENT_MAX) \
	F(S, must, bin, bytes, 1, CHUNK_MAX)

#define MSG_POLICY_PUT(F, L, S) \
	F(S, must, bin, policy, 1, SIGNED_MAX)

#define MSG_POLICY_GET(F, L, S) \
	F(S, may,  str, name, 0, NAME_MAX_BYTES) \
	F(S, may,  bin, hash, HASH_BYTES, HASH_BYTES)

#define MSG_POLICY_INFO(F, L, S) \
	F(S, must, bin, policy, 1, SIGNED_MAX)

#define MSG_POLICY_LIST(F, L, S) \
	F(S, may,  str, after, 0, NAME_MAX_BYTES)

#define MSG_POLICIES(F, L, S) \
	L(S, may,  policy_ref, policies, 0, PAGE_MAX) \
	F(S, may,  flag, more, 0, 1)

/* Signed by a provisioner: the node of this provisioning is judged by this policy from now on. Until keep_until the policy
 * before holds too (0: it does not). */
#define MSG_POLICY_USE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64, number, 1, UINT64_MAX) \
	F(S, must, bin, policy, HASH_BYTES, HASH_BYTES) \
	F(S, may,  bin, former, HASH_BYTES, HASH_BYTES) \
	F(S, may,  u64, keep_until, 0, UINT64_MAX) \
	F(S, may,  str, reason, 0, 256) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_POLICY_USE_PUT(F, L, S) \
	F(S, must, bin, request, 1, USE_MAX)

#define MSG_STATE_GET(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES)

#define MSG_STATE_LIST(F, L, S) \
	F(S, may,  bin, after, NODE_ID_BYTES, NODE_ID_BYTES)

#define MSG_STATES(F, L, S) \
	L(S, may,  node_state, states, 0, PAGE_MAX) \
	F(S, may,  flag, more, 0, 1)

/* The last verdict that said no, or with `latest` the last one of any kind. */
#define MSG_VERDICT_GET(F, L, S) \
	F(S, must, bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  flag, latest, 0, 1)

#define MSG_VERDICT_INFO(F, L, S) \
	F(S, must, bin, verdict, 1, SIGNED_MAX)

/* Signed by a provisioner (suspend, resume) or an admin (remove). action: "suspend", "resume", "remove". */
#define MSG_NODE_REQUEST(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, str, action, 1, 32) \
	F(S, may,  str, reason, 0, 256) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_NODE_ACTION(F, L, S) \
	F(S, must, bin, request, 1, SIGNED_MAX)

/* ---- verdicts and notices ---- */

/* Signed by the verifier. number grows by one a changed verdict of this node. evidence: SHA-256 of the evidence message.
 * unobserved_*: since the last good verdict nobody looked between these times. */
#define MSG_VERDICT(F, L, S) \
	F(S, must, bin,  node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64,  number, 1, UINT64_MAX) \
	F(S, may,  flag, trusted, 0, 1) \
	F(S, must, u64,  time, 1, UINT64_MAX) \
	F(S, may,  u64,  provisioning, 0, UINT64_MAX) \
	F(S, may,  bin,  policy, HASH_BYTES, HASH_BYTES) \
	F(S, must, bin,  ak_name, 1, TPM_NAME_MAX) \
	F(S, must, bin,  nk, CURVE_KEY_BYTES, CURVE_KEY_BYTES) \
	F(S, may,  u64,  reset_count, 0, UINT64_MAX) \
	F(S, may,  u64,  restart_count, 0, UINT64_MAX) \
	F(S, may,  bin,  evidence, HASH_BYTES, HASH_BYTES) \
	F(S, may,  u64,  token, 0, UINT64_MAX) \
	L(S, may,  finding, findings, 0, FINDINGS_MAX) \
	F(S, may,  u64,  findings_count, 0, UINT64_MAX) \
	F(S, may,  u64,  unobserved_from, 0, UINT64_MAX) \
	F(S, may,  u64,  unobserved_to, 0, UINT64_MAX) \
	F(S, may,  bin,  former, HASH_BYTES, HASH_BYTES) \
	F(S, may,  u64,  ima_entries, 0, UINT64_MAX) \
	F(S, may,  u64,  ima_failed, 0, UINT64_MAX)

/* Signed by a provisioner: what the tenant says about a node to people and programs outside. The latest time counts, and
 * replaces the whole. Names and addresses go into the node's certificates. */
#define MSG_PROFILE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	L(S, may,  tag, tags, 0, TAGS_MAX) \
	L(S, may,  dns_name, names, 0, TAGS_MAX) \
	L(S, may,  address, addresses, 0, TAGS_MAX) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_PROFILE_PUT(F, L, S) \
	F(S, must, bin, request, 1, SIGNED_MAX)

#define MSG_PROFILE_GET(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES)

#define MSG_PROFILE_INFO(F, L, S) \
	F(S, must, bin, profile, 1, SIGNED_MAX)

/* Verifier to revocation: something signed that becomes a notice: a verdict, a node_request, a provisioning or a
 * policy_use. */
#define MSG_CAUSE_PUT(F, L, S) \
	F(S, must, bin, cause, 1, SIGNED_MAX)

/* time: the sender's clock now, against which the reader takes the age of each `good`. */
#define MSG_ALIVE(F, L, S) \
	L(S, must, alive_node, nodes, 1, ALIVE_MAX) \
	F(S, may,  u64, time, 0, UINT64_MAX)

#define MSG_FLOOR_GET(F, L, S) \
	F(S, may,  bin, after, NODE_ID_BYTES, NODE_ID_BYTES)

#define MSG_FLOORS(F, L, S) \
	L(S, may,  floor, floors, 0, ALIVE_MAX) \
	F(S, may,  flag, more, 0, 1)

/* Always inside `signed`, by the revocation service. previous: SHA-256 of the signed notice before this one, as it stands
 * (zeros for the first). cause: the signed verdict (revoked), node_request (suspended, reinstated, node-removed),
 * provisioning (provisioned), policy_use (policy-changed), profile (described) or certificate_revoke (certificate-revoked);
 * none for lapsed and restored. reasons, verifier (its name in the roster) and evidence repeat for programs what the cause
 * says. certificates: what this notice ends, holds or releases. */
#define MSG_NOTICE(F, L, S) \
	F(S, must, u64, seq, 1, UINT64_MAX) \
	F(S, must, bin, previous, HASH_BYTES, HASH_BYTES) \
	F(S, must, str, kind, 1, 32) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, u64, time, 1, UINT64_MAX) \
	F(S, may,  u64, severity, 0, 10) \
	F(S, may,  str, reason, 0, TEXT_MAX) \
	F(S, may,  bin, cause, 0, SIGNED_MAX - 4096) \
	L(S, may,  serial, certificates, 0, 64) \
	L(S, may,  reason, reasons, 0, 16) \
	F(S, may,  str, verifier, 0, NAME_MAX_BYTES) \
	F(S, may,  bin, evidence, HASH_BYTES, HASH_BYTES)

/* Published every second, signed: what the last notice is. seq 0 with zeros: the log is empty. leader: the name of the
 * revocation service that issues notices and certificates now, as the signer knows. */
#define MSG_HEAD(F, L, S) \
	F(S, may,  u64, seq, 0, UINT64_MAX) \
	F(S, must, bin, hash, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64, time, 1, UINT64_MAX) \
	F(S, may,  str, leader, 0, NAME_MAX_BYTES)

/* Notices from..to, both included. The answer may stop early: ask again from where it ended. */
#define MSG_NOTICES_GET(F, L, S) \
	F(S, must, u64, from, 1, UINT64_MAX) \
	F(S, may,  u64, to, 0, UINT64_MAX)

#define MSG_NOTICES(F, L, S) \
	L(S, may,  item, notices, 0, PAGE_MAX) \
	F(S, must, bin, head, 1, 1024)

/* Everything up to seq has been acted on by this subscriber. */
#define MSG_NOTICE_ACK(F, L, S) \
	F(S, must, u64, seq, 1, UINT64_MAX)

/* after: what the page before named as `next`. */
#define MSG_SUBSCRIBERS_GET(F, L, S) \
	F(S, may,  u64, after, 0, UINT64_MAX)

/* seq: the end of the log. next: `after` of the next page; 0: this is the last one. */
#define MSG_SUBSCRIBERS(F, L, S) \
	F(S, may,  u64, seq, 0, UINT64_MAX) \
	L(S, may,  subscriber, subscribers, 0, PAGE_MAX) \
	F(S, may,  u64, next, 0, UINT64_MAX)

/* ---- certificates ---- */

/* A node wants a certificate. The nonce is good once, for 30 s, on this connection's key. */
#define MSG_CSR_BEGIN(F, L, S) \
	F(S, may,  u64, time, 0, UINT64_MAX)

#define MSG_CSR_NONCE(F, L, S) \
	F(S, must, bin, nonce, NONCE_BYTES, NONCE_BYTES)

/* csr: PKCS #10; only its key counts. With `public` (TPMT_PUBLIC of the key) attest is TPM2_Certify's of it by the AK;
 * without, the key lies in software and attest is a quote over no PCRs. Qualifying data of both:
 * SHA-256("limebus certificate v1\0" | nonce | NK | node | SHA-256(csr)). signature: TPMT_SIGNATURE. */
#define MSG_CSR_PUT(F, L, S) \
	F(S, must, bin, nonce, NONCE_BYTES, NONCE_BYTES) \
	F(S, must, bin, csr, 1, CSR_MAX) \
	F(S, must, bin, attest, 1, ATTEST_MAX) \
	F(S, must, bin, signature, 1, TPM_SIGNATURE_MAX) \
	F(S, may,  bin, public, 0, PUBLIC_AREA_MAX)

/* chain: the issuer and what is above it, the root last if the CA has it. renew: when to ask for the next one. */
#define MSG_CERTIFICATE_INFO(F, L, S) \
	F(S, must, bin, certificate, 1, CERTIFICATE_MAX) \
	L(S, may,  certificate, chain, 0, CHAIN_MAX) \
	F(S, may,  u64, renew, 0, UINT64_MAX)

/* Signed by a provisioner, who made the key himself and delivers it with a payload. */
#define MSG_CERTIFICATE_ORDER(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, csr, 1, CSR_MAX) \
	F(S, may,  u64, life_ms, 0, UINT64_MAX) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_CERTIFICATE_ORDER_PUT(F, L, S) \
	F(S, must, bin, request, 1, SIGNED_MAX)

/* Signed by an admin: this certificate ends now. reason: CRLReason of RFC 5280, 5.3.1. */
#define MSG_CERTIFICATE_REVOKE(F, L, S) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, serial, 1, SERIAL_MAX) \
	F(S, may,  u64, reason, 0, 10) \
	F(S, may,  str, text, 0, 256) \
	F(S, must, u64, time, 1, UINT64_MAX)

#define MSG_CERTIFICATE_REVOKE_PUT(F, L, S) \
	F(S, must, bin, request, 1, SIGNED_MAX)

/* An entry of the log of issued certificates, always inside `signed`, by the revocation service. key: where the key lies:
 * "tpm", "software" (on the node) or "order" (the tenant made it; `order` is then his signed word). notice: the last one of
 * the notice log when this was issued: later ones touch it, earlier ones do not. */
#define MSG_ISSUED(F, L, S) \
	F(S, must, u64, seq, 1, UINT64_MAX) \
	F(S, must, bin, previous, HASH_BYTES, HASH_BYTES) \
	F(S, must, u64, time, 1, UINT64_MAX) \
	F(S, must, bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, must, bin, serial, 1, SERIAL_MAX) \
	F(S, must, u64, not_after, 1, UINT64_MAX) \
	F(S, must, bin, certificate, 1, CERTIFICATE_MAX) \
	F(S, must, str, key, 1, 32) \
	F(S, may,  bin, order, 0, SIGNED_MAX - 16384) \
	F(S, may,  u64, notice, 0, UINT64_MAX)

/* after: number in the log. Of one node, of one serial number, in one state, or all. */
#define MSG_CERTIFICATES_GET(F, L, S) \
	F(S, may,  u64, after, 0, UINT64_MAX) \
	F(S, may,  bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  bin, serial, 1, SERIAL_MAX) \
	F(S, may,  str, state, 0, 32)

#define MSG_CERTIFICATES(F, L, S) \
	L(S, may,  certificate_item, certificates, 0, PAGE_MAX) \
	F(S, may,  u64, next, 0, UINT64_MAX)

/* The CA's certificate, and what is above it. */
#define MSG_CA_GET(F, L, S) \
	F(S, may,  u64, time, 0, UINT64_MAX)

#define MSG_CA_INFO(F, L, S) \
	F(S, must, bin, certificate, 1, CERTIFICATE_MAX) \
	L(S, may,  certificate, chain, 0, CHAIN_MAX)

/* hash: TPM_ALG_ID of the hash of the CertID that the response must have: SHA-1 or SHA-256. */
#define MSG_OCSP_GET(F, L, S) \
	F(S, must, bin, serial, 1, SERIAL_MAX) \
	F(S, must, u64, hash, 1, 0xffff)

/* An OCSPResponse (RFC 6960), DER. until: its nextUpdate. */
#define MSG_OCSP_INFO(F, L, S) \
	F(S, must, bin, response, 1, CERTIFICATE_MAX) \
	F(S, must, u64, until, 1, UINT64_MAX)

/* The CRL, or the delta CRL, from this byte on. number 0: the newest; else RC_NOT_FOUND when there is a newer one. */
#define MSG_CRL_GET(F, L, S) \
	F(S, may,  flag, delta, 0, 1) \
	F(S, may,  u64, number, 0, UINT64_MAX) \
	F(S, may,  u64, from, 0, DOCUMENT_MAX)

#define MSG_CRL_PART(F, L, S) \
	F(S, may,  flag, delta, 0, 1) \
	F(S, must, u64, number, 1, UINT64_MAX) \
	F(S, must, u64, size, 1, DOCUMENT_MAX) \
	F(S, may,  u64, from, 0, DOCUMENT_MAX) \
	F(S, must, bin, bytes, 1, CHUNK_MAX) \
	F(S, must, u64, until, 1, UINT64_MAX)

/* Published under "crl": there is a newer one. A hint: what counts is the CRL's own signature. */
#define MSG_CRL_READY(F, L, S) \
	F(S, may,  flag, delta, 0, 1) \
	F(S, must, u64, number, 1, UINT64_MAX)

/* For people who watch; never a ground for action. */
#define MSG_EVENT(F, L, S) \
	F(S, must, str, kind, 1, 48) \
	F(S, must, u64, time, 1, UINT64_MAX) \
	F(S, may,  bin, node, NODE_ID_BYTES, NODE_ID_BYTES) \
	F(S, may,  str, state, 0, 32) \
	F(S, may,  u64, number, 0, UINT64_MAX) \
	F(S, may,  str, text, 0, TEXT_MAX)

/* E(struct, LIST) */
#define PROTO_ELEMENTS(E) \
	E(certificate, ELEM_CERTIFICATE) \
	E(bank, ELEM_BANK) \
	E(finding, ELEM_FINDING) \
	E(alive_node, ELEM_ALIVE_NODE) \
	E(floor, ELEM_FLOOR) \
	E(tag, ELEM_TAG) \
	E(dns_name, ELEM_DNS_NAME) \
	E(address, ELEM_ADDRESS) \
	E(serial, ELEM_SERIAL) \
	E(reason, ELEM_REASON) \
	E(subscriber, ELEM_SUBSCRIBER) \
	E(certificate_item, ELEM_CERTIFICATE_ITEM) \
	E(item, ELEM_ITEM) \
	E(node_item, ELEM_NODE_ITEM) \
	E(node_state, ELEM_NODE_STATE) \
	E(policy_ref, ELEM_POLICY_REF) \
	E(roster_entry, ELEM_ROSTER_ENTRY) \
	E(fact, ELEM_FACT)

/* M(wire name, struct, LIST); the enum is MSG_TYPE_<struct>. */
#define PROTO_MESSAGES(M) \
	M("ok", ok, MSG_OK) \
	M("error", error, MSG_ERROR) \
	M("signed", signed_body, MSG_SIGNED) \
	M("moved", moved, MSG_MOVED) \
	M("record", record, MSG_RECORD) \
	M("roster", roster, MSG_ROSTER) \
	M("roster_put", roster_put, MSG_ROSTER_PUT) \
	M("status_get", status_get, MSG_STATUS_GET) \
	M("status", status, MSG_STATUS) \
	M("register", node_register, MSG_NODE_REGISTER) \
	M("credential", credential, MSG_CREDENTIAL) \
	M("activate", activate, MSG_ACTIVATE) \
	M("enrolled", enrolled, MSG_ENROLLED) \
	M("node", node, MSG_NODE) \
	M("node_get", node_get, MSG_NODE_GET) \
	M("node_info", node_info, MSG_NODE_INFO) \
	M("node_list", node_list, MSG_NODE_LIST) \
	M("node_infos", node_infos, MSG_NODE_INFOS) \
	M("alias", alias, MSG_ALIAS) \
	M("alias_put", alias_put, MSG_ALIAS_PUT) \
	M("hello", hello, MSG_HELLO) \
	M("welcome", welcome, MSG_WELCOME) \
	M("challenge", challenge, MSG_CHALLENGE) \
	M("evidence", evidence, MSG_EVIDENCE) \
	M("measured", measured, MSG_MEASURED) \
	M("log_get", log_get, MSG_LOG_GET) \
	M("log_part", log_part, MSG_LOG_PART) \
	M("share_v", share_v, MSG_SHARE_V) \
	M("bootstrapped", bootstrapped, MSG_BOOTSTRAPPED) \
	M("relay", relay, MSG_RELAY) \
	M("relayed", relayed, MSG_RELAYED) \
	M("relay_reply", relay_reply, MSG_RELAY_REPLY) \
	M("identity_challenge", identity_challenge, MSG_IDENTITY_CHALLENGE) \
	M("identity_evidence", identity_evidence, MSG_IDENTITY_EVIDENCE) \
	M("share_u", share_u, MSG_SHARE_U) \
	M("payload_chunk", payload_chunk, MSG_PAYLOAD_CHUNK) \
	M("provisioning", provisioning, MSG_PROVISIONING) \
	M("provision", provision, MSG_PROVISION) \
	M("prov", prov, MSG_PROV) \
	M("state", state, MSG_STATE) \
	M("ima", ima, MSG_IMA) \
	M("policy", policy, MSG_POLICY) \
	M("policy_put", policy_put, MSG_POLICY_PUT) \
	M("policy_get", policy_get, MSG_POLICY_GET) \
	M("policy_info", policy_info, MSG_POLICY_INFO) \
	M("policy_list", policy_list, MSG_POLICY_LIST) \
	M("policies", policies, MSG_POLICIES) \
	M("document_put", document_put, MSG_DOCUMENT_PUT) \
	M("document_get", document_get, MSG_DOCUMENT_GET) \
	M("document_part", document_part, MSG_DOCUMENT_PART) \
	M("policy_use", policy_use, MSG_POLICY_USE) \
	M("policy_use_put", policy_use_put, MSG_POLICY_USE_PUT) \
	M("state_get", state_get, MSG_STATE_GET) \
	M("state_list", state_list, MSG_STATE_LIST) \
	M("states", states, MSG_STATES) \
	M("verdict_get", verdict_get, MSG_VERDICT_GET) \
	M("verdict_info", verdict_info, MSG_VERDICT_INFO) \
	M("node_request", node_request, MSG_NODE_REQUEST) \
	M("node_action", node_action, MSG_NODE_ACTION) \
	M("verdict", verdict, MSG_VERDICT) \
	M("profile", profile, MSG_PROFILE) \
	M("profile_put", profile_put, MSG_PROFILE_PUT) \
	M("profile_get", profile_get, MSG_PROFILE_GET) \
	M("profile_info", profile_info, MSG_PROFILE_INFO) \
	M("cause_put", cause_put, MSG_CAUSE_PUT) \
	M("alive", alive, MSG_ALIVE) \
	M("floor_get", floor_get, MSG_FLOOR_GET) \
	M("floors", floors, MSG_FLOORS) \
	M("notice", notice, MSG_NOTICE) \
	M("head", head, MSG_HEAD) \
	M("notices_get", notices_get, MSG_NOTICES_GET) \
	M("notices", notices, MSG_NOTICES) \
	M("notice_ack", notice_ack, MSG_NOTICE_ACK) \
	M("subscribers_get", subscribers_get, MSG_SUBSCRIBERS_GET) \
	M("subscribers", subscribers, MSG_SUBSCRIBERS) \
	M("csr_begin", csr_begin, MSG_CSR_BEGIN) \
	M("csr_nonce", csr_nonce, MSG_CSR_NONCE) \
	M("csr_put", csr_put, MSG_CSR_PUT) \
	M("certificate_info", certificate_info, MSG_CERTIFICATE_INFO) \
	M("certificate_order", certificate_order, MSG_CERTIFICATE_ORDER) \
	M("certificate_order_put", certificate_order_put, MSG_CERTIFICATE_ORDER_PUT) \
	M("certificate_revoke", certificate_revoke, MSG_CERTIFICATE_REVOKE) \
	M("certificate_revoke_put", certificate_revoke_put, MSG_CERTIFICATE_REVOKE_PUT) \
	M("issued", issued, MSG_ISSUED) \
	M("certificates_get", certificates_get, MSG_CERTIFICATES_GET) \
	M("certificates", certificates, MSG_CERTIFICATES) \
	M("ca_get", ca_get, MSG_CA_GET) \
	M("ca_info", ca_info, MSG_CA_INFO) \
	M("ocsp_get", ocsp_get, MSG_OCSP_GET) \
	M("ocsp_info", ocsp_info, MSG_OCSP_INFO) \
	M("crl_get", crl_get, MSG_CRL_GET) \
	M("crl_part", crl_part, MSG_CRL_PART) \
	M("crl_ready", crl_ready, MSG_CRL_READY) \
	M("event", event, MSG_EVENT)

/* clang-format on */

#endif
