#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""paths.py FILE [WORD] - beliefs about the ways of datagrams: batches, flowtables, conntrack, its zones, conntrackd.

Needs root and a kernel with its modules. The client is in namespace a, the server in b, and the rules are
those of the host that forwards between them. WORD: only beliefs or a group with it. FILE gets JSON.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f'{HERE}/lib')
import tried  # noqa: E402 pylint: disable=wrong-import-position

BEFORE = f'''
mount -t tmpfs run /run
mkdir -p /run/netns
ip link set lo up
for x in a b; do
	ip netns add $x
	ip link add r$x type veth peer name $x"0" netns $x
	ip link set r$x up
	ip -n $x link set lo up
	ip -n $x link set $x"0" up
done
ip addr add 10.0.1.1/24 dev ra; ip -n a addr add 10.0.1.2/24 dev a0; ip -n a route add default via 10.0.1.1
ip addr add 10.0.2.1/24 dev rb; ip -n b addr add 10.0.2.2/24 dev b0; ip -n b route add default via 10.0.2.1
echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
s() {{ v=$1; shift; python3 -B {HERE}/lib/datagrams.py "$v" a b 10.0.2.2 443 "$@"; }}
fwd() {{ nft add table ip t; nft "add chain ip t c {{ type filter hook forward priority 0; }}"; nft add rule ip t c "$@"; }}
raw() {{ nft add table ip t; nft "add chain ip t r {{ type filter hook prerouting priority raw; }}"; nft add rule ip t r "$@"; }}
n() {{ nft list chain ip t "$1" | sed -n 's/.*packets \\([0-9]*\\).*/\\1/p' | head -n 1; }}
flow() {{
	nft add table ip f
	nft "add flowtable ip f ft {{ hook ingress priority 0; devices = {{ ra, rb }}; }}"
	nft "add chain ip f c {{ type filter hook forward priority 10; }}"
	nft add rule ip f c udp dport 443 counter flow add @ft
}}
fn() {{ nft list chain ip f c | sed -n 's/.*packets \\([0-9]*\\).*/\\1/p' | head -n 1; }}
still() {{ [ "$1" = "$2" ] && echo no || echo yes; }}
left() {{ conntrack -L -p udp --dport 443 2>/dev/null | sed -n 's/^udp *17 \\([0-9]*\\) .*/\\1/p' | head -n 1; }}
about() {{ awk -v n="$1" -v w="$2" 'BEGIN {{ print (n > w - 15 && n <= w) ? w : n }}'; }}
'''
# A batch from a container, which the host forwards.
BATCHES = [
    ('a batch of two datagrams (UDP_SEGMENT) counts two packets in a forward chain', 'fwd udp dport 443 counter; s batch >/dev/null; n c', '2'),
    ('it comes to the receiver as two datagrams', 's batch', '2 1200'),
    ('a receiver with UDP_GRO gets it in one read', 's gro', '1 1200'),
    ('`limit rate 1/hour burst 5 packets` lets five datagrams of a batch of 40 through',
     'fwd udp dport 443 limit rate 1/hour burst 5 packets accept; nft add rule ip t c udp dport 443 drop; s batch 40', '5 3000'),
    ('`limit rate 1 bytes/hour burst 3000 bytes` stops a batch of 24000 bytes',
     'fwd udp dport 443 limit rate 1 bytes/hour burst 3000 bytes accept; nft add rule ip t c udp dport 443 drop; s batch 40', '0 0'),
    ('`meta length > 1500` is never true on a link of 1500 bytes', 'fwd udp dport 443 meta length gt 1500 counter; s batch 40 >/dev/null; n c', '0'),
    ('`udp length` is that of one datagram', 'fwd udp length 608 counter; s batch >/dev/null; n c', '2'),
    ('a rule that drops by the first byte of the payload drops the second datagram of a batch',
     'fwd udp dport 443 @th,64,8 0x42 drop; s letters', 'A'),
    ('a rule that drops the first one by its payload leaves the second', 'fwd udp dport 443 @th,64,8 0x41 drop; s letters', 'B'),
    ('conntrack counts two packets', 'fwd ct state new accept; echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct; s batch >/dev/null; '
     'conntrack -L 2>/dev/null | sed -n "s/.*dport=443 packets=\\([0-9]*\\) .*/\\1/p"', '2'),
    ('`udp dport set` changes each datagram of a batch', f'raw udp dport 80 udp dport set 443; python3 -B {HERE}/lib/datagrams.py batch a b 10.0.2.2 80:443', '2 1200'),
    ('a chain of family netdev at ingress sees two', 'nft add table netdev t; nft "add chain netdev t c { type filter hook ingress device ra priority 0; }"; '
     'nft add rule netdev t c udp dport 443 counter; s batch >/dev/null; nft list chain netdev t c | grep -o "packets [0-9]*"', 'packets 2'),
    ('a macvlan passes a batch on as one', 'ip link add link ra name m0 type macvlan mode bridge; ip link set m0 up; ip addr flush dev ra; '
     'ip addr add 10.0.1.1/24 dev m0; fwd iifname m0 udp dport 443 counter; s batch >/dev/null; n c', '1'),
    ('a bridge passes a batch on as one', 'ip link add br0 type bridge; ip link set br0 up; ip link set ra master br0; ip addr flush dev ra; '
     'ip addr add 10.0.1.1/24 dev br0; fwd iifname br0 udp dport 443 counter; s batch >/dev/null; n c', '1'),
    ('a VLAN passes a batch on as one', 'ip link add link ra name v1 type vlan id 5; ip link set v1 up; ip addr flush dev ra; ip addr add 10.0.1.1/24 dev v1; '
     'ip -n a link add link a0 name v1 type vlan id 5; ip -n a link set v1 up; ip -n a addr flush dev a0; ip -n a addr add 10.0.1.2/24 dev v1; '
     'ip -n a route add default via 10.0.1.1; fwd iifname v1 udp dport 443 counter; s batch >/dev/null; n c', '1'),
    ('VXLAN passes a batch on as one', 'ip link add x1 type vxlan id 5 local 10.0.1.1 remote 10.0.1.2 dstport 4789; ip link set x1 up; ip addr add 10.9.0.1/24 dev x1; '
     'ip -n a link add x1 type vxlan id 5 local 10.0.1.2 remote 10.0.1.1 dstport 4789; ip -n a link set x1 up; ip -n a addr add 10.9.0.2/24 dev x1; '
     'ip -n a route replace default via 10.9.0.1; fwd iifname x1 udp dport 443 counter; s batch >/dev/null; n c', '1'),
    ('WireGuard passes a batch on as one', 'modprobe wireguard; ip link add wr type wireguard; ip -n a link add wa type wireguard; '
     'python3 -B ' + HERE + '/lib/wireguard.py; ip addr add 10.9.0.1/24 dev wr; ip link set wr up; ip -n a addr add 10.9.0.2/24 dev wa; '
     'ip -n a link set wa up; ip -n a route replace default via 10.9.0.1; fwd iifname wr udp dport 443 counter; s batch >/dev/null; n c', '1'),
    ('single datagrams are not put together on a veth', 's single', '2 1200'),
    ('with `ethtool -K DEV gro on rx-udp-gro-forwarding on` the forward chain sees one of two single datagrams',
     'ethtool -K ra gro on rx-udp-gro-forwarding on; fwd udp dport 443 counter; s single >/dev/null; n c', '1'),
    ('datagrams of two source ports are never put together',
     'ethtool -K ra gro on rx-udp-gro-forwarding on; fwd udp dport 443 counter; s ports >/dev/null; n c', '2'),
]
# A program with a TUN device, as VPNs have, with virtio's header in front of each packet.
TUN = f'modprobe -q tun; t() {{ python3 -B {HERE}/lib/tun.py "$@"; }}; ip -n b route add default via 10.0.2.1; '
TUNS = [
    ('a program with a TUN device reads two packets of a batch', TUN + 't read b', '2'),
    ('a program with a TUN device and TUN_F_USO4 reads one packet of a batch', TUN + 't read b uso', '1'),
    ('what a program with a TUN device writes as one packet with two datagrams (GSO_UDP_L4) counts as two in a forward chain',
     TUN + 'fwd udp dport 443 counter; t batch b >/dev/null; n c', '2'),
    ('that packet of a TUN device comes to the receiver as two datagrams', TUN + 't batch b', '2 1200'),
    ('of two connections in one packet of a TUN device a rule with the second one\'s first byte drops the second',
     TUN + 'fwd udp dport 443 @th,64,8 0x42 drop; t letters b', 'A'),
    ('of two connections in one packet of a TUN device a rule with the first one\'s first byte leaves the second',
     TUN + 'fwd udp dport 443 @th,64,8 0x41 drop; t letters b', 'B'),
    ('two packets that a program writes to a TUN device are put together with `rx-udp-gro-forwarding on`',
     TUN + 'fwd udp dport 443 counter; t single b forwarding >/dev/null; n c', '1'),
    ('two packets that a program writes to a TUN device are put together with IFF_NAPI and `rx-udp-gro-forwarding on`', TUN + 'fwd udp dport 443 counter; t single b forwarding napi >/dev/null; n c', '1'),
]
# Two cards of the guest, joined by the emulator, in place of the veth to the client.
CARDS = r"""modprobe -q virtio_net
host() { nsenter --net=/proc/1/ns/net "$@"; }
cards() { host ip -o link | sed -n 's/^[0-9]*: \([a-z0-9]*\):.*/\1/p' | grep -vx lo; }
n=0; until [ "$(cards | wc -l)" = 2 ] || [ $n = 50 ]; do sleep 0.2; n=$((n + 1)); done
set -- $(cards)
host ip link set $1 netns $$; host ip link set $2 netns a
ip link set $1 name ca; ip -n a link set $2 name c0; ip addr flush dev ra; ip -n a addr flush dev a0
ip addr add 10.0.1.1/24 dev ca; ip -n a addr add 10.0.1.2/24 dev c0; ip link set ca up; ip -n a link set c0 up; ip -n a route add default via 10.0.1.1
forwarding() { ethtool -K ca gro on rx-udp-gro-forwarding on; }; list() { ethtool -K ca gro on rx-gro-list on; }
cp() { fwd iifname ca udp dport 443 counter; s "$@" >/dev/null; n c; }
"""
VIRTIO = [
    ('virtio-net passes a batch on as one if the emulator joins two cards without offloads', CARDS + 'cp batch', '1'),
    ('virtio-net: the receiver of a batch has two datagrams', CARDS + 's batch', '2 1200'),
    ('virtio-net: a batch that was cut on its way is one again with `rx-udp-gro-forwarding on`', CARDS + 'forwarding; cp batch', '1'),
    ('virtio-net: datagrams of two source ports are never put together', CARDS + 'forwarding; cp ports', '2'),
    ('virtio-net: of two connections put together so, a rule with the second one\'s first byte drops the second', CARDS + 'forwarding; fwd udp dport 443 @th,64,8 0x42 drop; s letters', 'A'),
    ('virtio-net: of two connections put together so, a rule with the first one\'s first byte leaves the second', CARDS + 'forwarding; fwd udp dport 443 @th,64,8 0x41 drop; s letters', 'B'),
]
FLOWS = [
    ('of ten questions and answers in a flowtable the forward chain sees two questions at the most',
     'flow; s talk 10 >/dev/null; [ "$(fn)" -le 2 ] && echo yes || fn', 'yes'),
    ('a chain in prerouting at raw still sees all ten', 'flow; raw udp dport 443 counter; s talk 10 >/dev/null; n r', '10'),
    ('a packet with `notrack` does not get into a flowtable', 'flow; raw udp dport 443 notrack; s talk 10 >/dev/null; fn', '10'),
    ('a rule at raw with `udp dport set` still has its effect on a flow in a flowtable',
     'flow; s talk 10 >/dev/null; raw udp dport 443 udp dport set 444; s talk 5', '0'),
    ('a flow of which nothing was answered does not get into a flowtable', 'flow; s oneway 10 >/dev/null; fn', '10'),
    ('a `drop` that is loaded into the forward chain stops a flow in a flowtable', 'flow; s talk 10 >/dev/null; fwd udp dport 443 drop; s talk 5', '0'),
    ('so does a `drop` in prerouting at raw', 'flow; s talk 10 >/dev/null; raw udp dport 443 drop; s talk 5', '0'),
    ('and one in a chain of family netdev, in front of the flowtable', 'flow; s talk 10 >/dev/null; nft add table netdev t; '
     'nft "add chain netdev t c { type filter hook ingress device ra priority -10; }"; nft add rule netdev t c udp dport 443 drop; s talk 5', '0'),
    ('after `conntrack -D` the forward chain is asked again', 'flow; s talk 10 >/dev/null; i=$(fn); conntrack -D -p udp >/dev/null 2>&1; s talk 10 >/dev/null; still "$i" "$(fn)"', 'yes'),
    ('after `nft flush chain` the flow, its rule gone, passes the forward chain again',
     'flow; fwd udp dport 443 counter; s talk 10 >/dev/null; nft flush chain ip f c; i=$(n c); s talk 10 >/dev/null; still "$i" "$(n c)"', 'yes'),
    ('after the flowtable\'s table was deleted it passes the forward chain again',
     'flow; fwd udp dport 443 counter; s talk 10 >/dev/null; nft delete table ip f; i=$(n c); s talk 10 >/dev/null; still "$i" "$(n c)"', 'yes'),
    ('a packet of a flowtable has its TTL decremented', 'flow; s ttl', '63'),
    ('conntrack lists it as [OFFLOAD]', 'flow; s talk 10 >/dev/null; conntrack -L 2>/dev/null | grep -o OFFLOAD', 'OFFLOAD'),
    ('conntrack counts the packets of a flowtable', 'flow; echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct; s talk 10 >/dev/null; '
     'conntrack -L 2>/dev/null | sed -n "s/.*dport=443 packets=\\([0-9]*\\) .*/\\1/p"', '10'),
    ('a `counter` in the flowtable makes it do so', 'flow; nft delete table ip f; nft add table ip f; '
     'nft "add flowtable ip f ft { hook ingress priority 0; devices = { ra, rb }; counter; }"; nft "add chain ip f c { type filter hook forward priority 10; }"; '
     'nft add rule ip f c udp dport 443 flow add @ft; echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct; s talk 10 >/dev/null; '
     'conntrack -L 2>/dev/null | sed -n "s/.*dport=443 packets=\\([0-9]*\\) .*/\\1/p"', '10'),
    ('a batch of two in a flowtable comes as two datagrams', 'flow; s talk 10 >/dev/null; s batch', '2 1200'),
]
NEW = 'fwd ct state new accept; '
STREAM = 'echo 600 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream; '
ZONES = 'raw iifname ra udp sport 4000 ct zone set 1; '
CONNTRACK = [
    ('with `nf_conntrack_udp_timeout_stream` 600 an entry of which both sides spoke for three seconds has 600 s left',
     NEW + STREAM + 's talk >/dev/null; sleep 3; s talk >/dev/null; s talk >/dev/null; about "$(left)" 600', '600'),
    ('with three questions within a second it has them, too', NEW + STREAM + 's talk 3 >/dev/null; about "$(left)" 600', '600'),
    ('an entry that is there gets a new `nf_conntrack_udp_timeout_stream` at once',
     NEW + 's talk >/dev/null; sleep 3; s talk >/dev/null; s talk >/dev/null; ' + STREAM + 'about "$(left)" 600', '600'),
    ('it gets it with its next packet', NEW + 's talk >/dev/null; sleep 3; s talk >/dev/null; s talk >/dev/null; ' + STREAM + 's talk >/dev/null; about "$(left)" 600', '600'),
    ('a client\'s packets alone renew an entry of both sides', NEW + STREAM + 's talk >/dev/null; sleep 3; s talk >/dev/null; s talk >/dev/null; '
     'sleep 3; i=$(left); s oneway 1 >/dev/null; [ "$(left)" -gt "$i" ] && echo yes || echo no', 'yes'),
    ('a client that only sends keeps its entry as long as `nf_conntrack_udp_timeout_stream` says',
     NEW + STREAM + 's oneway 5 >/dev/null; sleep 3; s oneway 5 >/dev/null; about "$(left)" 600', '600'),
    ('`conntrack -U -t 1000` gives an entry more time', NEW + 's talk >/dev/null; conntrack -U -p udp --dport 443 -t 1000 >/dev/null 2>&1; about "$(left)" 1000', '1000'),
    ('which the next packet leaves', NEW + 's talk >/dev/null; conntrack -U -p udp --dport 443 -t 1000 >/dev/null 2>&1; s talk >/dev/null; about "$(left)" 1000', '1000'),
    ('`ct zone set` in prerouting at raw puts an entry into that zone', NEW + ZONES + 's talk >/dev/null; conntrack -L 2>/dev/null | grep -o "zone=1" | head -n 1', 'zone=1'),
    ('the answers find it though no rule gives them the zone', NEW + ZONES + 's talk >/dev/null; conntrack -L 2>/dev/null | wc -l', '1'),
    ('`ct original zone set` does not need a rule for answers', NEW + 'raw iifname ra ct original zone set 1; s talk >/dev/null; conntrack -L 2>/dev/null | wc -l', '1'),
    ('`ct zone set` at priority 0 is refused', 'fwd ct zone set 1 2>/dev/null; echo $?', '1'),
    ('one 5-tuple can be in two zones at once', NEW + 's talk >/dev/null; ' + ZONES + 's oneway 1 >/dev/null; conntrack -L -p udp --orig-port-src 4000 2>/dev/null | wc -l', '2'),
    ('`conntrack -D` without a zone deletes from zone 0 alone', NEW + 's talk >/dev/null; ' + ZONES + 's oneway 1 >/dev/null; conntrack -D -p udp --dport 443 >/dev/null 2>&1; '
     'conntrack -L 2>/dev/null | wc -l', '1'),
    ('`conntrack -F` empties all zones', NEW + ZONES + 's talk >/dev/null; conntrack -F 2>/dev/null; conntrack -C', '0'),
]
# Two gateways: this namespace, which forwards, and c, which waits.
PAIR = r'''fwd ct state new accept
ip netns add c; ip link add eth1 type veth peer name eth1 netns c; ip addr add 10.0.3.1/24 dev eth1; ip -n c addr add 10.0.3.2/24 dev eth1
ip link set eth1 up; ip -n c link set eth1 up; ip -n c link set lo up
stream() { ip netns exec c sh -c "echo $1 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream"; }
daemon() { cat >/run/$1.conf <<-end
	Sync {
		Mode FTFW {
			DisableExternalCache yes
		}
		UDP {
			IPv4_address 10.0.3.$2
			IPv4_Destination_Address 10.0.3.$3
			Port 3780
			Interface eth1
			Checksum on
		}
	}
	General {
		HashSize 8192
		HashLimit 65535
		LockFile /run/$1.lock
		UNIX {
			Path /run/$1.sock
		}
		Filter From Kernelspace {
			Protocol Accept {
				UDP
			}
			Address Ignore {
				IPv4_address 10.0.3.1
				IPv4_address 10.0.3.2
			}
		}
	}
	end
}
pair() {
	daemon r 1 2; daemon c 2 1
	conntrackd -C /run/r.conf -d >/run/log 2>&1; ip netns exec c conntrackd -C /run/c.conf -d >>/run/log 2>&1
	sleep 2
}
there() { ip netns exec c conntrack -L -p udp --dport 443 2>/dev/null | sed -n 's/^udp *17 \([0-9]*\) .*/\1/p' | head -n 1; }
both() { s talk >/dev/null; sleep 3; s talk >/dev/null; s talk >/dev/null; sleep 1; }
end() { "$@"; conntrackd -C /run/r.conf -k >/dev/null 2>&1; conntrackd -C /run/c.conf -k >/dev/null 2>&1; }
'''
GATEWAYS = [
    ('the gateway that waits has an entry of both sides a second later (`DisableExternalCache yes`)',
     PAIR + 'pair; both; end there | grep -q . && echo yes', 'yes'),
    ('also one of which nothing was answered', PAIR + 'pair; s oneway 1 >/dev/null; sleep 1; end there | grep -q . && echo yes || echo no', 'yes'),
    ('its time is what `nf_conntrack_udp_timeout_stream` says on the gateway that waits', PAIR + 'stream 600; pair; both; about "$(end there)" 600', '600'),
    ('and not what it says on the gateway that forwards', PAIR + STREAM + 'pair; both; about "$(end there)" 120', '120'),
    ('with 600 on both it has 600 s', PAIR + STREAM + 'stream 600; pair; both; about "$(end there)" 600', '600'),
    ('an entry that has 8 s is renewed there while its packets pass the other gateway',
     PAIR + 'echo 8 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream; stream 8; pair; both; there | grep -q . || echo never there; '
     'for i in 1 2 3 4 5; do sleep 2; s talk >/dev/null; done; end there | grep -q . && echo yes || echo no', 'yes'),
    ('with 600 on both it lives there for longer than 120 s without a packet', PAIR + STREAM + 'stream 600; pair; both; sleep 125; end there | grep -q . && echo yes', 'yes'),
]
SOCKETS = [
    ('the kernel has sockets of QUIC (IPPROTO_QUIC is 261)', """modprobe -q quic; python3 -c "
import socket
try:
    socket.socket(socket.AF_INET, socket.SOCK_STREAM, 261)
    print('yes')
except OSError as e:
    print(e.strerror)" """, 'yes'),
]
GROUPS = {'sockets': SOCKETS, 'batches': BATCHES, 'tun': TUNS, 'virtio': VIRTIO, 'flowtables': FLOWS, 'conntrack': CONNTRACK, 'gateways': GATEWAYS}


def main(file, word=''):
    rows = [row for name, rows in GROUPS.items() for row in rows if word in name or word in row[0]]
    tried.run('Ways of datagrams', rows, BEFORE, file, 300)


main(*sys.argv[1:])
