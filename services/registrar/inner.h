/* Private to the registrar: what its files share. */
#ifndef LIMEBUS_REGISTRAR_INNER_H
#define LIMEBUS_REGISTRAR_INNER_H

#include "lib/service/service.h"
#include "lib/trust/record.h"
#include "lib/trust/registration.h"
#include "services/registrar/directory.h"
#include "services/registrar/pending.h"
#include "services/registrar/registrar.h"
#include "services/registrar/resign.h"

#define KEY_NODE  "lb:{0}:node"
#define KEY_NK    "lb:{0}:nk"
#define KEY_ALIAS "lb:{0}:alias"

struct registrar {
	const struct registrar_config *config;
	struct cert_roots *roots;
	struct allow_list allowed;
	struct service *service;
	struct pending_table *pending;
	struct directory directory; /* as Redis has it, once it is loaded */
	struct directory loading;
	struct resigns resigns;
	bool is_loaded;
	bool is_closing;
	uint64_t enrolled; /* since the start */
	uint64_t refused;
};

/* "node/<id>" and "alias/<alias>": the key that a record names, as lib/trust/record.h wants it. */
#define RECORD_KEY_BYTES 160
char *record_key(const char *kind, struct span name, char out[static RECORD_KEY_BYTES]);

/* A version that is above `known` and above everything written before, even if the store forgot it:
 * wall-clock ms, or known + 1. */
uint64_t next_version(const struct registrar *registrar, uint64_t known);

/* Open a node record that this or another registrar signed, at least of the version that the directory knows.
 */
MUST_USE enum rc open_node(const struct registrar *registrar, const uint8_t id[static NODE_ID_BYTES],
	struct span bytes, struct record_view *out, struct err *err);

/* Read everything from Redis; the directory is replaced when it is complete. */
void load_begin(struct registrar *registrar);

server_handler enrol_on_register;
server_handler enrol_on_activate;
server_handler ask_on_node_get;
server_handler ask_on_node_list;
server_handler alias_on_put;

#endif
