# SPDX-License-Identifier: GPL-2.0-or-later
"""nft monitor trace: a client's flight and the rules with quic that it meets."""
import signal
import subprocess
import tempfile

from nqtest import qt
from nqtest.netns import Ns
from nqtest.poll import until
from nqtest.shell import content
from nqtest.tap import case, ok
from nqtest.nftcmd import Nft

RULES = '''table inet tr {
	map where { typeof quic alpn : verdict; elements = { "h3" : jump web, "doq" : drop }; }
	chain in {
		type filter hook input priority filter; policy accept;
		udp dport 4433 meta nftrace set 1
		quic version v1 counter
		quic dcid,8 >= 0x00 counter
		quic state { new, unknown } counter
		quic sni "*.example.com" quic alpn vmap @where
	}
	chain web {
		quic sni "''' + 'a' * 70 + '''.example" drop
		quic alpn { "h3", "smb" } quic sni "www.example.com" accept
	}
}
'''


def traced(nft, client, *args):
    """What a monitor prints while flights come in."""
    with tempfile.TemporaryFile('w+') as out:
        p = subprocess.Popen(['nft', *args, 'monitor', 'trace'], stdout=out, stderr=out, env=nft.env)
        try:
            def seen():
                # a fresh flow each time: names belong to a flow's first packets
                client.sendto(qt.Flight(alpn='smb,h3', sni='www.example.com').whole(), ('127.0.0.1', 4433))
                return 'accept' in content(out).rpartition('web')[2] or p.poll() is not None
            until(seen, 30, 0.5)
        finally:
            p.send_signal(signal.SIGTERM)
            p.wait()
        return content(out)


def trace():
    nft, ns = Nft(), Ns()
    server, client = ns.udp('127.0.0.1', 4433), ns.udp('127.0.0.1', 0)
    with ns:
        nft.good('-f -', RULES)
        out = traced(nft, client)
        for rule in ('in rule quic version v1 counter', 'in rule quic dcid,8 >= 0x00 counter',
                     'in rule quic state { new, unknown } counter',
                     'in rule quic sni "*.example.com" quic alpn vmap @where',
                     'web rule quic alpn { "h3", "smb" } quic sni "www.example.com" accept'):
            ok(f'inet tr {rule}' in out, f'monitor trace: {rule}', out)
        ok('@ih' not in out and 'a' * 70 not in out, 'no placeholders, no rule that was not met', out)
        out = traced(nft, client, '-j')
        ok('quic sni "www.example.com" accept' in out and '@ih' not in out,
           'monitor trace with -j, which stock nft prints as text', out)
    for s in server, client:
        s.close()
    ns.delete()


case(trace)
