#!/bin/bash
# strongSwan's charon in network namespaces, for tests; source it after ground.sh, inside of ground_namespaces. The host's kernel
# needs no ESP: libipsec does it over a TUN device.
#
#   charon_host NAME NUMBER    a namespace with address 10.8.NUMBER.2 towards this one, and 10.9.NUMBER.1 of its own
#   charon_start NAME          charon there; returns when it answers. Its swanctl folder is $dir/NAME
#   on NAME COMMAND…           in that namespace, with swanctl of its charon
# shellcheck disable=SC2154

charon_plugins='random nonce aes sha1 sha2 hmac kdf drbg gmp pem pkcs1 pkcs8 pubkey x509 revocation constraints openssl'

charon_host() {
	local name=$1 number=$2
	mkdir -p /run/netns "$dir/$name"/{x509,x509ca,x509crl,private,conf.d}
	ip netns add "$name"
	ip link add "to-$name" type veth peer name eth0 netns "$name"
	ip addr add "10.8.$number.1/24" dev "to-$name"
	ip link set "to-$name" up
	ip -n "$name" link set lo up
	ip -n "$name" addr add "10.8.$number.2/24" dev eth0
	ip -n "$name" addr add "10.9.$number.1/32" dev lo
	ip -n "$name" link set eth0 up
	ip -n "$name" route add default via "10.8.$number.1"
	echo 1 >/proc/sys/net/ipv4/ip_forward
	cat >"$dir/$name/strongswan.conf" <<-END
		charon-systemd {
			load = $charon_plugins kernel-libipsec kernel-netlink socket-default vici updown
			retransmit_timeout = 0.5
			retransmit_tries = 2
			plugins {
				vici {
					socket = unix:///run/$name.vici
				}
			}
			filelog {
				all {
					path = $dir/$name/log
					default = 1
					flush_line = yes
				}
			}
		}
		swanctl {
			load = $charon_plugins
		}
	END
}

on() {
	local name=$1
	shift
	if [ "$1" = swanctl ]; then set -- "$@" --uri "unix:///run/$name.vici"; fi
	ip netns exec "$name" env SWANCTL_DIR="$dir/$name" STRONGSWAN_CONF="$dir/$name/strongswan.conf" timeout -k 1 15 "$@"
}

charon_start() {
	local name=$1 tries=0
	ip netns exec "$name" env SWANCTL_DIR="$dir/$name" STRONGSWAN_CONF="$dir/$name/strongswan.conf" \
		/usr/sbin/charon-systemd </dev/null >"$dir/$name/out" 2>&1 &
	until on "$name" swanctl --stats >/dev/null 2>&1; do
		[ $((tries += 1)) -lt 100 ] || return 1
		sleep 0.05
	done
}
