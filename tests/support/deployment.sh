#!/bin/bash
# A whole private deployment for stories and the demo; source it. Everything lives below $D (keys, data, logs) and $R (sockets and
# payloads, in memory); nothing listens on a network.
#
#   deployment_make BIN D R      keys and configuration by BIN's limebus, a Redis, no process yet
#   deployment_up                Redis and the three services; returns when they answer
#   deployment_node NAME [OPTION…]   a swtpm and an agent of its own, started; OPTIONs are lines for agent.conf
#   deployment_agent NAME        start that node's agent (again)
#   service_start NAME · service_stop NAME [SIGNAL]   registrar, verifier, revocation, revocation-N, gateway, or agent-NAME
#   limebus …                    the tenant's command line, as the deployment's admin
#   deployment_ca PORT           a CA, and a gateway for it at 127.0.0.1:PORT that is not started yet; before deployment_up
#   deployment_certificates NAME the folder for that node's certificate, made; for `certificates = …`
#   deployment_down              end every process that was started here; the folders stay
#
# D/log/NAME.log has what each program says. D/nodes/NAME is a node's folder: tpm/, state/, agent.conf, actions/.

# shellcheck source=tests/support/swtpm.sh
. "$(dirname "${BASH_SOURCE[0]}")/swtpm.sh"
# shellcheck source=tests/support/redis.sh
. "$(dirname "${BASH_SOURCE[0]}")/redis.sh"

# Root stays root in a private deployment, without its capabilities: no account is made for it.
deployment_user() {
	if [ "$(id -u)" = 0 ]; then echo root; else echo; fi
}

program() { # NAME -> path: installed side by side, or as the build leaves them
	local path
	for path in "$BIN/limebus-$1" "$BIN/services/$1/limebus-$1"; do
		[ -x "$path" ] && echo "$path" && return
	done
	echo "deployment.sh: there is no limebus-$1 in $BIN" >&2
	return 1
}

limebus() {
	local path=$BIN/limebus
	[ -x "$path" ] && [ -f "$path" ] || path=$BIN/services/tenant/limebus
	"$path" --config "$D/keys/operators/admin/limebus.conf" "$@"
}

