#include "services/tenant/learn_list.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/crypto/cert.h"
#include "lib/evidence/ima_replay.h"
#include "lib/evidence/ima_signature.h"
#include "lib/policy/verdict.h"

#define SHOWN_BYTES 256

void list_walk_release(struct list_walk *walk)
{
	blob_release(&walk->room);
	*walk = (struct list_walk){0};
}

enum rc list_walk_begin(
	struct list_walk *walk, const char *name, struct span list, bool *out_empty, struct err *err)
{
	enum rc rc = ima_format_guess(list, &walk->list.format);

	*out_empty = list.len == 0;
	if (*out_empty)
		return RC_OK;
	if (rc != RC_OK)
		return err_set(
			err, RC_MALFORMED, "%s: no list of the kernel's IMA, neither binary nor ASCII", name);
	if (walk->list.format.is_ascii && blob_resize(&walk->room, IMA_ENTRY_MAX) != RC_OK)
		return err_set(err, RC_NOMEM, "%s: out of memory", name);
	walk->name = name;
	walk->list.left = list;
	walk->list.room = walk->room.at;
	walk->list.room_len = walk->room.len;
	return RC_OK;
}

enum rc list_walk_next(struct list_walk *walk, struct ima_entry *out, bool *out_ended, struct err *err)
{
	enum ima_step step = ima_list_next(&walk->list, out);

	*out_ended = step == IMA_STEP_END;
	if (step == IMA_STEP_PARTIAL || step == IMA_STEP_BROKEN)
		return err_set(err, RC_MALFORMED, "%s: entry %" PRIu64 " %s", walk->name, walk->at + 1,
			step == IMA_STEP_PARTIAL ? "is cut short" : "is none");
	walk->at++;
	return RC_OK;
}

/* ---- one entry ---- */

static enum rc told(enum rc rc, struct span name, struct err *err)
{
	char shown[SHOWN_BYTES];

	if (rc == RC_OK)
		return RC_OK;
	return err_set(err, rc, "%s: cannot be taken into a policy: %s",
		finding_name_text(name, shown, sizeof shown), rc_words(rc));
}

/* A glob that matches this name and nothing else. */
static enum rc exactly(struct span name, struct blob *out)
{
	for (size_t i = 0; i < name.len; i++) {
		if (memchr("*?[]\\", name.at[i], 5) != NULL)
			TRY(blob_append(out, span_text("\\")));
		TRY(blob_append(out, span_of(name.at + i, 1)));
	}
	return RC_OK;
}

static enum rc take_violation(struct learning *learning, struct span name, struct err *err)
{
	DROP(blob_release) struct blob glob = {0};
	char shown[SHOWN_BYTES];

	learning->counts.violations++;
	if (name.len == 0)
		return RC_OK;
	TRY(exactly(name, &glob));
	if (ima_builder_pattern(learning->ima, IMA_VIOLATIONS_ACCEPTED, blob_span(&glob), err) == RC_OK)
		return RC_OK;
	return learning_warn(learning, "%s: its violation cannot be accepted: %s",
		finding_name_text(name, shown, sizeof shown), err->text);
}

/* Signatures that a key is tried on although they name another one: certificates may say an identifier that
 * does not follow from the key. */
#define TRIES_MAX 256

static enum rc try_key(
	struct learned_key *key, const struct ima_signature *signature, const struct ima_fields *fields)
{
	enum rc rc;

	if (key->is_used || (key->id != signature->key_id && key->tries++ >= TRIES_MAX))
		return RC_OK;
	rc = ima_signature_verify(
		signature, key->key, kernel_hash_digest(fields->digest.hash), fields->digest.value);
	if (rc == RC_NOMEM || rc == RC_CRYPTO)
		return rc;
	key->is_used = rc == RC_OK;
	key->has_other_id = key->is_used && key->id != signature->key_id;
	if (key->is_used)
		key->id = signature->key_id;
	return RC_OK;
}

