/* Ends what a node has in a HashiCorp Vault (or OpenBao), as an action of limebus-actions. */
#ifndef LIMEBUS_VAULT_VAULT_H
#define LIMEBUS_VAULT_VAULT_H

#include "lib/action/notice_read.h"
#include "lib/config/program.h"
#include "lib/fetch/fetch_config.h"

struct vault_config {
	struct fetch_config fetch;
	char *token;
	char *name_space;
	char *nodes;
	char *pki;
	char *alias_mount;
};

extern const struct program vault_program;

/* A line of a node's file: what it has in the Vault. */
enum vault_kind { VAULT_ACCESSOR, VAULT_LEASES, VAULT_CERTIFICATE };
struct vault_line {
	enum vault_kind kind;
	char mount[256]; /* of a certificate */
	char value[512]; /* accessor, prefix of leases, serial number */
};

/* "accessor A", "leases PREFIX", "certificate MOUNT SERIAL"; fields may have only characters that mean
 * nothing in a URL or in JSON. RC_NOT_FOUND: a blank line or a comment. RC_MALFORMED. PURE. */
MUST_USE enum rc vault_line_parse(const char *text, struct vault_line *out);

/* "0a1b" to "0a:1b", as Vault writes serial numbers. RC_MALFORMED, RC_LIMIT. PURE. */
MUST_USE enum rc vault_serial(const char *hex, char *out, size_t out_len);

/* What an answer means. body: is searched for "there is no such thing", which is what was wanted. */
int vault_judge(unsigned status, struct span body);

int vault_send(const struct vault_config *config, const struct notice_read *notice);

#endif
