#!/bin/bash
# Sourced by the tests of the tools: TAP, and a folder that goes away. $dir is the folder, $tools is tools/.
set -u
# shellcheck disable=SC2034
tools=$LIMEBUS_SOURCE/tools
dir=$(mktemp -d "$LIMEBUS_SCRATCH/XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
tap_count=0
tap_failed=0

tap() { # RESULT NAME
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2"
		sed 's/^/# /' "$dir/said"
	fi
}

# accepts NAME COMMAND… : exit code 0 and not a word
accepts() {
	local name=$1
	shift
	"$@" >"$dir/said" 2>&1 && ! [ -s "$dir/said" ]
	tap $? "$name"
}

# refuses NAME TEXT COMMAND… : exit code 1, and TEXT is in what it said
refuses() {
	local name=$1 text=$2 rc
	shift 2
	"$@" >"$dir/said" 2>&1
	rc=$?
	[ $rc = 1 ] && grep -qF -- "$text" "$dir/said"
	tap $? "$name"
}

tap_end() {
	echo "1..$tap_count"
	[ $tap_failed = 0 ]
	exit
}
