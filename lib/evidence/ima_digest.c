#include "lib/evidence/ima_template.h"

/* include/uapi/linux/hash_info.h and crypto/hash_info.c. SM3 was called "sm3-256" before Linux 5.17. */
static const struct {
	const char *name;
	uint8_t bytes;
	uint8_t alg;
} algorithms[] = {
	{"sha256", 32, DIGEST_SHA256},
	{"sha1", 20, DIGEST_SHA1},
	{"sha512", 64, DIGEST_SHA512},
	{"sha384", 48, DIGEST_SHA384},
	{"sm3", 32, DIGEST_SM3},
	{"sm3-256", 32, DIGEST_SM3},
	{"md4", 16, DIGEST_NONE},
	{"md5", 16, DIGEST_NONE},
	{"rmd128", 16, DIGEST_NONE},
	{"rmd160", 20, DIGEST_NONE},
	{"rmd256", 32, DIGEST_NONE},
	{"rmd320", 40, DIGEST_NONE},
	{"sha224", 28, DIGEST_NONE},
	{"wp256", 32, DIGEST_NONE},
	{"wp384", 48, DIGEST_NONE},
	{"wp512", 64, DIGEST_NONE},
	{"tgr128", 16, DIGEST_NONE},
	{"tgr160", 20, DIGEST_NONE},
	{"tgr192", 24, DIGEST_NONE},
	{"streebog256", 32, DIGEST_NONE},
	{"streebog512", 64, DIGEST_NONE},
	{"sha3-256", 32, DIGEST_NONE},
	{"sha3-384", 48, DIGEST_NONE},
	{"sha3-512", 64, DIGEST_NONE},
};

size_t ima_digest_size(struct span name)
{
	for (size_t i = 0; i < COUNT(algorithms); i++)
		if (span_is(name, algorithms[i].name))
			return algorithms[i].bytes;
	return 0;
}

enum digest_alg ima_digest_alg(struct span name)
{
	for (size_t i = 0; i < COUNT(algorithms); i++)
		if (span_is(name, algorithms[i].name))
			return (enum digest_alg)algorithms[i].alg;
	return DIGEST_NONE;
}
