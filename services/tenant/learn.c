#include "services/tenant/learn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/crypto/cert.h"
#include "lib/evidence/ima_signature.h"
#include "lib/policy/boot_learn.h"
#include "services/tenant/learn_list.h"

#define WARNING_BYTES 1024

enum rc learning_init(struct learning *learning, struct err *err)
{
	*learning = (struct learning){0};
	if (ima_builder_open(&learning->ima) != RC_OK)
		return err_set(err, RC_NOMEM, "out of memory");
	return RC_OK;
}

void learning_release(struct learning *learning)
{
	ima_builder_close(&learning->ima);
	boot_policy_release(&learning->boot);
	pcr_policy_release(&learning->pcrs);
	for (size_t i = 0; i < learning->key_count; i++)
		public_key_release(&learning->keys[i].key);
	pattern_set_release(&learning->excludes);
	blob_release(&learning->warnings);
	*learning = (struct learning){0};
}

enum rc learning_warn(struct learning *learning, const char *format, ...)
{
	char text[WARNING_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	TRY(blob_append(&learning->warnings, span_text(text)));
	return blob_append(&learning->warnings, span_text("\n"));
}

/* ---- a base ---- */

static enum rc take_pcrs(struct pcr_policy *into, const struct pcr_policy *from)
{
	for (size_t i = 0; i < from->count; i++)
		for (size_t v = 0; v < from->rules[i].count; v++)
			TRY(pcr_policy_allow(into, from->rules[i].alg, from->rules[i].pcr,
				pcr_policy_value(from, &from->rules[i], v)));
	return RC_OK;
}

enum rc learn_base(struct learning *learning, struct span json, struct err *err)
{
	DROP(policy_release) struct policy base = {0};
	enum rc rc;

	TRY(policy_parse(json, &base, err));
	rc = take_pcrs(&learning->pcrs, &base.pcrs);
	if (rc != RC_OK)
		return err_set(err, rc, "the PCR values of the base: %s", rc_words(rc));
	if (!learning->no_boot)
		TRY(boot_policy_merge(&learning->boot, &base.boot, err));
	if (!learning->no_ima && base.has_ima) {
		TRY(ima_builder_load(learning->ima, json, err));
		learning->has_ima = true;
	}
	learning->banks = base.banks;
	learning->valid_until_ms = base.valid_until_ms;
	return RC_OK;
}

/* ---- logs that nothing proves ---- */

enum rc learn_boot_log(struct learning *learning, const char *name, struct span log, struct err *err)
{
	enum rc rc = boot_learn(log, NULL, &learning->boot, &learning->warnings, err);

	if (rc == RC_NOT_FOUND)
		return err_set(err, RC_MALFORMED,
			"%s: the event log is empty: nothing can be learned from it", name);
	return rc == RC_OK ? RC_OK : err_wrap(err, rc, "%s: ", name);
}

enum rc learn_list(struct learning *learning, const char *name, struct span list, struct err *err)
{
	DROP(list_walk_release) struct list_walk walk = {0};
	uint8_t hash[DIGEST_BYTES_MAX];
	struct ima_entry entry;
	bool ended = false;

	TRY(list_walk_begin(&walk, name, list, &ended, err));
	while (!ended) {
		TRY(list_walk_next(&walk, &entry, &ended, err));
		if (ended)
			break;
		if (!entry.is_violation && (ima_template_hash(walk.list.format.hash, entry.fields.template,
						    entry.data, entry.big_endian, hash) != RC_OK ||
						   !span_equal(entry.hash, span_of(hash, entry.hash.len))))
			return err_set(err, RC_DENIED,
				"%s: entry %" PRIu64 " contradicts itself: its hash is not that of its data",
				name, walk.at);
		TRY(learn_entry(learning, &entry, err));
	}
	return learning_warn(
		learning, "%s: nothing proves this list: it is as good as where it comes from", name);
}

enum rc learn_exclude(struct learning *learning, const char *glob, struct err *err)
{
	TRY(pattern_set_add(&learning->excludes, PATTERN_GLOB, span_text(glob), err));
	return ima_builder_pattern(learning->ima, IMA_EXCLUDES, span_text(glob), err);
}

/* ---- keys ---- */

/* The file's name without its folder and ending, as far as it may stand in a policy. */
static void name_key(const char *path, char out[static IMA_KEY_NAME_MAX + 1])
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base == NULL ? path : base + 1;
	len = strcspn(base, ".") == 0 ? strlen(base) : strcspn(base, ".");
	if (len > IMA_KEY_NAME_MAX)
		len = IMA_KEY_NAME_MAX;
	memcpy(out, base, len);
	out[len] = '\0';
}

/* PEM; or DER, which the kernel takes. */
static enum rc read_key(struct span bytes, struct public_key **out, struct err *err)
{
	DROP(blob_release) struct blob der = {0};
	DROP(cert_release) struct cert *cert = NULL;

