#include "services/verifier/compiler.h"

#include <stdlib.h>

#include "lib/bus/actor.h"
#include "lib/crypto/digest.h"

/* Below this it is released at once. */
#define LARGE_BYTES (1u << 20)

struct compiler {
	struct actor *actor;
};

/* done NULL: the bytes are released, nothing else. */
struct job {
	struct compiled compiled;
	compiler_done *done;
	void *ctx;
};

static void job_drop(struct job **job)
{
	if (*job == NULL)
		return;
	region_release(&(*job)->compiled.bytes);
	policy_release(&(*job)->compiled.policy);
	region_release(&(*job)->compiled.image);
	free(*job);
	*job = NULL;
}

/* ---- in the thread ---- */

/* One copy for all nodes, of exactly its size. */
static enum rc make_image(struct compiled *compiled, struct err *err)
{
	DROP(blob_release) struct blob image = {0};

	TRY(policy_compile(region_span(&compiled->bytes), &image, err));
	TRY(region_open(image.len, &compiled->image));
	memcpy(compiled->image.at, image.at, image.len);
	TRY(region_seal(&compiled->image));
	return policy_open(region_span(&compiled->image), &compiled->policy, err);
}

static enum rc compile(struct compiled *compiled, struct err *err)
{
	uint8_t hash[DIGEST_SHA256_BYTES];

	TRY(digest_bytes(DIGEST_SHA256, region_span(&compiled->bytes), hash));
	if (!digest_equal(SPAN(hash), SPAN(compiled->document)))
		return err_set(err, RC_DENIED, "the document is not the one that has this hash");
	return make_image(compiled, err);
}

static void work(void *mind, void *at)
{
	struct job *job = at;

	(void)mind;
	if (job->done == NULL)
		region_release(&job->compiled.bytes);
	else
		job->compiled.rc = compile(&job->compiled, &job->compiled.err);
}

/* ---- in the loop ---- */

static void on_done(void *ctx, void *at)
{
	DROP(job_drop) struct job *job = at;
	struct compiler *compiler = ctx;

	if (job->done == NULL)
		return;
	job->done(job->ctx, &job->compiled);
	compiler_forget(compiler, &job->compiled.bytes);
}

static void on_drop(void *ctx, void *at)
{
	struct job *job = at;

	(void)ctx;
	job_drop(&job);
}

static enum rc give(struct compiler *compiler, const uint8_t *document, struct region *bytes,
	compiler_done *done, void *ctx)
{
	struct job *job = calloc(1, sizeof *job);
	enum rc rc;

	if (job == NULL)
		return RC_NOMEM;
	if (document != NULL)
		memcpy(job->compiled.document, document, POLICY_ID_BYTES);
	job->compiled.bytes = *bytes;
	job->done = done;
	job->ctx = ctx;
	rc = actor_give(compiler->actor, job);
	if (rc != RC_OK) {
		free(job);
		return rc;
	}
	*bytes = (struct region){0};
	return RC_OK;
}

enum rc compiler_give(struct compiler *compiler, const uint8_t document[static POLICY_ID_BYTES],
	struct region *bytes, compiler_done *done, void *ctx)
{
	return give(compiler, document, bytes, done, ctx);
}

void compiler_forget(struct compiler *compiler, struct region *bytes)
{
	if (compiler != NULL && bytes->len > LARGE_BYTES && give(compiler, NULL, bytes, NULL, NULL) == RC_OK)
		return;
	region_release(bytes);
}

enum rc compiler_open(struct loop *loop, struct compiler **out, struct err *err)
{
	DROP(compiler_close) struct compiler *compiler = calloc(1, sizeof *compiler);
	struct actor_options options = {.work = work, .done = on_done, .drop = on_drop, .ctx = compiler};

	if (compiler == NULL)
		return err_set(err, RC_NOMEM, "out of memory");
	TRY(actor_open(loop, &options, &compiler->actor, err));
	*out = TAKE(compiler);
	return RC_OK;
}

void compiler_close(struct compiler **compiler)
{
	if (*compiler == NULL)
		return;
	if ((*compiler)->actor != NULL)
		actor_close(&(*compiler)->actor);
	free(*compiler);
	*compiler = NULL;
}
