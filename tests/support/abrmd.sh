#!/bin/bash
# A private resource manager in front of a software TPM, for programs that need more places in it than it has (TLS by way of
# OpenSSL's provider tpm2): source it.
#
#   abrmd_start DIR TCTI   tpm2-abrmd on a message bus of its own; sets TPM2OPENSSL_TCTI and DBUS_SESSION_BUS_ADDRESS
#   abrmd_stop             ends both

abrmd_start() { # DIR TCTI
	cat >"$1/bus.conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><type>session</type><listen>unix:path=$1/bus</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
	END
	dbus-daemon --config-file="$1/bus.conf" --nofork >"$1/bus.out" 2>&1 &
	ABRMD_BUS=$!
	for _ in {1..200}; do
		if [ -S "$1/bus" ]; then break; fi
		sleep 0.05
	done
	export DBUS_SESSION_BUS_ADDRESS=unix:path=$1/bus
	tpm2-abrmd --allow-root --session --tcti="$2" >"$1/abrmd.out" 2>&1 &
	ABRMD_PID=$!
	export TPM2OPENSSL_TCTI=tabrmd:bus_type=session
	for _ in {1..40}; do
		TPM2TOOLS_TCTI=$TPM2OPENSSL_TCTI timeout 1 tpm2_getrandom -Q 4 2>/dev/null && return
		sleep 0.05
	done
	cat "$1/bus.out" "$1/abrmd.out" >&2
	return 1
}

abrmd_stop() {
	kill ${ABRMD_PID:+"$ABRMD_PID"} ${ABRMD_BUS:+"$ABRMD_BUS"}
	wait
}
