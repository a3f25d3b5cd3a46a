#!/bin/bash
# What the tests of deploy/ begin with; source it. TAP, a folder of their own, and if asked for, a machine of their own as far as
# the network goes: new namespaces for network, mounts and processes, in which /run is empty. All of it ends with the test.
#
#   ground_namespaces "$@"     go on inside of them (needs root; else skip)
#   ground_packages NAME PACKAGE…   before that: what is not installed is unpacked below the build folder, and appears in those
#                              namespaces only. Nothing is installed: some of these start services
#   ground_begin               $dir is a folder that goes away
#   ground_needs COMMAND…      skip all if one is missing
#   holds SENTENCE CMD…        "ok" if the command succeeds
#   refuses SENTENCE CMD…      "ok" if it fails
#   says SENTENCE TEXT CMD…    "ok" if it succeeds and prints TEXT
#   ends SENTENCE CODE TEXT CMD…   "ok" if it ends with that exit code and prints TEXT
#   soon SENTENCE CMD…         as holds, but it may take up to 10 s to become true
#   ground_end
set -u
actions=$LIMEBUS_SOURCE/deploy/actions
# shellcheck disable=SC2034
starts=$LIMEBUS_SOURCE/deploy/start
ground_count=0 ground_failed=0 dir=

ground_skip() { echo "1..0 # SKIP $*" && exit 0; }

ground_namespaces() {
	! ground_inside || return 0
	[ "$(id -u)" = 0 ] || ground_skip "it needs root"
	unshare --net --mount --pid --fork true 2>/dev/null || ground_skip "this machine allows no namespaces"
	exec unshare --net --mount --pid --fork --kill-child --mount-proc -- bash -c \
		'mount -t tmpfs -o mode=755 tmpfs /run && { GROUND_INSIDE=yes "$@"; exit; }' ground "$(readlink -f "$0")" "$@"
}

ground_inside() { [ "${GROUND_INSIDE:-}" = yes ] && [ $PPID -le 1 ]; }