	if (bytes.len == 0 || bytes.at[0] != 0x30)
		return public_key_of_file(bytes, out, err);
	if (public_key_of_der(bytes, out, NULL) == RC_OK)
		return RC_OK;
	TRY(cert_parse(bytes, &cert, err));
	if (cert_key(cert) == NULL)
		return err_set(
			err, RC_UNSUPPORTED, "expected RSA of 2048 to 4096 bits, or a key on P-256 or P-384");
	TRY(public_key_to_der(cert_key(cert), &der, err));
	return public_key_of_der(blob_span(&der), out, err);
}

enum rc learn_key(struct learning *learning, const char *path, struct span bytes, struct err *err)
{
	struct learned_key *key = &learning->keys[learning->key_count];

	if (learning->key_count == LEARN_KEYS_MAX)
		return err_set(err, RC_LIMIT, "more than %u keys", LEARN_KEYS_MAX);
	if (read_key(bytes, &key->key, err) != RC_OK)
		return err_wrap(err, err->rc, "%s: ", path);
	learning->key_count++;
	if (ima_key_id(key->key, &key->id) != RC_OK)
		return err_set(err, RC_CRYPTO, "%s: its identifier cannot be computed", path);
	name_key(path, key->name);
	return RC_OK;
}

static enum rc put_keys(struct learning *learning, struct err *err)
{
	for (size_t i = 0; i < learning->key_count; i++) {
		DROP(blob_release) struct blob spki = {0};
		struct learned_key *key = &learning->keys[i];

		if (!key->is_used && learning->counts.entries != 0) {
			TRY(learning_warn(learning,
				"key %s (%08x): nothing in the lists is signed with it: it is left out",
				key->name, key->id));
			continue;
		}
		TRY(public_key_to_der(key->key, &spki, err));
		TRY(ima_builder_key(learning->ima, key->name, blob_span(&spki),
			key->has_other_id ? &key->id : NULL, err));
		learning->has_ima = true;
	}
	return RC_OK;
}

enum rc learn_listed_aggregate(struct learning *learning, struct err *err)
{
	for (size_t i = 0; i < learning->aggregate_count; i++) {
		const struct learned_aggregate *aggregate = &learning->aggregates[i];
		enum rc rc = ima_builder_digest(learning->ima, DIGEST_OF_FILE, span_text("boot_aggregate"),
			aggregate->hash, span_of(aggregate->digest, aggregate->len));

		if (rc != RC_OK)
			return err_set(err, rc, "boot_aggregate: %s", rc_words(rc));
	}
	ima_builder_rules(learning->ima)->boot_aggregate = IMA_BOOT_AGGREGATE_LISTED;
	return learning_warn(learning,
		"no quote here has the bank that boot_aggregate is made of: its value is demanded as it was, and changes "
		"whenever the firmware or the boot loader does (\"boot-aggregate\": \"listed\")");
}

/* ---- the end ---- */

enum rc learning_finish(struct learning *learning, struct err *err)
{
	const struct learned_counts *counts = &learning->counts;
	size_t dropped;

	TRY(put_keys(learning, err));
	TRY(ima_builder_drop_excluded(learning->ima, &dropped));
	if (counts->violations != 0)
		TRY(learning_warn(learning,
			"%" PRIu64
			" measurements were violated (files that were written while they were measured): violations "
			"of these files are accepted from now on (\"violations-accepted\")",
			counts->violations));
	if (counts->unknown != 0)
		TRY(learning_warn(learning,
			"nothing could be learned from %" PRIu64
			" entries: they are of another PCR, or their template or digest is not known",
			counts->unknown));
	if (counts->weak != 0)
		TRY(learning_warn(learning,
			"%" PRIu64
			" digests are SHA-1 or weaker, and accepted from now on (\"digest-algorithms\"): other "
			"content with the same digest can be made. Boot with ima_hash=sha256",
			counts->weak));
	for (size_t i = 0; i < learning->hint_count; i++)
		TRY(learning_warn(learning,
			"%s: %" PRIu64
			" measurement%s of what other machines may have otherwise, or this one later; to leave it "
			"out: --exclude '%s'",
			learning->hints[i].glob, learning->hints[i].count,
			learning->hints[i].count == 1 ? "" : "s", learning->hints[i].glob));
	return RC_OK;
}

enum rc learning_write(
	struct learning *learning, const struct policy_head *head, struct blob *out, struct err *err)
{
	struct policy_parts parts = {
		.banks = learning->banks.count == 0 ? NULL : &learning->banks,
		.pcrs = learning->pcrs.count == 0 ? NULL : &learning->pcrs,
		.boot = learning->boot.there ? &learning->boot : NULL,
		.ima = learning->has_ima ? learning->ima : NULL,
	};

	if (parts.pcrs == NULL && parts.boot == NULL && parts.ima == NULL)
		return err_set(err, RC_MALFORMED, "nothing was learned: the policy would say nothing at all");
	blob_clear(out);
	return policy_write_parts(head, &parts, out, err);
}
