/*
 * The files of a node's certificate, each replaced as a whole:
 *   node.key   0600; "TSS2 PRIVATE KEY" (OpenSSL's tpm2 provider) or "PRIVATE KEY"
 *   node.crt   the certificate        chain.crt  it and the intermediates        ca.crt  the root
 * node.key is there before a certificate for it, and goes after it: a key and a certificate that do not fit
 * are never beside each other.
 */
#ifndef LIMEBUS_AGENT_CERTIFICATE_FOLDER_H
#define LIMEBUS_AGENT_CERTIFICATE_FOLDER_H

#include "services/agent/certificate_check.h"
#include "services/agent/node_key.h"

/* RC_DENIED: it is not ours, or others may write to it. */
MUST_USE enum rc certificate_folder_check(const char *folder, struct err *err);

/* RC_NOT_FOUND: there is none; other codes as node_key_of_file, and RC_DENIED if others can read it. */
MUST_USE enum rc certificate_folder_key(const char *folder, struct node_key *out, struct err *err);

/* The dates of node.crt. RC_NOT_FOUND: there is none; others as certificate_read. */
MUST_USE enum rc certificate_folder_leaf(
	const char *folder, struct span spki, struct certificate_dates *out, struct err *err);

/* Put a new key there; a certificate for another one is removed first. */
MUST_USE enum rc certificate_folder_put_key(const char *folder, const struct node_key *key, struct err *err);
MUST_USE enum rc certificate_folder_put(
	const char *folder, const struct certificate_files *files, struct err *err);

/* Remove node.crt and chain.crt; and node.key. The root stays: it says nothing about this node. What cannot
 * be removed is logged. */
void certificate_folder_remove(const char *folder);
void certificate_folder_remove_all(const char *folder);

#endif
