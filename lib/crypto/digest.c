#include "lib/crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "lib/crypto/algorithms.h"
#include "lib/crypto/fault.h"
#include "lib/crypto/sha.h"

struct digest_run {
	enum digest_alg alg;
	EVP_MD_CTX *context;
};

/* One context a thread and algorithm, for one-shot digests: making one costs more than hashing 64 bytes. */
struct contexts {
	EVP_MD_CTX *of[DIGEST_COUNT];
};

static pthread_key_t contexts_key;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;
static bool contexts_key_made;

struct facts {
	const char *words;
	size_t bytes;
	uint16_t tpm_id;
};

static const struct facts facts[DIGEST_COUNT] = {[DIGEST_NONE] = {"none", 0, 0},
#define DIGEST_FACTS(name, words, bytes, tpm_id, libcrypto) [DIGEST_##name] = {words, bytes, tpm_id},
	DIGEST_LIST(DIGEST_FACTS)
#undef DIGEST_FACTS
};

static const struct facts *facts_of(enum digest_alg alg)
{
	return &facts[(unsigned)alg < DIGEST_COUNT ? alg : DIGEST_NONE];
}

size_t digest_size(enum digest_alg alg)
{
	return facts_of(alg)->bytes;
}

uint16_t digest_tpm_id(enum digest_alg alg)
{
	return facts_of(alg)->tpm_id;
}

const char *digest_name(enum digest_alg alg)
{
	return facts_of(alg)->words;
}

enum digest_alg digest_of_tpm_id(uint16_t tpm_id)
{
	for (enum digest_alg alg = DIGEST_NONE + 1; alg < DIGEST_COUNT; alg++)
		if (facts[alg].tpm_id == tpm_id)
			return alg;
	return DIGEST_NONE;
}

enum digest_alg digest_of_name(struct span name)
{
	for (enum digest_alg alg = DIGEST_NONE + 1; alg < DIGEST_COUNT; alg++)
		if (span_is(name, facts[alg].words))
			return alg;
	return DIGEST_NONE;
}

bool digest_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}

static void contexts_free(void *value)
{
	struct contexts *contexts = value;

	for (size_t i = 0; i < DIGEST_COUNT; i++)
		EVP_MD_CTX_free(contexts->of[i]);
	free(contexts);
}

static void contexts_key_make(void)
{
	contexts_key_made = pthread_key_create(&contexts_key, contexts_free) == 0;
}

/* This thread's context for alg; NULL if memory is short. Freed when the thread ends. */
static EVP_MD_CTX *context_of(enum digest_alg alg)
{
	struct contexts *contexts;

	pthread_once(&contexts_once, contexts_key_make);
	if (!contexts_key_made)
		return NULL;
	contexts = pthread_getspecific(contexts_key);
	if (contexts == NULL) {
		contexts = calloc(1, sizeof *contexts);
		if (contexts == NULL)
			return NULL;
		if (pthread_setspecific(contexts_key, contexts) != 0) {
			free(contexts);
			return NULL;
		}
	}
	if (contexts->of[alg] == NULL)
		contexts->of[alg] = EVP_MD_CTX_new();
	return contexts->of[alg];
}

static enum rc failed(void)
{
	return fault(NULL, "digest");
}

static enum rc evp_spans(enum digest_alg alg, const struct span *spans, size_t count, uint8_t *out)
{
	EVP_MD *md = algorithm_digest(alg);
	EVP_MD_CTX *context;

	if (md == NULL)
		return RC_UNSUPPORTED;
	context = context_of(alg);
	if (context == NULL)
		return RC_NOMEM;
	if (EVP_DigestInit_ex2(context, md, NULL) != 1)
		return failed();
	for (size_t i = 0; i < count; i++)
		if (EVP_DigestUpdate(context, spans[i].at, spans[i].len) != 1)
			return failed();
	if (EVP_DigestFinal_ex(context, out, NULL) != 1)
		return failed();
	return RC_OK;
}

enum rc digest_spans(enum digest_alg alg, const struct span *spans, size_t count, uint8_t *out)
{
	enum rc rc = sha_spans(alg, spans, count, out);

	return rc == RC_UNSUPPORTED ? evp_spans(alg, spans, count, out) : rc;
}

enum rc digest_bytes(enum digest_alg alg, struct span bytes, uint8_t *out)
{
	return digest_spans(alg, &bytes, 1, out);
}

enum rc digest_start(enum digest_alg alg, struct digest_run **out)
{
	DROP(digest_stop) struct digest_run *run = NULL;
	EVP_MD *md = algorithm_digest(alg);

	if (md == NULL)
		return RC_UNSUPPORTED;
	run = calloc(1, sizeof *run);
	if (run == NULL)
		return RC_NOMEM;
	run->alg = alg;
	run->context = EVP_MD_CTX_new();
	if (run->context == NULL)
		return RC_NOMEM;
	if (EVP_DigestInit_ex2(run->context, md, NULL) != 1)
		return failed();
	digest_stop(out);
	*out = TAKE(run);
	return RC_OK;
}

enum rc digest_add(struct digest_run *run, struct span bytes)
{
	return EVP_DigestUpdate(run->context, bytes.at, bytes.len) == 1 ? RC_OK : failed();
}

enum rc digest_finish(struct digest_run *run, uint8_t *out)
{
	if (EVP_DigestFinal_ex(run->context, out, NULL) != 1)
		return failed();
	if (EVP_DigestInit_ex2(run->context, algorithm_digest(run->alg), NULL) != 1)
		return failed();
	return RC_OK;
}

void digest_stop(struct digest_run **run)
{
	if (*run != NULL)
		EVP_MD_CTX_free((*run)->context);
	free(*run);
	*run = NULL;
}
