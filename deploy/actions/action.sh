#!/bin/bash
# What the shipped actions have in common; source it. An action reads one notice (docs/notices.md), does what its settings
# say, says in one line what it did, and ends with 0: done · 75: try again · 78: trying again will not help, tell somebody.
#
#   action_begin "$@"        --help, settings, the notice; sets the variables below
#   setting KEY [DEFAULT]    the value of the last "KEY = value" line of the settings
#   settings KEY             the values of all of them, one a line
#   action_lock              nobody else works with $action_state until this process ends
#   action_standing          what the log says of the node after this notice: $notice_standing is good, lapsed, suspended, revoked
#                            or node-removed; ends the program if something newer about the node was done already. Needs the lock
#   address_of TEXT          the one way of writing that IP address here, if it is one that a node can have
#   action_done TEXT · action_nothing TEXT · action_retry TEXT · action_give_up TEXT     say it and end
#
# notice_seq, notice_kind, notice_node, notice_time, notice_again: as in the notice, checked. notice_addresses, notice_dns,
# notice_tags, notice_certificates: arrays that hold only what has the right form; notice_odd counts what had not. Texts for
# people, such as the reason, come from elsewhere and are left alone. Nothing of the notice or the settings is ever evaluated.
set -u
umask 077
export LC_ALL=C
shopt -u patsub_replacement 2>/dev/null

action_name=$(basename "$0")
action_state=
notice_standing='' notice_seq='' notice_kind='' notice_node='' notice_time='' notice_again=0 notice_odd=0
notice_addresses=() notice_dns=() notice_tags=() notice_certificates=()
action_settings=()

action_say() { printf '%s: %s\n' "$action_name" "$*"; }
action_give_up() { action_say "given up: $*" && exit 78; }
action_retry() { action_say "not done: $*" && exit 75; }
action_nothing() { action_say "notice $notice_seq, $notice_kind: $*" && exit 0; }
action_done() { action_say "notice $notice_seq, $notice_kind of ${notice_node:0:16}: $*" && exit 0; }

action_help() { # the comment at the top of the program
	sed -n '2,/^[^#]/{/^[^#]/d;s/^#$//;s/^# //;p}' "$0"
}

action_read_settings() { # FILE
	local line number=0
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		line=${line%$'\r'}
		[[ $line =~ ^[[:space:]]*(#|$) ]] && continue
		[[ $line =~ ^[[:space:]]*([a-z0-9-]+)[[:space:]]*=[[:space:]]*(.*[^[:space:]]|)[[:space:]]*$ ]] ||
			action_give_up "$1:$number: expected KEY = VALUE"
		action_settings+=("${BASH_REMATCH[1]}=${BASH_REMATCH[2]}")
	done <"$1"
}

settings() { # KEY
	local line
	for line in "${action_settings[@]}"; do [ "${line%%=*}" != "$1" ] || printf '%s\n' "${line#*=}"; done
}

setting() { # KEY [DEFAULT]
	local line value=${2-}
	for line in "${action_settings[@]}"; do [ "${line%%=*}" != "$1" ] || value=${line#*=}; done
	printf '%s\n' "$value"
}

# A key that nobody reads is a setting that somebody believes in.
action_knows() { # KEY…: patterns
	local line known
	for line in "${action_settings[@]}"; do
		for known in "$@" state; do
			# shellcheck disable=SC2053
			[[ ${line%%=*} == $known ]] && continue 2
		done
		action_give_up "unknown setting \"${line%%=*}\""
	done
}

# One line a value: its name, a blank, the value. Only values of the right form come through, so none has a line break.
# shellcheck disable=SC2016
action_filter='
	def list($name; $form; $in): ($in // []) | if type == "array" then .[] else "" end |
		if type == "string" and test($form) then $name + " " + . else "odd 1" end;
	def one($name; $form): if type == "string" and test($form) then $name + " " + . else "bad " + $name end;
	if type != "object" then "bad notice" else
		(.seq | if type == "number" and . >= 0 and . <= 9007199254740991 and . == floor then "seq " + tostring else "bad seq" end),
		(.kind | one("kind"; "\\A[a-z][a-z-]{0,31}\\z")),
		(.node // "" | one("node"; "\\A([0-9a-f]{64})?\\z")),
		(.time | one("time"; "\\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z\\z")),
		(if .again == true then "again 1" else empty end),
		list("certificate"; "\\A[0-9A-Fa-f]{1,64}\\z"; .certificates),
		(.profile // {} | if type == "object" then
			list("address"; "\\A[0-9A-Fa-f.:]{2,45}\\z"; .addresses),
			list("dns"; "\\A(\\*\\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\\z"; .dns),
			list("tag"; "\\A[A-Za-z0-9][A-Za-z0-9._:/=-]{0,127}\\z"; .tags)
		else "odd 1" end)
	end'

action_read_notice() {
	local said key value
	said=$(head -c 1048577 | jq -r -s 'if length == 1 then .[0] else 0 end | '"$action_filter" 2>/dev/null) ||
		action_give_up "standard input is no notice"
	# shellcheck disable=SC2034
	while read -r key value; do
		case $key in
		bad) action_give_up "standard input is no notice: $value" ;;
		odd) notice_odd=$((notice_odd + 1)) ;;
		again) notice_again=1 ;;
		address) notice_addresses+=("$value") ;;
		dns) notice_dns+=("$value") ;;
		tag) notice_tags+=("$value") ;;
		certificate) notice_certificates+=("$value") ;;
		seq | kind | node | time) printf -v "notice_$key" %s "$value" ;;
		esac
	done <<<"$said"
}

