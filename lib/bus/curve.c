#include "lib/bus/curve.h"

#include <string.h>
#include <zmq.h>

/* Z85 text of 32 bytes with its NUL (ZeroMQ RFC 32). */
#define Z85_KEY_BYTES 41

void curve_pair_release(struct curve_pair *pair)
{
	wipe(pair, sizeof *pair);
}

enum rc curve_pair_make(struct curve_pair *out, struct err *err)
{
	char public_text[Z85_KEY_BYTES];
	char secret_text[Z85_KEY_BYTES];
	bool made = zmq_curve_keypair(public_text, secret_text) == 0 &&
	            zmq_z85_decode(out->public_key, public_text) != NULL &&
	            zmq_z85_decode(out->secret.bytes, secret_text) != NULL;

	wipe(secret_text, sizeof secret_text);
	if (made)
		return RC_OK;
	curve_pair_release(out);
	return err_set(err, RC_CRYPTO, "making a CURVE key pair: libzmq was built without CURVE");
}

enum rc curve_pair_from(const struct secret32 *secret, struct curve_pair *out, struct err *err)
{
	char public_text[Z85_KEY_BYTES];
	char secret_text[Z85_KEY_BYTES];
	uint8_t public_key[CURVE_KEY_BYTES];
	bool made = zmq_z85_encode(secret_text, secret->bytes, sizeof secret->bytes) != NULL &&
	            zmq_curve_public(public_text, secret_text) == 0 &&
	            zmq_z85_decode(public_key, public_text) != NULL;

	wipe(secret_text, sizeof secret_text);
	if (!made)
		return err_set(err, RC_CRYPTO, "deriving a CURVE public key: libzmq was built without CURVE");
	out->secret = *secret;
	memcpy(out->public_key, public_key, sizeof public_key);
	return RC_OK;
}
