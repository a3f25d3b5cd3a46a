#!/bin/bash
# A private Redis for stories and the demo; source it. DIR has redis.conf and users.acl, as limebus keys writes
# them; the server's process id is in DIR/redis.pid while it runs, what it says in DIR/redis.log.
#
#   redis_start DIR            with the data that is there; returns when it answers
#   redis_stop DIR             as an operator would: SIGTERM
#   redis_kill DIR             as the power would: SIGKILL
#   redis_freeze DIR           SIGSTOP, and redis_thaw DIR: SIGCONT
#   redis_restart DIR          kill, then start with the data
#   redis_restart_empty DIR    kill, throw the data away, start
#   redis_say DIR USER PASSWORD_FILE COMMAND…   one command, the answer on standard output
# All but redis_say print nothing. They fail with a line on standard error.

redis_socket() { sed -n 's/^unixsocket "\(.*\)"$/\1/p' "$1/redis.conf"; }

redis_pid() { cat "$1/redis.pid" 2>/dev/null; }

# The programs, also where only the package redis-tools is installed: the server is in it under another name.
redis_server_program() {
	command -v redis-server && return
	local other
	other=$(command -v redis-check-rdb) || { echo "redis.sh: redis-server is not installed" >&2 && return 1; }
	ln -sfn "$(readlink -f "$other")" "$1/redis-server" && echo "$1/redis-server"
}

redis_start() {
	local dir=$1 program socket tries=0
	socket=$(redis_socket "$dir")
	program=$(redis_server_program "$dir") || return 1
	rm -f "$socket"
	"$program" "$dir/redis.conf" >>"$dir/redis.log" 2>&1 &
	local pid=$!
	# Without this the shell tells the reader of a story that it was killed.
	disown "$pid"
	# It answers nobody without a password; that it refuses is the sign that it is there.
	until redis-cli -s "$socket" PING 2>/dev/null | grep -q NOAUTH; do
		if ! kill -0 "$pid" 2>/dev/null || [ $((tries += 1)) -gt 200 ]; then
			echo "redis.sh: redis-server does not start:" >&2
			tail -n 5 "$dir/redis.log" >&2
			return 1
		fi
		sleep 0.05
	done
}

# redis_end DIR SIGNAL: until it is gone.
redis_end() {
	local pid tries=0
	pid=$(redis_pid "$1") || return 0
	[ -n "$pid" ] || return 0
	kill "-$2" "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do
		[ $((tries += 1)) -le 200 ] || { echo "redis.sh: redis-server does not stop" >&2 && return 1; }
		sleep 0.05
	done
	rm -f "$1/redis.pid"
}

redis_stop() { redis_end "$1" TERM; }
redis_kill() { redis_end "$1" KILL; }
redis_freeze() { kill -STOP "$(redis_pid "$1")"; }
redis_thaw() { kill -CONT "$(redis_pid "$1")"; }
redis_restart() { redis_kill "$1" && redis_start "$1"; }
redis_restart_empty() { redis_kill "$1" && rm -rf "$1/appendonlydir" && redis_start "$1"; }

redis_say() {
	local dir=$1 user=$2 password=$3
	shift 3
	# Through standard input: no argument and no environment shows the password. The first answer is AUTH's.
	{
		printf 'AUTH %s %s\n' "$user" "$(cat "$password")"
		printf '"%s" ' "$@"
		echo
	} | redis-cli -s "$(redis_socket "$dir")" | sed 1d
}
