#!/bin/bash
# Who a peer of strongSwan is, for the programs of this folder; source it. A list of identities has lines "NODE IDENTITY".

# peer_is IDENTITY WANTED: as charon prints it; an FQDN, an address, a URN, or a subject whose CN is meant.
peer_is() {
	local is=${1,,} wanted=${2,,} rest
	[ -n "$wanted" ] || return 1
	[ "$is" != "$wanted" ] || return 0
	while [[ $is =~ (^|,[[:space:]]*)cn=([^,]*)(.*)$ ]]; do
		rest=${BASH_REMATCH[3]}
		[ "${BASH_REMATCH[2]}" != "$wanted" ] || return 0
		is=$rest
	done
	return 1
}

# peer_in IDENTITY FILE: one of the list
peer_in() {
	local _ wanted
	while read -r _ wanted; do
		! peer_is "$1" "$wanted" || return 0
	done <"$2"
	return 1
}