deployment_make() { # BIN D R
	BIN=$1 D=$2 R=$3
	mkdir -p "$D/log" "$D/nodes" "$D/pid" "$R/socket" "$R/payload"
	chmod 700 "$D" "$R" "$R/socket" "$R/payload"
	local path=$BIN/limebus
	[ -x "$path" ] && [ -f "$path" ] || path=$BIN/services/tenant/limebus
	"$path" keys init "$D/keys" --ipc "$R/socket" >"$D/log/keys-init.log" || return
	# The sockets of Redis live with the others: paths of unix sockets are short.
	sed -i "s|^unixsocket .*|unixsocket \"$R/socket/redis\"|" "$D/keys/redis/redis.conf"
	sed -i "s|^redis-socket = .*|redis-socket = $R/socket/redis|" "$D"/keys/{registrar,verifier,revocation}/*.conf
	mkdir -p "$D/ca"
	chmod 700 "$D/keys/redis"
}

# await WHAT SECONDS COMMAND… : until the command succeeds.
await() {
	local what=$1 until=$((${EPOCHREALTIME/./} + $2 * 1000000))
	shift 2
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/./}" -gt "$until" ]; then
			echo "still waiting: $what" >&2
			return 1
		fi
		sleep 0.05
	done
}

service_pid() { cat "$D/pid/$1" 2>/dev/null; }

service_is_up() { [ -n "$(service_pid "$1")" ] && kill -0 "$(service_pid "$1")" 2>/dev/null; }

service_start() { # NAME
	local name=$1 path conf
	case $name in
	agent-*) path=$(program agent) conf=$D/nodes/${name#agent-}/agent.conf ;;
	revocation-*) path=$(program revocation) conf=$D/keys/$name/revocation.conf ;;
	gateway) path=$(program gateway) conf=$D/keys/plugins/gateway/gateway.conf ;;
	*) path=$(program "$name") conf=$D/keys/$name/$name.conf ;;
	esac || return
	"$path" --config "$conf" --user "$(deployment_user)" </dev/null >>"$D/log/$name.log" 2>&1 &
	echo $! >"$D/pid/$name"
	disown $!
}

service_stop() { # NAME [SIGNAL]
	local pid tries=0
	pid=$(service_pid "$1")
	[ -n "$pid" ] || return 0
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do
		[ $((tries += 1)) -le 200 ] || { kill -KILL "$pid"; break; }
		sleep 0.02
	done
	rm -f "$D/pid/$1"
}

service_says() { grep -q "$2" "$D/log/$1.log"; }

deployment_up() {
	local name
	cp "$D"/ca/roots/*.pem "$D"/ca/intermediate.pem "$D/keys/registrar/ek-roots/" || return
	mkdir -p "$D/keys/operators/admin/ek-roots"
	cp "$D"/ca/roots/*.pem "$D"/ca/intermediate.pem "$D/keys/operators/admin/ek-roots/"
	redis_start "$D/keys/redis" || return
	for name in revocation registrar verifier; do
		service_start "$name" || return
	done
	for name in revocation registrar verifier; do
		await "$name to start" 10 service_says "$name" ' started ' || { tail -n 5 "$D/log/$name.log" >&2 && return 1; }
	done
}

# A port of this machine that nobody listens at.
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 20); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
	done
	return 1
}

deployment_ca() { # PORT
	limebus ca init --dir "$D/keys" --url "http://127.0.0.1:$1" >>"$D/log/keys-init.log" || return
	limebus keys add plugin gateway --program gateway --dir "$D/keys" >>"$D/log/keys-init.log" || return
	echo "listen = 127.0.0.1:$1" >>"$D/keys/plugins/gateway/gateway.conf"
}

deployment_certificates() { # NAME
	mkdir -p "$D/nodes/$1/certificates" && chmod 755 "$D/nodes/$1/certificates" || return
	echo "$D/nodes/$1/certificates"
}

# The TPM of a node, certified by the deployment's own CA. The first one makes the CA.
deployment_tpm() { # NAME
	swtpm_make "$D/nodes/$1/tpm" "$D/ca"
}

deployment_node() { # NAME [OPTION…]
	local name=$1 node=$D/nodes/$1 tcti
	shift
	[ -d "$node/tpm" ] || deployment_tpm "$name" || return
	mkdir -p "$node/state" "$node/actions" "$R/payload/$name"
	chmod 700 "$node/state" "$node/actions" "$R/payload/$name"
	tcti=$(swtpm_start "$node/tpm") || return
	{
		echo "tcti = $tcti"
		echo "state = $node/state"
		echo "payload = $R/payload/$name"
		echo "actions = $node/actions"
		echo "roster = $D/keys/agent/roster"
		echo "root-key = $D/keys/agent/root.pub"
		echo "hint = $name"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$node/agent.conf"
	chmod 600 "$node/agent.conf"
	deployment_agent "$name"
}

deployment_agent() { service_start "agent-$1"; }

# The id that the node's registration gave it: registrars log it with what the machine calls itself.
node_id() { # NAME
	sed -n 's/.*"node": *"\([0-9a-f]\{64\}\)".*/\1/p' "$D/nodes/$1/state/status.json" 2>/dev/null | head -n 1
}

deployment_down() {
	local file
	for file in "$D"/pid/agent-*; do
		[ -e "$file" ] && service_stop "$(basename "$file")"
	done
	for file in "$D"/pid/*; do
		[ -e "$file" ] && service_stop "$(basename "$file")"
	done
	for file in "$D"/nodes/*/tpm; do
		[ -d "$file" ] && swtpm_stop "$file" >/dev/null 2>&1
	done
	redis_stop "$D/keys/redis"
	return 0
}
