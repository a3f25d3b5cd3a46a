#!/bin/bash
# Private software TPMs for tests, stories and the demo: source it, or run it as  swtpm.sh VERB ARGUMENTS.
#
#   swtpm_make  DIR CA [BANKS]    make a TPM in DIR, certified by the CA in CA (made when it is not there yet);
#                                 BANKS is "sha1,sha256" unless given
#   swtpm_start DIR [unstarted]   power on; prints the TCTI. unstarted: nobody has sent TPM2_Startup yet
#   swtpm_stop  DIR               orderly shutdown, power off
#   swtpm_kill  DIR               power cut: kill -9, no shutdown
#   swtpm_reboot DIR              stop and start: resetCount moves, PCRs are zero again
#   swtpm_tcti  DIR               prints swtpm:path=…, good for TPM2TOOLS_TCTI as well
#   swtpm_pid   DIR               prints the process id; fails if it is off
#
# With SWTPM_OWNER=PID in the environment, swtpm_start sees to it that the TPM is off within a second after that
# process has ended, however it ended.
#
# A registrar can be pointed at CA/roots, which holds the root certificate only (root.pem). swtpm keeps no
# intermediate certificate in NV, so it is given apart: CA/intermediate.pem.
#
# Unix sockets have paths of at most 107 bytes. Where DIR is too long for that, the sockets are in a folder of
# their own under $TMPDIR, whose name is in DIR/sockets; stop and kill remove it.

SWTPM_SOCKET_MAX=107

swtpm_ca_config() { # CA
	mkdir -p "$1/state" "$1/roots"
	[ -f "$1/setup.conf" ] && return
	cat >"$1/localca.conf" <<-END
		statedir = $1/state
		signingkey = $1/state/signkey.pem
		issuercert = $1/state/issuercert.pem
		certserial = $1/state/certserial
	END
	cat >"$1/localca.options" <<-END
		--platform-manufacturer limebus
		--platform-version 1
		--platform-model test
	END
	cat >"$1/setup.conf.new" <<-END
		create_certs_tool = $(command -v swtpm_localca)
		create_certs_tool_config = $1/localca.conf
		create_certs_tool_options = $1/localca.options
		active_pcr_banks = sha256
	END
	mv "$1/setup.conf.new" "$1/setup.conf"
}

swtpm_make() { # DIR CA [BANKS]
	local dir ca
	mkdir -p "$1" "$2" && dir=$(realpath "$1") && ca=$(realpath "$2") || return
	# One at a time for each CA: swtpm_localca makes its root on first use.
	(
		flock 9
		swtpm_ca_config "$ca"
		mkdir -p "$dir/state"
		swtpm_setup --tpm2 --tpmstate "dir://$dir/state" --config "$ca/setup.conf" --create-ek-cert \
			--pcr-banks "${3:-sha1,sha256}" --lock-nvram --not-overwrite >"$dir/setup.log" 2>&1 || {
			cat "$dir/setup.log" >&2
			exit 1
		}
		cp "$ca/state/swtpm-localca-rootca-cert.pem" "$ca/roots/root.pem"
		cp "$ca/state/issuercert.pem" "$ca/intermediate.pem"
	) 9>"$ca/lock"
}

swtpm_sockets() { # DIR: prints the folder of the sockets
	cat "$1/sockets"
}

swtpm_start() { # DIR [unstarted]
	local dir sockets flags=not-need-init,startup-clear
	dir=$(realpath "$1") || return
	if swtpm_pid "$dir" >/dev/null; then
		echo "swtpm_start: $dir is on already" >&2
		return 1
	fi
	[ "${2:-}" = unstarted ] && flags=not-need-init
	sockets=$dir
	[ $((${#dir} + 7)) -gt "$SWTPM_SOCKET_MAX" ] && sockets=$(mktemp -d -t swtpm.XXXXXX)
	echo "$sockets" >"$dir/sockets"
	# All paths are absolute: with relative ones swtpm --daemon ends up in failure mode.
	swtpm socket --tpm2 --tpmstate "dir=$dir/state" --server "type=unixio,path=$sockets/s" \
		--ctrl "type=unixio,path=$sockets/s.ctrl" --flags "$flags" --pid "file=$dir/pid" --daemon \
		>"$dir/swtpm.log" 2>&1 || {
		cat "$dir/swtpm.log" >&2
		return 1
	}
	[ -n "${SWTPM_OWNER:-}" ] && swtpm_watch "$dir" "$SWTPM_OWNER" "$(cat "$dir/pid")"
	swtpm_tcti "$dir"
}

swtpm_watch() { # DIR OWNER PID
	# shellcheck disable=SC2016 # expanded by the watcher
	setsid bash -c 'while [ -d "/proc/$1" ] && [ -d "/proc/$2" ]; do sleep 0.5; done
		[ -d "/proc/$1" ] || ! grep -q "^swtpm" "/proc/$2/comm" || kill -KILL "$2"' \
		watch "$2" "$3" </dev/null >/dev/null 2>&1 &
}

swtpm_tcti() { # DIR
	echo "swtpm:path=$(swtpm_sockets "$1")/s"
}

swtpm_pid() { # DIR
	local pid
	[ -s "$1/pid" ] || return
	pid=$(cat "$1/pid")
	# Neither a reused number nor a zombie (init may take its time) is our swtpm.
	[[ "$(cat "/proc/$pid/stat" 2>/dev/null)" == "$pid (swtpm) "[!ZX]* ]] || return
	echo "$pid"
}

swtpm_kill() { # DIR
	local pid sockets
	pid=$(swtpm_pid "$1") || return 0
	kill -KILL "$pid"
	while swtpm_pid "$1" >/dev/null; do sleep 0.005; done
	sockets=$(swtpm_sockets "$1")
	rm -f "$1/pid" "$sockets/s" "$sockets/s.ctrl"
	[ -d "$sockets/state" ] || rmdir "$sockets"
}

swtpm_stop() { # DIR
	swtpm_pid "$1" >/dev/null || return 0
	TPM2TOOLS_TCTI=$(swtpm_tcti "$1") timeout -s KILL 5 tpm2_shutdown -c >/dev/null 2>&1
	# Everything is in NV now: SIGTERM would do no more.
	swtpm_kill "$1"
}

swtpm_reboot() { # DIR
	swtpm_stop "$1" && swtpm_start "$1"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	verb=${1:-help}
	case $verb in
	make | start | stop | kill | reboot | tcti | pid)
		shift
		"swtpm_$verb" "$@"
		;;
	*)
		sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
		[ "$verb" = help ] || exit 64
		;;
	esac
fi
