#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nftables 1.1.3 (Debian 13), Linux 6.18: `nft flush ruleset` sends the datagrams of open connections to another port
#
# NAT is decided once and kept in conntrack's entry, so that rules can be taken away and loaded again without harm to
# connections, one would guess, and `conntrack -L` still shows the entry with its NAT after a flush. But the kernel
# only translates while there is a chain of type nat at the hook: between `nft flush ruleset` and `nft -f` every
# datagram of an open connection goes to the port it was sent to, untranslated. In one transaction (a file that
# begins with `flush ruleset`, as Debian's nftables.conf) nothing is lost.
#
# Seen: redirected from 443 to 8443; after a flush the same 5-tuple comes to 443, with its entry kept; after a reload of
# the file, to 8443 again; and after a reload in one transaction, to 8443 throughout.
. "$(dirname "$0")/lib/debian.sh"

debian trixie nftables=1.1.3-1 libnftables1=1.1.3-1 conntrack netbase python3-minimal
pinned conntrack 1.4.8
cat >"$tmp/root/tmp/try" <<'end'
cat >/tmp/rules <<rules
table ip t {
	chain out {
		type nat hook output priority dstnat
		udp dport 443 redirect to :8443
	}
}
rules
where() {
	python3 -c '
import socket
servers = {}
for port in 443, 8443, 4000:
    servers[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    servers[port].bind(("127.0.0.1", port))
    servers[port].settimeout(0.5)
servers.pop(4000).sendto(b"x", ("127.0.0.1", 443))
for port, s in servers.items():
    try:
        s.recv(1)
        print(port)
    except OSError:
        pass'
}
nft -f /tmp/rules
echo "loaded: $(where)"
nft flush ruleset
echo "flushed: $(where), entries: $(conntrack -L -p udp --dport 443 2>/dev/null | grep -c 'sport=8443')"
nft -f /tmp/rules
echo "loaded again: $(where)"
{ echo 'flush ruleset'; cat /tmp/rules; } >/tmp/both
nft -f /tmp/both
echo "in one: $(where)"
end
seen "where a datagram to 443 arrives" "loaded: 8443
flushed: 443, entries: 1
loaded again: 8443
in one: 8443" "$(in_root sh /tmp/try)"
