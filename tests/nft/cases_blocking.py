# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: main
"""The ruleset of docs/blocking.md, and what that page says about it."""
import os
import re

from nqtest import qt
from nqtest.datagrams import collect
from nqtest.netns import Ns, veth
from nqtest.nftcmd import Nft
from nqtest.tap import case, ok, same
from nqtest.where import TOP

DST = '10.1.0.2'
OTHER = 5353
BAD, GOOD, ALLOWED = 'www.blocked.example', 'www.good.example', 'status.blocked.example'


def ruleset():
    """The first indented block of the page."""
    with open(os.path.join(TOP, 'docs/blocking.md')) as f:
        block = re.search(r'^(?:\t.*\n\n*)+', f.read(), re.M).group()
    return re.sub(r'^\t', '', block, flags=re.M)


class Router:
    """client lan0 -- gw -- server; the clients' gateway runs conntrack, NAT and the usual forward chain."""

    def __init__(self):
        self.c, self.gw, self.d = Ns('c'), Ns('gw'), Ns('d')
        veth(self.c, self.gw, 'eth0', 'lan0')
        veth(self.gw, self.d, 'wan0', 'eth0', ('10.1.0.1', DST), ('fd01::1', 'fd01::2'))
        self.c.run('ip route add default via 10.0.0.2')
        self.gw.sysctl('net/ipv4/ip_forward', 1)
        self.servers = [self.d.udp('0.0.0.0', port) for port in (443, OTHER)]
        self.ports = iter(range(20000, 60000))

    def client(self):
        return self.c.udp('10.0.0.1', next(self.ports))

    def sends(self, name, sent, arrive, port=443, client=None):
        sock = client or self.client()
        for d in sent:
            sock.sendto(d, (DST, port))
        got = collect(self.servers, len(arrive), seconds=3 if arrive else 0.3)[port != 443]
        same([sent.index(d) if d in sent else len(d) for d in got], [sent.index(d) for d in arrive], name)
        if not client:
            sock.close()

    def close(self):
        for s in self.servers:
            s.close()
        for ns in (self.c, self.gw, self.d):
            ns.delete()


FORWARD = '''table inet router {
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lan0" accept
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan0" masquerade
	}
}
'''


def flight(sni=GOOD, size=0, **kw):
    return qt.Flight(sni=sni, size=size, **kw)


def names(r):
    r.sends('another name', d := flight(size=1700).split(2), d)
    r.sends('a blocked name', [flight(BAD).whole()], [])
    r.sends('a blocked name in two datagrams, the second first', flight(BAD, 1700).split(2)[::-1], [])
    r.sends('the blocked name itself', [flight('blocked.example').whole()], [])
    r.sends('an allowed name below a blocked one', d := [flight(ALLOWED).whole()], d)
    r.sends('no name at all', d := [flight(None).whole()], d)
    r.sends('ECH is seen, but not what is in it', d := [flight(ech=True).whole()], d)
    r.sends('a blocked name on another port', [flight(BAD).whole()], [], OTHER)


def one_port(r):
    sock = r.client()
    short = b'\x40' + bytes(99)
    r.sends('first from a port', d := [short, flight().whole()], d, client=sock)
    r.sends('a second connection from there, blocked', [flight(BAD).whole()], [], client=sock)
    good, bad = flight(size=1700).split(2), flight(BAD, 1700).split(2)
    r.sends('two at once from there', [good[0], bad[0], good[1], bad[1]], good, client=sock)
    f = flight()
    r.sends('a good hello', d := [f.whole()], d, client=sock)
    other = qt.Flight(qt.hello(sni=BAD), dcid=f.dcid, scid=f.scid)
    other.pn = 7
    r.sends('another one under its ID', [other.whole()], [], client=sock)
    f = flight()
    r.sends('a good hello once more', d := [f.whole()], d, client=sock)
    second = f.initial([(len(f.message), qt.hello(sni=BAD))])
    r.sends('a second ClientHello with a blocked name', [second], [], client=sock)
    r.sends('and others continue', d := [flight().whole(), short], d, client=sock)
    sock.close()


def unreadable(r):
    bad = flight().whole()
    r.sends('a bad tag', [bad[:-1] + bytes([bad[-1] ^ 1])], [])
    r.sends('no ClientHello', [qt.Flight(b'\x02' + qt.hello()[1:]).whole()], [])
    for version in 0x51303436, 0x51303530, 0x1a2a3a4a:
        r.sends(f'version {version:#x}', [flight(version=version).whole(keys_as=qt.V1)], [])
        r.sends(f'version {version:#x} on another port', d := [flight(version=version).whole(keys_as=qt.V1)], d,
                OTHER)
    for name, d in (('RTP', b'\x80\x60' + bytes(100)), ('text', b'GET /' * 9), ('a short header', b'\x40' * 50),
                    ('Handshake', flight().opaque(qt.HANDSHAKE))):
        r.sends(name, [d], [d])


def answers(r):
    """Whatever the server sends comes back."""
    sock, f = r.client(), flight(scid=b'clientID')
    sock.sendto(f.whole(), (DST, 443))
    r.servers[0].setblocking(True)
    r.servers[0].settimeout(3)
    back = r.servers[0].recvfrom(2000)[1]
    r.servers[0].setblocking(False)
    s = qt.Flight(b'\x02' + qt.hello()[1:], dcid=b'clientID', scid=b'serverID')
    s.key_cid = qt.cid(f.dcid)
    sent = [s.whole(server=True), s.opaque(qt.HANDSHAKE), b'\x40' + bytes(200)]
    for d in sent:
        r.servers[0].sendto(d, back)
    same(collect([sock], 3)[0], sent, 'the server\'s packets come back')
    f.dcid = b'serverID'
    r.sends('and the client continues under its ID', d := [f.initial([]), f.opaque(qt.HANDSHAKE)], d, client=sock)
    sock.close()


def blocking():
    r, nft = Router(), Nft()
    with r.gw:
        nft.good('-f -', FORWARD)
        rules = ruleset()
        ok('quic sni @blocked counter drop' in rules, 'the page has a ruleset', rules)
        nft.good('-f -', rules)
        nft.good('-f -', rules)
        for part in names, one_port, unreadable, answers:
            part(r)
        listed = nft.good('list chain inet quic_block pre')
        same(len(re.findall(r'counter packets [1-9]', listed)), 3, 'each rule has had its packets')
        nft.good('-c -f ' + os.path.join(TOP, 'examples/gateway.nft'))
    r.close()


case(blocking)
