#!/bin/bash
# tls_with_node_key.sh FOLDER SCRATCH [TCTI]: a TLS server with FOLDER's node.key and certificate, and a client that believes
# ca.crt. Succeeds if the handshake does, and does not without the intermediate. With TCTI the key lies in that TPM, behind a
# resource manager: OpenSSL 3.0 lets the provider hash, and three places in a TPM are too few for that.
set -eu
# shellcheck source=tests/support/abrmd.sh
. "$(dirname "$(realpath "$0")")/../support/abrmd.sh"
folder=$1 scratch=$2 provider=()
if [ $# = 3 ]; then
	provider=(-provider tpm2 -provider default -propquery '?provider=tpm2')
	trap abrmd_stop EXIT
	abrmd_start "$scratch" "$3"
fi

# handshake OPTION...: of the server
handshake() {
	local port='' status=0
	openssl s_server "${provider[@]}" -accept 127.0.0.1:0 -naccept 1 -key "$folder/node.key" \
		-cert "$folder/node.crt" -www "$@" >"$scratch/server.out" 2>&1 &
	local server=$!
	for _ in {1..200}; do
		port=$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' "$scratch/server.out")
		if [ -n "$port" ]; then break; fi
		sleep 0.05
	done
	timeout 20 openssl s_client -connect "127.0.0.1:$port" -CAfile "$folder/ca.crt" -verify_return_error \
		<<<Q >"$scratch/client.out" 2>&1 || status=$?
	kill "$server" 2>/dev/null || true
	wait "$server" || true
	[ "$status" = 0 ] && grep -q 'Verify return code: 0' "$scratch/client.out"
}

handshake -cert_chain "$folder/chain.crt" || {
	cat "$scratch/server.out" "$scratch/client.out" >&2
	exit 1
}
if handshake; then exit 1; fi
