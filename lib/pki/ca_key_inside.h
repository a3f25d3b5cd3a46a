/* Private to lib/pki: a CA's key in each of its homes. */
#ifndef LIMEBUS_PKI_CA_KEY_INSIDE_H
#define LIMEBUS_PKI_CA_KEY_INSIDE_H

#include "lib/pki/ca_key.h"

#define CA_KEY_FILE_MAX PRIVATE_KEY_PEM_MAX

/* As ca_key_open and ca_key_make have it. */
MUST_USE enum rc key_tpm_open(const struct ca_key_place *place, struct private_key **out, struct err *err);
MUST_USE enum rc key_tpm_make(const struct ca_key_place *place, struct blob *pem, struct err *err);

MUST_USE enum rc key_token_open(const struct ca_key_place *place, struct private_key **out, struct err *err);
MUST_USE enum rc key_token_make(const struct ca_key_place *place, enum key_kind kind, struct err *err);

#endif
