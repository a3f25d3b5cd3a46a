#!/bin/bash
# What the benchmarks on a whole deployment share; they source it. See tests/bench/run.
# shellcheck shell=bash disable=SC2034
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(readlink -f "$here/../..")
# shellcheck source=tests/support/deployment.sh
. "$top/tests/support/deployment.sh"

bench_usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; }

# bench_options DEFAULT_RUNS ARGUMENTS…: sets runs and build.
bench_options() {
	runs=$1 build=${LIMEBUS_BUILD:-$top/build}
	shift
	while [ $# -gt 0 ]; do
		case $1 in
		--help | -h) bench_usage && exit 0 ;;
		--runs) runs=${2:-} && shift ;;
		--build) build=${2:-} && shift ;;
		*) echo "$(basename "$0"): unknown: $1" >&2 && bench_usage >&2 && exit 64 ;;
		esac
		shift
	done
	if ! [[ $runs =~ ^[1-9][0-9]?$ ]] || [ ! -d "$build" ]; then
		bench_usage >&2
		exit 64
	fi
	build=$(readlink -f "$build")
	[ ! -d "$build/bin" ] || PATH=$build/bin:$PATH
}

# A deployment for this benchmark alone. It ends with it.
bench_deployment() {
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/limebus-bench.XXXXXX") && memory=$(mktemp -d /dev/shm/limebus-bench.XXXXXX) || exit 1
	export SWTPM_OWNER=$$
	trap bench_end EXIT
	trap 'exit 130' INT TERM
	deployment_make "$build" "$scratch/d" "$memory" || bench_fail "limebus keys init"
}

bench_end() {
	# Whoever is impatient now would leave things behind.
	trap - EXIT
	trap '' INT TERM
	deployment_down >/dev/null 2>&1
	rm -rf "$scratch" "$memory"
}

bench_fail() {
	echo "$(basename "$0"): failed: $*" >&2
	tail -n 5 "$D"/log/*.log >&2
	exit 1
}

# bench_nodes NAME…: enrolled, with that name as their alias.
bench_nodes() {
	local name
	for name in "$@"; do deployment_tpm "$name" || bench_fail "swtpm_setup"; done
	deployment_up || bench_fail "the services do not start"
	for name in "$@"; do deployment_node "$name" "${node_options[@]}" || bench_fail "$name does not start"; done
	for name in "$@"; do
		await "$name to enrol" 30 enrolled "$name" || bench_fail "$name does not enrol"
		limebus node alias "$(node_id "$name")" "$name" >/dev/null || bench_fail "alias $name"
	done
}
node_options=("log-level = debug")
enrolled() { [ -n "$(node_id "$1")" ] && service_says registrar "node.enrolled node=$(node_id "$1")"; }

# value KEY LINE: the number of KEY=NUMBER in a log line.
value() { [[ $2 =~ [\ ]$1=([0-9]+) ]] && echo "${BASH_REMATCH[1]}"; }
now_us() { echo "${EPOCHREALTIME/./}"; }
median() { sort -n | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : int((v[NR / 2] + v[NR / 2 + 1]) / 2)}'; }
ms() { awk -v us="$1" 'BEGIN {printf "%.1f", us / 1000}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", (b > 0 ? a / b : 0)}'; }
# What one durable write costs here, in us: 4 KiB with O_DSYNC, beside the deployment's own files. Redis, the notice log and the
# agent's state wait for the disk like that, and no software makes it faster.
sync_us() {
	local i from
	for ((i = 0; i < 21; i++)); do
		from=$(now_us)
		dd if=/dev/zero of="$scratch/sync" bs=4k count=1 oflag=dsync conv=notrunc status=none
		echo $(($(now_us) - from))
	done | median
}
# The same without waiting: starting dd is not the disk's fault.
start_us() {
	local i from
	for ((i = 0; i < 21; i++)); do
		from=$(now_us)
		dd if=/dev/zero of="$scratch/sync" bs=4k count=1 conv=notrunc status=none
		echo $(($(now_us) - from))
	done | median
}
disk() {
	local all start
	all=$(sync_us) start=$(start_us)
	echo "a durable write of 4 KiB takes the disk $(ms $((all > start ? all - start : 0))) ms here; load $(cut -d ' ' -f 1 /proc/loadavg)"
}
mib() { awk -v kib="$1" 'BEGIN {printf "%.1f", kib / 1024}'; }
verdict() { if [ "$1" -le "$2" ]; then echo reached; else echo MISSED; fi; }
