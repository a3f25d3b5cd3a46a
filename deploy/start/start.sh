#!/bin/bash
# What the shipped start scripts have in common; source it. A start script sets something up from a payload that limebus-agent has
# just opened. It lies on the node; the payload has a script of some lines that calls it, and the secrets:
#
#   #!/bin/sh
#   exec /usr/libexec/limebus/start/luks device=/dev/vdb volume=data mount=/srv key=data.key
#
#   start_begin "$@"      --help, and the arguments, KEY=VALUE each; keep secrets out of them: everybody sees arguments
#   setting KEY [DEFAULT] · settings KEY     the value of an argument; of all of that name, one a line
#   start_knows KEY…      refuses others
#   payload_file NAME     the path of a plain file of the payload
#   in_memory FOLDER      true if what is written there reaches no disk
#   link_or_keep NAME TO  TO leads to that file of the payload, and is empty when the payload is removed; with keep=yes a copy
#   check_pair CERTIFICATE KEY CA [CHAIN]   they belong together, else it fails; paths
#   put FILE MODE         standard input into that file, whole or not at all
#   start_done TEXT · start_fail TEXT        say it and end, with 0 or 1
set -u
umask 077
export LC_ALL=C

start_name=$(basename "$0")
start_settings=()

start_say() { printf '%s: %s\n' "$start_name" "$*"; }
start_done() { start_say "$*" && exit 0; }
start_fail() { start_say "failed: $*" && exit 1; }

start_help() { sed -n '2,/^[^#]/{/^[^#]/d;s/^#$//;s/^# //;p}' "$0"; }

start_begin() {
	local word
	case ${1-} in --help | -h) start_help && exit 0 ;; esac
	for word; do
		[[ $word =~ ^[a-z][a-z0-9-]*= ]] || start_fail "expected KEY=VALUE, see --help"
		start_settings+=("$word")
	done
	[[ ${LIMEBUS_PAYLOAD:-} == /* ]] && [ -d "$LIMEBUS_PAYLOAD" ] || start_fail "LIMEBUS_PAYLOAD: expected the folder of a payload"
}

settings() { # KEY
	local word
	for word in "${start_settings[@]}"; do [ "${word%%=*}" != "$1" ] || printf '%s\n' "${word#*=}"; done
}

setting() { # KEY [DEFAULT]
	local word value=${2-}
	for word in "${start_settings[@]}"; do [ "${word%%=*}" != "$1" ] || value=${word#*=}; done
	printf '%s\n' "$value"
}

start_knows() { # KEY…
	local word
	for word in "${start_settings[@]}"; do
		[[ " $* " == *" ${word%%=*} "* ]] || start_fail "unknown: ${word%%=*}"
	done
}

# The account of the agent can write to the payload: nothing of it leads root elsewhere.
payload_file() { # NAME
	local path=$LIMEBUS_PAYLOAD part
	[[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9._@+-]*(/[A-Za-z0-9_][A-Za-z0-9._@+-]*)*$ ]] || start_fail "\"$1\": expected the name of a file in the payload"
	while IFS= read -r part; do
		path=$path/$part
		[ ! -L "$path" ] || start_fail "$1: is a link"
	done < <(tr / '\n' <<<"$1")
	[ -f "$path" ] || start_fail "$1: is not in the payload"
	printf '%s\n' "$path"
}

put() { # FILE MODE < CONTENT
	local file=$1
	mkdir -p "$(dirname "$file")" && cat >"$file.new.$$" && chmod "$2" "$file.new.$$" && mv -f "$file.new.$$" "$file" ||
		{ rm -f "$file.new.$$" && start_fail "cannot write $file"; }
}

in_memory() { [[ "$(stat -f -c %T "$1" 2>/dev/null)" =~ ^(tmpfs|ramfs)$ ]]; }

link_or_keep() { # NAME TO
	local from
	from=$(payload_file "$1") || { echo "$from" && exit 1; }
	if [ "$(setting keep no)" = yes ]; then
		put "$2" 600 <"$from"
	else
		mkdir -p "$(dirname "$2")" && ln -sfn "$from" "$2.new.$$" && mv -fT "$2.new.$$" "$2" || start_fail "cannot write $2"
	fi
}

check_pair() { # CERTIFICATE KEY CA [CHAIN]
	local public
	public=$(openssl pkey -in "$2" -pubout 2>/dev/null </dev/null) && [ -n "$public" ] || start_fail "the key cannot be read"
	[ "$public" = "$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null)" ] || start_fail "certificate and key do not belong together"
	openssl verify -no-CApath -no-CAstore -CAfile "$3" -untrusted "${4:-$1}" "$1" >/dev/null 2>&1 || start_fail "the certificate is not of that CA, or has ended"
}
