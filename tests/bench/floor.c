/* What no verifier can do without: a bare ROUTER with CURVE and ZAP that takes evidence, unpacks it with
 * msgpack-c, and makes the one verification, with keys that it keeps and nothing of limebus. It answers each
 * with a challenge, as a verifier has to send one for each. bench_attest starts it and measures it from
 * outside.
 *
 *   floor ENDPOINT   on standard input: secret key (32 bytes), challenge frame and public keys (DER), each
 * behind its length (4 bytes, of this machine). The id of evidence minus 1 is the place of its key.
 */
#include <msgpack.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <zmq.h>

#define KEYS_MAX 4096

struct bytes {
	uint8_t at[4096];
	uint32_t len;
};

static void *context;
static EVP_PKEY_CTX *keys[KEYS_MAX];
static size_t key_count;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

static bool take(struct bytes *out)
{
	if (fread(&out->len, sizeof out->len, 1, stdin) != 1)
		return false;
	check(out->len <= sizeof out->at && fread(out->at, 1, out->len, stdin) == out->len, "input");
	return true;
}

static void take_keys(void)
{
	static struct bytes der;

	while (take(&der)) {
		const uint8_t *at = der.at;
		EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
		EVP_PKEY_CTX *verify = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);

		check(verify != NULL && key_count < KEYS_MAX && EVP_PKEY_verify_init(verify) == 1 &&
				EVP_PKEY_CTX_set_signature_md(verify, EVP_sha256()) == 1,
			"a key");
		keys[key_count++] = verify;
	}
}

/* RFC 27: everybody may, under the name of his key. */
static void *admit(void *unused)
{
	void *zap = zmq_socket(context, ZMQ_REP);
	static const char *const fixed[] = {"200", "OK"};
	char frames[8][256];
	int len[8];

	(void)unused;
	check(zmq_bind(zap, "inproc://zeromq.zap.01") == 0, "ZAP");
	for (;;) {
		int more = 1;
		size_t more_len = sizeof more;
		unsigned count = 0;

		for (; more != 0; count++) {
			len[count & 7] = zmq_recv(zap, frames[count & 7], sizeof frames[0], 0);
			if (len[count & 7] < 0)
				return NULL;
			zmq_getsockopt(zap, ZMQ_RCVMORE, &more, &more_len);
		}
		zmq_send(zap, "1.0", 3, ZMQ_SNDMORE);
		zmq_send(zap, frames[1], (size_t)len[1], ZMQ_SNDMORE);
		for (unsigned i = 0; i < 2; i++)
			zmq_send(zap, fixed[i], strlen(fixed[i]), ZMQ_SNDMORE);
		zmq_send(zap, "node", 4, ZMQ_SNDMORE);
		zmq_send(zap, "", 0, 0);
	}
}

static const msgpack_object *field(const msgpack_object *map, const char *name)
{
	for (uint32_t i = 0; i < map->via.map.size; i++) {
		const msgpack_object_kv *pair = &map->via.map.ptr[i];

		if (pair->key.via.str.size == strlen(name) &&
			memcmp(pair->key.via.str.ptr, name, pair->key.via.str.size) == 0)
			return &pair->val;
	}
	check(false, "a field is missing");
	return NULL;
}

static unsigned sized(const uint8_t **at)
{
	unsigned len = (unsigned)(*at)[0] << 8 | (*at)[1];

	*at += 2;
	return len;
}

/* TPMT_SIGNATURE: algorithm and hash, then r and s, or the RSA signature. */
static int verify(EVP_PKEY_CTX *key, const uint8_t digest[static 32], const msgpack_object *signature)
{
	const uint8_t *at = (const uint8_t *)signature->via.bin.ptr + 4;
	unsigned len = sized(&at);
	ECDSA_SIG *sig;
	uint8_t der[80];
	uint8_t *end = der;
	BIGNUM *r;
	int result;

	if (len > 64)
		return EVP_PKEY_verify(key, at, len, digest, 32);
	r = BN_bin2bn(at, (int)len, NULL);
	at += len;
	len = sized(&at);
	sig = ECDSA_SIG_new();
	ECDSA_SIG_set0(sig, r, BN_bin2bn(at, (int)len, NULL));
	result = EVP_PKEY_verify(key, der, (size_t)i2d_ECDSA_SIG(sig, &end), digest, 32);
	ECDSA_SIG_free(sig);
	return result;
}

static void judge(const char *frame, size_t len)
{
	msgpack_unpacked unpacked;
	const msgpack_object *attest;
	uint8_t digest[32];
	uint64_t id;

	msgpack_unpacked_init(&unpacked);
	check(msgpack_unpack_next(&unpacked, frame, len, NULL) == MSGPACK_UNPACK_SUCCESS, "unpacking");
	attest = field(&unpacked.data, "attest");
	(void)field(&unpacked.data, "values");
	id = field(&unpacked.data, "id")->via.u64;
	check(id - 1 < key_count, "id");
	EVP_Digest(attest->via.bin.ptr, attest->via.bin.size, digest, NULL, EVP_sha256(), NULL);
	check(verify(keys[id - 1], digest, field(&unpacked.data, "signature")) == 1,
		"a signature is not valid");
	msgpack_unpacked_destroy(&unpacked);
}

static void *listen_on(const char *endpoint, const struct bytes *secret)
{
	void *socket = zmq_socket(context, ZMQ_ROUTER);
	const int on = 1;

	zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret->at, secret->len);
	zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "floor", 5);
	check(zmq_bind(socket, endpoint) == 0, "binding");
	return socket;
}

int main(int argc, char **argv)
{
	static struct bytes secret, challenge;
	static char frame[8192];
	char routing[256];
	pthread_t zap;
	void *socket;

	if (argc != 2 || argv[1][0] == '-') {
		puts("usage: floor ENDPOINT <KEYS\n\nThe least that a verifier can do; bench_attest starts it.");
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 64;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	check(take(&secret) && take(&challenge), "input");
	take_keys();
	context = zmq_ctx_new();
	check(pthread_create(&zap, NULL, admit, NULL) == 0, "thread");
	socket = listen_on(argv[1], &secret);
	for (;;) {
		int routing_len = zmq_recv(socket, routing, sizeof routing, 0);
		int len = zmq_recv(socket, frame, sizeof frame, 0);

		/* A message of few bytes only says that somebody is there. */
		if (len > 300)
			judge(frame, (size_t)len);
		zmq_send(socket, routing, (size_t)routing_len, ZMQ_SNDMORE);
		zmq_send(socket, challenge.at, challenge.len, 0);
	}
}
