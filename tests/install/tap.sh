# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the parts of this layer; sourced by sh, in the guest.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
cd /

work=/src/build/${INSTALL:-install} # of this suite
debs=$work/deb
state=/var/lib/rig # survives the reboot
mkdir -p $state
PACKAGES='nft-quic nft-quic-dkms quic-inspect quicd'

# check TEXT CMD... - one line of TAP; what CMD printed explains a failure
check() {
	text=$1
	shift
	if out=$("$@" 2>&1); then
		echo "ok - $text"
	else
		echo "not ok - $text"
		printf '%s\n' "$out" | tail -n 20 | sed 's/^/# /'
	fi
}

# not CMD... - CMD fails
not() {
	! "$@"
}

# until_ok SECONDS CMD... - CMD holds within that time
until_ok() {
	end=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt $end ] || return 1
		sleep 0.2
	done
}

# ruleset - what is loaded, without what changes by itself
ruleset() {
	nft -s list ruleset
}

# unload - the module. The kernel lets go of it a moment after the last rule has gone.
unload() {
	until_ok 20 rmmod nft_quic
}

# prop UNIT NAME - one property of a unit
prop() {
	systemctl show -P "$2" "$1"
}

# A client in a namespace of its own, 10.9.0.2, whose packets come in through prerouting.
client_net() {
	ip netns list | grep -qw client && return
	ip netns add client
	ip link add veth0 type veth peer name eth0 netns client
	ip addr add 10.9.0.1/24 dev veth0
	ip link set veth0 up
	ip -n client link set lo up
	ip -n client addr add 10.9.0.2/24 dev eth0
	ip -n client link set eth0 up
}

# from_client CMD...
from_client() {
	ip netns exec client "$@"
}

# doctor_ok [CHECK...] - nft-quic doctor warns of nothing, but in these checks, which must have found something
doctor_ok() {
	nft-quic doctor --json >/tmp/doctor.json
	python3 - "$@" <<-'PY'
		import json, sys
		with open("/tmp/doctor.json") as f:
		    found = {c["check"]: c for c in json.load(f)["checks"] if c["level"] in ("warning", "error")}
		print(json.dumps(found, indent=1))
		print("found", *sorted(found), "expected", *sorted(sys.argv[1:]))
		sys.exit(set(found) != set(sys.argv[1:]))
	PY
}
