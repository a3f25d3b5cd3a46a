/*
 * The CA's figures: certificates issued a second, a list of 100,000 made, OCSP responses signed a second
 * beside the bare signatures that are their floor, and memory. bench_pki [RECORDS [REVOKED]]     1,000,000
 * and 100,000; records are serial, node and dates, as a CA keeps them
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/base/drop.h"
#include "lib/crypto/digest.h"
#include "lib/pki/csr.h"
#include "lib/pki/ocsp.h"

#define NOW_MS    1795435200000u
#define HOUR_MS   3600000u
#define ISSUED    5000
#define RESPONSES 10000

#define LIST_SECONDS_MAX 2
#define RESPONSES_GOAL   5000

struct record {
	uint8_t serial[SERIAL_BYTES];
	uint8_t node[32];
	uint64_t from_ms, until_ms;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double peak_mib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static void must(enum rc rc, const struct err *err)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "bench_pki: %s\n", err->text);
	exit(1);
}

static struct issuer *open_ca(struct blob *certificate)
{
	DROP(private_key_release) struct private_key *key = NULL;
	struct issuer *issuer = NULL;
	struct err err = {0};
	const struct issue_order order = {
		.profile = ISSUE_ROOT,
		.serial = {0x41},
		.common_name = "CA",
		.from_ms = NOW_MS,
		.until_ms = NOW_MS + 10000 * HOUR_MS,
	};

	must(private_key_generate(KEY_P256, &key, &err), &err);
	must(issue_root(key, &order, certificate, &err), &err);
	must(issuer_open(blob_span(certificate), &key, &issuer, &err), &err);
	return issuer;
}

static void bench_issue(struct issuer *issuer, struct span spki)
{
	const struct san names[] = {{SAN_DNS, span_text("web1.example")},
		{SAN_URI,
			span_text(
				"urn:limebus:node:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")}};
	struct issue_order order = {
		.profile = ISSUE_NODE,
		.common_name = "web1.example",
		.spki = spki,
		.from_ms = NOW_MS,
		.until_ms = NOW_MS + HOUR_MS,
		.names = names,
		.names_count = COUNT(names),
		.ekus = ISSUE_CLIENT | ISSUE_SERVER,
		.crl_url = "http://ca.example/ca.crl",
		.delta_url = "http://ca.example/ca-delta.crl",
		.ocsp_url = "http://ca.example/ocsp",
		.issuer_url = "http://ca.example/ca.crt",
	};
	DROP(blob_release) struct blob out = {0};
	struct err err = {0};
	double begun = seconds();

	for (int i = 0; i < ISSUED; i++) {
		blob_clear(&out);
		must(serial_make(order.serial, &err), &err);
		must(issue(issuer, &order, &out, &err), &err);
	}
	printf("issue          %8.0f certificates/s (%zu bytes each)\n", ISSUED / (seconds() - begun),
		out.len);
}

/* A request from a peer: parsed, its signature checked. */
static void bench_requests(struct private_key *key)
{
	DROP(blob_release) struct blob der = {0};
	struct err err = {0};
	double begun;

	must(csr_make(key, NULL, &der, &err), &err);
	begun = seconds();
	for (int i = 0; i < ISSUED; i++) {
		DROP(csr_release) struct csr csr = {0};

		must(csr_parse(blob_span(&der), &csr, &err), &err);
	}
	printf("read a request %8.0f requests/s\n", ISSUED / (seconds() - begun));
}

static struct record *make_records(size_t count)
{
	struct record *records = calloc(count, sizeof *records);

	if (records == NULL)
		exit(1);
	for (size_t i = 0; i < count; i++) {
		struct record *record = &records[i];

		/* Different and as if random. */
		if (digest_bytes(DIGEST_SHA256, span_of(&i, sizeof i), record->node) != RC_OK)
			exit(1);
		memcpy(record->serial, record->node, sizeof record->serial);
		record->serial[0] = (uint8_t)((record->serial[0] & 0x3f) | 0x40);
		record->from_ms = NOW_MS;
		record->until_ms = NOW_MS + HOUR_MS;
	}
	return records;
}

