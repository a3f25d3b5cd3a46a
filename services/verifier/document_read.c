/* Documents out of Redis, after each load: chunk by chunk, one document at a time. */
#include <stdio.h>

#include "lib/base/log.h"
#include "services/verifier/inner.h"

static void next_piece(struct verifier *verifier);

static struct policy_entry *entry_of(struct verifier *verifier)
{
	return policies_edit(&verifier->policies, verifier->documents.reading.document);
}

/* The lease was lost meanwhile, or the verifier ends. */
static bool is_over(const struct verifier *verifier, uint64_t generation)
{
	return verifier->is_closing || !shard_is_acting(&verifier->shard) ||
	       generation != verifier->shard.generation;
}

static void stop(struct verifier *verifier)
{
	struct reading *reading = &verifier->documents.reading;

	compiler_forget(verifier->documents.compiler, &reading->bytes);
	*reading = (struct reading){0};
}

/* The nodes of this policy waited for it. */
static void settled(struct verifier *verifier, struct policy_entry *entry)
{
	entry->was_read = true;
	entry->is_compiling = false;
	for (struct node *node = verifier->nodes.first; node != NULL; node = node->next) {
		if (node->kept.number == 0 || memcmp(node->kept.policy, entry->hash, HASH_BYTES) != 0)
			continue;
		node_bind(verifier, node);
		challenge_soon(verifier, node);
	}
}

static void wanting(struct verifier *verifier, struct policy_entry *entry, enum rc rc, const char *why)
{
	char text[POLICY_WHY_BYTES + POLICY_NAME_MAX + 64];

	entry->is_stored = false;
	snprintf(entry->why, sizeof entry->why, "%s", why);
	snprintf(text, sizeof text, "policy %s: %s%s", entry->name, why,
		entry->is_ready ? "; it goes on from memory" : "; nodes that use it cannot be judged");
	report_store(verifier, rc == RC_NOT_FOUND ? "store.rolledback" : "store.tampered", NULL, text);
	settled(verifier, entry);
}

static void on_compiled(void *ctx, struct compiled *compiled)
{
	struct verifier *verifier = ctx;
	struct policy_entry *entry = policies_edit(&verifier->policies, compiled->document);
	enum rc rc = compiled->rc;

	if (verifier->is_closing || entry == NULL)
		return;
	if (rc == RC_OK)
		rc = policy_entry_set(entry, compiled, &compiled->err);
	if (rc != RC_OK) {
		wanting(verifier, entry, rc,
			compiled->err.text[0] != '\0' ? compiled->err.text : rc_words(rc));
		return;
	}
	entry->is_stored = true;
	log_event(LOG_INFO, "policy.read", "name=%s number=%llu bytes=%llu", entry->name,
		(unsigned long long)entry->number, (unsigned long long)entry->size);
	settled(verifier, entry);
}

/* It is whole: the next one is read while this one is compiled. */
static void finish(struct verifier *verifier)
{
	struct reading *reading = &verifier->documents.reading;
	struct policy_entry *entry = entry_of(verifier);

	if (reading->looks_only) {
		entry->is_stored = true;
		settled(verifier, entry);
	} else if (compiler_give(verifier->documents.compiler, reading->document, &reading->bytes,
			   on_compiled, verifier) != RC_OK) {
		/* Too many wait: again with the next tick. */
		entry->is_compiling = false;
		stop(verifier);
		return;
	}
	stop(verifier);
	documents_read(verifier);
}

static void on_piece(void *ctx, enum rc rc, struct span value)
{
	struct verifier *verifier = ctx;
	struct reading *reading = &verifier->documents.reading;
	struct policy_entry *entry = entry_of(verifier);
	uint64_t left = reading->size - reading->got;
	char why[64];

	if (is_over(verifier, reading->generation) || entry == NULL ||
		(rc != RC_OK && rc != RC_NOT_FOUND && rc != RC_LIMIT && rc != RC_MALFORMED)) {
		if (entry != NULL)
			entry->is_compiling = false;
		stop(verifier);
		return;
	}
	if (rc != RC_OK || value.len != (left < CHUNK_MAX ? left : CHUNK_MAX)) {
		snprintf(why, sizeof why, "its document in Redis is %s at byte %zu",
			rc == RC_NOT_FOUND ? "gone" : "altered", reading->got);
		stop(verifier);
		wanting(verifier, entry, rc == RC_OK ? RC_DENIED : rc, why);
		documents_read(verifier);
		return;
	}
	if (!reading->looks_only)
		memcpy(reading->bytes.at + reading->got, value.at, value.len);
	reading->got += value.len;
	if (reading->got == reading->size)
		finish(verifier);
	else
		next_piece(verifier);
}

static void next_piece(struct verifier *verifier)
{
	struct reading *reading = &verifier->documents.reading;
	char key[DOCUMENT_KEY_BYTES], piece[DOCUMENT_PIECE_BYTES];

	if (store_hash_get(service_store(verifier->service), document_key(reading->document, key),
		    span_text(document_piece(reading->got, piece)), CHUNK_MAX, on_piece, verifier) == RC_OK)
		return;
	entry_of(verifier)->is_compiling = false;
	stop(verifier);
}

void documents_read(struct verifier *verifier)
{
	struct reading *reading = &verifier->documents.reading;
	struct policy_entry *entry = policies_unread(&verifier->policies);

	if (reading->is_going || entry == NULL)
		return;
	*reading = (struct reading){
		.is_going = true, .generation = verifier->shard.generation, .size = entry->size};
	memcpy(reading->document, entry->hash, HASH_BYTES);
	reading->looks_only = entry->is_ready;
	if (entry->is_ready)
		reading->got = (size_t)((entry->size - 1) / CHUNK_MAX * CHUNK_MAX);
	else if (region_open((size_t)entry->size, &reading->bytes) != RC_OK) {
		log_event(LOG_ERROR, "policy.unread", "name=%s out of memory", entry->name);
		*reading = (struct reading){0};
		return;
	}
	entry->is_compiling = true;
	next_piece(verifier);
}
