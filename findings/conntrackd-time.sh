#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# conntrackd 1.4.8 (Debian 13), Linux 6.18: the gateway that waits ends UDP connections while they pass the other one
#
# conntrackd keeps a second gateway ready: with `DisableExternalCache yes` each entry is in its kernel at once, and stays as long
# as the connection lasts, one would guess. The entry is copied with the time that it has left on the first gateway
# (`nf_conntrack_udp_timeout_stream` there; the second one's own setting does not count) and is not renewed: packets
# that renew it on the first gateway are no event. After that time, 120 s by default, the connection is missing on the second.
# So is each that is older when the gateways change. A longer setting on the first gateway is the cure.
#
# Seen: 8 s on the first gateway, 600 s on the second; after 10 s with a packet every two seconds the first has the entry, the second has not.
. "$(dirname "$0")/lib/debian.sh"

debian trixie conntrack conntrackd nftables=1.1.3-1 libnftables1=1.1.3-1 netbase python3-minimal libpython3-stdlib util-linux
pinned conntrackd 1.4.8
cat >"$tmp/root/tmp/talk.py" <<'end'
import socket
import sys
import time

server, client = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
server.bind(('127.0.0.1', 443))
client.bind(('127.0.0.1', 4000))
for _ in range(int(sys.argv[1])):
    client.sendto(b'x', ('127.0.0.1', 443))
    server.sendto(b'y', server.recvfrom(9)[1])
    client.recv(9)
    time.sleep(2)
end
cat >"$tmp/root/tmp/conf" <<'end'
Sync {
	Mode FTFW {
		DisableExternalCache yes
	}
	UDP {
		IPv4_address 10.0.3.HERE
		IPv4_Destination_Address 10.0.3.THERE
		Port 3780
		Interface eth1
		Checksum on
	}
}
General {
	HashSize 8192
	HashLimit 65535
	LockFile /tmp/lock.HERE
	UNIX {
		Path /tmp/socket.HERE
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
cat >"$tmp/root/tmp/try" <<'end'
stream() { echo "$1" >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream; }
gateway() { ip addr add 10.0.3.$1/24 dev eth1; ip link set eth1 up; sed "s/THERE/$2/; s/HERE/$1/" /tmp/conf >/tmp/conf.$1; }
entries() { "$@" conntrack -L -p udp --dport 443 2>/dev/null | grep -c dport=443; }
unshare --net sh -c 'exec sleep 150' &
second=$!
sleep 1
on_second() { nsenter --net=/proc/$second/ns/net "$@"; }
ip link add eth1 type veth peer name eth1 netns $second
gateway 1 2
sed "s/THERE/1/; s/HERE/2/" /tmp/conf >/tmp/conf.2
on_second ip addr add 10.0.3.2/24 dev eth1
on_second ip link set eth1 up
on_second sh -c 'echo 600 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream'
stream 8
nft 'add table ip t; add chain ip t c { type filter hook input priority 0; ct state new accept; }'
conntrackd -C /tmp/conf.1 -d >/tmp/log 2>&1
on_second conntrackd -C /tmp/conf.2 -d >>/tmp/log 2>&1
sleep 2
python3 /tmp/talk.py 3
echo "at first $(entries) $(entries on_second)"
python3 /tmp/talk.py 6
echo "later $(entries) $(entries on_second)"
conntrackd -C /tmp/conf.1 -k >/dev/null 2>&1
conntrackd -C /tmp/conf.2 -k >/dev/null 2>&1
kill $second
end
seen "entries on the first and the second gateway" "$(printf 'at first 1 1\nlater 1 0')" "$(in_root sh /tmp/try)"
