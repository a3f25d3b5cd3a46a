#!/bin/bash
# What every story begins with: a private deployment, and sentences that hold or do not (TAP). Source it.
#
#   story_begin             a deployment of its own: keys made, nothing started; D, R and BIN are set
#   holds SENTENCE CMD…     "ok" if the command succeeds, else "not ok" with what it said
#   refuses SENTENCE CMD…   "ok" if the command fails
#   soon SENTENCE CMD…      as holds, but it may take up to 20 s to become true
#   story_end               the number of sentences; nothing is left behind
#   story_skip WHY          skip all of it

set -u
story_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
# shellcheck source=tests/support/deployment.sh
. "$story_top/tests/support/deployment.sh"
story_count=0 story_failed=0
STORY_WAIT=${STORY_WAIT:-20}

story_skip() {
	echo "1..0 # SKIP $*"
	exit 0
}

story_tidy() {
	trap - EXIT INT TERM
	[ -n "${D:-}" ] || return 0
	deployment_down >/dev/null 2>&1
	[ -n "${STORY_KEEP:-}" ] || rm -rf "$R" "$D"
}

story_begin() {
	local build=${LIMEBUS_BUILD:-$story_top/build} scratch=${LIMEBUS_SCRATCH:-$story_top/build/scratch}
	PATH=$build/bin:$PATH
	mkdir -p "$scratch"
	D=$(mktemp -d "$scratch/story.XXXXXX")
	R=$(mktemp -d /dev/shm/limebus-story.XXXXXX) || story_skip "no /dev/shm"
	trap story_tidy EXIT
	trap 'exit 130' INT TERM
	deployment_make "$build" "$D" "$R" || exit 1
}

story_verdict() { # ok? SENTENCE
	story_count=$((story_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $story_count - $2"
	else
		story_failed=$((story_failed + 1))
		echo "not ok $story_count - $2"
		sed 's/^/# /' "$D/said"
		tail -n 4 "$D"/log/*.log | sed 's/^/# /'
	fi
}

holds() {
	local sentence=$1 rc
	shift
	"$@" >"$D/said" 2>&1
	rc=$?
	story_verdict $rc "$sentence"
	return $rc
}

refuses() {
	local sentence=$1
	shift
	if "$@" >"$D/said" 2>&1; then
		story_verdict 1 "$sentence"
	else
		story_verdict 0 "$sentence"
	fi
}

soon() {
	local sentence=$1
	shift
	await "$sentence" "$STORY_WAIT" "$@" 2>"$D/said"
	story_verdict $? "$sentence"
}

story_end() {
	echo "1..$story_count"
	story_tidy
	[ $story_failed = 0 ]
}

# ---- what stories ask about ----

state_is() { limebus --json node show "$1" | grep -q "\"state\": *\"$2\""; }

opened() { # NODE FILE: the payload lies opened on the node and is this one
	local found
	found=$(find "$R/payload/$1" -type f -name "$(basename "$2")" | head -n 1)
	[ -n "$found" ] && cmp -s "$found" "$2"
}

closed() { [ -z "$(find "$R/payload/$1" -type f | head -n 1)" ]; }

notice_of() { # KIND NODE
	limebus --json notices | grep "\"$1\"" | grep -q "$(node_id "$2")"
}

extend_pcr() { # NODE PCR TEXT
	TPM2TOOLS_TCTI=$(swtpm_tcti "$D/nodes/$1/tpm") tpm2_pcrextend "$2:sha256=$(printf %s "$3" | sha256sum | cut -d ' ' -f 1)"
}

# A node that has enrolled under its own name as alias.
joined() { # NAME [OPTION…]
	deployment_node "$@" && await "$1 to enrol" "$STORY_WAIT" known "$1" &&
		limebus node alias "$(node_id "$1")" "$1"
}

known() { [ -n "$(node_id "$1")" ] && service_says registrar "node.enrolled node=$(node_id "$1")"; }

secret_file() { # NAME
	head -c 3000 /dev/urandom >"$D/$1" && echo "$D/$1"
}
