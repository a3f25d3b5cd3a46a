#include "lib/crypto/md5.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "lib/base/drop.h"
#include "lib/crypto/fault.h"

struct md5_run {
	EVP_MD *md5;
	EVP_MD_CTX *context;
};

void md5_stop(struct md5_run **run)
{
	if (*run != NULL) {
		EVP_MD_CTX_free((*run)->context);
		EVP_MD_free((*run)->md5);
	}
	free(*run);
	*run = NULL;
}

enum rc md5_start(struct md5_run **out)
{
	DROP(md5_stop) struct md5_run *run = calloc(1, sizeof *run);

	if (run == NULL)
		return RC_NOMEM;
	run->md5 = EVP_MD_fetch(NULL, "MD5", NULL);
	run->context = EVP_MD_CTX_new();
	if (run->md5 == NULL || run->context == NULL ||
		EVP_DigestInit_ex(run->context, run->md5, NULL) != 1) {
		fault_forget();
		return RC_UNSUPPORTED;
	}
	*out = TAKE(run);
	return RC_OK;
}

enum rc md5_add(struct md5_run *run, struct span bytes)
{
	return EVP_DigestUpdate(run->context, bytes.at, bytes.len) == 1 ? RC_OK : fault(NULL, "MD5");
}

enum rc md5_finish(struct md5_run *run, uint8_t out[static MD5_BYTES])
{
	if (EVP_DigestFinal_ex(run->context, out, NULL) != 1 ||
		EVP_DigestInit_ex(run->context, run->md5, NULL) != 1)
		return fault(NULL, "MD5");
	return RC_OK;
}
