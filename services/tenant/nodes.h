/* Nodes as the registrar's signed records describe them. The signature says that a registrar wrote it;
 * whether the node is what the tenant wants is asked in vouch.h. */
#ifndef LIMEBUS_TENANT_NODES_H
#define LIMEBUS_TENANT_NODES_H

#include "lib/base/hex.h"
#include "lib/trust/record.h"
#include "services/tenant/session.h"

/* A record; view.body.node borrows from it. */
struct known_node {
	struct blob record;
	struct record_view view;
	char alias[NAME_MAX_BYTES + 1];
	char digits[HEX_BYTES(NODE_ID_BYTES)];
};
void known_node_release(struct known_node *node);

static inline const struct msg_node *known_node_body(const struct known_node *node)
{
	return &node->view.body.node;
}

/* Alias, or else the beginning of the id: what people call it. Borrows. */
const char *known_node_name(const struct known_node *node);

/* How sure it must be that a name means that node. */
enum naming {
	NAMING_SHOWN,  /* to show something: the registrar's word is enough unless our own file says otherwise
	                */
	NAMING_CERTAIN /* to give it something: an id, or an alias that is in our own file */
};

/*
 * NAME is an id, at least 8 digits of one, or an alias. RC_DENIED: the record is not signed by a registrar,
 * or is another node's than the one that was asked for; an alias that means another node in our own file, or,
 * with NAMING_CERTAIN, is not there.
 */
MUST_USE enum rc nodes_find(struct session *session, const char *name, enum naming naming,
	struct known_node *out, struct err *err);

/* The record of this id as it is now. */
MUST_USE enum rc nodes_get(struct session *session, const uint8_t id[static NODE_ID_BYTES],
	struct known_node *out, struct err *err);

/* Every node, by rising id. RC_DENIED as above. Stops when each returns another code than RC_OK. */
typedef enum rc nodes_each_fn(void *ctx, const struct known_node *node, struct err *err);
MUST_USE enum rc nodes_each(struct session *session, nodes_each_fn *each, void *ctx, struct err *err);

/* Is this the beginning of an id, or all of it: 8 to 64 hexadecimal digits? */
bool nodes_is_digits(const char *name);

#endif