action_open() { # settings and state
	command -v jq >/dev/null || action_give_up "there is no jq: install the package jq"
	[ -z "${LIMEBUS_ACTION_CONFIG:-}" ] || {
		[ -r "$LIMEBUS_ACTION_CONFIG" ] || action_give_up "cannot read $LIMEBUS_ACTION_CONFIG"
		action_read_settings "$LIMEBUS_ACTION_CONFIG"
	}
	action_state=${LIMEBUS_ACTION_STATE:-$(setting state)}
	[ -z "$action_state" ] || { mkdir -p "$action_state/nodes" 2>/dev/null && [ -w "$action_state" ]; } ||
		action_retry "cannot write to $action_state"
}

action_begin() {
	case ${1-} in
	--help | -h) action_help && exit 0 ;;
	'') ;;
	*) action_say "unknown: $1; see --help" >&2 && exit 64 ;;
	esac
	action_open
	action_read_notice
}

action_lock() {
	[ -n "$action_state" ] || action_give_up "needs a folder of its own: LIMEBUS_ACTION_STATE, or \"state\" in its settings"
	exec {action_locked}>"$action_state/lock" && flock -w 20 "$action_locked" || action_retry "somebody else holds $action_state/lock"
}

# The log is told in order, but after a crash from a bit further back: what was overtaken meanwhile must not be put back. Times
# never fall within a log, and a new log that counts from 1 again is later than the old one. The rules are those of the log
# itself: only a resume ends a revocation or suspension, only a new provisioning a removal, only a sign of life a silence. It is
# written down before anything is done about it, so that what fails now is done with the next notice at the latest.
action_standing() {
	local time='' seq=0 decided=- lapsed=-
	[ ! -f "$action_state/nodes/$notice_node" ] || read -r time seq decided lapsed <"$action_state/nodes/$notice_node"
	[[ $notice_time > $time ]] || { [ "$notice_time" = "$time" ] && [ "$notice_seq" -ge "$seq" ]; } ||
		action_nothing "something newer about the node was done already"
	case $notice_kind in
	revoked | suspended | node-removed) decided=$notice_kind lapsed=- ;;
	reinstated) decided=- ;;
	provisioned) [ "$decided" != node-removed ] || decided=- ;;
	lapsed) lapsed=lapsed ;;
	restored) lapsed=- ;;
	esac
	notice_standing=good
	[ "$lapsed" = - ] || notice_standing=lapsed
	# shellcheck disable=SC2034
	[ "$decided" = - ] || notice_standing=$decided
	printf '%s\n' "$notice_time $notice_seq $decided $lapsed" >"$action_state/nodes/.new" &&
		mv -f "$action_state/nodes/.new" "$action_state/nodes/$notice_node" || action_retry "$action_state cannot be written"
}

# Neither names nor networks nor addresses that mean many or the machine itself. Groups of IPv6 are written out.
address_of() { # TEXT
	local text=${1,,} tail='' group all=() first=() last=()
	if [[ $text =~ ^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$ ]]; then
		for group in ${text//./ }; do [ "$group" -le 255 ] || return 1; done
		group=${text%%.*}
		[ "$group" != 0 ] && [ "$group" != 127 ] && [ "$group" -lt 224 ] && printf '%s\n' "$text"
		return
	fi
	[[ $text =~ ^[0-9a-f:]{2,39}$ && $text == *:* && $text != *:::* && ! $text =~ ^:[^:] && ! $text =~ [^:]:$ ]] || return 1
	IFS=: read -ra first <<<"${text%%::*}"
	[[ $text != *::* ]] || tail=${text#*::}
	[[ $tail != *::* ]] || return 1
	IFS=: read -ra last <<<"$tail"
	all=("${first[@]}")
	if [[ $text == *::* ]]; then
		[ $((${#first[@]} + ${#last[@]})) -lt 8 ] || return 1
		while [ $((${#all[@]} + ${#last[@]})) -lt 8 ]; do all+=(0); done
		all+=("${last[@]}")
	fi
	[ ${#all[@]} = 8 ] || return 1
	tail=
	for group in "${all[@]}"; do
		[[ $group =~ ^[0-9a-f]{1,4}$ ]] || return 1
		printf -v group %x $((16#$group))
		tail+=:$group
	done
	# ::, ::1, multicast, and IPv4 written as IPv6: a filter for IPv6 would never see that one.
	[[ ! $tail =~ ^(:0){7}:[01]$ && $tail != :ff??:* && ! $tail =~ ^(:0){5}:ffff: ]] && printf '%s\n' "${tail#:}"
}