/* True: the goal of 2 s is met. */
static bool bench_list(struct issuer *issuer, const struct record *records, size_t count, size_t revoked)
{
	struct crl_entry *entries = calloc(revoked + 1, sizeof *entries);
	DROP(blob_release) struct blob der = {0};
	struct crl_order order = {
		.number = 1,
		.this_ms = NOW_MS,
		.next_ms = NOW_MS + HOUR_MS,
		.delta_url = "http://ca.example/ca-delta.crl",
		.entries = entries,
	};
	double begun = seconds(), made;
	struct err err = {0};
	struct crl crl;

	for (size_t i = 0; i < count && order.count < revoked; i += count / revoked) {
		struct crl_entry *entry = &entries[order.count++];

		memcpy(entry->serial, records[i].serial, sizeof entry->serial);
		entry->reason = CRL_PRIVILEGE_WITHDRAWN;
		entry->time_ms = NOW_MS;
	}
	must(crl_make(issuer, &order, &der, &err), &err);
	made = seconds();
	printf("list made      %8.1f ms (%zu of %zu certificates, %zu bytes)\n", 1000 * (made - begun),
		order.count, count, der.len);
	must(crl_read(blob_span(&der), &crl), &err);
	printf("list read      %8.1f ms (%zu entries)\n", 1000 * (seconds() - made), crl.count);
	free(entries);
	return made - begun < LIST_SECONDS_MAX;
}

static struct ocsp_responder *open_responder(struct issuer *issuer, struct span ca)
{
	DROP(private_key_release) struct private_key *key = NULL;
	DROP(blob_release) struct blob spki = {0};
	DROP(blob_release) struct blob certificate = {0};
	struct ocsp_responder *responder = NULL;
	struct err err = {0};
	struct issue_order order = {
		.profile = ISSUE_RESPONDER,
		.serial = {0x42},
		.common_name = "OCSP",
		.from_ms = NOW_MS,
		.until_ms = NOW_MS + 168 * HOUR_MS,
	};

	must(private_key_generate(KEY_P256, &key, &err), &err);
	must(public_key_to_der(private_key_public(key), &spki, &err), &err);
	order.spki = blob_span(&spki);
	must(issue(issuer, &order, &certificate, &err), &err);
	must(ocsp_responder_open(ca, blob_span(&certificate), &key, &responder, &err), &err);
	return responder;
}

/* As openssl speed has it: one digest, one context, again and again. */
static double bare_signatures(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	uint8_t digest[32] = {0}, signature[80];
	double begun;

	if (EVP_PKEY_sign_init(context) != 1)
		exit(1);
	begun = seconds();
	for (int i = 0; i < RESPONSES; i++) {
		size_t len = sizeof signature;

		if (EVP_PKEY_sign(context, signature, &len, digest, sizeof digest) != 1)
			exit(1);
	}
	EVP_PKEY_CTX_free(context);
	EVP_PKEY_free(key);
	return RESPONSES / (seconds() - begun);
}

/* True: the goal is met. */
static bool bench_responses(struct issuer *issuer, struct span ca, const struct record *records, size_t count)
{
	DROP(ocsp_responder_release) struct ocsp_responder *responder = open_responder(issuer, ca);
	DROP(blob_release) struct blob out = {0};
	double floor = bare_signatures(), begun = seconds(), rate;
	struct err err = {0};

	for (size_t i = 0; i < RESPONSES; i++) {
		const struct ocsp_answer answer = {
			.serial = SPAN(records[i % count].serial),
			.hash = DIGEST_SHA1,
			.status = OCSP_GOOD,
			.this_ms = NOW_MS,
			.next_ms = NOW_MS + HOUR_MS,
		};

		blob_clear(&out);
		must(ocsp_respond(responder, &answer, &out, &err), &err);
	}
	rate = RESPONSES / (seconds() - begun);
	printf("OCSP signed    %8.0f responses/s (%zu bytes each), bare ECDSA %.0f/s: %.0f %%\n", rate,
		out.len, floor, 100 * rate / floor);
	return rate >= RESPONSES_GOAL;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	size_t revoked = argc > 2 ? strtoul(argv[2], NULL, 10) : 100000;
	DROP(private_key_release) struct private_key *node = NULL;
	DROP(blob_release) struct blob certificate = {0};
	DROP(blob_release) struct blob spki = {0};
	struct issuer *issuer = open_ca(&certificate);
	struct record *records;
	struct err err = {0};
	bool met;

	if (count == 0 || revoked == 0 || revoked > count || revoked > CRL_ENTRIES_MAX) {
		fprintf(stderr, "usage: bench_pki [RECORDS [REVOKED]]\n");
		return 2;
	}
	must(private_key_generate(KEY_P256, &node, &err), &err);
	must(public_key_to_der(private_key_public(node), &spki, &err), &err);
	bench_issue(issuer, blob_span(&spki));
	bench_requests(node);
	printf("memory         %8.1f MiB before the records\n", peak_mib());
	records = make_records(count);
	printf("memory         %8.1f MiB with %zu records of %zu bytes\n", peak_mib(), count,
		sizeof *records);
	met = bench_list(issuer, records, count, revoked);
	printf("memory         %8.1f MiB after the list\n", peak_mib());
	met = bench_responses(issuer, blob_span(&certificate), records, count) && met;
	free(records);
	issuer_release(&issuer);
	return met ? 0 : 1;
}
