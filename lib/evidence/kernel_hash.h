/* The kernel's numbers and names of hash algorithms: enum hash_algo (linux/include/uapi/linux/hash_info.h)
 * and hash_algo_name (linux/crypto/hash_info.c). IMA writes any of them; lib/crypto computes those that have
 * a digest_alg. */
#ifndef LIMEBUS_EVIDENCE_KERNEL_HASH_H
#define LIMEBUS_EVIDENCE_KERNEL_HASH_H

#include "lib/crypto/digest.h"

/* X(NAME, "name", bytes, digest_alg), in the kernel's order: the first is 0. */
#define KERNEL_HASH_LIST(X)                                                                                  \
	X(MD4, "md4", 16, DIGEST_NONE)                                                                       \
	X(MD5, "md5", 16, DIGEST_NONE)                                                                       \
	X(SHA1, "sha1", 20, DIGEST_SHA1)                                                                     \
	X(RMD160, "rmd160", 20, DIGEST_NONE)                                                                 \
	X(SHA256, "sha256", 32, DIGEST_SHA256)                                                               \
	X(SHA384, "sha384", 48, DIGEST_SHA384)                                                               \
	X(SHA512, "sha512", 64, DIGEST_SHA512)                                                               \
	X(SHA224, "sha224", 28, DIGEST_NONE)                                                                 \
	X(RMD128, "rmd128", 16, DIGEST_NONE)                                                                 \
	X(RMD256, "rmd256", 32, DIGEST_NONE)                                                                 \
	X(RMD320, "rmd320", 40, DIGEST_NONE)                                                                 \
	X(WP256, "wp256", 32, DIGEST_NONE)                                                                   \
	X(WP384, "wp384", 48, DIGEST_NONE)                                                                   \
	X(WP512, "wp512", 64, DIGEST_NONE)                                                                   \
	X(TGR128, "tgr128", 16, DIGEST_NONE)                                                                 \
	X(TGR160, "tgr160", 20, DIGEST_NONE)                                                                 \
	X(TGR192, "tgr192", 24, DIGEST_NONE)                                                                 \
	X(SM3_256, "sm3", 32, DIGEST_SM3)                                                                    \
	X(STREEBOG_256, "streebog256", 32, DIGEST_NONE)                                                      \
	X(STREEBOG_512, "streebog512", 64, DIGEST_NONE)                                                      \
	X(SHA3_256, "sha3-256", 32, DIGEST_NONE)                                                             \
	X(SHA3_384, "sha3-384", 48, DIGEST_NONE)                                                             \
	X(SHA3_512, "sha3-512", 64, DIGEST_NONE)

#define KERNEL_HASH_ENUM(name, words, bytes, alg) KERNEL_HASH_##name,
enum kernel_hash { KERNEL_HASH_LIST(KERNEL_HASH_ENUM) KERNEL_HASH_COUNT };
#undef KERNEL_HASH_ENUM

#define KERNEL_HASH_BYTES_MAX 64

/* KERNEL_HASH_COUNT stands for "none": size 0, name "none", DIGEST_NONE. "sm3-256" is an older name of sm3.
 */
size_t kernel_hash_size(enum kernel_hash hash);
const char *kernel_hash_name(enum kernel_hash hash);
enum kernel_hash kernel_hash_of_name(struct span name);
enum digest_alg kernel_hash_digest(enum kernel_hash hash);
enum kernel_hash kernel_hash_of_digest(enum digest_alg alg);

/* The one that plain hexadecimal of so many bytes means: 16 md5, 20 sha1, 28 sha224, 32 sha256, 48 sha384,
 * 64 sha512. */
enum kernel_hash kernel_hash_of_size(size_t bytes);

#endif