/* Has one of the given keys made this signature? Then the policy gets that key. */
static enum rc try_signature(struct learning *learning, const struct ima_fields *fields)
{
	struct ima_signature signature;

	if (fields->signature.len == 0 || ima_signature_parse(fields->signature, &signature) != RC_OK)
		return RC_OK;
	for (size_t i = 0; i < learning->key_count; i++)
		TRY(try_key(&learning->keys[i], &signature, fields));
	return RC_OK;
}

/* ---- files that other machines have otherwise ---- */

static const char *const own_files[] = {
	"/etc/machine-id",
	"/var/lib/dbus/machine-id",
	"/etc/hostname",
	"/etc/hosts",
	"/etc/resolv.conf",
	"/etc/fstab",
	"/etc/crypttab",
	"/etc/adjtime",
	"/etc/ssh/ssh_host_*",
	"/var/log/**",
	"/var/cache/**",
	"/var/lib/**",
	"/var/spool/**",
	"/var/tmp/**",
};

/* Folders whose files come with the system or its initial one, so that machines share them. */
static const char *const system_folders[] = {"bin", "conf", "cryptroot", "scripts", "boot", "etc", "gnu",
	"lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "snap", "usr", "var"};

static void add_hint(struct learning *learning, const char *glob)
{
	for (size_t i = 0; i < learning->hint_count; i++) {
		if (strcmp(learning->hints[i].glob, glob) == 0) {
			learning->hints[i].count++;
			return;
		}
	}
	if (learning->hint_count == LEARN_HINTS_MAX)
		return;
	snprintf(learning->hints[learning->hint_count].glob, LEARN_HINT_BYTES, "%s", glob);
	learning->hints[learning->hint_count++].count = 1;
}

/* "/host/x" gives "/host/<two stars>"; nothing for what is no plain path, or lies in the system's folders. */
static bool outside(struct span name, char out[static LEARN_HINT_BYTES])
{
	const uint8_t *slash = name.len < 2 ? NULL : memchr(name.at + 1, '/', name.len - 1);
	size_t len = slash == NULL ? 0 : (size_t)(slash - name.at) - 1;

	if (len == 0 || len + 5 > LEARN_HINT_BYTES || name.at[0] != '/')
		return false;
	for (size_t i = 0; i < COUNT(system_folders); i++)
		if (span_is(span_of(name.at + 1, len), system_folders[i]))
			return false;
	for (size_t i = 1; i <= len; i++)
		if (name.at[i] <= 0x20 || name.at[i] >= 0x7f || strchr("*?[]\\'", name.at[i]) != NULL)
			return false;
	snprintf(out, LEARN_HINT_BYTES, "/%.*s/**", (int)len, (const char *)name.at + 1);
	return true;
}

static bool begins(struct span name, const char *with)
{
	return name.len >= strlen(with) && memcmp(name.at, with, strlen(with)) == 0;
}

static bool is_variable(struct span name)
{
	return begins(name, "/etc/") || begins(name, "/var/");
}

static enum rc hint_at(struct learning *learning, const struct ima_fields *fields)
{
	char glob[LEARN_HINT_BYTES];
	bool matches = false;

	for (size_t i = 0; i < COUNT(own_files) && is_variable(fields->name); i++) {
		DROP(pattern_set_release) struct pattern_set one = {0};

		TRY(pattern_set_add(&one, PATTERN_GLOB, span_text(own_files[i]), NULL));
		TRY(pattern_set_match(&one, fields->name, &matches));
		if (matches)
			add_hint(learning, own_files[i]);
		if (matches)
			return RC_OK;
	}
	if (outside(fields->name, glob))
		add_hint(learning, glob);
	return RC_OK;
}

/* ---- digests ---- */

static bool is_weak(enum kernel_hash hash)
{
	return hash == KERNEL_HASH_MD4 || hash == KERNEL_HASH_MD5 || hash == KERNEL_HASH_SHA1 ||
	       hash == KERNEL_HASH_RMD128;
}

static enum rc take_digest(
	struct learning *learning, enum digest_kind kind, const struct ima_fields *fields, struct err *err)
{
	enum kernel_hash hash = fields->digest.hash;

	if (!fields->digest.has_size || hash == KERNEL_HASH_COUNT) {
		learning->counts.unknown++;
		return RC_OK;
	}
	learning->counts.weak += is_weak(hash);
	ima_builder_rules(learning->ima)->strong |= 1u << hash;
	return told(ima_builder_digest(learning->ima, kind, fields->name, hash, fields->digest.value),
		fields->name, err);
}

/* Nothing at all says nothing of a machine. */
static bool is_of_nothing(const struct ima_digest *digest)
{
	uint8_t empty[DIGEST_BYTES_MAX];

	enum digest_alg alg = kernel_hash_digest(digest->hash);

	return alg != DIGEST_NONE && digest_bytes(alg, (struct span){0}, empty) == RC_OK &&
	       span_equal(digest->value, span_of(empty, digest_size(alg)));
}

static enum rc take_file(struct learning *learning, const struct ima_fields *fields, struct err *err)
{
	bool is_excluded = false;

	TRY(told(pattern_set_match(&learning->excludes, fields->name, &is_excluded), fields->name, err));
	if (is_excluded)
		return RC_OK;
	if (!is_of_nothing(&fields->digest))
		TRY(told(hint_at(learning, fields), fields->name, err));
	TRY(told(try_signature(learning, fields), fields->name, err));
	return take_digest(learning, DIGEST_OF_FILE, fields, err);
}

static void take_aggregate(struct learning *learning, const struct ima_fields *fields)
{
	struct learned_aggregate aggregate = {.hash = fields->digest.hash, .len = fields->digest.value.len};

	if (!fields->digest.has_size || aggregate.hash == KERNEL_HASH_COUNT ||
		learning->aggregate_count == LEARN_AGGREGATES_MAX)
		return;
	memcpy(aggregate.digest, fields->digest.value.at, aggregate.len);
	learning->aggregates[learning->aggregate_count++] = aggregate;
}

/* As the judge tells them apart: certificates, wherever they go, and what goes to a keyring of the kernel. */
static enum digest_kind kind_of_buffer(const struct ima_fields *fields)
{
	DROP(cert_release) struct cert *cert = NULL;

	if (fields->name.at[0] == '.' || cert_parse(fields->buffer, &cert, NULL) == RC_OK)
		return DIGEST_OF_KEYRING;
	return DIGEST_OF_BUFFER;
}

/* By its own digest, and by SHA-256 where that is weak: the data are there. */
static enum rc take_buffer(struct learning *learning, const struct ima_fields *fields, struct err *err)
{
	enum digest_kind kind = kind_of_buffer(fields);
	uint8_t digest[DIGEST_SHA256_BYTES];

	if (!fields->digest.has_size || is_weak(fields->digest.hash)) {
		TRY(told(digest_bytes(DIGEST_SHA256, fields->buffer, digest), fields->name, err));
		TRY(told(ima_builder_digest(
				 learning->ima, kind, fields->name, KERNEL_HASH_SHA256, SPAN(digest)),
			fields->name, err));
	}
	return take_digest(learning, kind, fields, err);
}

enum rc learn_entry(struct learning *learning, const struct ima_entry *entry, struct err *err)
{
	const struct ima_fields *fields = &entry->fields;

	learning->has_ima = true;
	learning->counts.entries++;
	/* No quote of PCR 10 proves it: anybody may have put it into the list. */
	if (entry->pcr != IMA_PCR) {
		learning->counts.unknown++;
		return RC_OK;
	}
	if (entry->is_violation)
		return take_violation(learning, fields->name, err);
	if (!fields->understood || fields->name.len == 0) {
		learning->counts.unknown++;
		return RC_OK;
	}
	if (fields->template == IMA_TEMPLATE_BUF)
		return take_buffer(learning, fields, err);
	if (!span_is(fields->name, "boot_aggregate"))
		return take_file(learning, fields, err);
	take_aggregate(learning, fields);
	return RC_OK;
}
