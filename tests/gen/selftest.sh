#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tries quicgen on itself: selftest.sh QUICGEN. In a network namespace of its own.
set -u
if [ -z "${QUICGEN_NS-}" ]; then
	QUICGEN_NS=1 exec unshare -n sh "$0" "$@"
fi
quicgen=$1
tmp=$(mktemp -d)
recv=
trap 'test -z "$recv" || kill $recv; rm -rf "$tmp"' EXIT
ip link set lo up mtu 1300
n=0

ok() # NAME STATUS
{
	n=$((n + 1))
	if [ "$2" = 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; sed 's/^/# /' "$tmp/out"; fi
}

fails() # NAME ARGUMENT...: sends, and not all is as the arguments want
{
	name=$1; shift; status=0
	"$quicgen" send "$@" >"$tmp/out" || status=$?
	ok "$name" $((status != 1))
}

start() # starts a receiver and waits until it is there
{
	rm -f "$tmp/recv" # the one before said that it was ready, too
	"$quicgen" recv "$@" >"$tmp/recv" & recv=$!
	while ! grep -q ^ready "$tmp/recv" 2>/dev/null; do kill -0 $recv || exit 1; sleep 0.02; done
}

datagrams_sent()
{
	awk '/^Udp: [0-9]/ { print $5 }' /proc/net/snmp
}

stop()
{
	kill $recv; wait $recv; recv=
}

sends() # NAME PATTERN ARGUMENTS...: succeeds, and prints the pattern
{
	name=$1 pattern=$2; shift 2
	"$quicgen" send "$@" >"$tmp/out" 2>&1 && grep -q -- "$pattern" "$tmp/out"
	ok "$name" $?
}

refuses() # NAME STATUS ARGUMENTS...: exits so, with a message
{
	name=$1 status=$2; shift 2
	"$quicgen" "$@" >"$tmp/out" 2>&1
	[ $? = "$status" ] && [ -s "$tmp/out" ]
	ok "$name" $?
}

start 8443 8853
sends "one datagram" "got=1 ports=8443 order=1 from=127.0.0.1:8443 right" --to 8443 --sni a 127.0.0.1 8443
sends "IPv6" "from=\[::1\]:8443 right" --to 8443 --sni a ::1 8443
sends "three datagrams, turned round" "sent=3 got=3 ports=8853,8853,8853 order=1,2,3" \
	--to 8853 --size 3000 --split 3 --order 3,2,1 127.0.0.1 8853
sends "duplicates are told apart" "order=1,2,3 " --to 8443 127.0.0.1 8443 i:0-9 i:0-9 i:0-9
sends "coalesced, other types, pauses" "got=5 ports=8443,8443,8443,8443,8443 order=1,2,3,4,5" --to 8443 \
	127.0.0.1 8443 z:100 'i:0-20,ping,pad3,30-40!+h:50+z:9' wait:30 s:30 x:00ff 'i{bad,dcid=0102,pnlen=2}:ack,20-'
sends "GSO" "sent=4 got=4" --to 8443 --gso --size 4000 --split 4 127.0.0.1 8443
sends "fragments" "got=1" --to 8443 --fragment --datagram 2500 127.0.0.1 8443
sends "IPv6 fragments and extension headers" "got=1" --to 8443 --fragment --hopopts --dstopts --datagram 2500 ::1 8443
sends "500 clients" "right=500 wrong=0 silent=0" --quiet --clients 500 --sport 20000 --to 8443 127.0.0.1 8443
fails "the wrong port is wrong" --to 8853 127.0.0.1 8443
fails "an answer is not silence" --silent 127.0.0.1 8443
sends "silence" "silent=1" --silent 127.0.0.1 9999
"$quicgen" flood --sni a --size 2000 --from 127.8.0.0/13 --count 3000 127.0.0.1 8853 >"$tmp/out" 2>&1 &&
	grep -q "sent=3000 failed=0" "$tmp/out"; ok "flood" $?
"$quicgen" flood --from 127.8.0.0/13 --count 1000000000 --for 300 127.0.0.1 9 >"$tmp/out" 2>&1 &&
	grep -q "seconds=0\.[34]" "$tmp/out"; ok "a flood of 300 ms" $?
stop
cp "$tmp/recv" "$tmp/out"
# Loopback drops much of a flood on a busy machine; what came must be from an address each.
grep -c '^recv port=8853 from=127\.\(8\|9\|1[0-5]\)\.[0-9.]*:[0-9]* n=1 len=1200' "$tmp/recv" | {
	read -r came; [ "$came" -gt 300 ]; }
ok "the flood came from all over the network" $?
grep -q '^total port=8443 datagrams=[0-9]* bytes=[0-9]*$' "$tmp/recv"; ok "totals at the end" $?

start --server-initial 8443
sends "a server's Initial before the answer" "got=2" --to 8443 --size 2000 --split 2 127.0.0.1 8443
stop

before=$(datagrams_sent)
"$quicgen" send --to 8443 --pto 2000 --tries 5 127.0.0.1 8443 >"$tmp/out" 2>&1 & sender=$!
until [ "$(datagrams_sent)" -gt "$before" ]; do kill -0 $sender || break; sleep 0.02; done
start 8443
wait $sender && grep -q "right=1 .*resent=1" "$tmp/out"; ok "resent after a PTO" $?
stop

refuses "no command" 2
refuses "an unknown frame" 2 send 127.0.0.1 1 i:pong
refuses "bytes behind the hello" 2 send 127.0.0.1 1 i:0-99999
refuses "an unknown packet" 2 send 127.0.0.1 1 q:1
refuses "an unknown packet option" 2 send 127.0.0.1 1 'i{what}:ping'
refuses "a bad address" 2 send nowhere 1
refuses "a bad port" 2 send 127.0.0.1 70000
echo "1..$n"
