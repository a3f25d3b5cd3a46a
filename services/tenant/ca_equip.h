/* The CA in the folders of the revocation services: each of them may have to lead. */
#ifndef LIMEBUS_TENANT_CA_EQUIP_H
#define LIMEBUS_TENANT_CA_EQUIP_H

#include <stdbool.h>

#include "lib/base/err.h"

#define CA_EQUIP_FOLDER "ca"
#define CA_EQUIP_SECRET "ca.passphrase"

/* Append the lines that name folder and passphrase to a service's revocation.conf. */
MUST_USE enum rc ca_configure(const char *service, bool has_secret, struct err *err);

/* Give another revocation service what this one has. Nothing happens where this one has no CA. */
MUST_USE enum rc ca_equip(const char *from, const char *to, struct err *err);

#endif