# Nobody but us reads these: the network is there outside only, the mounts are inside only.
ground_packages() { # NAME PACKAGE…
	local root=$LIMEBUS_BUILD/packages/$1 missing deb
	shift
	if ground_inside; then
		[ ! -e "$root/complete" ] || {
			mount -t overlay overlay -o "lowerdir=$root/usr:/usr" /usr &&
				{ [ ! -d "$root/etc" ] || mount -t overlay overlay -o "lowerdir=$root/etc:/etc" /etc; }
		} || ground_skip "the packages cannot be mounted"
		return
	fi
	mapfile -t missing < <(for deb; do [ "$(dpkg-query -W -f '${db:Status-Status}' "$deb" 2>/dev/null)" = installed ] || echo "$deb"; done)
	[ ${#missing[@]} -gt 0 ] && [ ! -e "$root/complete" ] || return 0
	[ "$(id -u)" = 0 ] || ground_skip "it needs root"
	mkdir -p "$root/debs/partial"
	(
		flock 9
		[ ! -e "$root/complete" ] || exit 0
		timeout 240 apt-get -q -y install --download-only --no-install-recommends -o Debug::NoLocking=1 -o Dir::Cache::archives="$root/debs" \
			"${missing[@]}" >"$root/fetch.log" 2>&1 </dev/null || exit 1
		for deb in "$root"/debs/*.deb; do dpkg-deb -x "$deb" "$root" || exit 1; done
		# Debian's /lib is /usr/lib.
		for deb in bin sbin lib; do [ ! -d "$root/$deb" ] || { mkdir -p "$root/usr/$deb" && cp -a "$root/$deb/." "$root/usr/$deb/" && rm -r "${root:?}/$deb"; }; done
		rm -rf "$root/debs"
		touch "$root/complete"
	) 9>"$root/lock" || ground_skip "${missing[*]} cannot be downloaded"
}

ground_needs() {
	local command
	for command; do command -v "$command" >/dev/null || ground_skip "there is no $command"; done
}

ground_tidy() {
	local job
	trap - EXIT
	for job in $(jobs -p); do kill "$job" 2>/dev/null; done
	wait
	[ "$ground_failed" != 0 ] && [ -n "${GROUND_KEEP:-}" ] || rm -rf "$dir"
}

ground_begin() {
	mkdir -p "${LIMEBUS_SCRATCH:?}"
	dir=$(mktemp -d "$LIMEBUS_SCRATCH/XXXXXX") || exit 1
	trap ground_tidy EXIT
	trap 'exit 130' INT TERM
}

ground_verdict() { # OK? SENTENCE
	ground_count=$((ground_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $ground_count - $2"
	else
		ground_failed=$((ground_failed + 1))
		echo "not ok $ground_count - $2"
		tail -n 30 "$dir/said" | sed 's/^/# /'
	fi
}

holds() {
	local sentence=$1
	shift
	"$@" >"$dir/said" 2>&1
	ground_verdict $? "$sentence"
}

refuses() {
	local sentence=$1
	shift
	! "$@" >"$dir/said" 2>&1
	ground_verdict $? "$sentence"
}

says() {
	local sentence=$1 text=$2
	shift 2
	"$@" >"$dir/said" 2>&1 && grep -qF -- "$text" "$dir/said"
	ground_verdict $? "$sentence"
}

ends() {
	local sentence=$1 code=$2 text=$3 rc
	shift 3
	"$@" >"$dir/said" 2>&1
	rc=$?
	echo "(exit code $rc)" >>"$dir/said"
	[ $rc = "$code" ] && grep -qF -- "$text" "$dir/said"
	ground_verdict $? "$sentence"
}

soon() {
	local sentence=$1 until=$((${EPOCHREALTIME/./} + 10000000)) rc
	shift
	while :; do
		"$@" >"$dir/said" 2>&1
		rc=$?
		[ $rc != 0 ] && [ "${EPOCHREALTIME/./}" -lt $until ] || break
		sleep 0.05
	done
	ground_verdict $rc "$sentence"
}

ground_end() {
	echo "1..$ground_count"
	[ $ground_failed = 0 ]
	exit
}

# ---- notices ----

node_named() { printf %s "$1" | sha256sum | cut -d ' ' -f 1; }

# notice SEQ KIND NODE [KEY=JSON…]: a notice of the log, as it is told; what stands behind is added or replaces what is there
notice() {
	local seq=$1 kind=$2 item
	local -A key=([profile]='{"tags":[],"dns":[],"addresses":[]}' [certificates]='[]' [again]=false [node]="\"$(node_named "$3")\""
		[reason]='"pcr-value: $(reboot) `reboot` \u0000 \n\"; reboot"')
	shift 3
	for item; do key[${item%%=*}]=${item#*=}; done
	printf '{"seq":%s,"kind":"%s","severity":9,"reasons":["pcr-value"],"time":"2026-11-23T19:35:21.%03dZ","verifier":"verifier",' \
		"$seq" "$kind" $((seq + 100))
	for item in "${!key[@]}"; do printf '"%s":%s,' "$item" "${key[$item]}"; done
	printf '"evidence":"","notice":{}}\n'
}

# act NAME SETTINGS NOTICE…(as for notice): runs a shipped action as the host of actions does. A state folder for each name.
act() {
	local name=$1 settings=$2
	shift 2
	printf '%s\n' "$settings" >"$dir/$name.settings"
	mkdir -p "$dir/state-$name"
	notice "$@" | act_raw "$name"
}
act_raw() { # NAME < NOTICE
	env -i PATH="$PATH" LANG=C.UTF-8 LIMEBUS_ACTION_CONFIG="$dir/$1.settings" LIMEBUS_ACTION_STATE="$dir/state-$1" \
		timeout -k 1 30 "$actions/$1/$1"
}
